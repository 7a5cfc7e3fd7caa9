package reports

import (
	"slices"
	"testing"
)

// TestSummarize sums up three replicates of TCP and four of UDP at one point, and one of each at another.
func TestSummarize(t *testing.T) {
	var trials []Trial
	add := func(protocol, loss string, metrics map[string]float64) {
		trials = append(trials, Trial{
			Flow: "file", Protocol: protocol, Point: map[string]string{"path.forward.loss": loss, "flows.file.size": "1MB"}, Metrics: metrics,
		})
	}
	add("tcp", "1%", map[string]float64{"completion_s": 3, "delivered_ratio": 1, "retransmissions": 4, "goodput_bps": 1e6})
	add("udp", "1%", map[string]float64{"completion_s": 1, "delivered_ratio": 1, "goodput_bps": 2e6})
	add("tcp", "1%", map[string]float64{"completion_s": 1, "delivered_ratio": 1, "retransmissions": 0})
	add("udp", "1%", map[string]float64{"delivered_ratio": 0.5, "goodput_bps": 4e6})
	add("tcp", "1%", map[string]float64{"completion_s": 2, "delivered_ratio": 1, "retransmissions": 1})
	add("udp", "1%", map[string]float64{"completion_s": 2, "delivered_ratio": 0.9, "goodput_bps": 1e6})
	add("udp", "1%", map[string]float64{"completion_s": 3, "delivered_ratio": 0.8, "goodput_bps": 3e6})
	add("tcp", "2%", map[string]float64{"completion_s": 5, "delivered_ratio": 1})
	add("udp", "2%", map[string]float64{"delivered_ratio": 0})

	s := Summarize(trials)
	want := []SummaryRow{
		{"size=1MB loss=1% TCP", "tcp", 3, []Spread{{"100 %", ""}, {"2 s", "1 s to 3 s"}, {"1 Mbit/s", "1 of 3 defined"}, {"–", ""}, {"1", "0 to 4"}}},
		// 1, 2, 3 and never: between 2 and 3. 0.5, 0.8, 0.9, 1: between 0.8 and 0.9.
		{"size=1MB loss=1% UDP", "udp", 4, []Spread{{"85 %", "50 % to 100 %"}, {"2.5 s", "1 s to 3 s, 3 of 4 complete"},
			{"2.5 Mbit/s", "1 Mbit/s to 4 Mbit/s"}, {"–", ""}, {"–", ""}}},
		{"size=1MB loss=2% TCP", "tcp", 1, []Spread{{"100 %", ""}, {"5 s", ""}, {"–", ""}, {"–", ""}, {"–", ""}}},
		{"size=1MB loss=2% UDP", "udp", 1, []Spread{{"0 %", ""}, {"never", ""}, {"–", ""}, {"–", ""}, {"–", ""}}},
	}
	if len(s.Rows) != len(want) {
		t.Fatalf("%d rows, want %d: %v", len(s.Rows), len(want), s.Rows)
	}
	for i, w := range want {
		got := s.Rows[i]
		if got.Label != w.Label || got.Protocol != w.Protocol || got.Replicates != w.Replicates || !slices.Equal(got.Cells, w.Cells) {
			t.Errorf("row %d:\n got %+v\nwant %+v", i, got, w)
		}
	}
	var labels []string
	for _, m := range s.Metrics {
		labels = append(labels, m.Label)
		if m.Name == "" {
			t.Errorf("%s is no metric", m.Label)
		}
	}
	if want := []string{"delivered", "completion", "goodput", "loss", "resent"}; !slices.Equal(labels, want) {
		t.Errorf("columns %v, want %v", labels, want)
	}
}
