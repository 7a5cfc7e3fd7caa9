package chart

import "testing"

func TestPercentileIsNearestRank(t *testing.T) {
	hundred := latencySeries{}
	for i := range 100 {
		hundred.sorted = append(hundred.sorted, float64(i+1))
	}
	ten := latencySeries{sorted: hundred.sorted[:10]}
	one := latencySeries{sorted: []float64{7}}
	for _, c := range []struct {
		s     latencySeries
		share float64
		want  float64
	}{
		{hundred, 0.5, 50}, {hundred, 0.95, 95}, {hundred, 0.99, 99}, {ten, 0.5, 5}, {ten, 0.95, 10}, {ten, 0.99, 10},
		{one, 0.5, 7}, {one, 0.99, 7},
	} {
		if got := c.s.percentile(c.share); got != c.want {
			t.Errorf("p%g of %d values = %g, want %g", c.share*100, len(c.s.sorted), got, c.want)
		}
	}
}

func TestShareUpTo(t *testing.T) {
	s := latencySeries{sorted: []float64{1, 2, 2, 2, 5}}
	for _, c := range []struct{ at, want float64 }{{0.5, 0}, {1, 0.2}, {2, 0.8}, {4.9, 0.8}, {5, 1}} {
		if got := s.shareUpTo(c.at); got != c.want {
			t.Errorf("shareUpTo(%g) = %g, want %g", c.at, got, c.want)
		}
	}
}
