package model_test

import (
	"math"
	"testing"

	"reliabilitylab/reports/model"
)

// Fractions by hand, and the sawtooth itself, climbed in small steps.
func TestSawtooth(t *testing.T) {
	for _, c := range []struct{ queue, want float64 }{
		{0, 0.75}, {0.5, 27.0 / 28}, {0.25, 75.0 / 84}, {1, 1}, {20, 1},
	} {
		if got := model.Sawtooth(c.queue); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("a queue of %v products: %v, want %v", c.queue, got, c.want)
		}
	}
	for _, queue := range []float64{0, 0.1, 0.3, 0.7, 0.99} {
		var sent, spent float64
		const step = 1e-5
		for w := (1 + queue) / 2; w < 1+queue; w += step {
			sent += w               // a window each round trip
			spent += math.Max(1, w) // which lasts as long as the window is large where the link is full
		}
		if got, want := model.Sawtooth(queue), sent/spent; math.Abs(got-want) > 1e-4 {
			t.Errorf("a queue of %v products: %v, stepwise %v", queue, got, want)
		}
	}
}
