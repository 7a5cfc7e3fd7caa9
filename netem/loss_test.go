package netem

import (
	"slices"
	"testing"
	"time"
)

func TestLoss(t *testing.T) {
	const n = 100000
	b := udp(0)
	for _, p := range []float64{0, 0.001, 0.02, 0.5, 1} {
		w := newWorld(11, Loss{Probability: Probability(p)})
		for range n {
			w.put(b)
		}
		checkRatio(t, "loss", len(w.dead), n, p)
	}
}

func TestLossListed(t *testing.T) {
	// Retransmissions and ACKs stand between the data and do not count.
	var in [][]byte
	for i := range uint32(12) {
		in = append(in, tcp(FlagACK, 100+10*i, 10), tcp(FlagACK, 100, 10), tcp(FlagACK, 110+10*i, 0))
	}
	for _, c := range []struct {
		stage Stage
		want  []uint64
	}{
		{LossEvery{N: 0}, nil},
		{LossEvery{N: -1}, nil},
		{LossEvery{N: 1}, []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}},
		{LossEvery{N: 5}, []uint64{5, 10}},
		{LossAt{}, nil},
		{LossAt{Ranges: []Range{{7, 9}, {3, 3}}}, []uint64{3, 7, 8, 9}},
		{LossAt{Ranges: []Range{{2, 9}, {4, 5}}}, []uint64{2, 3, 4, 5, 6, 7, 8, 9}},
		{LossAt{Ranges: []Range{{9, 7}, {4, 5}, {5, 6}, {-3, 1}, {12, 1 << 62}, {0, 0}}}, []uint64{1, 4, 5, 6, 12}},
	} {
		w := newWorld(1, c.stage)
		for _, b := range in {
			w.put(b)
		}
		var got []uint64
		for _, e := range w.dead {
			if e.cause != CauseLoss || e.Header.Kind != KindData {
				t.Errorf("%v: a packet of kind %v died of %q", c.stage, e.Header.Kind, e.cause)
			}
			got = append(got, e.Number)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%v lost %v, want %v", c.stage, got, c.want)
		}
	}
	w := newWorld(1, Duplicate{Probability: 1}, LossEvery{N: 1})
	w.put(udp(1))
	if got := w.ids(); !slices.Equal(got, []int{-1}) {
		t.Errorf("a copy meets LossEvery: out came %v, want the copy alone", got)
	}
}

func TestOutage(t *testing.T) {
	w := newWorld(1, Outage{2 * time.Second, 4 * time.Second})
	for _, at := range []time.Duration{0, 2*time.Second - 1, 2 * time.Second, 4*time.Second - 1, 4 * time.Second} {
		w.runTo(at)
		w.put(udp(1))
	}
	if !slices.Equal(w.ids(), []int{1, 2, 5}) || !slices.Equal(w.deaths(), []int{3, 4}) || w.dead[0].cause != CauseOutage {
		t.Errorf("out %v, dead %v", w.ids(), w.deaths())
	}
}
