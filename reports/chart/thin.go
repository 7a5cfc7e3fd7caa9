package chart

import (
	"math"

	"gonum.org/v1/plot/vg"
)

// A point is one value of a series, in the units of its axes. NaN and infinities are no value.
type point struct{ X, Y float64 }

func (p point) defined() bool {
	return !math.IsNaN(p.X) && !math.IsNaN(p.Y) && !math.IsInf(p.X, 0) && !math.IsInf(p.Y, 0)
}

// column is the width of a column in which a line keeps only its extremes: a pixel at 1920 across.
const column vg.Length = 0.45

// simplify returns the line through pts as it is drawn: broken where points are undefined, and of the points that follow
// each other in one column only the first, the lowest, the highest and the last, in their order. Nothing that can be seen
// is lost.
func simplify(a area, pts []point) [][]vg.Point {
	var lines [][]vg.Point
	var l []vg.Point
	var run columnRun
	flush := func() {
		l = run.appendTo(l)
		run = columnRun{}
	}
	for _, p := range pts {
		if !p.defined() {
			if flush(); len(l) > 0 {
				lines = append(lines, l)
			}
			l = nil
			continue
		}
		v := a.at(p.X, p.Y)
		c := int(math.Floor(float64((v.X - a.Min.X) / column)))
		if run.n > 0 && c != run.column {
			flush()
		}
		run.take(v, c)
	}
	if flush(); len(l) > 0 {
		lines = append(lines, l)
	}
	return lines
}

// A columnRun is the points of a line that follow each other in one column.
type columnRun struct {
	column, n             int
	first, low, high, end vg.Point
	lowAt, highAt         int
}

func (r *columnRun) take(v vg.Point, column int) {
	if r.n == 0 {
		r.column, r.first, r.low, r.high = column, v, v, v
	}
	if v.Y < r.low.Y {
		r.low, r.lowAt = v, r.n
	}
	if v.Y > r.high.Y {
		r.high, r.highAt = v, r.n
	}
	r.end = v
	r.n++
}

func (r *columnRun) appendTo(l []vg.Point) []vg.Point {
	if r.n == 0 {
		return l
	}
	one, two := r.low, r.high
	if r.highAt < r.lowAt {
		one, two = two, one
	}
	for i, v := range [...]vg.Point{r.first, one, two, r.end} {
		if i == 0 || v != l[len(l)-1] {
			l = append(l, v)
		}
	}
	return l
}

// mostMarks is how many marks of one kind a panel shows; more would cost time and show nothing more.
const mostMarks = 8000

// thin returns where the marks of pts stand: of all that fall into one cell of about half a mark's radius the first. The
// cells grow until there are at most mostMarks. Points outside the area are left out.
func thin(a area, pts []point, radius vg.Length) []vg.Point {
	for cell := max(radius/2, column); ; cell *= 1.5 {
		cols := int((a.Max.X-a.Min.X)/cell) + 2
		rows := int((a.Max.Y-a.Min.Y)/cell) + 2
		taken := make([]bool, max(0, cols*rows))
		var out []vg.Point
		for _, p := range pts {
			if !p.defined() {
				continue
			}
			v := a.at(p.X, p.Y)
			if !a.Contains(v) {
				continue
			}
			i := int((v.Y-a.Min.Y)/cell+0.5)*cols + int((v.X-a.Min.X)/cell+0.5)
			if taken[i] {
				continue
			}
			taken[i] = true
			if out = append(out, v); len(out) > mostMarks {
				break
			}
		}
		if len(out) <= mostMarks {
			return out
		}
	}
}
