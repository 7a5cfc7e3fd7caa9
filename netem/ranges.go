package netem

import (
	"cmp"
	"slices"
	"sort"
)

// Range is a run of numbers, both ends included.
type Range struct{ From, To int }

// sorted returns the numbers from 1 that the ranges hold, as ranges in ascending order that do not touch.
func sorted(ranges []Range) []Range {
	in := slices.DeleteFunc(slices.Clone(ranges), func(r Range) bool { return r.From > r.To || r.To < 1 })
	slices.SortFunc(in, func(a, b Range) int { return cmp.Compare(a.From, b.From) })
	var out []Range
	for _, r := range in {
		r.From = max(r.From, 1)
		if n := len(out); n > 0 && r.From-1 <= out[n-1].To {
			out[n-1].To = max(out[n-1].To, r.To)
			continue
		}
		out = append(out, r)
	}
	return out
}

// holds tells whether n is in one of the ranges, which are as sorted returns them.
func holds(ranges []Range, n uint64) bool {
	i := sort.Search(len(ranges), func(i int) bool { return uint64(ranges[i].To) >= n })
	return i < len(ranges) && uint64(ranges[i].From) <= n
}
