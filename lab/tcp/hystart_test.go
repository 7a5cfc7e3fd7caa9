package tcp

import (
	"testing"
	"time"
)

// A rounds plays round trips of slow start to a HyStart++: each ACK takes a segment, all of a round trip have one RTT.
type rounds struct {
	h    hystart
	una  Seq
	cwnd int // segments; 0 stands for ten
	over bool
}

func (r *rounds) play(rtt time.Duration) (grown int) {
	if r.cwnd == 0 {
		r.cwnd = 10
	}
	next := r.una + Seq(1000*r.cwnd)
	for range r.cwnd {
		var grow int
		r.una += 1000
		grow, r.over = r.h.ack(1000, Ack{Bytes: 1000, RTT: rtt, Una: r.una, Next: next})
		grown += grow
	}
	r.cwnd += grown / 1000
	r.h.end = r.una + Seq(1000*r.cwnd) // what the window has grown by since is on its way, too
	return grown
}

// An increase by an eighth of the round-trip time, at least 4 and at most 16 ms (RFC 9406 section 4.2), after eight
// samples, turns slow start into conservative slow start; anything less does not.
func TestHystartThreshold(t *testing.T) {
	for _, c := range []struct {
		base, rise time.Duration
		css        bool
	}{
		{10 * ms, 4*ms - 1, false}, {10 * ms, 4 * ms, true},
		{64 * ms, 8*ms - 1, false}, {64 * ms, 8 * ms, true},
		{400 * ms, 16*ms - 1, false}, {400 * ms, 16 * ms, true},
	} {
		r := &rounds{}
		r.play(c.base)
		if got := r.play(c.base); got != 20000 {
			t.Errorf("slow start grew by %d of 20000", got)
		}
		r.play(c.base + c.rise)
		if r.h.css != c.css || r.over {
			t.Errorf("%v, then %v more: conservative %v, over %v", c.base, c.rise, r.h.css, r.over)
		}
	}
	r := &rounds{cwnd: 7} // too few samples
	r.play(10 * ms)
	r.cwnd, r.h.end = 7, r.una+7000
	r.play(50 * ms)
	if r.h.css {
		t.Error("seven samples were enough")
	}
}

// Conservative slow start grows at a quarter of the speed and ends slow start after five round trips, the one in which
// it began among them.
func TestConservativeSlowStart(t *testing.T) {
	r := &rounds{}
	r.play(20 * ms)
	r.play(20 * ms)
	r.play(30 * ms)
	for i := 2; i <= 5; i++ {
		if r.over {
			t.Fatalf("over before round trip %d", i)
		}
		was := r.cwnd
		if got := r.play(31 * ms); got != was*1000/4 {
			t.Errorf("round trip %d: grew by %d of %d segments", i, got, was)
		}
	}
	if !r.over {
		t.Error("not over after five round trips")
	}
}

// A round-trip time below the one at which conservative slow start began means that it was jitter: slow start goes on.
func TestHystartResumes(t *testing.T) {
	r := &rounds{}
	r.play(20 * ms)
	r.play(20 * ms)
	r.play(30 * ms)
	if !r.h.css {
		t.Fatal("not conservative")
	}
	r.play(29 * ms)
	if r.h.css || r.over {
		t.Fatal("still conservative")
	}
	was := r.cwnd
	if got := r.play(29 * ms); got != was*1000 {
		t.Errorf("grew by %d of %d segments", got, was)
	}
}

// At most eight segments count of one ACK (section 4.3: L = 8, where nothing paces); and slow start ends in CUBIC with the
// threshold at the window, without a loss.
func TestHystartInCubic(t *testing.T) {
	w := Window{MSS: 1000, Cwnd: 10000, Ssthresh: Unlimited}
	c := &cubic{}
	c.Ack(&w, Ack{Bytes: 9000, RTT: 20 * ms, Una: 9000, Next: 20000, Limited: true})
	if w.Cwnd != 18000 {
		t.Errorf("cwnd %d after an ACK of nine segments", w.Cwnd)
	}
	c.Ack(&w, Ack{Bytes: 1000, RTT: 20 * ms, Una: 10000, Next: 20000})
	if w.Cwnd != 18000 {
		t.Errorf("cwnd %d: it was not what held the sender back", w.Cwnd)
	}
	una, next := Seq(10000), Seq(0)
	for n := 0; w.SlowStart(); n++ {
		if n > 10000 {
			t.Fatal("slow start has no end")
		}
		rtt := 20 * ms
		if w.Cwnd > 60000 {
			rtt += 10 * ms // the queue
		}
		una += 1000
		next = una + Seq(w.Cwnd)
		c.Ack(&w, Ack{Bytes: 1000, RTT: rtt, SRTT: rtt, Una: una, Next: next, Limited: true})
	}
	// It is seen in the round trip that begins with at most twice 60 segments, and then come five at a quarter more each.
	if w.Ssthresh != w.Cwnd || w.Cwnd < 60000 || w.Cwnd > 2*60000*305/100 {
		t.Errorf("slow start ended at %d, threshold %d", w.Cwnd, w.Ssthresh)
	}
}
