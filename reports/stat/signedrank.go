// Package stat tells differences from noise: the tests and intervals by which two sets of trials are compared. They ask nothing of how
// the values are distributed, since completion times and counts of timeouts follow no normal distribution, and most of them are
// exact, since a comparison has ten seeds rather than a hundred.
package stat

import (
	"cmp"
	"math"
	"slices"
)

// A Test is what a test has come to.
type Test struct {
	P      float64 // two-sided: how probable a difference at least as large is where there is none
	Least  float64 // the least P that so many values can come to, however they differ
	Effect float64 // from -1 to 1; 0: no difference
}

// mostExact is how many values are tested exactly, by counting; of more the normal distribution is as good.
const mostExact = 50

// SignedRank is the signed-rank test (Wilcoxon 1945) of differences of pairs, which asks whether they lie about zero: if A and B are the
// same, each difference might as well have come with the other sign. It counts over all those signs, so ties are no matter; beyond 50
// differences it takes the normal distribution with the variance of these very ranks. Differences of exactly zero are ranked and then left
// out (Pratt 1959): to leave them out before, as Wilcoxon did, would forget that nothing differed there. Equal sizes share their mean rank.
//
// The effect is the matched-pairs rank-biserial correlation (Kerby 2014): the ranks of the positive differences less those of the
// negative ones, of all ranks. 1 is: all are positive. Zeros count against it on both sides.
func SignedRank(x []float64) Test {
	var ranks []int // doubled, so that they are whole
	plus, all := 0, 0
	for i, r := range ranked(x, math.Abs) {
		all += r
		if x[i] == 0 {
			continue
		}
		ranks = append(ranks, r)
		if x[i] > 0 {
			plus += r
		}
	}
	if len(ranks) == 0 {
		return Test{P: 1, Least: 1}
	}
	sum := 0
	for _, r := range ranks {
		sum += r
	}
	return Test{
		P:      signs(ranks, min(plus, sum-plus)),
		Least:  math.Ldexp(1, 1-len(ranks)),
		Effect: float64(2*plus-sum) / float64(all),
	}
}

// signs is twice the probability that the ranks that get a plus sum up to at most that, where each gets it with probability 1/2.
func signs(ranks []int, most int) float64 {
	if len(ranks) > mostExact {
		return signsOfMany(ranks, most)
	}
	p := make([]float64, most+1)
	p[0] = 1
	for _, r := range ranks {
		for s := most; s >= 0; s-- {
			if s >= r {
				p[s] += p[s-r]
			}
			p[s] /= 2
		}
	}
	total := 0.0
	for _, v := range p {
		total += v
	}
	return min(1, 2*total)
}

// signsOfMany is signs of so many ranks that their sum is distributed normally.
func signsOfMany(ranks []int, most int) float64 {
	squares, sum := 0, 0
	for _, r := range ranks {
		squares += r * r
		sum += r
	}
	return normal(float64(sum)/2-float64(most), float64(squares)/4)
}

// normal is the probability that something normally distributed with this variance is at least that far from its mean.
func normal(far, variance float64) float64 {
	return math.Erfc(math.Abs(far) / math.Sqrt(2*variance))
}

// ranked returns twice the rank of each value, from 1, by its size; equal sizes share the mean of their ranks.
func ranked(x []float64, size func(float64) float64) []int {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(size(x[a]), size(x[b])) })
	out := make([]int, len(x))
	for begin, end := 0, 0; begin < len(order); begin = end {
		for end < len(order) && size(x[order[end]]) == size(x[order[begin]]) {
			end++
		}
		for _, i := range order[begin:end] {
			out[i] = begin + 1 + end
		}
	}
	return out
}
