package chart

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// forest: two results beside each other, a row a metric: by how much it is more or less in the second than in the first, with the interval
// of that. What differs beyond noise is filled, what may be noise is a ring.

// A Forest is what the chart is drawn from.
type Forest struct {
	A, B  string // what a reader calls the two
	Title string
	Words string // what the marks and bars are
	Rows  []ForestRow
}

// A ForestRow is one metric. Its changes are in parts of what it is in A: 0.25 is a quarter more.
type ForestRow struct {
	Label     string
	Protocol  string
	Values    string  // what it is in A and in B
	Change    float64 // +Inf: from nothing, or to never; NaN: it goes both ways, from Low at one point to High at another
	Low, High float64 // NaN where there is no interval
	Certain   bool    // it differs beyond noise
}

// mostForest is how many rows can be read from the back row.
const mostForest = 16

// Draw makes the chart; nil where there is nothing to show.
func (f *Forest) Draw() *Drawing {
	if len(f.Rows) == 0 {
		return nil
	}
	shown := *f
	shown.Rows = f.Rows[:min(len(f.Rows), mostForest)]
	d := &Drawing{Name: "compare", Title: f.Title, Caption: upper(f.Words) + ".", Width: width, Height: height}
	words := upper(f.Words)
	if more := len(f.Rows) - len(shown.Rows); more > 0 {
		words += fmt.Sprintf("; %d more rows in compare.csv", more)
	}
	d.Draw = func(to draw.Canvas) { shown.paint(frame(to, d.Title, words)) }
	return d
}

// paint draws the rows, the first at the top, with the values at the right.
func (f *Forest) paint(to draw.Canvas) {
	text := write(sizeTick, false, black, draw.XLeft, draw.YCenter)
	var widest vg.Length
	for _, r := range f.Rows {
		widest = max(widest, text.Width(r.Values))
	}
	to.Max.X -= widest + 2*nameGap
	to.Max.Y -= sizeTick // for the values' heading
	x, log := f.axis()
	y := axis{Min: -0.5, Max: float64(len(f.Rows)) - 0.5}
	for i := range f.Rows {
		y.Names = append(y.Names, f.Rows[len(f.Rows)-1-i].Label)
	}
	a := panel{X: x, Y: y}.lay(to)
	head := write(sizeTick, false, grey, draw.XLeft, draw.YBottom)
	to.FillText(head, vg.Point{X: a.Max.X + 2*nameGap, Y: a.Max.Y + 4}, "medians")
	place := func(v float64) float64 { // what lies outside, or nowhere, stands at the edge
		if log {
			v++
		}
		return min(max(v, x.Min), x.Max)
	}
	equal := a.at(place(0), 0).X
	a.StrokeLine2(draw.LineStyle{Color: grey, Width: 1.4}, equal, a.Min.Y, equal, a.Max.Y)
	for i, r := range f.Rows {
		at := a.at(place(0), float64(len(f.Rows)-1-i))
		if !math.IsNaN(r.Change) {
			at.X = a.at(place(r.Change), 0).X
		}
		color := protocolColor(r.Protocol)
		if !math.IsNaN(r.Low) {
			bar := draw.LineStyle{Color: color, Width: 2}
			if math.IsNaN(r.Change) {
				bar.Dashes = []vg.Length{5, 4}
			}
			low, high := a.at(place(r.Low), 0).X, a.at(place(r.High), 0).X
			a.StrokeLine2(bar, low, at.Y, high, at.Y)
			bar.Dashes = nil
			for _, end := range [...]vg.Length{low, high} {
				a.StrokeLine2(bar, end, at.Y-4, end, at.Y+4)
			}
		}
		if m := (mark{protocolMark(r.Protocol), 6, color}); r.Certain && !math.IsNaN(r.Change) {
			m.draw(a.Canvas, []vg.Point{at})
		} else if !r.Certain {
			mark{dot, 6, white}.draw(a.Canvas, []vg.Point{at})
			m.Shape = ring
			m.draw(a.Canvas, []vg.Point{at})
		}
		style := text
		if !r.Certain {
			style.Color = grey
		}
		to.FillText(style, vg.Point{X: a.Max.X + 2*nameGap, Y: at.Y + sizeTick*0.06}, r.Values)
	}
}

// protocolMark is the mark of a protocol, so that a print in grey tells them apart.
func protocolMark(protocol string) shape {
	if protocol == "udp" {
		return diamond
	}
	if s, ok := handMadeMarks[protocol]; ok {
		return s
	}
	return dot
}

// axis returns the axis of the changes: in per cent or, where they reach far, in factors, so that half and twice as much are as far
// from equal.
func (f *Forest) axis() (x axis, log bool) {
	values := []float64{0}
	for _, r := range f.Rows {
		for _, v := range [...]float64{r.Change, r.Low, r.High} {
			if !math.IsNaN(v) && !math.IsInf(v, 0) && v > -1 {
				values = append(values, v)
			}
		}
	}
	low, high := slices.Min(values), slices.Max(values)
	x.Label = fmt.Sprintf("Change from %s to %s", f.A, f.B)
	if 1+high > 3*(1+low) {
		x.Label = fmt.Sprintf("How many times as much %s has as %s", f.B, f.A)
		x.Min, x.Max, x.Unit, x.Log = (1+low)/1.15, (1+high)*1.15, factor, true
		return x, true
	}
	room := max((high-low)*0.08, 0.001)
	x.Min, x.Max, x.Unit = low-room, high+room, ratio
	return x, false
}
