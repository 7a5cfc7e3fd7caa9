package chart

import (
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A clutter knows which spots of an area are taken, so that labels find free ones.
type clutter struct {
	area       area
	cols, rows int
	taken      []bool
}

// spot is the side of one spot.
const spot vg.Length = 4

func newClutter(a area) *clutter {
	c := &clutter{area: a, cols: int((a.Max.X-a.Min.X)/spot) + 1, rows: int((a.Max.Y-a.Min.Y)/spot) + 1}
	c.taken = make([]bool, max(0, c.cols*c.rows))
	return c
}

// line takes the spots along the line through pts.
func (c *clutter) line(pts []point) {
	for _, l := range simplify(c.area, pts) {
		for i, p := range l {
			q := l[max(i-1, 0)]
			n := int(math.Hypot(float64(p.X-q.X), float64(p.Y-q.Y))/float64(spot)*1.5) + 1
			for k := range min(n, 4000) + 1 {
				f := vg.Length(float64(k) / float64(n))
				c.take(vg.Point{X: q.X + f*(p.X-q.X), Y: q.Y + f*(p.Y-q.Y)})
			}
		}
	}
}

func (c *clutter) take(p vg.Point) {
	x, y := int((p.X-c.area.Min.X)/spot), int((p.Y-c.area.Min.Y)/spot)
	if x >= 0 && y >= 0 && x < c.cols && y < c.rows {
		c.taken[y*c.cols+x] = true
	}
}

// rectangle takes all spots of r.
func (c *clutter) rectangle(r vg.Rectangle) {
	for y := r.Min.Y; y <= r.Max.Y; y += spot / 2 {
		for x := r.Min.X; x <= r.Max.X; x += spot / 2 {
			c.take(vg.Point{X: x, Y: y})
		}
	}
}

// cost returns how many spots of r are taken; what lies outside the area counts as taken, and dearly.
func (c *clutter) cost(r vg.Rectangle) int {
	n := 0
	for y := r.Min.Y; y <= r.Max.Y; y += spot {
		for x := r.Min.X; x <= r.Max.X; x += spot {
			i, j := int(math.Floor(float64((x-c.area.Min.X)/spot))), int(math.Floor(float64((y-c.area.Min.Y)/spot)))
			switch {
			case i < 0 || j < 0 || i >= c.cols || j >= c.rows:
				n += 10
			case c.taken[j*c.cols+i]:
				n++
			}
		}
	}
	return n
}

// name writes words beside the line through pts, where nothing else is, as near to the end of the line as may be, and
// takes the place.
func (c *clutter) name(style draw.TextStyle, words string, pts []point) {
	style.XAlign, style.YAlign = draw.XLeft, draw.YBottom
	if at, ok := c.beside(pts, style.Width(words), style.Height(words), false); ok {
		c.rectangle(c.area.label(style, at, words))
	}
}

// sampleLength is how long a line's sample before its name is.
const sampleLength = 26

// nameWithLine writes words as name does, behind a sample of the line: where lines run close together, what stands beside
// one may be taken for the name of the other.
func (c *clutter) nameWithLine(style draw.TextStyle, line draw.LineStyle, words string, pts []point) {
	style.XAlign, style.YAlign = draw.XLeft, draw.YBottom
	h := style.Height(words)
	at, ok := c.beside(pts, sampleLength+5+style.Width(words), h, true)
	if !ok {
		return
	}
	wide := sampleLength + 5 + style.Width(words)
	at.X = min(max(at.X, c.area.Min.X+2), c.area.Max.X-wide-2)
	r := c.area.label(style, vg.Point{X: at.X + sampleLength + 5, Y: at.Y}, words)
	r.Min.X -= sampleLength + 5
	y := (r.Min.Y + r.Max.Y) / 2
	c.area.FillPolygon(white, []vg.Point{r.Min, {X: r.Min.X + sampleLength + 4, Y: r.Min.Y}, {X: r.Min.X + sampleLength + 4, Y: r.Max.Y}, {X: r.Min.X, Y: r.Max.Y}})
	c.area.StrokeLine2(line, r.Min.X, y, r.Min.X+sampleLength, y)
	c.rectangle(r)
}

// beside returns the lower left corner of a free rectangle beside the line through pts. It tries spots along the line, from
// its end to its beginning, on each side of it, and with far also further away. ok is false where the line has no point.
func (c *clutter) beside(pts []point, w, h vg.Length, far bool) (best vg.Point, ok bool) {
	bestCost := math.MaxInt
	const gap = 6
	for _, f := range [...]float64{1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2} {
		p, ok := along(c.area, pts, f)
		if !ok {
			return vg.Point{}, false
		}
		spots := []vg.Point{
			{X: p.X + gap, Y: p.Y - h/2},       // right
			{X: p.X + gap, Y: p.Y - h - gap},   // below, right
			{X: p.X - w - gap, Y: p.Y + gap},   // above, left
			{X: p.X - w/2, Y: p.Y + gap},       // above
			{X: p.X - w/2, Y: p.Y - h - gap},   // below
			{X: p.X + 3*gap, Y: p.Y - h - gap}, // below, further right
			{X: p.X - w - 3*gap, Y: p.Y + gap}, // above, further left
			{X: p.X + gap, Y: p.Y - h - 5*gap}, // far below
		}
		if far {
			spots = append(spots, vg.Point{X: p.X - w - gap, Y: p.Y - h - gap}, vg.Point{X: p.X - w - gap, Y: p.Y - h - 6*gap},
				vg.Point{X: p.X + gap, Y: p.Y + 6*gap}, vg.Point{X: p.X - w/2, Y: p.Y - h - 9*gap})
		}
		for _, at := range spots {
			r := vg.Rectangle{Min: at, Max: vg.Point{X: at.X + w, Y: at.Y + h}}
			if cost := c.cost(r); cost < bestCost {
				best, bestCost = at, cost
			}
			if bestCost == 0 {
				break
			}
		}
		if bestCost == 0 {
			break
		}
	}
	return best, true
}

// along returns the point of the canvas that lies at the fraction f of the line's points' range in x.
func along(a area, pts []point, f float64) (vg.Point, bool) {
	first, last := -1, -1
	for i, p := range pts {
		if p.defined() {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return vg.Point{}, false
	}
	x := pts[first].X + f*(pts[last].X-pts[first].X)
	at := pts[last]
	for i := first; i < last; i++ {
		p, q := pts[i], pts[i+1]
		if p.defined() && q.defined() && p.X <= x && x <= q.X {
			at = p
			if q.X > p.X {
				at = point{x, p.Y + (q.Y-p.Y)*(x-p.X)/(q.X-p.X)}
			}
			break
		}
	}
	return a.at(at.X, at.Y), true
}
