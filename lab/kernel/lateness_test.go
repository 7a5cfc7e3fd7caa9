package kernel

import (
	"slices"
	"testing"
	"time"
)

func TestLatenessPercentiles(t *testing.T) {
	var l Lateness
	if l.Percentile(99) != 0 || l.N() != 0 || l.Max() != 0 {
		t.Error("an empty count has values")
	}
	var all []time.Duration
	x := uint64(1)
	for range 10_000 { // values of all magnitudes up to 4 s
		x = x*6364136223846793005 + 1442695040888963407
		d := time.Duration(x >> 32 >> (x >> 27 % 32))
		all = append(all, d)
		l.Note(d)
	}
	slices.Sort(all)
	for _, p := range []int{1, 10, 50, 90, 99, 100} {
		want := all[(len(all)*p+99)/100-1]
		if got := l.Percentile(p); got < want || got > want+want/16 {
			t.Errorf("percentile %d is %d ns, want %d to %d", p, got, want, want+want/16)
		}
	}
	if l.N() != len(all) || l.Max() != all[len(all)-1] {
		t.Errorf("%d values up to %v, want %d up to %v", l.N(), l.Max(), len(all), all[len(all)-1])
	}
}

func TestLatenessClassesTouch(t *testing.T) {
	last := len(new(Lateness).count) - 1
	for i := range last {
		if end := top(i); class(end) != i || class(end+1) != i+1 {
			t.Fatalf("class %d ends at %d, of class %d; then comes class %d", i, end, class(end), class(end+1))
		}
	}
	if top(last) != never {
		t.Errorf("the last class ends at %d, want the longest duration", top(last))
	}
}
