package chart

import (
	"strings"

	"reliabilitylab/scenarios"
)

// Charts of a sweep are drawn from all its trials, of which they need the metrics alone. What varies becomes axes
// (sweep_axis.go), the trials become the replicates of a flow and protocol at a point (sweep_grid.go), and each chart chooses
// which axis is its x, which are lines and which are panels.

// A Sweep is what its charts are drawn from.
type Sweep struct {
	Scenario *scenarios.Scenario // with its sweep
	Trials   []Measured          // in the scenario's order
}

// A Measured is one trial without its trace.
type Measured struct {
	Point          map[string]string // the values of the swept keys
	Flow, Protocol string
	Replicate      int
	Metrics        map[string]float64 // by name; absent where undefined
}

// Sweeps is every chart of a sweep, in the order of a report. New returns nil without an error where its chart has nothing to
// show, because the sweep has not the shape for it or the metric is not defined.
var Sweeps = []struct {
	Name string
	New  func(*Sweep, scenarios.Metric) (*Drawing, error)
}{
	{"sweep", newSweepLines},
	{"heatmap", newHeatmap},
	{"paired", newPaired},
	{"cdf", newCDF},
}

// Draw makes the chart of that kind and metric, whose files bear both names; nil if it has nothing to show.
func (s *Sweep) Draw(name scenarios.ChartName) (*Drawing, error) {
	m, ok := scenarios.MetricNamed(name.Metric)
	if !ok {
		return nil, nil
	}
	for _, c := range Sweeps {
		if c.Name == name.Kind {
			d, err := c.New(s, m)
			if d != nil {
				d.Name, d.Width, d.Height = name.Kind+"-"+name.Metric, width, height
			}
			return d, err
		}
	}
	return nil, nil
}

// metricUnit is the unit in which an axis shows a metric.
func metricUnit(m scenarios.Metric) unit {
	switch m.Unit {
	case scenarios.Seconds:
		return second
	case scenarios.Bytes:
		return byteU
	case scenarios.BitRate:
		return bitRate
	case scenarios.Ratio:
		return ratio
	}
	return count
}

// upper writes the first letter as a capital.
func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// lower writes the first letter small, but for an abbreviation.
func lower(s string) string {
	if len(s) < 2 || s[1] >= 'A' && s[1] <= 'Z' {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
