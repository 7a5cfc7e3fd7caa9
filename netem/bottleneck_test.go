package netem

import (
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"
)

func TestRateTime(t *testing.T) {
	for _, c := range []struct {
		r    Rate
		n    int
		want time.Duration
	}{
		{10 * Mbit, 1500, 1200 * time.Microsecond}, {Gbit, 1, 8}, {3, 1, 2666666667}, {0, 1500, 0}, {-1, 1500, 0}, {Mbit, 0, 0},
		{1, 1 << 62, 1<<63 - 1}, {1, 1 << 31, 1<<63 - 1}, {8, 1 << 31, 1 << 31 * time.Second},
	} {
		if got := c.r.Time(c.n); got != c.want {
			t.Errorf("%d bytes at %d bit/s take %d ns, want %d", c.n, c.r, got, c.want)
		}
	}
}

// TestBottleneckTimes: at 10 Mbit/s 1500 bytes take 1.2 ms each, from the instant they came or the packet ahead ended.
func TestBottleneckTimes(t *testing.T) {
	w := newWorld(1, Bottleneck{Rate: 10 * Mbit})
	put := func(at time.Duration, ids int) {
		w.runTo(at)
		for range ids {
			w.put(make([]byte, 1500))
		}
	}
	put(0, 3)
	put(10*ms, 1)
	put(10*ms+ms/10, 2)
	w.run()
	var got []time.Duration
	for _, e := range w.out {
		got = append(got, e.at/(100*time.Microsecond))
	}
	if want := []time.Duration{12, 24, 36, 112, 124, 136}; !slices.Equal(got, want) {
		t.Errorf("packets leave at %v tenths of a millisecond, want %v", got, want)
	}
}

// TestBottleneckExact sends a million packets at rates that do not divide evenly, with many in the queue and with one that
// comes back the instant it has left. Packet n must leave at the exact quotient, rounded up.
func TestBottleneckExact(t *testing.T) {
	for _, rate := range []Rate{7 * Mbit, 999999937, 3} {
		for _, standing := range []int{1, 5} {
			n, size := int64(1000000), int64(1499)
			if testing.Short() {
				n /= 20
			}
			if rate < Kbit {
				n = 10 // else it takes centuries
			}
			clock := new(testClock)
			var port Port
			count := int64(0)
			port = Bottleneck{Rate: rate}.Attach(Env{Clock: clock}, func(p *Packet) {
				if count++; count <= n-int64(standing) {
					port(p)
				}
			})
			for range standing {
				port(&Packet{Data: make([]byte, size)})
			}
			clock.run()
			work := new(big.Int).Mul(big.NewInt(n*size), big.NewInt(8e9))
			want, rest := work.DivMod(work, big.NewInt(int64(rate)), new(big.Int))
			if rest.Sign() > 0 {
				want.Add(want, big.NewInt(1))
			}
			if count != n || int64(clock.now) != want.Int64() {
				t.Errorf("%d bit/s, %d standing: packet %d left at %d ns, want packet %d at %d", rate, standing, count, clock.now, n, want)
			}
		}
	}
}

// TestBottleneckLimits: what waits counts, what is being sent does not.
func TestBottleneckLimits(t *testing.T) {
	sizes := []int{1000, 1000, 500, 400, 200, 100}
	for _, c := range []struct {
		b          Bottleneck
		dead, told string
	}{
		{Bottleneck{Rate: Mbit}, "[]", "[1 2 3 4 5 4 3 2 1 0]"},
		{Bottleneck{Rate: Mbit, LimitPackets: 1}, "[3 4 5 6]", "[1 0]"},
		{Bottleneck{Rate: Mbit, LimitPackets: 3}, "[5 6]", "[1 2 3 2 1 0]"},
		{Bottleneck{Rate: Mbit, LimitBytes: 1500}, "[4 5 6]", "[1 2 1 0]"},
		{Bottleneck{Rate: Mbit, LimitBytes: 999}, "[2 5 6]", "[1 2 1 0]"},
		{Bottleneck{Rate: Mbit, LimitBytes: 99}, "[2 3 4 5 6]", "[]"},
		{Bottleneck{Rate: Mbit, LimitPackets: 2, LimitBytes: 999}, "[2 5 6]", "[1 2 1 0]"},
		{Bottleneck{LimitPackets: 1}, "[]", "[]"},
	} {
		w := newWorld(1, c.b)
		for _, n := range sizes {
			w.put(make([]byte, n))
		}
		w.run()
		if dead, told := fmt.Sprint(w.deaths()), fmt.Sprint(append([]int{}, w.queue...)); dead != c.dead || told != c.told {
			t.Errorf("%+v: dead %s, queue %s, want %s, %s", c.b, dead, told, c.dead, c.told)
		}
		for _, e := range w.dead {
			if e.cause != CauseQueueFull {
				t.Errorf("%+v: a packet died of %q", c.b, e.cause)
			}
		}
		if len(w.out)+len(w.dead) != len(sizes) || w.asked > len(w.out) {
			t.Errorf("%+v: %d out, %d dead, %d calls", c.b, len(w.out), len(w.dead), w.asked)
		}
	}
	// The room comes free when the packet behind begins to be sent.
	w := newWorld(1, Bottleneck{Rate: 8 * Mbit, LimitBytes: 1000})
	w.put(make([]byte, 1000))
	w.put(make([]byte, 1000))
	w.runTo(ms - 1)
	w.put(make([]byte, 1000)) // no room yet
	w.runTo(ms)
	w.put(make([]byte, 1000)) // now there is
	w.run()
	if !slices.Equal(w.ids(), []int{1, 2, 4}) || w.now != 3*ms {
		t.Errorf("came %v, the last at %v", w.ids(), w.now)
	}
	// And without a hook for the queue.
	e := w.env
	e.Queue = nil
	got := 0
	port := Bottleneck{Rate: Gbit}.Attach(e, func(*Packet) { got++ })
	port(&Packet{})
	port(&Packet{Data: make([]byte, 10)})
	w.run()
	if got != 2 {
		t.Errorf("%d of 2 packets came", got)
	}
}
