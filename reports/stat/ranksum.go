package stat

import "math"

// RankSum is the rank-sum test (Wilcoxon 1945, Mann and Whitney 1947) of two samples that have no pairs, which asks whether values of b
// tend to be larger than those of a: if there is no difference, any choice of so many of all the values might as well have been b. It
// counts over all choices, with equal values sharing their mean rank; beyond 40 values it takes the normal distribution with the variance
// of these very ranks. P is twice the smaller tail. Both samples have a value at least.
//
// The effect is Cliff's delta (1993): the share of pairs of one of each in which b's is larger, less that in which a's is.
func RankSum(a, b []float64) Test {
	ranks := ranked(append(append([]float64{}, a...), b...), func(v float64) float64 { return v })
	sum := 0 // of b, doubled
	for _, r := range ranks[len(a):] {
		sum += r
	}
	na, nb := len(a), len(b)
	t := Test{Least: min(1, 2/choices(na+nb, nb))}
	// Twice U, less its mean: pairs in which b is larger less those in which a is.
	t.Effect = float64(sum-nb*(nb+1)-na*nb) / float64(na*nb)
	t.P = chosen(ranks, nb, sum)
	return t
}

// mostChosen is how many values are tested exactly.
const mostChosen = 40

// chosen is twice the probability that k of the ranks, chosen at random, sum up to something at least as far to the side as that.
func chosen(ranks []int, k, sum int) float64 {
	n := len(ranks)
	mean := k * (n + 1) // of doubled ranks
	if sum > mean {     // the sum of those that are not chosen lies as far below its mean
		all := n * (n + 1)
		return chosen(ranks, n-k, all-sum)
	}
	if n > mostChosen {
		return chosenOfMany(ranks, k, sum)
	}
	// ways[j][s]: how many choices of j of the ranks so far sum up to s.
	ways := make([][]float64, k+1)
	for j := range ways {
		ways[j] = make([]float64, sum+1)
	}
	ways[0][0] = 1
	for i, r := range ranks {
		for j := min(k, i+1); j > 0; j-- {
			for s := sum; s >= r; s-- {
				ways[j][s] += ways[j-1][s-r]
			}
		}
	}
	total := 0.0
	for _, w := range ways[k] {
		total += w
	}
	return min(1, 2*total/choices(n, k))
}

// chosenOfMany is chosen of so many ranks that the sum is distributed normally.
func chosenOfMany(ranks []int, k, sum int) float64 {
	n, squares := len(ranks), 0 // of the distances from the mean rank
	for _, r := range ranks {
		squares += (r - n - 1) * (r - n - 1)
	}
	return normal(float64(k*(n+1)-sum), float64(k)*float64(n-k)*float64(squares)/float64(n*(n-1)))
}

// choices is in how many ways k of n can be chosen.
func choices(n, k int) float64 {
	c := 1.0
	for i := 1; i <= k; i++ {
		c = math.Round(float64(c*float64(n-k+i)) / float64(i))
	}
	return c
}
