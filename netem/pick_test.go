package netem

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
)

// picked returns which of n packets of new data a Pick chooses.
func picked(seed uint64, k Pick, n int) []uint64 {
	hit := k.attach(NewStream(seed))
	var out []uint64
	for i := uint64(1); i <= uint64(n); i++ {
		p := &Packet{Number: i, Dice: dice(ClassData, i), Header: Header{Kind: KindData}}
		if hit(p) {
			out = append(out, i)
		}
	}
	return out
}

// TestPickGap: with certainty it is every Gap-th packet; else the distance from one to the next is Gap - 1 and a geometric
// number of 1/Probability on average.
func TestPickGap(t *testing.T) {
	for _, c := range []struct {
		gap  int
		want []uint64
	}{{0, []uint64{1, 2, 3, 4, 5, 6, 7}}, {1, []uint64{1, 2, 3, 4, 5, 6, 7}}, {3, []uint64{3, 6}}, {7, []uint64{7}}, {8, nil}} {
		if got := picked(1, Pick{Probability: 1, Gap: c.gap}, 7); !slices.Equal(got, c.want) {
			t.Errorf("gap %d: %v, want %v", c.gap, got, c.want)
		}
	}
	const n = 100000
	for _, c := range []struct {
		p   float64
		gap int
	}{{.25, 5}, {.9, 2}, {.02, 10}, {.5, 1}} {
		got := picked(2, Pick{Probability: Probability(c.p), Gap: c.gap}, n)
		least, sum, last := uint64(math.MaxUint64), 0.0, uint64(0)
		for _, i := range got {
			least, sum = min(least, i-last), sum+float64(i-last)
			last = i
		}
		k := float64(len(got))
		if least != uint64(c.gap) { // of thousands of distances one is the least
			t.Errorf("%+v: the least distance is %d", c, least)
		}
		checkMean(t, fmt.Sprintf("%+v: distance", c), sum/k, float64(c.gap)-1+1/c.p, math.Sqrt((1-c.p)/(c.p*c.p)/k))
	}
}

// TestPickGapAnyOrder: who is chosen does not depend on the order of coming, nor on who never comes; copies are not chosen.
func TestPickGapAnyOrder(t *testing.T) {
	k := Pick{Probability: .3, Correlation: .4, Gap: 4}
	want := picked(7, k, 500)
	hit := k.attach(NewStream(7))
	order := NewStream(2)
	for i := range uint64(2000) {
		n := 1 + Below(order.At(i, 0), 500)
		if i < 250 {
			n = 1 + 2*i
		}
		p := &Packet{Number: n, Dice: dice(ClassData, n), Header: Header{Kind: KindData}}
		if got := hit(p); got != slices.Contains(want, n) {
			t.Fatalf("packet %d: chosen is %v", n, got)
		}
		if p.Of = 1; hit(p) {
			t.Fatalf("a copy of packet %d is chosen", n)
		}
	}
}

// TestReorderGap: every third packet is held back and passed by one other.
func TestReorderGap(t *testing.T) {
	w := newWorld(1, Reorder{Pick: Pick{Probability: 1, Gap: 3}, Delay: 3 * ms / 2})
	for i := range 7 {
		w.runTo(time.Duration(i) * ms)
		w.put(udp(0))
	}
	w.run()
	if got := w.ids(); !slices.Equal(got, []int{1, 2, 4, 3, 5, 7, 6}) {
		t.Errorf("came %v", got)
	}
}

// TestAhead is netem's reordering: the chosen packets are not delayed and overtake what is on its way, whatever the
// order of the others.
func TestAhead(t *testing.T) {
	for _, keep := range []bool{true, false} {
		w := newWorld(1, Delay{Base: 10 * ms, KeepOrder: keep, Ahead: Pick{Probability: 1, Gap: 5}})
		for i := range 12 {
			w.runTo(time.Duration(i) * ms)
			w.put(udp(0))
		}
		w.run()
		if got := w.ids(); !slices.Equal(got, []int{5, 10, 1, 2, 3, 4, 6, 7, 8, 9, 11, 12}) {
			t.Errorf("came %v", got)
		}
		if w.out[0].at != 4*ms || w.now != 21*ms {
			t.Errorf("the first came at %v, the last at %v", w.out[0].at, w.now)
		}
	}
	const n = 20000
	w := newWorld(1, Delay{Base: time.Second, KeepOrder: true, Ahead: Pick{Probability: .25, Correlation: .5}})
	for range n {
		w.put(udp(0))
	}
	checkMean(t, "ahead", float64(len(w.out))/n, .25, math.Sqrt(.25*.75*3/n))
	// In phases, too.
	w = newWorld(1, Phases{Delay{Base: 10 * ms, KeepOrder: true}, []Phase{{ms, 2 * ms, Delay{Base: 10 * ms, KeepOrder: true, Ahead: Pick{Probability: 1}}}}})
	for i := range 3 {
		w.runTo(time.Duration(i) * ms)
		w.put(udp(0))
	}
	w.run()
	if got := w.ids(); !slices.Equal(got, []int{2, 1, 3}) {
		t.Errorf("came %v", got)
	}
}
