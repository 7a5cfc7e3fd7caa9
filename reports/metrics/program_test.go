package metrics_test

import (
	"testing"

	"reliabilitylab/reports/metrics"
)

// A flow begins at 100 ms; its messages of 100, 300 and 100 bytes are sent at 100, 200 and 300 ms.
func TestCompletion(t *testing.T) {
	for _, c := range []struct {
		name       string
		offered    int64
		delivered  [3]int // ms, or -1
		damaged    bool   // the last one
		ratio      float64
		completion float64 // seconds; 0: absent
		goodput    float64
	}{
		{"all of what was promised", 500, [3]int{200, 600, 500}, false, 1, .5, 4000 / .5},
		{"all, where nothing was promised", 0, [3]int{200, 600, 500}, false, 1, .5, 4000 / .5},
		{"more was promised than was sent", 600, [3]int{200, 600, 500}, false, 1, 0, 4000 / .5},
		{"one lost, where nothing was promised", 0, [3]int{200, -1, 500}, false, .4, 0, 1600 / .4},
		{"one lost", 500, [3]int{200, -1, 500}, false, .4, 0, 1600 / .4},
		{"one damaged", 500, [3]int{200, 600, 700}, true, .8, 0, 3200 / .5},
		{"nothing delivered", 500, [3]int{-1, -1, -1}, false, 0, 0, 0},
		{"all at once", 500, [3]int{100, 100, 100}, false, 1, 0, 0}, // no time passed: no rate
	} {
		l := newLedger("udp")
		l.t.Start, l.t.Offered = at(100), c.offered
		for i, ms := range c.delivered {
			copies := 0
			if ms >= 0 {
				copies = 1
			}
			l.message([]int{100, 300, 100}[i], 100*(i+1), ms, copies, i+1, copies > 0 && !(c.damaged && i == 2))
		}
		m := metrics.Of(l.trace())
		if m["delivered_ratio"] != c.ratio {
			t.Errorf("%s: delivered_ratio %v, want %v", c.name, m["delivered_ratio"], c.ratio)
		}
		if m["completion_s"] != c.completion {
			t.Errorf("%s: completion_s %v, want %v", c.name, m["completion_s"], c.completion)
		}
		if _, ok := m["goodput_bps"]; ok != (c.goodput != 0) || m["goodput_bps"] != c.goodput {
			t.Errorf("%s: goodput_bps %v, want %v", c.name, m["goodput_bps"], c.goodput)
		}
	}
}
