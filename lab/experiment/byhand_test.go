package experiment

import (
	"fmt"
	"math"
	"testing"

	"reliabilitylab/reports/metrics"
	"reliabilitylab/reports/model"
	"reliabilitylab/scenarios"
)

// TestHandMadeMeetsTheTextbook: what the protocols built by hand carry over a link of 10 Mbit/s and 5 ms each way is what the
// textbooks' forms say (model.ARQ). A message of 1448 bytes is 1492 on the link, 1.1936 ms, and 1 + 2a = (1.1936 + 10)/1.1936 = 9.378.
// Timeouts are longer than the longest round trip.
//
// Stop-and-wait: within 0.1 % of the form for the loss that its ledger counts. Go-back-N: within 1 % and three standard deviations
// of what the number of losses costs, which is binomial (3454 messages; one seed in 370 would be further off, these are not).
// Selective repeat without loss is within 0.2 %; with loss its form, which lets no loss close the window, is the most that it can
// reach, and go-back-N's the least.
func TestHandMadeMeetsTheTextbook(t *testing.T) {
	const frame, messages = 1.1936e-3, 3454
	for _, c := range []struct {
		protocol string
		window   int
		timeout  float64 // ms
	}{
		{"stop-and-wait", 1, 11.3},
		{"stop-and-wait", 1, 50},
		{"go-back-n", 4, 15},
		{"go-back-n", 4, 100},
		{"go-back-n", 32, 100},
		{"selective-repeat", 4, 15},
		{"selective-repeat", 38, 55.6},
	} {
		q := model.ARQ{A: 10 / 1.1936 / 2, W: float64(c.window), T: c.timeout / frame / 1000}
		for _, p := range []float64{0, 0.01, 0.05, 0.1} {
			name := fmt.Sprintf("%s, window %d, timeout %v ms, loss %v", c.protocol, c.window, c.timeout, p)
			m := measureByHand(t, c.protocol, c.window, c.timeout, p)
			of := m["goodput_bps"] / (1448 * 8 / frame) // the utilisation
			low, high := 0.0, 0.0
			switch c.protocol {
			case "stop-and-wait":
				u := q.StopAndWait(m["packets_lost"] / m["packets_sent"])
				low, high = u*0.999, u*1.001
			case "go-back-n":
				u := q.GoBackN(p)
				lossless := q.GoBackN(0)
				luck := 3 * math.Sqrt((1-p)/(messages*max(p, 1e-9))) * (1 - u/lossless)
				low, high = u*(0.99-luck), u*(1.01+luck)
			case "selective-repeat":
				low, high = q.GoBackN(p)*0.998, q.SelectiveRepeat(p)*1.002
			}
			if !(of >= low && of <= high) {
				t.Errorf("%s: utilisation %.4f, the textbook says %.4f to %.4f", name, of, low, high)
			}
		}
	}
}

// measureByHand runs a transfer over a protocol built by hand and measures it.
func measureByHand(t *testing.T, protocol string, window int, timeout, p float64) map[string]float64 {
	s, err := scenarios.Parse("textbook.yaml", fmt.Appendf(nil, `
duration: 10m
path: {delay: 5ms, queue: unlimited, forward: {rate: 10Mbit, loss: %v%%}}
flows: [{protocol: %s, size: 5MB, arq: {window: %d, timeout: %vms}}]`, 100*p, protocol, window, timeout))
	if err != nil {
		t.Fatal(err)
	}
	return metrics.Of(collect(t, s, Options{})[0].Trace)
}
