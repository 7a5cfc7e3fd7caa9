package reports

import (
	"maps"
	"slices"
	"strings"

	"reliabilitylab/lab/trace"
	"reliabilitylab/scenarios"
)

// A Comparison is the trials side by side: a row a metric that any of them has, a column a trial.
type Comparison struct {
	Columns []Column
	Rows    []Row
}

// A Column is one trial.
type Column struct{ Label, Protocol string }

// A Row is one metric, its cells as a reader wants them; "–" where it is undefined.
type Row struct {
	Metric scenarios.Metric
	Label  string
	Key    bool // among the few that tell the story
	Cells  []string
}

// keyMetrics are the rows that tell the story, in its order: did all come, in order, how fast, and at what price.
var keyMetrics = []string{
	"delivered_ratio", "in_order_ratio", "duplicates_delivered", "completion_s", "goodput_bps", "goodput_share", "jain_index", "latency_p50_s", "latency_p99_s",
	"hol_wait_p99_s", "queue_delay_p99_s", "packets_sent", "loss_ratio", "ecn_marked", "reordered_ratio", "corrupt_ratio", "retransmissions", "timeouts", "handshake_s",
}

// Compare puts trials side by side.
func Compare(trials []Trial) Comparison {
	var c Comparison
	for _, t := range trials {
		c.Columns = append(c.Columns, Column{t.label(trials), t.Protocol})
	}
	for _, m := range scenarios.Metrics {
		row := Row{Metric: m, Label: m.Words()}
		for _, k := range keyMetrics {
			row.Key = row.Key || k == m.Name
		}
		some := false
		for _, t := range trials {
			cell := "–"
			if v, ok := t.Metrics[m.Name]; ok {
				cell, some = Human(v, m.Unit), true
			} else if m.Name == "completion_s" {
				cell = "never"
			}
			row.Cells = append(row.Cells, cell)
		}
		if some {
			c.Rows = append(c.Rows, row)
		}
	}
	return c
}

// Story returns the rows that tell the story, in its order.
func (c Comparison) Story() []Row {
	var out []Row
	for _, name := range keyMetrics {
		for _, r := range c.Rows {
			if r.Metric.Name == name {
				out = append(out, r)
			}
		}
	}
	return out
}

// label is what a reader calls the trial: its protocol, with the flow where there are several, with the point and the
// replicate where they differ.
func (t *Trial) label(among []Trial) string {
	for _, o := range among {
		if o.Replicate != t.Replicate || !samePoint(o.Point, t.Point) {
			return t.ID
		}
	}
	return t.flowLabel(among)
}

// flowLabel is the protocol, with the flow where there are several; of a session the direction that was measured.
func (t *Trial) flowLabel(among []Trial) string {
	if t.Protocol == trace.Any {
		return "all packets " + towards(t.Facts.Data)
	}
	for _, o := range among {
		if o.Flow != t.Flow {
			return t.Flow + " " + scenarios.ProtocolNamed(t.Protocol).Words
		}
	}
	return scenarios.ProtocolNamed(t.Protocol).Words
}

// pointLabel names the trial's point of the sweep: "loss=2% congestion=reno", each key by its last word.
func (t *Trial) pointLabel() string {
	var words []string
	for _, key := range slices.Sorted(maps.Keys(t.Point)) {
		words = append(words, key[strings.LastIndexByte(key, '.')+1:]+"="+t.Point[key])
	}
	return strings.Join(words, " ")
}
