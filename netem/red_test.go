package netem

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// redOf returns the queue of a RED before a link that never sends.
func redOf(set RED) (*redQueue, *world) {
	w := newWorld(3, Pipe{})
	return newLink(Bottleneck{Rate: slow, Discipline: set}, w.env, func(*Packet) {}).queue.(*redQueue), w
}

// TestREDChance holds the probability of a drop against the paper's p_b: 0 below Min, up to Probability in a straight line
// at Max, and gently on to 1 at twice Max.
func TestREDChance(t *testing.T) {
	for _, w := range []int{0, 9} {
		for _, c := range []struct {
			average        float64
			gentle, severe float64
		}{
			{0, 0, 0}, {9999, 0, 0}, {15000, 0.025, 0.025}, {20000, 0.05, 0.05}, {29999, 0.099995, 0.099995}, {30000, 0.1, 1}, {45000, 0.55, 1}, {60000, 1, 1}, {1e6, 1, 1},
		} {
			for _, gentle := range []bool{true, false} {
				q, _ := redOf(RED{Min: 10000, Max: 30000, Probability: 0.1, Weight: w, Gentle: gentle})
				q.average = uint64(c.average) << w
				want := c.severe
				if gentle {
					want = c.gentle
				}
				if got := float64(q.chance()) / certain; math.Abs(got-want) > 1e-8 {
					t.Errorf("weight %d, gentle %v: at %v the chance is %v, want %v", w, gentle, c.average, got, want)
				}
			}
		}
	}
	// DCTCP's step, which remembers nothing: right after a full queue an empty one is empty.
	q, _ := redOf(RED{Min: 3000, Max: 3000, Probability: 1})
	for bytes, want := range map[uint64]uint64{0: 0, 2999: 0, 3000: certain} {
		if q.average = bytes; q.chance() != want {
			t.Errorf("the step at 3000 bytes gives %d at %d", q.chance(), bytes)
		}
	}
	for _, idle := range []bool{true, false} {
		q.average, q.idle, q.bytes = 9000, idle, 0
		if q.measure(); q.average != 0 {
			t.Errorf("idle %v: the average of the step remembers %d bytes", idle, q.average)
		}
	}
}

// TestREDAverage: over a queue of a constant length L the average is L (1 - (1-w)^n) after n packets, and in an idle time of m
// packets it falls by (1-w)^m.
func TestREDAverage(t *testing.T) {
	const w = 1.0 / 128
	q, world := redOf(RED{Min: 1 << 30, Max: 1 << 30, Weight: 7})
	q.idle, q.bytes = false, 40000
	for n := 1; n <= 500; n++ {
		q.measure()
		if got, want := float64(q.average)/128, 40000*(1-math.Pow(1-w, float64(n))); math.Abs(got-want) > 1 {
			t.Fatalf("after %d packets the average is %v, want %v", n, got, want)
		}
	}
	for _, m := range []int{0, 1, 37, 200, 1 << 20} {
		q.idle, q.since, q.average = true, world.now, 40000*128
		world.now += time.Duration(m)*10*ms + 3*ms // a packet takes 10 ms; what is over does not count yet
		q.measure()
		if got, want := float64(q.average)/128, 40000*math.Pow(1-w, float64(m)); math.Abs(got-want) > 1 {
			t.Errorf("after an idle time of %d packets the average is %v, want %v", m, got, want)
		}
		if q.since != world.now-3*ms {
			t.Errorf("the idle time counts from %v at %v", q.since, world.now)
		}
	}
}

// TestREDSpreadsDrops: with p_b = 1/10 the next drop comes after 1 to 9 packets, each with the same probability (the paper's
// section 7, method 2), so that drops are 5 packets apart on average and never more than 9.
func TestREDSpreadsDrops(t *testing.T) {
	q, w := redOf(RED{Min: 0, Max: 1000, Probability: 0.1, Gentle: true})
	q.average, q.spared = 1000, 0
	const n = 90_000
	gaps := [12]int{}
	gap, drops := 0, 0
	for i := range n {
		gap++
		if q.hit(w.env.Rand.At(dice(ClassData, uint64(i+1)), 0)) {
			gaps[min(gap, 11)]++
			drops++
			gap = 0
		}
	}
	for k := 1; k <= 9; k++ {
		checkRatio(t, fmt.Sprintf("gaps of %d", k), gaps[k], drops, 1.0/9)
	}
	if gaps[10]+gaps[11] > 0 {
		t.Errorf("gaps %v", gaps)
	}
}

// TestREDDrops: packets of a flood die of RED before the queue is full; with ECN they are marked instead, and only a full
// queue kills; and where nothing waits, nothing dies.
func TestREDDrops(t *testing.T) {
	set := RED{Min: 7500, Max: 22500, Probability: 0.1, Weight: 2, Gentle: true, ECN: true}
	run := func(every time.Duration, e ECN) *world {
		w := newWorld(9, Bottleneck{Rate: slow, LimitPackets: 50, Discipline: set})
		flood(w, 2000, every, e)
		w.run()
		return w
	}
	deaths := func(w *world) (red, full, marked int) {
		for _, e := range w.dead {
			if e.cause == CauseRED {
				red++
			} else {
				full++
			}
		}
		for _, e := range w.out {
			if e.Marked == CauseRED {
				marked++
			}
		}
		return
	}
	if red, full, marked := deaths(run(8*ms, NotECT)); full > 0 || marked > 0 || math.Abs(float64(red)-400) > 30 {
		t.Errorf("a quarter too much: %d died of RED, %d of the full queue, %d were marked; want 400, 0, 0", red, full, marked)
	}
	if red, full, marked := deaths(run(8*ms, ECT0)); red > 0 || full < 300 || marked < 1000 {
		t.Errorf("a quarter too much that takes marks: %d died of RED, %d of the full queue, %d were marked", red, full, marked)
	}
	if red, full, marked := deaths(run(10*ms, NotECT)); red+full+marked > 0 {
		t.Errorf("as much as the link carries: %d, %d, %d", red, full, marked)
	}
}

// TestREDSettles: where 5 % more comes than the link carries, in the end 1 - 1/1.05 of it must be dropped. Drops come after 1 to n-1
// packets, evenly, with n = 1/p_b, so of n/2 packets one is: p_b is half of what must be dropped, and the average queue stands where the
// straight line from Min to Max has that, at Min + (Max - Min) p_b / Probability = 22,143 bytes (a slow average, which hardly moves meanwhile).
func TestREDSettles(t *testing.T) {
	set := RED{Min: 15000, Max: 45000, Probability: 0.1, Weight: 9}
	w := newWorld(4, Bottleneck{Rate: slow, Discipline: set})
	const n, from = 60_000, 10_000
	sum, dead := 0, 0
	for i := range n {
		if i == from {
			dead = len(w.dead)
		}
		w.runTo(time.Duration(i) * 10 * ms * 20 / 21)
		if i >= from && len(w.queue) > 0 {
			sum += w.queue[len(w.queue)-1]
		}
		w.put(udp(1472))
	}
	share := float64(len(w.dead)-dead) / (n - from)
	if want := 1 - 1/1.05; math.Abs(share-want) > 0.0005 {
		t.Errorf("%.5f of the packets died, want %.5f", share, want)
	}
	if queue, want := 1500*float64(sum)/(n-from), 15000+30000*share/2/0.1; math.Abs(queue-want) > 0.01*want {
		t.Errorf("the mean queue is %.0f bytes, want %.0f", queue, want)
	}
}
