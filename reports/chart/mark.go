package chart

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A shape is the outline of a mark.
type shape uint8

const (
	dot      shape = iota
	ring           // a circle with an empty middle
	cross          // a diagonal cross
	triangle       // pointing up
	wedge          // a triangle pointing down
	diamond
	square
	bar // an upright stroke
)

// A mark is how a class of points looks.
type mark struct {
	Shape  shape
	Radius vg.Length
	Color  color.Color
}

// batch is how many marks are painted as one path: many make files small, too many make rasterizing slow (its cost grows
// with the square of the edges that meet one row of pixels).
const batch = 64

// draw paints the mark at each of these points.
func (m mark) draw(c draw.Canvas, at []vg.Point) {
	c.SetColor(m.Color)
	outline := m.outline()
	for len(at) > 0 {
		n := min(batch, len(at))
		path := make(vg.Path, 0, n*(len(outline[0])+1))
		for _, p := range at[:n] {
			for _, loop := range outline {
				path.Move(p.Add(loop[0]))
				for _, q := range loop[1:] {
					path.Line(p.Add(q))
				}
				path.Close()
			}
		}
		c.Fill(path)
		at = at[n:]
	}
}

// outline returns the mark's edges around the origin: one loop, and for a ring an inner loop the other way round.
func (m mark) outline() [][]vg.Point {
	r := m.Radius
	polygon := func(scale vg.Length, xy ...vg.Length) [][]vg.Point {
		var loop []vg.Point
		for i := 0; i < len(xy); i += 2 {
			loop = append(loop, vg.Point{X: scale * xy[i], Y: scale * xy[i+1]})
		}
		return [][]vg.Point{loop}
	}
	switch m.Shape {
	case ring:
		outer, inner := disc(vg.Point{}, r), disc(vg.Point{}, r*0.58)
		for i, j := 0, len(inner)-1; i < j; i, j = i+1, j-1 {
			inner[i], inner[j] = inner[j], inner[i]
		}
		return [][]vg.Point{outer, inner}
	case cross:
		const t = 0.3 // half the stroke's thickness, along the axes
		return polygon(r, t, 0, 1, 1-t, 1-t, 1, 0, t, t-1, 1, -1, 1-t, -t, 0, -1, t-1, t-1, -1, 0, -t, 1-t, -1, 1, t-1)
	case triangle:
		return polygon(r, 0, 1.15, -1, -0.75, 1, -0.75)
	case wedge:
		return polygon(r, 0, -1.15, 1, 0.75, -1, 0.75)
	case diamond:
		return polygon(r, 1, 0, 0, 1.2, -1, 0, 0, -1.2)
	case square:
		return polygon(r*0.88, 1, 1, -1, 1, -1, -1, 1, -1)
	case bar:
		return polygon(r, 0.22, 1, -0.22, 1, -0.22, -1, 0.22, -1)
	}
	return [][]vg.Point{disc(vg.Point{}, r)}
}

// disc returns a polygon that looks round at its size, counterclockwise.
func disc(at vg.Point, r vg.Length) []vg.Point {
	n := 8
	if r > 2.2 {
		n = 16
	}
	loop := make([]vg.Point, n)
	for i := range loop {
		sin, cos := math.Sincos(2 * math.Pi * (float64(i) + 0.5) / float64(n))
		loop[i] = vg.Point{X: at.X + r*vg.Length(cos), Y: at.Y + r*vg.Length(sin)}
	}
	return loop
}
