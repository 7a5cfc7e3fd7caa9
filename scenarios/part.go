package scenarios

import (
	"fmt"
	"strconv"
	"strings"
)

// A Part is the K-th of N parts of a sweep, K from 1, which are run apart and joined afterwards. The zero value is the whole.
type Part struct{ K, N int }

// maxParts is how many there may be: Slurm's job arrays have a thousand tasks, if nobody has asked for more.
const maxParts = 1000

// ParsePart reads K/N as String writes it.
func ParsePart(text string) (Part, error) {
	k, n, _ := strings.Cut(text, "/")
	var p Part
	var errK, errN error
	p.K, errK = strconv.Atoi(k)
	p.N, errN = strconv.Atoi(n)
	switch {
	case errK != nil || errN != nil || p.String() != text:
		return Part{}, fmt.Errorf("want which part of how many: K/N, such as 2/8")
	case p.N < 1 || p.N > maxParts:
		return Part{}, fmt.Errorf("there may be 1 to %d parts", maxParts)
	case p.K < 1 || p.K > p.N:
		return Part{}, fmt.Errorf("of %d parts the first is 1/%d, the last %d/%d", p.N, p.N, p.N, p.N)
	}
	return p, nil
}

// String returns "2/8".
func (p Part) String() string { return fmt.Sprintf("%d/%d", p.K, p.N) }

// MarshalText implements encoding.TextMarshaler.
func (p Part) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *Part) UnmarshalText(b []byte) (err error) {
	*p, err = ParsePart(string(b))
	return err
}

// Deal shares a grid out among n parts: of each replicate of each point, in their order, which part it is of, from 1. All trials of a
// replicate are of one part, so what is compared pair by pair has met the same machine.
//
// In each round every part gets one, so none has two more than another. Dealt out like cards, where the last axis has as many values as there
// are parts, one part would have the dearest of them and nothing else. So each goes to the part that has so far the fewest of its values, those of all axes
// added up, the first where several have: what is dear for its value of whichever axis is spread evenly, and nobody has to know which it is.
func (s *Sweep) Deal(n int) []int {
	groups := s.Groups()
	values := 0
	for _, g := range groups {
		values += len(g[0].Values)
	}
	had := make([][]int, n) // by part and value
	for i := range had {
		had[i] = make([]int, values)
	}
	served := make([]bool, n) // in this round
	out := make([]int, s.Count()*s.Repeat)
	for i := range out {
		if i%n == 0 {
			clear(served)
		}
		at := valuesAt(groups, i/s.Repeat)
		best, fewest := -1, 0
		for part := range n {
			if served[part] {
				continue
			}
			sum := 0
			for _, v := range at {
				sum += had[part][v]
			}
			if best < 0 || sum < fewest {
				best, fewest = part, sum
			}
		}
		served[best], out[i] = true, best+1
		for _, v := range at {
			had[best][v]++
		}
	}
	return out
}

// valuesAt are the values of a point, by its number, as numbers among the values of all groups. The last group varies fastest.
func valuesAt(groups [][]Axis, point int) []int {
	out := make([]int, len(groups))
	for i := len(groups) - 1; i >= 0; i-- {
		n := len(groups[i][0].Values)
		out[i], point = point%n, point/n
	}
	base := 0
	for i, g := range groups {
		out[i] += base
		base += len(g[0].Values)
	}
	return out
}
