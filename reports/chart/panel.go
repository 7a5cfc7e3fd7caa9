package chart

import (
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A panel is one pair of axes with its grid.
type panel struct {
	Title string // above it; "" for none
	X, Y  axis
	Above bool      // a panel with the same x axis stands right below, and writes its numbers
	Left  vg.Length // room for the y axis's numbers, so that panels one below the other line up; 0: as much as they need
}

// An area is a panel's inside, ready to be drawn on in the axes' units.
type area struct {
	draw.Canvas
	x, y axis
}

// X and Y stand for the canvas's, whose products some processors fuse with the sum behind them, so that a last digit would differ.

// X returns where a share of the area's width is.
func (a area) X(share float64) vg.Length {
	return a.Min.X + vg.Length(float64(share*float64(a.Max.X-a.Min.X)))
}

// Y returns where a share of the area's height is.
func (a area) Y(share float64) vg.Length {
	return a.Min.Y + vg.Length(float64(share*float64(a.Max.Y-a.Min.Y)))
}

// lay paints the panel's axes and grid into c and returns its inside.
func (p panel) lay(c draw.Canvas) area {
	x, y := p.X.settled(), p.Y.settled()
	small := write(sizeTick, false, black, draw.XCenter, draw.YTop)
	big := write(sizeLabel, false, black, draw.XCenter, draw.YBottom)
	if p.Title != "" {
		s := write(sizeLabel+1, true, black, draw.XLeft, draw.YTop)
		defer c.FillText(s, vg.Point{X: c.Min.X, Y: c.Max.Y}, p.Title)
		c.Max.Y -= 1.5 * sizeLabel
	}
	bottom := 6 + 1.2*sizeTick
	if p.Above {
		bottom = 0
	}
	if x.Label != "" { // without, the panel below says it
		bottom += 1.35 * sizeLabel
	}
	rows := int((c.Max.Y - c.Min.Y - bottom) / (3.2 * sizeTick))
	if y.Names != nil { // each has its own
		rows = len(y.Names)
	}
	yticks, ylabel := y.ticks(rows)
	left := p.Left
	if left == 0 {
		left = p.leftFor(yticks)
	}
	in := draw.Crop(c, left, -10, bottom, -sizeTick/2)
	xticks, xlabel := x.ticks(2)
	for n := 12; n > 2; n-- { // as many as have room beside each other
		ts, l := x.ticks(n)
		if xticks, xlabel = ts, l; roomy(ts, x, in, small) {
			break
		}
	}
	a := area{in, x, y}
	a.grid(xticks, yticks)
	for _, t := range xticks {
		if p.Above {
			break
		}
		c.FillText(small, vg.Point{X: in.X(x.place(t.Value)), Y: in.Min.Y - 6}, t.Label)
	}
	small.XAlign, small.YAlign = draw.XRight, draw.YCenter
	for _, t := range yticks {
		c.FillText(small, vg.Point{X: in.Min.X - 7, Y: in.Y(y.place(t.Value)) + sizeTick*0.06}, t.Label)
	}
	if x.Label != "" {
		c.FillText(big, vg.Point{X: in.Center().X, Y: c.Min.Y}, xlabel)
	}
	big.Rotation, big.YAlign = math.Pi/2, draw.YTop
	c.FillText(big, vg.Point{X: c.Min.X, Y: in.Center().Y}, ylabel)
	return a
}

// leftFor returns the room that these marks and the axis title need at the left.
func (p panel) leftFor(ts []tick) vg.Length {
	s := write(sizeTick, false, black, draw.XRight, draw.YCenter)
	var widest vg.Length
	for _, t := range ts {
		widest = max(widest, s.Width(t.Label))
	}
	return widest + 1.5*sizeLabel + 9
}

// roomy tells whether the labels of these marks stand apart along the x axis.
func roomy(ts []tick, x axis, in draw.Canvas, s draw.TextStyle) bool {
	end := vg.Length(math.Inf(-1))
	for _, t := range ts {
		at, half := in.X(x.place(t.Value)), s.Width(t.Label)/2
		if at-half < end+sizeTick {
			return false
		}
		end = at + half
	}
	return true
}

// grid paints the light lines and the two axes.
func (a area) grid(xticks, yticks []tick) {
	thin := draw.LineStyle{Color: light, Width: 0.7}
	for _, t := range xticks {
		x := a.X(a.x.place(t.Value))
		a.StrokeLine2(thin, x, a.Min.Y, x, a.Max.Y)
	}
	for _, t := range yticks {
		y := a.Y(a.y.place(t.Value))
		a.StrokeLine2(thin, a.Min.X, y, a.Max.X, y)
	}
	edge := draw.LineStyle{Color: grey, Width: 1.1}
	a.StrokeLine2(edge, a.Min.X, a.Min.Y, a.Max.X, a.Min.Y)
	a.StrokeLine2(edge, a.Min.X, a.Min.Y, a.Min.X, a.Max.Y)
	a.breaks(edge)
}

// breaks marks where a logarithmic axis with a place for zero is interrupted: by two short strokes across it.
func (a area) breaks(s draw.LineStyle) {
	const middle, long, apart = (zeroPlace + afterZero) / 2, 5, 3
	if a.x.Log && a.x.Zero {
		x := a.X(middle)
		a.FillPolygon(white, []vg.Point{{X: x - apart/2, Y: a.Min.Y - 1}, {X: x + apart/2, Y: a.Min.Y - 1}, {X: x + apart/2, Y: a.Min.Y + 1}, {X: x - apart/2, Y: a.Min.Y + 1}})
		for _, d := range [...]vg.Length{-apart / 2, apart / 2} {
			a.StrokeLine2(s, x+d-2, a.Min.Y-long, x+d+2, a.Min.Y+long)
		}
	}
	if a.y.Log && a.y.Zero {
		y := a.Y(middle)
		a.FillPolygon(white, []vg.Point{{X: a.Min.X - 1, Y: y - apart/2}, {X: a.Min.X - 1, Y: y + apart/2}, {X: a.Min.X + 1, Y: y + apart/2}, {X: a.Min.X + 1, Y: y - apart/2}})
		for _, d := range [...]vg.Length{-apart / 2, apart / 2} {
			a.StrokeLine2(s, a.Min.X-long, y+d-2, a.Min.X+long, y+d+2)
		}
	}
}

// at returns the point of the canvas that shows x and y.
func (a area) at(x, y float64) vg.Point {
	return vg.Point{X: a.X(a.x.place(x)), Y: a.Y(a.y.place(y))}
}

// line draws through the points in their order, cut off at the edges. Points without a value break the line; what falls
// into one column of pixels is drawn by its first, lowest, highest and last.
func (a area) line(s draw.LineStyle, pts []point) {
	for _, l := range simplify(a, pts) {
		if len(l) == 1 { // a line of one point is still seen
			a.FillPolygon(s.Color, disc(l[0], s.Width))
			continue
		}
		for _, l := range a.ClipLinesXY(l) {
			strokePieces(a.Canvas, s, l)
		}
	}
}

// pieceLength is how many points of a line are stroked at once. The time to rasterize a stroke grows with the square of the
// edges in a row of pixels: a dashed line that goes up and down in every column took minutes as a whole.
const pieceLength = 150

// strokePieces strokes a line in pieces that meet in the middle of a segment, where no corner shows the seam, and carries
// the dashes on from piece to piece.
func strokePieces(c draw.Canvas, s draw.LineStyle, l []vg.Point) {
	var period vg.Length
	for _, d := range s.Dashes {
		period += d
	}
	for len(l) > pieceLength+1 {
		p, q := l[pieceLength-1], l[pieceLength]
		middle := vg.Point{X: (p.X + q.X) / 2, Y: (p.Y + q.Y) / 2}
		piece := append(slices.Clone(l[:pieceLength]), middle)
		c.StrokeLines(s, piece)
		if period > 0 {
			s.DashOffs = vg.Length(math.Mod(float64(s.DashOffs+pathLength(piece)), float64(period)))
		}
		l = l[pieceLength-1:]
		l[0] = middle // the point before it is drawn
	}
	c.StrokeLines(s, l)
}

func pathLength(l []vg.Point) vg.Length {
	var n float64
	for i := 1; i < len(l); i++ {
		n += math.Hypot(float64(l[i].X-l[i-1].X), float64(l[i].Y-l[i-1].Y))
	}
	return vg.Length(n)
}

// steps draws a line that holds each point's y until the next point's x.
func (a area) steps(s draw.LineStyle, pts []point) {
	out := make([]point, 0, 2*len(pts))
	for i, p := range pts {
		if i > 0 {
			out = append(out, point{p.X, pts[i-1].Y})
		}
		out = append(out, p)
	}
	a.line(s, out)
}

// marks draws one mark a point; marks that would fall on the same spot are drawn once.
func (a area) marks(m mark, pts []point) {
	m.draw(a.Canvas, thin(a, pts, m.Radius))
}

// label writes s at a point of the canvas on a ground of white, pushed inside the area if it would leave it, and returns
// the rectangle it takes.
func (a area) label(style draw.TextStyle, at vg.Point, s string) vg.Rectangle {
	r := style.Rectangle(s)
	const pad = 2
	at.X += max(0, a.Min.X+pad-(at.X+r.Min.X)) - max(0, at.X+r.Max.X-a.Max.X+pad)
	at.Y += max(0, a.Min.Y+pad-(at.Y+r.Min.Y)) - max(0, at.Y+r.Max.Y-a.Max.Y+pad)
	r = r.Add(at)
	a.FillPolygon(white, []vg.Point{
		{X: r.Min.X - pad, Y: r.Min.Y}, {X: r.Max.X + pad, Y: r.Min.Y},
		{X: r.Max.X + pad, Y: r.Max.Y}, {X: r.Min.X - pad, Y: r.Max.Y},
	})
	a.FillText(style, at, s)
	return r
}

// frame outlines the rectangle between two points, and a little around it so that it can be seen at any size.
func (a area) frame(low, high point) {
	const around = 4
	p, q := a.at(low.X, low.Y), a.at(high.X, high.Y)
	p, q = vg.Point{X: p.X - around, Y: p.Y - around}, vg.Point{X: q.X + around, Y: q.Y + around}
	box := []vg.Point{p, {X: q.X, Y: p.Y}, q, {X: p.X, Y: q.Y}, p}
	a.StrokeLines(draw.LineStyle{Color: black, Width: 1.2}, a.ClipLinesXY(box)...)
}
