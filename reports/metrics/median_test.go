package metrics_test

import (
	"testing"

	"reliabilitylab/netem"
	"reliabilitylab/reports/metrics"
)

// The ranks of the published tables of the sign test (two-sided, 5 %): the interval's ends are one above the critical value.
func TestMedianRank(t *testing.T) {
	for n, want := range map[int]int{
		1: 0, 5: 0, 6: 1, 7: 1, 8: 1, 9: 2, 10: 2, 11: 2, 12: 3, 15: 4, 20: 6, 25: 8, 30: 10, 40: 14, 50: 18, 100: 40,
	} {
		if got := metrics.MedianRank(n); got != want {
			t.Errorf("of %d values: rank %d, want %d", n, got, want)
		}
	}
}

// The interval misses the median as rarely as it says: of ten values in 22 of 1,024 cases. With 20,000 tries the share is
// within 2.15 % ± 0.51 % (five standard deviations: a false alarm in two million runs; the seed is fixed anyway).
func TestMedianIntervalCovers(t *testing.T) {
	const tries, n = 20_000, 10
	dice := netem.NewStream(11)
	missed := 0
	for i := range tries {
		below := 0
		for k := range n {
			if netem.Probability(0.5).Hit(dice.At(uint64(i), uint64(k))) {
				below++
			}
		}
		if rank := metrics.MedianRank(n); below < rank || below > n-rank {
			missed++
		}
	}
	if share := float64(missed) / tries; share < 0.0164 || share > 0.0266 {
		t.Errorf("the interval missed the median in %.4f of %d tries, want about 0.0215", share, tries)
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		of   []float64
		want float64
	}{{[]float64{3}, 3}, {[]float64{1, 4}, 2.5}, {[]float64{1, 2, 9}, 2}, {[]float64{1, 2, 4, 100}, 3}} {
		if got := metrics.Median(c.of); got != c.want {
			t.Errorf("median of %v: %v, want %v", c.of, got, c.want)
		}
	}
}
