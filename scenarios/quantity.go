package scenarios

import (
	"math"
	"strconv"
	"strings"
)

// Quantity reads the value of a key as a number, whatever it counts: a share, a time, a rate, a size, packets (100p), or a
// bare number, which has no unit of its own. ok is false for all else.
func Quantity(text string) (v float64, unit Unit, bare, ok bool) {
	if f, err := strconv.ParseFloat(text, 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
		return f, Count, true, true
	}
	if n, found := strings.CutSuffix(text, "p"); found {
		f, err := strconv.ParseUint(n, 10, 53)
		return float64(f), Packets, false, err == nil
	}
	if p, err := ParseProbability(text); err == nil {
		return float64(p), Ratio, false, true
	}
	if d, err := ParseDuration(text); err == nil {
		return d.Seconds(), Seconds, false, true
	}
	if r, err := ParseRate(text); err == nil && r > 0 {
		return float64(r), BitRate, false, true
	}
	if n, err := ParseSize(text); err == nil {
		return float64(n), Bytes, false, true
	}
	return 0, Count, false, false
}
