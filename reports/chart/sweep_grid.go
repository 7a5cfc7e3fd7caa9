package chart

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"reliabilitylab/reports/metrics"
	"reliabilitylab/scenarios"
)

// A grid is a sweep's trials by flow, protocol and point.
type grid struct {
	scenario *scenarios.Scenario
	keys     []sweptKey
	flows    []flowOf
	cells    map[string][]*Measured // by cellName
	seeds    int                    // the most replicates of one cell
}

// A flowOf is one flow over one protocol.
type flowOf struct{ flow, protocol string }

// grid returns the sweep's trials in order.
func (s *Sweep) grid() *grid {
	g := &grid{scenario: s.Scenario, keys: sweptKeys(s.Scenario), cells: map[string][]*Measured{}}
	for i := range s.Trials {
		t := &s.Trials[i]
		if f := (flowOf{t.Flow, t.Protocol}); !slices.Contains(g.flows, f) {
			g.flows = append(g.flows, f)
		}
		values := make([]string, len(g.keys))
		for k := range g.keys {
			values[k] = g.keys[k].cellOf(t.Point)
		}
		name := cellName(flowOf{t.Flow, t.Protocol}, values)
		g.cells[name] = append(g.cells[name], t)
		g.seeds = max(g.seeds, len(g.cells[name]))
	}
	return g
}

func cellName(f flowOf, values []string) string {
	return f.flow + "\x00" + f.protocol + "\x00" + strings.Join(values, "\x00")
}

// trials returns the replicates of a flow at a point, which is an index into the values of each key.
func (g *grid) trials(f flowOf, at []int) []*Measured {
	values := make([]string, len(g.keys))
	for k, i := range at {
		values[k] = g.keys[k].cell(i)
	}
	return g.cells[cellName(f, values)]
}

// point returns the point of the sweep at these indices, as the scenario has it.
func (g *grid) point(at []int) scenarios.Point {
	p := firstPoint(g.scenario)
	for k, i := range at {
		g.keys[k].set(p, i)
	}
	return p
}

// firstPoint is the point with the first value of each axis, as the scenario has them.
func firstPoint(s *scenarios.Scenario) scenarios.Point {
	var p scenarios.Point
	for _, a := range s.Sweep.Vary {
		p = append(p, scenarios.Setting{Key: a.Key, Value: a.Values[0]})
	}
	return p
}

// concerns tells whether a key, or one that goes with it, changes anything for a flow over a protocol: tcp.sack says nothing to UDP,
// and a flow that has the path for itself nothing to another.
func (g *grid) concerns(k int, f flowOf) bool {
	key := &g.keys[k]
	return g.touches(key.key, f) || slices.ContainsFunc(key.with, func(a scenarios.Axis) bool { return g.touches(a.Key, f) })
}

func (g *grid) touches(key string, f flowOf) bool {
	parts := strings.SplitN(key, ".", 4)
	if g.scenario.Together || parts[0] != "flows" || len(parts) < 3 {
		return true
	}
	if parts[1] != f.flow {
		return false
	}
	switch {
	case parts[2] == "tcp", parts[2] == "udp" && len(parts) > 3:
		return parts[2] == f.protocol || parts[3] == "payload" && scenarios.ProtocolNamed(f.protocol).HandMade
	case parts[2] == "arq":
		return scenarios.ProtocolNamed(f.protocol).HandMade
	}
	return true
}

// A series is a flow over a protocol with certain values of some keys.
type series struct {
	flowOf
	at    []int // an index for each key; where the key is not fixed it says nothing
	label string
}

// series returns each flow and protocol in each combination of the values of the keys in vary; the others are at fixed.
func (g *grid) series(vary []int, fixed []int) []series {
	var out []series
	for _, f := range g.flows {
		all := [][]int{slices.Clone(fixed)}
		for _, k := range vary {
			if !g.concerns(k, f) {
				continue
			}
			var next [][]int
			for _, at := range all {
				for i := range g.keys[k].values {
					at := slices.Clone(at)
					at[k] = i
					next = append(next, at)
				}
			}
			all = next
		}
		for _, at := range all {
			out = append(out, series{f, at, g.label(f, vary, at)})
		}
	}
	return out
}

// label names a series by what tells it from the others: flow, protocol, the values of the keys in vary.
func (g *grid) label(f flowOf, vary, at []int) string {
	var words []string
	for _, o := range g.flows {
		if o.flow != f.flow {
			words = []string{f.flow}
			break
		}
	}
	var values []string
	for _, k := range vary {
		if g.concerns(k, f) {
			values = append(values, g.keys[k].long(at[k]))
		}
	}
	if len(g.flows) > 1 || len(values) == 0 {
		words = append(words, scenarios.ProtocolNamed(f.protocol).Words)
	}
	if len(values) > 0 {
		words = append(words, strings.Join(values, ", "))
	}
	return strings.Join(words, " ")
}

// sample returns the values of a metric at a point, ascending. What was never complete took longer than anything.
func (g *grid) sample(m scenarios.Metric, f flowOf, at []int) []float64 {
	var out []float64
	for _, t := range g.trials(f, at) {
		if v, ok := t.Metrics[m.Name]; ok {
			out = append(out, v)
		} else if m.Name == "completion_s" {
			out = append(out, math.Inf(1))
		}
	}
	slices.Sort(out)
	return out
}

// An estimate is what the replicates at one point say.
type estimate struct {
	x                 float64
	n                 int
	median, low, high float64 // +Inf: never
}

// A spreadKind is what the bars of a chart are, the same at all its points.
type spreadKind uint8

const (
	noSpread   spreadKind = iota // there is one replicate
	leastMost                    // the least and the greatest: there are too few for more
	confidence                   // the 95 % interval of the median by order statistics (metrics.MedianRank)
)

// spreadOf returns the kind for these samples: the best that all of them allow.
func spreadOf(samples [][]float64) spreadKind {
	least, most := math.MaxInt, 0
	for _, s := range samples {
		if len(s) > 0 {
			least, most = min(least, len(s)), max(most, len(s))
		}
	}
	switch {
	case most <= 1:
		return noSpread
	case least < metrics.LeastReplicates:
		return leastMost
	}
	return confidence
}

// estimateOf sums up ascending values, of which there must be one.
func (kind spreadKind) estimateOf(x float64, sorted []float64) estimate {
	rank := 1
	if kind == confidence {
		rank = metrics.MedianRank(len(sorted))
	}
	return estimate{x, len(sorted), metrics.Median(sorted), sorted[rank-1], sorted[len(sorted)-rank]}
}

// words says what a mark and its bar are: "median of 10 replicates; bars: 95% interval of the median (order statistics)".
func (kind spreadKind) words(least, most int) string {
	n := strconv.Itoa(most)
	if least < most {
		n = fmt.Sprintf("%d to %d", least, most)
	}
	switch kind {
	case noSpread:
		return "one replicate"
	case leastMost:
		return fmt.Sprintf("median of %s replicates; bars: least and most", n)
	}
	return fmt.Sprintf("median of %s replicates; bars: 95%% interval of the median (order statistics)", n)
}
