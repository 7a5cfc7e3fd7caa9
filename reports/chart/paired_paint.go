package chart

import (
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// draw paints each replicate as a ring, the medians and bars over them, and the line on which both sides are equal.
func (c *pairedChart) draw(to draw.Canvas) {
	if sides := c.columns(); c.x < 0 && len(sides) > 0 {
		c.drawColumns(to, sides)
		return
	}
	x, y := c.axes()
	p := sweepPanel{}
	for _, l := range c.lines {
		p.lines = append(p.lines, l.sweepLine)
	}
	names := false
	if c.x >= 0 && len(c.lines) > 1 {
		to, names = p.nameRoom(to, y)
	}
	a := panel{X: x, Y: y}.lay(to)
	taken := newClutter(a)
	level := a.at(x.Min, c.equal()).Y
	a.StrokeLine2(draw.LineStyle{Color: grey, Width: 1.4}, a.Min.X, level, a.Max.X, level)
	for i, l := range c.lines {
		drawRings(beside(a, i, len(c.lines)), l, taken)
	}
	p.draw(a)
	taken.line([]point{{x.Min, c.equal()}, {x.Max, c.equal()}})
	for _, l := range p.lines {
		taken.line(l.medians())
	}
	taken.name(write(sizeSmall+1, false, grey, draw.XLeft, draw.YBottom), "equal", []point{{x.Min, c.equal()}, {x.Max, c.equal()}})
	if names {
		p.drawNames(a)
	}
}

// ringRadius is that of a replicate's ring.
const ringRadius = 3

// drawRings paints each replicate's value, side by side in their order, so that rings do not hide each other.
func drawRings(a area, l pairLine, taken *clutter) {
	const room = 7 // to each side
	var at []vg.Point
	shown := map[[2]int]bool{} // by spots of a ring's radius: of very many, more in one would show nothing more
	for begin, end := 0, 0; begin < len(l.dots); begin = end {
		for end < len(l.dots) && l.dots[end].X == l.dots[begin].X {
			end++
		}
		for n := begin; n < end; n++ {
			v := a.at(l.dots[n].X, l.dots[n].Y)
			if of := end - begin; of > 1 {
				v.X += room * (2*vg.Length(n-begin)/vg.Length(of-1) - 1)
			}
			taken.rectangle(vg.Rectangle{Min: v.Sub(vg.Point{X: ringRadius, Y: ringRadius}), Max: v.Add(vg.Point{X: ringRadius, Y: ringRadius})})
			if cell := [2]int{int(v.X / ringRadius), int(v.Y / ringRadius)}; len(l.dots) < mostMarks/4 || !shown[cell] {
				shown[cell] = true
				at = append(at, v)
			}
		}
	}
	mark{ring, ringRadius, l.look.mark.Color}.draw(a.Canvas, at)
}

// medians are the line's points.
func (l *sweepLine) medians() []point {
	var pts []point
	for _, e := range l.pts {
		pts = append(pts, point{e.x, finite(e.median)})
	}
	return pts
}

// equal is the value where both sides are equal.
func (c *pairedChart) equal() float64 {
	if c.ratio {
		return 1
	}
	return 0
}

// axes returns the axes: of ratios logarithmic where they reach far, always with the line of equality inside.
func (c *pairedChart) axes() (x, y axis) {
	if c.x >= 0 {
		x = c.grid.keys[c.x].axis()
	} else {
		x = axis{Min: -0.5, Max: float64(len(c.lines)) - 0.5}
		for _, l := range c.lines {
			x.Names = append(x.Names, l.label)
		}
	}
	values := []float64{c.equal()}
	for _, l := range c.lines {
		for _, d := range l.dots {
			values = append(values, d.Y)
		}
	}
	low, high := slices.Min(values), slices.Max(values)
	y = axis{Label: upper(c.metric.Words()) + ": " + c.how(), Unit: metricUnit(c.metric)}
	if c.common != "" {
		y.Label = upper(c.metric.Words()) + ": " + c.sides()
	}
	if c.ratio {
		y.Unit = factor
	}
	if c.ratio && high > 3*low {
		y.Min, y.Max, y.Log = low/1.15, high*1.15, true
		return x, y
	}
	room := (high - low) * 0.08
	y.Min, y.Max = low-room, high+room
	return x, y
}

// how is what is plotted.
func (c *pairedChart) how() string {
	if c.ratio {
		return "ratio"
	}
	return "difference"
}

// sides is what all pairs have in common, as a formula.
func (c *pairedChart) sides() string {
	if c.ratio {
		return c.common
	}
	return strings.Replace(c.common, " / ", " − ", 1)
}

func (c *pairedChart) title() string {
	switch {
	case c.common == "" && c.base != "":
		return upper(c.metric.Words()) + " beside that of " + c.base
	case c.common == "":
		return upper(c.metric.Words()) + ", pair by pair"
	}
	first, second, _ := strings.Cut(c.common, " / ")
	return upper(c.metric.Words()) + ": " + first + " against " + second
}

// words says what the marks are.
func (c *pairedChart) words() string {
	if c.x < 0 && len(c.columns()) > 0 {
		return c.columnWords()
	}
	switch c.spread {
	case noSpread:
		return c.how() + " in one replicate, with the same dice"
	case leastMost:
		return fmt.Sprintf("rings: %s in each of %s replicates, with the same dice; marks: median", c.how(), numbers(c.least, c.most))
	}
	return fmt.Sprintf("rings: %s in each of %s replicates, with the same dice; bars: 95%% interval of the median (order statistics)", c.how(), numbers(c.least, c.most))
}

func (c *pairedChart) caption() string {
	s := upper(c.words()) + "."
	for i, p := range c.pairs {
		first, second, _ := strings.Cut(p.what, " / ")
		if p.at != "" {
			first = "With " + p.at + ", " + first
		}
		s += fmt.Sprintf(" %s has more than %s in %d of %d pairs.", first, second, c.greater[i], c.of[i])
	}
	return s
}

// table returns every ring and every median.
func (c *pairedChart) table() Table {
	t := newTable("series", "x", "item", "value", "low", "high")
	x := func(v float64) cell {
		switch {
		case c.x < 0:
			return none
		case c.grid.keys[c.x].at == nil:
			return word(c.grid.keys[c.x].name(int(v)))
		}
		return number(v)
	}
	for _, l := range c.lines {
		for _, d := range l.dots {
			t.add(word(l.label), x(d.X), word(c.how()), number(d.Y), none, none)
		}
		for _, e := range l.pts {
			t.add(word(l.label), x(e.x), word("median"), number(e.median), number(e.low), number(e.high))
		}
	}
	return t
}
