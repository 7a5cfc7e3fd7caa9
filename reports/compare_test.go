package reports

import (
	"slices"
	"testing"
)

func someTrials() []Trial {
	return []Trial{
		{ID: "tcp", Flow: "file", Protocol: "tcp", Replicate: 1, Metrics: map[string]float64{
			"delivered_ratio": 1, "completion_s": 9.26, "goodput_bps": 1.812e6, "retransmissions": 46, "bytes_sent": 2097152}},
		{ID: "udp", Flow: "file", Protocol: "udp", Replicate: 1, Metrics: map[string]float64{
			"delivered_ratio": 0.974, "goodput_bps": 7.7e6, "bytes_sent": 2097152}},
	}
}

func TestCompare(t *testing.T) {
	c := Compare(someTrials())
	if want := []Column{{"TCP", "tcp"}, {"UDP", "udp"}}; !slices.Equal(c.Columns, want) {
		t.Errorf("columns %v, want %v", c.Columns, want)
	}
	// A row for each metric that one of them has, in the order of scenarios.Metrics.
	want := [][]string{
		{"bytes sent", "2 MiB", "2 MiB"},
		{"delivered", "100 %", "97.4 %"},
		{"completion", "9.26 s", "never"},
		{"goodput", "1.81 Mbit/s", "7.7 Mbit/s"},
		{"retransmissions", "46", "–"},
	}
	rows := func(rows []Row) (out [][]string) {
		for _, r := range rows {
			out = append(out, append([]string{r.Label}, r.Cells...))
		}
		return out
	}
	if got := rows(c.Rows); !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("rows %q, want %q", got, want)
	}
	if got := rows(c.Story()); !slices.EqualFunc(got, want[1:], slices.Equal) { // bytes_sent tells no story
		t.Errorf("story %q, want %q", got, want[1:])
	}
	if c := Compare(nil); len(c.Columns)+len(c.Rows)+len(c.Story()) != 0 {
		t.Errorf("of nothing: %v", c)
	}
}

func TestLabel(t *testing.T) {
	trial := func(id, flow, protocol, loss string, replicate int) Trial {
		return Trial{ID: id, Flow: flow, Protocol: protocol, Point: map[string]string{"path.forward.loss": loss}, Replicate: replicate}
	}
	for _, c := range []struct {
		trials []Trial
		want   []string
	}{
		{[]Trial{trial("a", "file", "tcp", "1%", 1), trial("b", "file", "udp", "1%", 1)}, []string{"TCP", "UDP"}},
		{[]Trial{trial("a", "file", "tcp", "1%", 1), trial("b", "call", "tcp", "1%", 1)}, []string{"file TCP", "call TCP"}},
		{[]Trial{trial("a", "file", "tcp", "1%", 1), trial("b", "file", "tcp", "2%", 1)}, []string{"a", "b"}},
		{[]Trial{trial("a", "file", "tcp", "1%", 1), trial("b", "file", "tcp", "1%", 2)}, []string{"a", "b"}},
	} {
		for i := range c.trials {
			if got := c.trials[i].label(c.trials); got != c.want[i] {
				t.Errorf("label %q, want %q", got, c.want[i])
			}
		}
	}
}
