package chart

import (
	"image/color"
	"math"
	"slices"
	"sort"
	"time"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A timeSequencePanel is a part of an exchange with its axes.
type timeSequencePanel struct {
	e        *exchange
	title    string
	from, to time.Duration
	low      float64 // bytes
	high     float64
	crowded  bool // the start is small and has no room for words
}

// panelOf chooses the range of bytes for a time: what is sent and acknowledged then, and the window's edge where it is
// near enough to leave the segments readable.
func (e *exchange) panelOf(from, to time.Duration, whole bool) timeSequencePanel {
	p := timeSequencePanel{e: e, from: from, to: to, low: math.Inf(1), high: math.Inf(-1)}
	for _, spans := range [...][]span{e.fresh, e.again} {
		for _, s := range during(spans, from, to) {
			p.low, p.high = math.Min(p.low, float64(s.low)), math.Max(p.high, float64(s.high))
		}
	}
	before := 0.0
	for _, a := range e.acks {
		switch t := a.X; {
		case t < from.Seconds():
			before = a.Y
		case t <= to.Seconds():
			p.low, p.high = math.Min(p.low, a.Y), math.Max(p.high, a.Y)
		}
	}
	if before > 0 {
		p.low = math.Min(p.low, before)
	}
	if whole {
		p.low, p.high = 0, math.Max(float64(e.high), 1)
	}
	if p.low > p.high {
		p.low, p.high = 0, 1
	}
	spread, edge := p.high-p.low, p.high
	for _, w := range e.window {
		if w.X >= from.Seconds() && w.X <= to.Seconds() {
			edge = math.Max(edge, w.Y)
		}
	}
	if edge-p.low <= 1.6*spread {
		p.high = edge
	}
	p.high += spread * 0.06
	if !whole {
		p.low -= spread * 0.04
	}
	return p
}

// during returns the spans of a time; they are in its order.
func during(spans []span, from, to time.Duration) []span {
	i := sort.Search(len(spans), func(i int) bool { return spans[i].at >= from })
	j := sort.Search(len(spans), func(i int) bool { return spans[i].at > to })
	return spans[i:max(i, j)]
}

// sortByArrival puts what came back into the order of coming.
func sortByArrival[T any](back []T, at func(T) time.Duration) {
	slices.SortStableFunc(back, func(a, b T) int { return int(min(max(at(a)-at(b), -1), 1)) })
}

// lay paints the panel. Single segments get their end ticks, and retransmissions their R, where there is room.
func (p timeSequencePanel) lay(c draw.Canvas, detailed bool) area {
	e := p.e
	detailed = detailed || len(e.fresh)+len(e.again) <= 120
	axes := panel{
		Title: p.title,
		X:     axis{Label: "Time", Unit: second, Min: p.from.Seconds(), Max: p.to.Seconds()},
		Y:     axis{Label: "Sequence number, from the SYN", Unit: byteU, Min: p.low, Max: p.high},
	}
	if e.numbered {
		axes.Y.Label, axes.Y.Unit = "Message number", count
	}
	a := axes.lay(c)
	bar, radius := vg.Length(1.4), vg.Length(3.2)
	if detailed {
		bar, radius = 1.7, 5.5
	}
	a.bars(draw.LineStyle{Color: sackColor, Width: 1}, during(e.sacks, p.from, p.to), 0)
	a.stairs(windowLine(), e.window)
	a.stairs(ackLine(), e.acks)
	if detailed {
		a.marks(mark{square, 2.3, green}, pointsOf(during(e.dups, p.from, p.to)))
	}
	a.bars(draw.LineStyle{Color: protocolColor(e.trial.Protocol), Width: bar}, during(e.fresh, p.from, p.to), 2.4)
	again := during(e.again, p.from, p.to)
	a.bars(draw.LineStyle{Color: amber, Width: bar + 1.4}, again, 3.6)
	a.marks(mark{diamond, radius * 0.8, amber}, pointsOf(again))
	twice := during(e.dsacks, p.from, p.to)
	a.marks(mark{square, radius * 0.7, purple}, pointsOf(twice))
	a.marks(mark{cross, radius, lossColor}, pointsOf(during(e.lost, p.from, p.to)))
	p.letters(a, again, twice, detailed)
	return a
}

// pointsOf returns the middles of spans.
func pointsOf(spans []span) []point {
	out := make([]point, len(spans))
	for i, s := range spans {
		out[i] = point{s.at.Seconds(), float64(s.low+s.high) / 2}
	}
	return out
}

// letters writes an R beside retransmissions, a D beside what is reported to have come twice, and names SYN and FIN, wherever two would not overlap.
func (p timeSequencePanel) letters(a area, again, twice []span, detailed bool) {
	s := write(sizeSmall, true, amber, draw.XCenter, draw.YBottom)
	var taken []vg.Rectangle
	put := func(text string, at vg.Point, ground bool) {
		r := s.Rectangle(text).Add(at)
		if r.Min.X < a.Min.X || r.Max.X > a.Max.X || r.Max.Y > a.Max.Y || r.Min.Y < a.Min.Y {
			return
		}
		for _, t := range taken {
			if r.Min.X < t.Max.X && t.Min.X < r.Max.X && r.Min.Y < t.Max.Y && t.Min.Y < r.Max.Y {
				return
			}
		}
		taken = append(taken, r)
		if ground {
			a.FillPolygon(color.NRGBA{0xff, 0xff, 0xff, 0xd8}, []vg.Point{r.Min, {X: r.Max.X, Y: r.Min.Y}, r.Max, {X: r.Min.X, Y: r.Max.Y}})
		}
		a.FillText(s, at, text)
	}
	letter := func(text string, of []span) {
		for _, r := range of[:min(len(of), 400)] {
			put(text, a.at(r.at.Seconds(), float64(r.high)).Add(vg.Point{Y: 5}), true)
		}
	}
	if detailed {
		letter("R", again)
		s.Color = purple
		letter("D", twice)
	}
	s.Color, s.XAlign = black, draw.XLeft
	for i, c := range p.e.controls {
		if i > 20 || c.at < p.from || c.at > p.to || p.crowded && c.name == "SYN" {
			continue
		}
		at := a.at(c.at.Seconds(), float64(c.low))
		if !a.Contains(at) {
			continue
		}
		mark{diamond, 3.6, black}.draw(a.Canvas, []vg.Point{at})
		if w := s.Width(c.name); at.X+w+8 > a.Max.X {
			put(c.name, at.Add(vg.Point{X: -w - 6, Y: 3}), false)
			continue
		}
		put(c.name, at.Add(vg.Point{X: 5, Y: 3}), false)
	}
}

// stairs draws a line that holds each value until the next, to the right edge of the area.
func (a area) stairs(s draw.LineStyle, pts []point) {
	from := sort.Search(len(pts), func(i int) bool { return pts[i].X >= a.x.Min })
	to := sort.Search(len(pts), func(i int) bool { return pts[i].X > a.x.Max })
	if from > 0 {
		from--
	}
	if from >= to {
		return
	}
	part := slices.Clone(pts[from:to])
	part = append(part, point{a.x.Max, part[len(part)-1].Y})
	a.steps(s, part)
}

// bars draws spans as upright lines with ticks of that width at their ends; what falls into one column of pixels and
// touches is drawn as one.
func (a area) bars(s draw.LineStyle, spans []span, tick vg.Length) {
	type run struct{ x, low, high vg.Length }
	var runs []run
	begin, last := 0, math.MinInt
	for _, p := range spans {
		low, high := a.at(p.at.Seconds(), float64(p.low)), a.at(p.at.Seconds(), float64(p.high))
		if high.Y < a.Min.Y || low.Y > a.Max.Y || low.X < a.Min.X || low.X > a.Max.X {
			continue
		}
		r := run{low.X, max(low.Y, a.Min.Y), min(high.Y, a.Max.Y)}
		if c := int((low.X - a.Min.X) / column); c != last {
			begin, last = len(runs), c
		}
		joined := false
		for i := len(runs) - 1; i >= begin && !joined; i-- {
			o := &runs[i]
			if r.low <= o.high+column && r.high >= o.low-column && (tick == 0 || r.high-r.low < 2*tick) {
				o.low, o.high, joined = min(o.low, r.low), max(o.high, r.high), true
			}
		}
		if !joined {
			runs = append(runs, r)
		}
	}
	a.SetLineStyle(s)
	for len(runs) > 0 {
		n := min(batch, len(runs))
		var path vg.Path
		line := func(x0, y0, x1, y1 vg.Length) {
			path.Move(vg.Point{X: x0, Y: y0})
			path.Line(vg.Point{X: x1, Y: y1})
		}
		for _, r := range runs[:n] {
			line(r.x, r.low, r.x, max(r.high, r.low+0.6))
			if tick > 0 && r.high-r.low >= 2*tick {
				line(max(r.x-tick, a.Min.X), r.low, min(r.x+tick, a.Max.X), r.low)
				line(max(r.x-tick, a.Min.X), r.high, min(r.x+tick, a.Max.X), r.high)
			}
		}
		a.Stroke(path)
		runs = runs[n:]
	}
}

// outline shows in the whole where the enlarged part lies.
func outline(a area, p timeSequencePanel) {
	low, high := a.at(p.from.Seconds(), p.low), a.at(p.to.Seconds(), p.high)
	low.X, low.Y = max(low.X-3, a.Min.X), max(low.Y-3, a.Min.Y)
	high.X, high.Y = min(high.X+3, a.Max.X), min(high.Y+3, a.Max.Y)
	a.StrokeLines(draw.LineStyle{Color: black, Width: 1.4}, []vg.Point{low, {X: high.X, Y: low.Y}, high, {X: low.X, Y: high.Y}, low})
	s := write(sizeSmall, false, black, draw.XLeft, draw.YBottom)
	at := vg.Point{X: high.X + 5, Y: low.Y}
	if at.X+s.Width("enlarged") > a.Max.X {
		s.XAlign, at.X = draw.XRight, low.X-5
	}
	a.FillText(s, at, "enlarged")
}
