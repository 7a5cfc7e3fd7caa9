package netem

import (
	"fmt"
	"strings"
	"time"
)

//go:generate go run distribution_generate.go

// A Distribution is the shape of a random delay. The values are netem's: with Jitter s,
//
//	Uniform       evenly from -s to s
//	Normal        s times the standard normal distribution
//	Pareto        s times 4/3 (X - 3/2), where X is Pareto with exponent 3 from 1 (so its mean is 3/2), cut at 4 s
//	ParetoNormal  a quarter of Normal's and three quarters of Pareto's value at the same probability
//
// The last three come from tables of 4096 values at the midpoints of equal steps of probability, and so do not go beyond
// 3.67 s (Normal) and 4 s (the others). The cut makes Pareto's mean -0.03 s and its standard deviation 0.82 s.
type Distribution uint8

// The distributions.
const (
	Uniform Distribution = iota
	Normal
	Pareto
	ParetoNormal
)

var distributionNames = [...]string{"uniform", "normal", "pareto", "paretonormal"}

// String returns the distribution's name in scenario files.
func (d Distribution) String() string { return distributionNames[d] }

// ParseDistribution returns the distribution of a name.
func ParseDistribution(name string) (Distribution, error) {
	for d, n := range distributionNames {
		if n == name {
			return Distribution(d), nil
		}
	}
	return Uniform, fmt.Errorf("distribution %q is none of %s", name, strings.Join(distributionNames[:], ", "))
}

// A Table is a measured distribution: values at equal steps of probability, each in units of Jitter/8192, as netem's
// `distribution FILE` has them. A draw takes one of them, all with the same probability.
type Table []int16

// tableScale is the value in a table that stands for one Jitter (netem's NETEM_DIST_SCALE).
const tableScale = 8192

// tableBits of a draw choose a value of a table.
const tableBits = 12

// sample maps a draw to the random part of a delay with a jitter above 0, by the table if there is one.
func sample(d Distribution, t Table, draw uint64, jitter time.Duration) time.Duration {
	var v time.Duration
	switch {
	case t != nil:
		v = time.Duration(t[Below(draw, uint64(len(t)))])
	case d == Normal:
		v = time.Duration(normalTable[draw>>(64-tableBits)])
	case d == Pareto:
		v = time.Duration(paretoTable[draw>>(64-tableBits)])
	case d == ParetoNormal:
		v = time.Duration(paretoNormalTable[draw>>(64-tableBits)])
	default:
		return time.Duration(Below(draw, 2*uint64(jitter))) - jitter
	}
	whole, rest := jitter/tableScale, jitter%tableScale
	return whole*v + (rest*v+tableScale/2)>>13 // the product in two parts so that it fits; rounded to the nearest
}
