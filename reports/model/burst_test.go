package model_test

import (
	"math"
	"testing"

	"reliabilitylab/reports/model"
)

// The classical cases, by hand: independent loss has runs of 1/(1-p); simple Gilbert has runs of 1/r.
func TestBursts(t *testing.T) {
	for _, c := range []struct {
		name          string
		of            model.Bursts
		loss, run     float64
		runsPerPacket float64
	}{
		{"independent, 20 %", model.Bursts{P: 0.3, R: 0.4, Bad: 0.2, Good: 0.2}, 0.2, 1.25, 0.16},
		{"never bad", model.Bursts{P: 0, R: 0.5, Bad: 1, Good: 0.1}, 0.1, 1 / 0.9, 0.09},
		{"simple Gilbert, runs of 4", model.Bursts{P: 0.01, R: 0.25, Bad: 1}, 0.01 / 0.26, 4, 0.01 * 0.25 / 0.26},
		{"alternating", model.Bursts{P: 1, R: 1, Bad: 1}, 0.5, 1, 0.5},
		// Half of the bad state's packets are lost: P(lost, lost next) = 1/2 * 1/2 * 3/4 * 1/2 = 3/32 of P(loss) = 1/4.
		{"half bad", model.Bursts{P: 0.25, R: 0.25, Bad: 0.5}, 0.25, 0.25 / (0.25 - 3.0/32), 0.25 - 3.0/32},
	} {
		for _, v := range []struct {
			what      string
			got, want float64
		}{{"loss", c.of.Loss(), c.loss}, {"run length", c.of.RunLength(), c.run}, {"runs", c.of.Runs(), c.runsPerPacket}} {
			if math.Abs(v.got-v.want) > 1e-12 {
				t.Errorf("%s: %s %v, want %v", c.name, v.what, v.got, v.want)
			}
		}
	}
}
