package netem

import (
	"fmt"
	"math"
	"testing"
)

// TestLinuxRate compares with a simulation of netem's recursion, 4·10^6 numbers each, and the closed forms that are known.
// Losses are nearly independent (their runs are 1.05 packets long), and the tolerance allows for four times the variance.
func TestLinuxRate(t *testing.T) {
	n := 4_000_000
	if testing.Short() {
		n /= 8
	}
	dice := NewStream(1)
	for _, c := range []struct{ p, rho float64 }{
		{.05, .25}, {.1, .5}, {.3, .3}, {.7, .3}, {.01, .01}, {.45, .05}, {.4, .9}, {.49, .99}, {.1, .1}, {.2, .7},
	} {
		x, hits := 0.5, 0
		for i := range uint64(n) {
			u := float64(dice.At(i, 0)>>11) / (1 << 53)
			if x = (1-c.rho)*u + c.rho*x; x <= c.p {
				hits++
			}
		}
		got := LinuxRate(Probability(c.p), Probability(c.rho))
		runs := (1 + c.rho) / (1 - c.rho) // how many numbers tell as much as one, where rho is large
		checkMean(t, fmt.Sprintf("loss %g correlation %g", c.p, c.rho), float64(hits)/float64(n), got, math.Sqrt(4*runs*got*(1-got)/float64(n))+0.01*got/tail)
	}
	for _, c := range []struct{ p, rho, want float64 }{
		{0, .5, 0}, {1, .5, 1}, {.3, 0, .3}, {.3, 1, .3}, {.5, .5, .5}, {-1, .5, 0}, {2, .5, 1}, {math.NaN(), .5, 0},
	} {
		if got := LinuxRate(Probability(c.p), Probability(c.rho)); math.Abs(got-c.want) > 1e-3*c.want {
			t.Errorf("loss %g correlation %g: %g, want %g", c.p, c.rho, got, c.want)
		}
	}
	// Simulated elsewhere with 2·10^8 numbers each (REFERENCE section 1): 0.00024 %, none, 0.19 %, 0.11 %.
	for _, c := range []struct{ p, rho, low, high float64 }{{.01, .25, 2.3e-6, 2.5e-6}, {.003, .25, 0, 2e-8}, {.05, .25, .00185, .00195}, {.1, .5, .00105, .00115}} {
		if got := LinuxRate(Probability(c.p), Probability(c.rho)); got < c.low || got > c.high {
			t.Errorf("loss %g correlation %g: %g, not from %g to %g", c.p, c.rho, got, c.low, c.high)
		}
	}
}
