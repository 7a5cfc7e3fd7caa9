package chart

import (
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg/draw"
)

// Where nothing but the variant varies there is no x: then each side has a column, and a line a replicate joins what it came
// to with one and with the other.

// A pairColumn is one side of the pairs.
type pairColumn struct {
	label  string
	look   lineLook
	values map[int]float64 // by replicate
}

// columns returns the sides in order, if all pairs have one in common; the last of TCP and UDP, the first of variants.
func (c *pairedChart) columns() []pairColumn {
	base := c.pairs[0].second
	sides := []series{base}
	for _, p := range c.pairs {
		if p.second.flowOf != base.flowOf || !slices.Equal(p.second.at, base.at) {
			return nil
		}
		sides = append(sides, p.first)
	}
	looks := looksOf(sides)
	var out []pairColumn
	for i, s := range sides {
		v := pairColumn{look: looks[i], values: map[int]float64{}}
		first, second, _ := strings.Cut(c.pairs[max(i-1, 0)].what, " / ")
		v.label = first
		if i == 0 {
			v.label = second
		}
		for _, t := range c.grid.trials(s.flowOf, s.at) {
			if y, ok := t.Metrics[c.metric.Name]; ok {
				v.values[t.Replicate] = y
			}
		}
		out = append(out, v)
	}
	if base.protocol == "udp" {
		out[0], out[1] = out[1], out[0]
	}
	return out
}

// drawColumns paints a thin line a replicate, and each column's median with its bar.
func (c *pairedChart) drawColumns(to draw.Canvas, sides []pairColumn) {
	x := axis{Min: -0.5, Max: float64(len(sides)) - 0.5}
	var values []float64
	var samples [][]float64
	for _, s := range sides {
		x.Names = append(x.Names, s.label)
		var sample []float64
		for r := 1; r <= c.grid.seeds; r++ {
			if y, ok := s.values[r]; ok {
				sample = append(sample, y)
			}
		}
		slices.Sort(sample)
		samples, values = append(samples, sample), append(values, sample...)
	}
	a := panel{X: x, Y: axisOf(upper(c.metric.Words()), metricUnit(c.metric), values, logY)}.lay(to)
	for r := 1; r <= c.grid.seeds; r++ {
		for i := 1; i < len(sides); i++ {
			before, ok := sides[i-1].values[r]
			if after, both := sides[i].values[r]; ok && both {
				a.line(draw.LineStyle{Color: grey, Width: 0.9}, []point{{float64(i) - 1, before}, {float64(i), after}})
			}
		}
	}
	kind := spreadOf(samples)
	for i, s := range sides {
		var dots []point
		for _, y := range samples[i] {
			dots = append(dots, point{float64(i), y})
		}
		a.marks(mark{ring, 3.4, s.look.mark.Color}, dots)
		if len(samples[i]) == 0 {
			continue
		}
		e := kind.estimateOf(float64(i), samples[i])
		look := s.look
		look.mark.Radius *= 1.4
		l := sweepLine{look: look, pts: []estimate{e}}
		style, words := write(sizeLabel+1, true, look.mark.Color, draw.XLeft, draw.YCenter), "median "+metricUnit(c.metric).format(e.median)
		at := a.at(e.x, e.median)
		if at.X += 14; i == 0 { // to the left, since the lines go to the right
			at.X -= 28 + style.Width(words)
		}
		if kind == confidence {
			l.drawLine(a)
		}
		l.drawMarks(a)
		a.label(style, at, words)
	}
}

// columnWords says what the lines are, and what the pairs come to.
func (c *pairedChart) columnWords() string {
	s := "a line a replicate, both with the same dice"
	unit := metricUnit(c.metric)
	if c.ratio {
		unit = factor
	}
	for _, l := range c.lines {
		e := l.pts[0]
		s += fmt.Sprintf("; %s of %s, median %s", c.how(), strings.Replace(l.label, " / ", " to ", 1), unit.format(e.median))
		if c.spread == confidence {
			s += fmt.Sprintf(" (95%% interval %s to %s)", unit.format(e.low), unit.format(e.high))
		}
	}
	return s
}
