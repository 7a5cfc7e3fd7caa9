package chart

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// draw paints one panel with names at the ends of its lines, or several with a legend above.
func (c *sweepChart) draw(to draw.Canvas) {
	x, y := c.axes()
	if len(c.panels) == 1 {
		to, names := c.panels[0].nameRoom(to, y)
		a := panel{X: x, Y: y}.lay(to)
		c.panels[0].draw(a)
		if names {
			c.panels[0].drawNames(a)
		}
		return
	}
	to = legend(to, panelEntries(c.panels, y))
	tiles := draw.Tiles{Cols: (len(c.panels) + len(c.panels)/4) / (1 + len(c.panels)/4), Rows: 1 + len(c.panels)/4, PadX: 16, PadY: 14}
	for i := range c.panels {
		y := y
		if i%tiles.Cols > 0 {
			y.Label = ""
		}
		a := panel{Title: c.panels[i].title, X: x, Y: y}.lay(tiles.At(to, i%tiles.Cols, i/tiles.Cols))
		c.panels[i].draw(a)
	}
}

// panelEntries is the legend of some panels: each series once, and each theory that has a place on the y axis.
func panelEntries(panels []sweepPanel, y axis) []entry {
	var out []entry
	seen := map[string]bool{}
	for i := range panels {
		for n := range panels[i].lines {
			l := &panels[i].lines[n]
			if seen[l.label] {
				continue
			}
			seen[l.label] = true
			out = append(out, entry{words: l.label, line: &l.look.line, mark: &l.look.mark})
		}
	}
	for i := range panels {
		theory := visible(panels[i].theory, y)
		for n := range theory {
			l := &theory[n]
			if l.label == "" || seen[l.label] {
				continue
			}
			seen[l.label] = true
			out = append(out, entry{words: l.label, line: &l.look})
		}
	}
	return out
}

// axes returns the two axes, the same for all panels.
func (c *sweepChart) axes() (x, y axis) {
	var values []float64
	for _, p := range c.panels {
		for _, l := range p.lines {
			for _, e := range l.pts {
				values = append(values, e.low, e.median, e.high)
			}
		}
	}
	y = axisOf(upper(c.metric.Words()), metricUnit(c.metric), values, logY)
	y.makeRoom(c.panels)
	return c.grid.keys[c.x].axis(), y
}

// axis is the axis of a key's values.
func (k *sweptKey) axis() axis {
	if k.at != nil {
		return axisOf(k.label, k.unit, k.at, logX)
	}
	a := axis{Label: k.label, Max: float64(len(k.values)) - 0.5, Min: -0.5}
	for i := range k.values {
		a.Names = append(a.Names, k.name(i))
	}
	return a
}

// makeRoom lets a logarithmic axis reach a little further for theory, which begins and ends elsewhere than the measurements; what is
// further off than that gets none.
func (a *axis) makeRoom(panels []sweepPanel) {
	if !a.Log {
		return
	}
	const further = 2
	low, high := a.Min, a.Max
	for _, p := range panels {
		for _, l := range p.theory {
			for _, v := range l.pts {
				if v.Y*1.1 <= a.Max*further {
					high = max(high, v.Y*1.1)
				}
				if v.Y/1.1 >= a.Min/further {
					low = min(low, v.Y/1.1)
				}
			}
		}
	}
	a.Min, a.Max = low, high
}

// How many times the least positive value the greatest must be for a logarithmic axis.
const (
	logX = 15
	logY = 30
)

// axisOf returns an axis for these values: logarithmic if they reach over more than a factor of least, with a place for
// zero where there is one; otherwise from zero, or from near the least value where zero is far off.
func axisOf(label string, u unit, values []float64, least float64) axis {
	low, high, positive, zero := math.Inf(1), math.Inf(-1), math.Inf(1), false
	for _, v := range values {
		if math.IsInf(v, 0) || math.IsNaN(v) {
			continue
		}
		low, high = min(low, v), max(high, v)
		if v > 0 {
			positive = min(positive, v)
		} else {
			zero = true
		}
	}
	a := axis{Label: label, Unit: u}
	switch {
	case math.IsInf(low, 0): // nothing is finite: any range will do
		a.Max = 1
	case low >= 0 && high >= least*positive && !(u == ratio && high > 0.5 && least == logY):
		a.Min, a.Max, a.Log, a.Zero = positive/1.25, high*1.25, true, zero
	case low >= 0 && low < 0.5*high:
		a.Max = high * 1.06
	default:
		room := max((high-low)*0.08, math.Abs(high)*0.002)
		a.Min, a.Max = low-room, high+room
	}
	return a
}

// draw paints the panel's bars and lines, theory over them, marks over all, and the names of the theories where they are free.
func (p *sweepPanel) draw(a area) {
	taken := newClutter(a)
	for i, l := range p.lines {
		taken.line(l.drawLine(beside(a, i, len(p.lines))))
		for _, e := range l.pts {
			taken.line([]point{{e.x, finite(e.low)}, {e.x, finite(e.high)}})
		}
	}
	theory := visible(p.theory, a.y)
	for _, l := range theory {
		a.line(l.look, l.pts)
		taken.line(l.pts)
	}
	for i, l := range p.lines {
		l.drawMarks(beside(a, i, len(p.lines)))
	}
	for _, l := range theory {
		if l.label != "" && p.title == "" {
			taken.nameWithLine(write(sizeSmall+1, false, l.look.Color, draw.XLeft, draw.YBottom), l.look, l.label, l.pts)
		}
	}
}

// visible returns the curves cut to the points that lie on the y axis, without those that have none there.
func visible(all []theoryLine, y axis) []theoryLine {
	var out []theoryLine
	for _, l := range all {
		l.pts = slices.DeleteFunc(slices.Clone(l.pts), func(p point) bool { return p.Y < y.Min || p.Y > y.Max })
		if len(l.pts) > 0 {
			out = append(out, l)
		}
	}
	return out
}

// apart is how far lines stand from each other along x, so that the bars of two can be told apart.
const apart = 3

// beside returns the area moved a little to the side for the i-th of n lines.
func beside(a area, i, n int) area {
	by := (vg.Length(i) - vg.Length(n-1)/2) * apart
	a.Min.X += by
	a.Max.X += by
	return a
}

// drawLine paints the bars and the line through the medians, which breaks where a value is missing or infinite, and returns it.
func (l *sweepLine) drawLine(a area) []point {
	pts := make([]point, 0, len(l.pts))
	bar := draw.LineStyle{Color: l.look.line.Color, Width: 1.5}
	const cap = 3.5
	for _, e := range l.pts {
		pts = append(pts, point{e.x, finite(e.median)})
		if !(e.low < e.high) {
			continue
		}
		at, low := a.at(e.x, e.low), a.at(e.x, e.low).Y
		high := a.Max.Y
		if !math.IsInf(e.high, 1) {
			high = a.at(e.x, e.high).Y
		}
		if math.IsInf(e.low, 1) || high-low < 0.5 {
			continue
		}
		a.StrokeLine2(bar, at.X, low, at.X, high)
		a.StrokeLine2(bar, at.X-cap, low, at.X+cap, low)
		if high < a.Max.Y {
			a.StrokeLine2(bar, at.X-cap, high, at.X+cap, high)
		}
	}
	if a.x.Names == nil { // between words there is nothing
		a.line(l.look.line, l.parts(a, pts))
	}
	return pts
}

// parts breaks the line between zero and the rest where an axis is broken there.
func (l *sweepLine) parts(a area, pts []point) []point {
	if !a.x.Zero {
		return pts
	}
	out := make([]point, 0, len(pts)+1)
	for i, p := range pts {
		if i > 0 && pts[i-1].X <= 0 && p.X > 0 {
			out = append(out, point{p.X, math.NaN()})
		}
		out = append(out, p)
	}
	return out
}

// drawMarks paints the medians; what is never, as crosses at the upper edge.
func (l *sweepLine) drawMarks(a area) {
	m := l.look.mark
	if len(l.pts) > 40 {
		m.Radius *= 0.6
	}
	var at, never []vg.Point
	for _, e := range l.pts {
		if math.IsInf(e.median, 1) {
			never = append(never, vg.Point{X: a.at(e.x, a.y.Max).X, Y: a.Max.Y - 6})
		} else {
			at = append(at, a.at(e.x, e.median))
		}
	}
	m.draw(a.Canvas, at)
	mark{cross, 5, m.Color}.draw(a.Canvas, never)
}

// finite returns v, or no number.
func finite(v float64) float64 {
	if math.IsInf(v, 0) {
		return math.NaN()
	}
	return v
}

// caption says in a sentence or two what is to be seen, what the bars are and what theory assumes.
func (c *sweepChart) caption() string {
	s := upper(c.spread.words(c.least, c.most)) + "."
	for i := range c.panels {
		for _, l := range c.panels[i].lines {
			for _, e := range l.pts {
				if math.IsInf(e.median, 1) && !strings.Contains(s, "A cross") {
					s += " A cross at the upper edge: half of the replicates or more never got there."
				}
			}
		}
	}
	if c.left > 0 {
		s += fmt.Sprintf(" %d more lines had no room.", c.left)
	}
	return s + c.assumptions()
}
