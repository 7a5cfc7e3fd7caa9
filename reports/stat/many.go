package stat

import (
	"cmp"
	"slices"
)

// FalseDiscovery adjusts the P of tests that were made at once, so that of those that it leaves at or below q at most a share of q is expected
// to be noise (Benjamini and Hochberg 1995; it holds where the tests are independent, and where they go up and down together,
// Benjamini and Yekutieli 2001). Where nothing differs at all, that something is called different has a probability of q.
//
// To bound the probability that a single one is noise (Holm 1979) asks of the first of fifty tests for P below 0.001, which ten pairs cannot
// come to however they differ: twenty metrics that all differ in all pairs would all be called noise.
func FalseDiscovery(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[b], p[a]) }) // the greatest first
	out := make([]float64, len(p))
	least := 1.0
	for n, i := range order {
		least = min(least, p[i]*float64(len(p))/float64(len(p)-n))
		out[i] = least
	}
	return out
}
