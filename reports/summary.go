package reports

import (
	"fmt"
	"slices"
	"strings"

	"reliabilitylab/scenarios"
)

// A Summary is many trials at a glance: a row for each point of the sweep, flow and protocol, a column for each of the few
// metrics that tell the story, and in each cell the median of the replicates.
type Summary struct {
	Metrics []SummaryMetric
	Rows    []SummaryRow
}

// A SummaryMetric is a column, under a short name.
type SummaryMetric struct {
	Label string
	scenarios.Metric
}

// A SummaryRow is the replicates of one flow and protocol at one point.
type SummaryRow struct {
	Label, Protocol string
	Replicates      int
	Cells           []Spread
}

// A Spread is what the replicates of a trial came to, as a reader wants it.
type Spread struct {
	Median string // "–" where none of them defines the metric; "never" where half of them never complete
	Range  string // least to most, where they differ, and in how many it is defined, where it is not in all
}

// summaryMetrics are few, so that they fit into 80 characters.
var summaryMetrics = []struct{ name, label string }{
	{"delivered_ratio", "delivered"}, {"completion_s", "completion"}, {"goodput_bps", "goodput"}, {"loss_ratio", "loss"},
	{"retransmissions", "resent"},
}

// Summarize returns the summary of trials, in their order.
func Summarize(trials []Trial) Summary {
	var s Summary
	for _, m := range summaryMetrics {
		metric, _ := scenarios.MetricNamed(m.name)
		s.Metrics = append(s.Metrics, SummaryMetric{m.label, metric})
	}
	var rows [][]*Trial
	place := map[string]int{}
	for i := range trials {
		t := &trials[i]
		key := t.pointLabel() + "\x00" + t.Flow + "\x00" + t.Protocol
		at, ok := place[key]
		if !ok {
			at = len(rows)
			place[key] = at
			rows = append(rows, nil)
		}
		rows[at] = append(rows[at], t)
	}
	for _, of := range rows {
		row := SummaryRow{Label: strings.TrimSpace(of[0].pointLabel() + " " + of[0].flowLabel(trials)), Protocol: of[0].Protocol, Replicates: len(of)}
		for _, m := range s.Metrics {
			row.Cells = append(row.Cells, spread(of, m.Metric))
		}
		s.Rows = append(s.Rows, row)
	}
	return s
}

// spread summarizes one metric of some trials. What was never completed took longer than all that was; any other metric
// that is undefined says nothing, and the median is that of the others.
func spread(of []*Trial, m scenarios.Metric) Spread {
	var values []float64
	for _, t := range of {
		if v, ok := t.Metrics[m.Name]; ok {
			values = append(values, v)
		}
	}
	slices.Sort(values)
	defined := len(values)
	s, n := Spread{Median: "–"}, defined
	if m.Name == "completion_s" {
		s.Median, n = "never", len(of)
	}
	if middle := n / 2; middle < defined {
		v := values[middle]
		if n%2 == 0 {
			v = (values[middle-1] + v) / 2
		}
		s.Median = Human(v, m.Unit)
	}
	if defined == 0 {
		return s
	}
	if values[0] != values[defined-1] {
		s.Range = Human(values[0], m.Unit) + " to " + Human(values[defined-1], m.Unit)
	}
	if defined < len(of) {
		which := "defined"
		if m.Name == "completion_s" {
			which = "complete"
		}
		s.Range = strings.TrimPrefix(fmt.Sprintf("%s, %d of %d %s", s.Range, defined, len(of), which), ", ")
	}
	return s
}
