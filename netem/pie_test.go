package netem

import (
	"math"
	"slices"
	"testing"
	"time"
)

// TestPIEUpdate works RFC 8033 section 4.2 by hand: p = 1/8 (delay - 15 ms) + 5/4 (delay - old), scaled by how small the
// probability is.
func TestPIEUpdate(t *testing.T) {
	for _, c := range []struct {
		probability float64
		delay, old  time.Duration
		want        float64
	}{
		{0, 30 * ms, 0, 0.039375 / 2048},
		{0.000005, 30 * ms, 30 * ms, 0.000005 + 0.001875/512},
		{0.00005, 30 * ms, 30 * ms, 0.00005 + 0.001875/128},
		{0.0005, 25 * ms, 20 * ms, 0.0005 + 0.0075/32},
		{0.005, 25 * ms, 20 * ms, 0.005 + 0.0075/8},
		{0.05, 25 * ms, 20 * ms, 0.05 + 0.0075/2},
		{0.3, 25 * ms, 20 * ms, 0.3 + 0.0075},
		{0.3, 45 * ms, 15 * ms, 0.3 + 0.02},       // 0.04125, capped (section 5.5)
		{0.05, 45 * ms, 15 * ms, 0.05 + 0.020625}, // not capped below 10 %
		{0.3, 5 * ms, 10 * ms, 0.3 - 0.0075},
		{0.3, 0, 0, (0.3 - 0.001875) * 63 / 64}, // the decay of an empty queue
		{0.3, 0, 400 * ms, 0},                   // 0.501875 less, bounded
		{0.99, 300 * ms, 0, 1},
		{0.5, 15 * ms, 15 * ms, 0.5},
	} {
		p := pie{target: 15 * ms, probability: int64(math.Round(c.probability * pieOne)), old: c.old, allowance: 20 * ms}
		p.update(c.delay)
		if got := float64(p.probability) / pieOne; math.Abs(got-c.want) > 1e-13 {
			t.Errorf("from %v with %v after %v: %.12g, want %.12g", c.probability, c.delay, c.old, got, c.want)
		}
		if p.old != c.delay || p.allowance != 5*ms {
			t.Errorf("old %v, allowance %v", p.old, p.allowance)
		}
	}
}

// TestPIESkipsIdleTime: the updates of an idle hour come to the same as if each had been made.
func TestPIESkipsIdleTime(t *testing.T) {
	w := newWorld(1, Pipe{})
	l := newLink(Bottleneck{Rate: slow, Discipline: PIE{}}, w.env, func(*Packet) {})
	q := l.queue.(*pieQueue)
	q.control.probability, q.control.old, q.delay = pieOne/3, 40*ms, 0
	plain := q.control
	for range 3600 * 1000 / 15 {
		plain.update(0)
	}
	w.runTo(time.Hour)
	q.update()
	if q.control != plain || q.next != time.Hour+15*ms {
		t.Errorf("after an hour %+v, next update at %v; want %+v", q.control, q.next, plain)
	}
}

// flood puts full packets into the world at even intervals.
func flood(w *world, n int, every time.Duration, e ECN) {
	for i := range n {
		puts(w, time.Duration(i)*every, 1, e)
	}
}

// TestPIEHoldsTarget: where a quarter more comes than the link carries, a fifth is dropped in the end, and the wait is
// about 15 ms. Bursts pass: nothing is dropped in the first 150 ms.
func TestPIEHoldsTarget(t *testing.T) {
	w := newWorld(5, Bottleneck{Rate: 12 * Mbit, Discipline: PIE{}})
	flood(w, 75_000, 800*time.Microsecond, NotECT) // 60 s
	if w.dead[0].at < 150*ms {
		t.Errorf("the first died at %v", w.dead[0].at)
	}
	late := 0
	for _, e := range w.dead {
		if e.at >= 30*time.Second {
			late++
		}
		if e.cause != CausePIE {
			t.Fatalf("a packet died of %q", e.cause)
		}
	}
	if share := float64(late) / 37_500; math.Abs(share-0.2) > 0.005 {
		t.Errorf("of the second half %.4f died, want 0.2", share)
	}
	var waits []time.Duration
	for _, e := range w.out {
		if e.at >= 30*time.Second {
			waits = append(waits, e.Waited)
		}
	}
	slices.Sort(waits)
	if m := waits[len(waits)/2]; m < 12*ms || m > 18*ms {
		t.Errorf("the median wait is %v, want about 15 ms", m)
	}
}

// TestPIEDerandomizes: with a probability of 10 % no two drops are closer than 9 packets (0.85/0.1 rounded up, section 5.4)
// and none is further from the one before than 85; up to 10 % packets are marked instead, beyond they die.
func TestPIEDerandomizes(t *testing.T) {
	w := newWorld(1, Pipe{})
	l := newLink(Bottleneck{Rate: slow, Discipline: PIE{ECN: true}}, w.env, func(*Packet) {})
	q := l.queue.(*pieQueue)
	q.control = pie{target: 15 * ms, probability: pieOne / 10, old: 20 * ms}
	q.bytes = 1 << 20
	n, hits := 20_000, 0
	gap, shortest, longest := 0, n, 0
	for i := range n {
		gap++
		if q.early(&Packet{Dice: dice(ClassData, uint64(i+1))}) {
			q.accu = 0
			hits++
			shortest, longest, gap = min(shortest, gap), max(longest, gap), 0
		}
	}
	// After 8 packets that pass each dies with 10 %: every 8 + 10 = 18 packets one; the gap's deviation is sqrt(0.9)/0.1 = 9.5.
	checkMean(t, "the distance of drops", float64(n)/float64(hits), 18, 9.5/math.Sqrt(float64(hits)))
	if shortest != 9 || longest > 85 {
		t.Errorf("drops are %d to %d packets apart", shortest, longest)
	}
	q.accu = pieAccuHigh
	if !q.early(&Packet{}) {
		t.Error("after 8.5 drops too few none is forced")
	}
	for _, c := range []struct {
		probability int64
		e           ECN
		dies        bool
	}{{pieMarkUpTo - 1, ECT0, false}, {pieMarkUpTo, ECT0, true}, {pieMarkUpTo - 1, NotECT, true}} {
		dead := len(w.dead)
		q.control.probability, q.accu = c.probability, pieAccuHigh
		b := udp(100)
		b[1] = byte(c.e)
		p := &Packet{Data: b, Header: ReadHeader(b)}
		q.enqueue(p)
		if dies := len(w.dead) > dead; dies != c.dies || p.Marked == CausePIE == c.dies || q.accu != 0 {
			t.Errorf("%+v: died %v, marked %q", c, dies, p.Marked)
		}
	}
}
