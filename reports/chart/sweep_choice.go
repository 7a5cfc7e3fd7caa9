package chart

import (
	"math"
	"slices"

	"reliabilitylab/scenarios"
)

// Which charts a sweep has when nobody chooses: by its shape, of the metrics that tell the most.

// storyMetrics are the metrics worth a chart, the most telling first, of programs that transfer and of those that talk.
var (
	transferMetrics = []string{"goodput_bps", "delivered_ratio", "retransmissions", "latency_p99_s", "loss_ratio", "completion_s"}
	streamMetrics   = []string{"latency_p99_s", "delivered_ratio", "hol_wait_p99_s", "retransmissions", "loss_ratio"}
)

// How much of a metric's greatest median it must change over the sweep to be worth a chart.
const worthAChart = 0.03

// Choose returns the charts of a sweep among these names, each with its metric; where there is none among them, those that
// suit the sweep. Without a sweep and replicates there is none.
func (s *Sweep) Choose(names []scenarios.ChartName) []scenarios.ChartName {
	g := s.grid()
	if len(g.keys) == 0 && g.seeds < 2 {
		return nil
	}
	wanted := slices.DeleteFunc(slices.Clone(names), func(n scenarios.ChartName) bool { return !n.Swept() })
	if len(wanted) == 0 {
		wanted = g.kinds()
	}
	var out []scenarios.ChartName
	for _, n := range wanted {
		if n.Metric != "" {
			out = append(out, n)
			continue
		}
		most := 1
		if n.Kind == "sweep" {
			most = 3
		}
		for _, m := range g.telling(most) {
			out = append(out, scenarios.ChartName{Kind: n.Kind, Metric: m})
		}
	}
	var once []scenarios.ChartName
	for _, n := range out {
		if !slices.Contains(once, n) {
			once = append(once, n)
		}
	}
	return once
}

// kinds are the kinds of charts that suit the sweep's shape.
func (g *grid) kinds() []scenarios.ChartName {
	var out []scenarios.ChartName
	quantities := 0
	for _, k := range g.keys {
		if k.at != nil && len(k.values) > 3 {
			quantities++
		}
	}
	switch {
	case len(g.keys) == 2 && quantities == 2:
		out = append(out, scenarios.ChartName{Kind: "heatmap"})
	case len(g.keys) > 0:
		out = append(out, scenarios.ChartName{Kind: "sweep"})
	}
	if g.seeds > 1 {
		out = append(out, scenarios.ChartName{Kind: "paired"})
	}
	return append(out, scenarios.ChartName{Kind: "cdf"})
}

// telling returns at most so many metrics that change over the sweep, the most telling first; if none does, the first that
// is defined.
func (g *grid) telling(most int) []string {
	metrics := transferMetrics
	if len(g.scenario.Flows) > 0 && g.scenario.Flows[0].App != "transfer" {
		metrics = streamMetrics
	}
	var out, defined []string
	for _, name := range metrics {
		m, _ := scenarios.MetricNamed(name)
		low, high, some := g.extent(m)
		if !some {
			continue
		}
		defined = append(defined, name)
		if high-low > worthAChart*high && len(out) < most {
			out = append(out, name)
		}
	}
	if len(out) == 0 {
		out = defined[:min(1, len(defined))]
	}
	return out
}

// extent returns between which finite values a metric's trials lie.
func (g *grid) extent(m scenarios.Metric) (low, high float64, some bool) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, trials := range g.cells { // least and greatest do not depend on the order
		for _, t := range trials {
			if v, ok := t.Metrics[m.Name]; ok {
				low, high, some = min(low, v), max(high, v), true
			}
		}
	}
	return low, high, some
}
