package metrics

import "math/big"

// Median returns the median of ascending values: the middle one, or the mean of the two in the middle. There must be one.
func Median(sorted []float64) float64 {
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

// LeastReplicates is how many values a 95 % interval of their median wants: of five the least and the greatest enclose the
// median with 93.75 % only.
const LeastReplicates = 6

// MedianRank returns the rank k, from 1, of the interval from the k-th least to the k-th greatest of n independent values
// that covers the median of what they are drawn from with at least 95 %, whatever its distribution; 0 where n is below
// LeastReplicates. The number of values below the median is binomial, so that the interval misses with the probability
// 2*P(Bin(n, 1/2) < k); k is the greatest for which that is at most 5 % (Conover, Practical Nonparametric Statistics,
// section 3.2). It is found in whole numbers.
func MedianRank(n int) int {
	if n < LeastReplicates {
		return 0
	}
	limit := new(big.Int).Lsh(big.NewInt(1), uint(n)) // 2^n; 2*sum/2^n <= 1/20 is 40*sum <= 2^n
	choose, sum, forty := big.NewInt(1), new(big.Int), big.NewInt(40)
	for k := 0; ; k++ { // sum becomes that of n choose i for i up to k
		sum.Add(sum, choose)
		if new(big.Int).Mul(sum, forty).Cmp(limit) > 0 {
			return k
		}
		choose.Mul(choose, big.NewInt(int64(n-k)))
		choose.Quo(choose, big.NewInt(int64(k+1)))
	}
}
