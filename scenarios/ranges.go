package scenarios

import (
	"slices"
	"strconv"
	"strings"
)

// union sorts ranges and joins those that touch or overlap.
func union(l []Range) []Range {
	l = slices.Clone(l)
	slices.SortFunc(l, func(a, b Range) int { return a.From - b.From })
	var out []Range
	for _, r := range l {
		if k := len(out) - 1; k >= 0 && r.From <= out[k].To+1 {
			out[k].To = max(out[k].To, r.To)
		} else {
			out = append(out, r)
		}
	}
	return out
}

// String writes the range as a scenario file has it: 3 or 7-9.
func (r Range) String() string {
	if r.From == r.To {
		return strconv.Itoa(r.From)
	}
	return strconv.Itoa(r.From) + "-" + strconv.Itoa(r.To)
}

// rangeList writes "3, 7-9".
func rangeList(l []Range) string {
	out := make([]string, len(l))
	for i, r := range l {
		out[i] = r.String()
	}
	return strings.Join(out, ", ")
}
