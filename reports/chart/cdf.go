package chart

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg/draw"

	"reliabilitylab/scenarios"
)

// cdf: how a metric is distributed over the replicates: the share of them that stay at or below a value, one curve a flow,
// protocol and point.

// leastOfCDF is how many replicates a distribution wants: of fewer its steps are all that one sees.
const leastOfCDF = 10

// mostCDF is how many values of each key are shown: the least, one in the middle, the greatest.
const mostCDF = 3

// mostDirect is how many curves bear their names: more run too close together, and have a legend.
const mostDirect = 2

// A cdfCurve is one curve.
type cdfCurve struct {
	label  string
	look   lineLook
	sorted []float64 // +Inf: never
}

func newCDF(s *Sweep, m scenarios.Metric) (*Drawing, error) {
	g := s.grid()
	curves, at := g.curves(m)
	if len(curves) == 0 {
		return nil, nil
	}
	least, most := math.MaxInt, 0
	table := newTable("series", "value", "cumulative_share")
	for _, c := range curves {
		least, most = min(least, len(c.sorted)), max(most, len(c.sorted))
		for i, v := range c.sorted {
			table.add(word(c.label), number(v), number(float64(i+1)/float64(len(c.sorted))))
		}
	}
	d := &Drawing{Title: upper(m.Words()) + " over the replicates", Points: table}
	d.Caption = fmt.Sprintf("How %s is distributed over %s replicates: the share of them at or below each value.", m.Words(), numbers(least, most))
	words := "Share of " + numbers(least, most) + " replicates at or below a value"
	if at != "" {
		words += "; with " + at
	}
	if path := pathInCommon(g.corners()); path != "" {
		words += "; " + path
	}
	d.Draw = func(c draw.Canvas) { drawReplicates(frame(c, d.Title, words), m, curves) }
	return d, nil
}

// curves returns the series with enough replicates, of each key's values at most mostCDF; where these are too many only the main key's, and at
// which values of the others they are.
func (g *grid) curves(m scenarios.Metric) (out []cdfCurve, at string) {
	vary := make([]int, len(g.keys))
	for k := range vary {
		vary[k] = k
	}
	all := g.distributions(m, vary)
	if len(all) > mostLines && len(g.keys) > 1 {
		main := g.mainKey(nil)
		var others []string
		for k := range g.keys {
			if k != main {
				others = append(others, g.keys[k].long(0))
			}
		}
		all, at = g.distributions(m, []int{main}), strings.Join(others, ", ")
	}
	looks := looksOf(all)
	for _, i := range spread(len(all), mostLines) {
		out = append(out, cdfCurve{all[i].label, looks[i], g.sample(m, all[i].flowOf, all[i].at)})
	}
	return out, at
}

// distributions are the series over some keys that have enough replicates; the other keys are at their first value.
func (g *grid) distributions(m scenarios.Metric, vary []int) []series {
	return slices.DeleteFunc(g.series(vary, make([]int, len(g.keys))), func(s series) bool {
		for _, k := range vary {
			if g.concerns(k, s.flowOf) && !slices.Contains(spread(len(g.keys[k].values), mostCDF), s.at[k]) {
				return true
			}
		}
		return len(g.sample(m, s.flowOf, s.at)) < leastOfCDF
	})
}

func drawReplicates(c draw.Canvas, m scenarios.Metric, curves []cdfCurve) {
	var values []float64
	for _, k := range curves {
		values = append(values, k.sorted...)
	}
	if len(curves) > mostDirect {
		var entries []entry
		for i := range curves {
			entries = append(entries, entry{words: curves[i].label, line: &curves[i].look.line})
		}
		c = legend(c, entries)
	}
	p := panel{X: axisOf(upper(m.Words()), metricUnit(m), values, logX), Y: axis{Label: "Share of replicates", Unit: ratio, Max: 1.03}}
	a := p.lay(c)
	taken := newClutter(a)
	all := make([][]point, len(curves))
	for i, k := range curves {
		pts := []point{{a.x.Min, 0}}
		share := 0.0
		for n, v := range k.sorted {
			if math.IsInf(v, 0) {
				break
			}
			pts = append(pts, point{v, share})
			share = float64(n+1) / float64(len(k.sorted))
			pts = append(pts, point{v, share})
		}
		all[i] = append(pts, point{a.x.Max, share})
		a.line(k.look.line, all[i])
		taken.line(all[i])
	}
	if len(curves) > mostDirect {
		return
	}
	for i, k := range curves {
		rise := all[i][1 : len(all[i])-1] // where it is told from the others
		if len(rise) == 0 {
			rise = all[i]
		}
		taken.name(write(sizeLabel, true, k.look.line.Color, draw.XLeft, draw.YBottom), k.label, rise)
	}
}
