package model

import (
	"math"
	"testing"
)

// a = 2, so a window of 5 fills the link; p = 1/10. The values are fractions worked out by hand from the forms that are printed in
// the doc comment, not from the code's.
func TestARQ(t *testing.T) {
	for _, c := range []struct {
		name string
		got  float64
		want float64
	}{
		{"stop-and-wait: 0.9/5", ARQ{A: 2}.StopAndWait(0.1), 0.18},
		{"stop-and-wait, W ignored", ARQ{A: 2, W: 9}.StopAndWait(0.1), 0.18},
		{"stop-and-wait, no loss: 1/5", ARQ{A: 2}.StopAndWait(0), 0.2},
		{"go-back-N, W = 7: 0.9/1.4", ARQ{A: 2, W: 7}.GoBackN(0.1), 0.6428571428571429},
		{"go-back-N, W = 5: the same", ARQ{A: 2, W: 5}.GoBackN(0.1), 0.6428571428571429},
		{"go-back-N, W = 3: 2.7/(5*1.2)", ARQ{A: 2, W: 3}.GoBackN(0.1), 0.45},
		{"go-back-N, no loss", ARQ{A: 2, W: 7}.GoBackN(0), 1},
		{"selective repeat, W = 7", ARQ{A: 2, W: 7}.SelectiveRepeat(0.1), 0.9},
		{"selective repeat, W = 3: 2.7/5", ARQ{A: 2, W: 3}.SelectiveRepeat(0.1), 0.54},
		{"stop-and-wait, timeout 10: 0.9/(4.5+1)", ARQ{A: 2, T: 10}.StopAndWait(0.1), 0.16363636363636364},
		{"go-back-N, W = 7, timeout 10: 1/(1 + 0.4 + 10/9) = 45/113", ARQ{A: 2, W: 7, T: 10}.GoBackN(0.1), 0.39823008849557523},
		{"go-back-N, W = 3, timeout 10: 1/(5/3 + 1/3 + 10/9) = 9/28", ARQ{A: 2, W: 3, T: 10}.GoBackN(0.1), 0.32142857142857145},
	} {
		if math.Abs(c.got-c.want) > 1e-12 {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
}
