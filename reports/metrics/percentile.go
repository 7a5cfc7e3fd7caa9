package metrics

import "cmp"

// Percentile returns the percent-th percentile, 1 to 100, of values sorted in ascending order, as RFC 2330 section 11.3
// defines it: the smallest of the values that at least that share of all values does not exceed. It is always one of
// the values, nothing is interpolated; the 50th of an even number of values is the lower of the two in the middle. ok is
// false where there are no values.
func Percentile[T cmp.Ordered](sorted []T, percent int) (value T, ok bool) {
	n := len(sorted)
	if n == 0 {
		return value, false
	}
	rank := (n*percent + 99) / 100 // n*percent/100 rounded up, in integers
	return sorted[rank-1], true
}
