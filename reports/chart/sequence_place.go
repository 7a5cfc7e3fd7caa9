package chart

import (
	"math"

	"gonum.org/v1/plot/vg"
)

// A box is a rectangle that may be turned: what a label takes of the picture.
type box struct {
	at       vg.Point // its centre
	w, h     vg.Length
	sin, cos vg.Length
}

func newBox(at vg.Point, w, h vg.Length, angle float64) box {
	sin, cos := math.Sincos(angle)
	return box{at, w, h, vg.Length(sin), vg.Length(cos)}
}

// corners returns the corners in a circle.
func (b box) corners() []vg.Point {
	out := make([]vg.Point, 0, 4)
	for _, k := range [...][2]vg.Length{{-1, -1}, {1, -1}, {1, 1}, {-1, 1}} {
		x, y := k[0]*b.w/2, k[1]*b.h/2
		out = append(out, vg.Point{X: b.at.X + x*b.cos - y*b.sin, Y: b.at.Y + x*b.sin + y*b.cos})
	}
	return out
}

// inside tells whether the whole box lies in r.
func (b box) inside(r vg.Rectangle) bool {
	for _, p := range b.corners() {
		if p.X < r.Min.X || p.X > r.Max.X || p.Y < r.Min.Y || p.Y > r.Max.Y {
			return false
		}
	}
	return true
}

// overlaps tells whether two boxes have a point in common: unless some side of one of them separates them.
func (b box) overlaps(o box) bool {
	d := o.at.Sub(b.at)
	if reach := (b.w + b.h + o.w + o.h) / 2; d.X > reach || d.X < -reach || d.Y > reach || d.Y < -reach {
		return false
	}
	apart := func(ux, uy vg.Length) bool {
		half := func(k box) vg.Length {
			along, across := ux*k.cos+uy*k.sin, -ux*k.sin+uy*k.cos
			return (k.w*abs(along) + k.h*abs(across)) / 2
		}
		return abs(d.X*ux+d.Y*uy) > half(b)+half(o)
	}
	return !apart(b.cos, b.sin) && !apart(-b.sin, b.cos) && !apart(o.cos, o.sin) && !apart(-o.sin, o.cos)
}

// crossed tells whether the line from p to q goes through the box.
func (b box) crossed(p, q vg.Point) bool {
	turn := func(v vg.Point) (x, y vg.Length) {
		v = v.Sub(b.at)
		return v.X*b.cos + v.Y*b.sin, -v.X*b.sin + v.Y*b.cos
	}
	px, py := turn(p)
	qx, qy := turn(q)
	// Liang and Barsky: cut the line off at each pair of sides and see whether something is left.
	low, high := vg.Length(0), vg.Length(1)
	cut := func(a, d, half vg.Length) bool {
		if d == 0 {
			return a >= -half && a <= half
		}
		s, t := (-half-a)/d, (half-a)/d
		low, high = max(low, min(s, t)), min(high, max(s, t))
		return low <= high
	}
	return cut(px, qx-px, b.w/2) && cut(py, qy-py, b.h/2)
}

func abs(l vg.Length) vg.Length { return max(l, -l) }
