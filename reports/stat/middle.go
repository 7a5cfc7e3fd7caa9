package stat

import (
	"math"
	"slices"
)

// Confidence is how sure an interval is.
const Confidence = 0.95

// A Middle is where differences lie: the estimate and the interval that belong to the signed-rank test.
type Middle struct {
	Estimate  float64
	Low, High float64 // the 95 % interval; NaN where there are too few differences for one
}

// MiddleOf returns the estimate of Hodges and Lehmann (1963), the median of the means of all pairs of differences, each with itself
// too (the Walsh averages), and the narrowest interval between two of these means, as many from each end, that holds the middle with at
// least 95 %, whatever the distribution, if only it is symmetric: those are the middles that the signed-rank test would not refuse. There
// must be a difference; from six on there is an interval.
func MiddleOf(x []float64) Middle {
	sorted := slices.Sorted(slices.Values(x))
	n := len(sorted)
	count := n * (n + 1) / 2
	m := Middle{Low: math.NaN(), High: math.NaN()}
	m.Estimate = (walsh(sorted, (count+1)/2) + walsh(sorted, count/2+1)) / 2
	if k := cut(n); k > 0 {
		m.Low, m.High = walsh(sorted, k), walsh(sorted, count+1-k)
	}
	return m
}

// LeastPairs is from how many pairs on there is an interval, and a test can tell a difference from noise.
const LeastPairs = 6

// cut is the largest k for which the sum of n ranks with random signs is below k with a probability of at most 2.5 %; 0: there is none.
func cut(n int) int {
	if n > mostExact {
		variance := float64(n*(n+1)) / 24 * float64(2*n+1)
		return int(math.Floor(float64(n*(n+1))/4 - float64(1.959963984540054*math.Sqrt(variance))))
	}
	p := make([]float64, n*(n+1)/2+1)
	p[0] = 1
	for r := 1; r <= n; r++ {
		for s := len(p) - 1; s >= 0; s-- {
			if s >= r {
				p[s] += p[s-r]
			}
			p[s] /= 2
		}
	}
	k, below := 0, 0.0
	for below+p[k] <= (1-Confidence)/2 {
		below += p[k]
		k++
	}
	return k
}

// walsh returns the k-th smallest Walsh average, from 1, of ascending values. It halves the range of numbers in which it must be, one bit
// of them at a time, and counts: of ten thousand values there are fifty million averages, too many to be sorted.
func walsh(sorted []float64, k int) float64 {
	low, high := ordinal(sorted[0]), ordinal(sorted[len(sorted)-1])
	for low < high {
		middle := low>>1 + high>>1 + low&high&1 // their mean, without their sum
		if upTo(sorted, number(middle)) >= k {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return number(low)
}

// upTo counts the Walsh averages that are not above v.
func upTo(sorted []float64, v float64) int {
	n, j := 0, len(sorted)
	for i, x := range sorted {
		for j > 0 && (x+sorted[j-1])/2 > v {
			j--
		}
		if j <= i {
			break
		}
		n += j - i
	}
	return n
}

// ordinal numbers the floating-point numbers in their order, both zeros alike; number is its inverse.
func ordinal(v float64) int64 {
	b := int64(math.Float64bits(v))
	if b < 0 {
		return math.MinInt64 - b
	}
	return b
}

func number(o int64) float64 {
	if o < 0 {
		o = math.MinInt64 - o
	}
	return math.Float64frombits(uint64(o))
}
