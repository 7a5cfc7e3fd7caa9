// Package chart draws what happened in a scenario's trials, for a slide and for print.
//
// Traces flow in, drawings flow out: a chart's New reads the traces once, works out what is to be seen, and returns a
// Drawing; Save turns that into PNG, SVG or PDF, the same bytes every time. New and Save share nothing that changes, so
// any number of charts may be made and saved at the same time.
package chart

import (
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"reliabilitylab/lab/trace"
	"reliabilitylab/scenarios"
)

// Input is what a chart is drawn from: the finished trials of one scenario, in the scenario's order.
type Input struct {
	Scenario *scenarios.Scenario // its title and path; nil where nothing is known of them
	Trials   []Trial
}

// A Trial is one finished trial.
type Trial struct {
	ID       string // as in the results folder
	Label    string // what a reader calls it: "TCP", "UDP, 2% loss"
	Protocol string // "tcp" or "udp"; trace.Any is all of a session
	Trace    *trace.Trace
	Metrics  map[string]float64 // by name; absent where undefined
}

// A Drawing is one finished chart: what to draw, and what is drawn as numbers.
type Drawing struct {
	Name          string // the chart's name, which is its files' name
	Title         string // what the chart shows
	Caption       string // one sentence that says what to see
	Width, Height vg.Length
	Draw          func(draw.Canvas) // paints the picture on a white ground; may be called by several at the same time
	Points        Table             // every plotted point
}

// All is every chart, in the order of a report. New returns nil without an error where its chart has nothing to show.
var All = []struct {
	Name string
	New  func(Input) (*Drawing, error)
}{
	{"delivery", newDelivery},
	{"order", newOrder},
	{"latency", newLatency},
	{"sequence", newSequence},
	{"sockets", newSockets},
	{"connections", newConnections},
	{"time-sequence", newTimeSequence},
	{"window", newWindow},
	{"throughput", newThroughput},
	{"share", newShare},
	{"queue", newQueue},
}
