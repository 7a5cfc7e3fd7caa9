package chart

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot/vg/draw"

	"reliabilitylab/scenarios"
)

// heatmap: a metric over two swept keys, the median of the replicates as a colour, and as a number where there is room. One
// panel a flow, protocol and value of the other keys.

// mostMaps is how many panels a heat map has, and mostCells how many cells each: of more none would be seen.
const (
	mostMaps  = 4
	mostCells = 10_000
)

// A heatPanel is one map: medians by row and column, not a number where undefined.
type heatPanel struct {
	label string
	cells [][]float64
}

// A heatmap is the chart, worked out.
type heatmap struct {
	metric      scenarios.Metric
	x, y        *sweptKey
	panels      []heatPanel
	scale       axis // of the colours
	least, most int  // replicates at a point
	words       string
	even        []string // series that are the same everywhere, and left out
}

func newHeatmap(s *Sweep, m scenarios.Metric) (*Drawing, error) {
	g := s.grid()
	if len(g.keys) < 2 {
		return nil, nil
	}
	h := &heatmap{metric: m, least: math.MaxInt}
	h.measure(g)
	if len(h.panels) == 0 {
		return nil, nil
	}
	h.words = fmt.Sprintf("Median of %s replicates", numbers(h.least, h.most))
	if h.most == 1 {
		h.words = "One replicate"
	}
	if path := pathInCommon(g.corners()); path != "" {
		h.words += "; " + path
	}
	d := &Drawing{Caption: h.caption(), Points: h.table()}
	d.Title = upper(m.Words()) + " against " + lower(h.x.title()) + " and " + lower(h.y.title())
	d.Draw = func(c draw.Canvas) { h.draw(frame(c, d.Title, h.words)) }
	return d, nil
}

// numbers writes one number, or the range of two.
func numbers(least, most int) string {
	if least < most {
		return fmt.Sprintf("%d to %d", least, most)
	}
	return fmt.Sprint(most)
}

// measure chooses the axes, which are the two keys with the most values, and takes the medians.
func (h *heatmap) measure(g *grid) {
	x := g.mainKey(nil)
	y := g.mainKey([]int{x})
	h.x, h.y = &g.keys[x], &g.keys[y]
	if len(h.x.values)*len(h.y.values) > mostCells {
		return
	}
	var rest []int
	for k := range g.keys {
		if k != x && k != y {
			rest = append(rest, k)
		}
	}
	var all []heatPanel
	var values []float64
	for _, s := range g.series(rest, make([]int, len(g.keys))) {
		p := heatPanel{label: s.label}
		for row := range h.y.values {
			p.cells = append(p.cells, nil)
			for column := range h.x.values {
				sample := g.sample(h.metric, s.flowOf, with(with(s.at, x, column), y, row))
				v := math.NaN()
				if len(sample) > 0 {
					h.least, h.most = min(h.least, len(sample)), max(h.most, len(sample))
					v = noSpread.estimateOf(0, sample).median
				}
				p.cells[row] = append(p.cells[row], v)
			}
		}
		all = append(all, p)
	}
	for _, p := range all {
		flat := slices.Concat(p.cells...)
		some := slices.ContainsFunc(flat, func(v float64) bool { return !math.IsNaN(v) })
		if even(flat) && len(all) > 1 {
			if some {
				h.even = append(h.even, p.label+": "+metricUnit(h.metric).format(flat[0])+" everywhere")
			}
			continue
		}
		if some && len(h.panels) < mostMaps {
			h.panels = append(h.panels, p)
			values = append(values, flat...)
		}
	}
	h.scale = axisOf("", metricUnit(h.metric), values, logY/3)
	if !h.scale.Log { // the colours go from the least to the greatest
		h.scale.Min, h.scale.Max = math.Inf(1), math.Inf(-1)
		for _, v := range values {
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				h.scale.Min, h.scale.Max = min(h.scale.Min, v), max(h.scale.Max, v)
			}
		}
	}
	h.scale = h.scale.settled()
}

// even tells whether values are the same but for what a reader would not see.
func even(values []float64) bool {
	for _, v := range values {
		if v != values[0] && !(math.Abs(v-values[0]) <= 0.01*math.Abs(values[0])) {
			return false
		}
	}
	return true
}

// table returns every cell.
func (h *heatmap) table() Table {
	t := newTable("panel", "x", "y", "median")
	place := func(k *sweptKey, i int) cell {
		if k.at == nil {
			return word(k.name(i))
		}
		return number(k.at[i])
	}
	for _, p := range h.panels {
		for row := range p.cells {
			for column, v := range p.cells[row] {
				t.add(word(p.label), place(h.x, column), place(h.y, row), number(v))
			}
		}
	}
	return t
}

func (h *heatmap) caption() string {
	s := "In each cell the median of the replicates; bright is more"
	if h.scale.Log {
		s += ", on a logarithmic scale"
	}
	s += "."
	for _, e := range h.even {
		s += " " + e + "."
	}
	return s
}
