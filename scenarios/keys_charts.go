package scenarios

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// charts: which charts a report has. A chart of a sweep may name the metric that it shows: sweep.goodput_bps.

// A Chart is one kind of chart that a report can have.
type Chart struct{ Name, Meaning string }

// Charts lists the kinds of charts of single trials, in the order in which a report shows them.
var Charts = []Chart{
	{"delivery", "bytes that the program got over time, TCP and UDP in one picture"},
	{"order", "message number against arrival: in order, late, duplicate, lost"},
	{"latency", "how long messages took: distribution, and over time"},
	{"sequence", "the ladder: two hosts, packets as slanted arrows, socket calls at the margins"},
	{"sockets", "two lanes of socket calls, the client's and the server's, and between them the packets that each call caused"},
	{"connections", "the life of each TCP connection: asked for, open, accepted, in TIME_WAIT; SYNs that were thrown away, and calls that failed"},
	{"time-sequence", "tcptrace's picture: segments, retransmissions, ACKs, window"},
	{"window", "congestion window, threshold, bytes in flight; round-trip time and timeout"},
	{"throughput", "bits a second over time"},
	{"share", "the flows on one path: each one's part of what arrives, over time, and how even that is (Jain's index)"},
	{"queue", "packets that wait before the bottleneck, how long they waited, which were dropped or marked there"},
}

// SweepCharts lists the kinds of charts of a sweep and of replicates, in the order in which a report shows them.
var SweepCharts = []Chart{
	{"sweep", "a metric against what is swept: median and interval of the replicates, one line a protocol or variant, and what theory says"},
	{"heatmap", "a metric against two swept quantities: the median of the replicates as colour and number"},
	{"paired", "TCP against UDP, or a variant against another, replicate by replicate, since both met the same dice"},
	{"cdf", "how a metric is distributed over the replicates, of which there must be ten or more"},
}

// A ChartName is one entry of charts:.
type ChartName struct {
	Kind   string
	Metric string // of a chart of a sweep: what it shows; "" leaves the choice to the report
}

// String writes the name as it stands in a scenario.
func (c ChartName) String() string {
	if c.Metric == "" {
		return c.Kind
	}
	return c.Kind + "." + c.Metric
}

// Swept tells whether the chart shows all trials of a sweep, and not one of them.
func (c ChartName) Swept() bool { return contains(chartNames(SweepCharts), c.Kind) }

func chartNames(of []Chart) []string {
	out := make([]string, len(of))
	for i, c := range of {
		out[i] = c.Name
	}
	return out
}

// maxCharts is how many charts one report may have.
const maxCharts = 100

var chartName = kind[ChartName]{"a chart", func(t string) (ChartName, error) {
	name, metric, dotted := strings.Cut(t, ".")
	if !dotted {
		name, err := oneOf(now(append(chartNames(Charts), chartNames(SweepCharts)...)...)).read(name)
		return ChartName{Kind: name}, err
	}
	name, err := oneOf(now(chartNames(SweepCharts)...)).read(name)
	if err != nil {
		return ChartName{}, err
	}
	metric, err = oneOf(now(metricNames()...)).read(metric)
	return ChartName{name, metric}, err
}}

func takeCharts(d *decoder, n *yaml.Node, s *Scenario) {
	list(d, n, chartName, maxCharts, &s.Charts)
	seen := map[ChartName]bool{}
	for i, c := range s.Charts {
		if seen[c] && c.Kind != "" {
			d.wrong(n.Content[i], "%s is given twice", c)
		}
		seen[c] = true
	}
}
