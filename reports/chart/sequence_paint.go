package chart

import (
	"image/color"
	"math"
	"slices"
	"strconv"
	"time"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"reliabilitylab/netem"
)

// lossColor is the colour of what did not make it.
var lossColor = color.NRGBA{0xb8, 0x24, 0x00, 0xff}

// paint draws the ladder: time, hosts, arrows, then the text on top.
func (l *ladder) paint(c draw.Canvas) {
	l.paintAxis(c)
	for _, story := range [...]bool{false, true} {
		for i := range l.arrows {
			if l.arrows[i].story == story {
				l.paintArrow(c, &l.arrows[i])
			}
		}
	}
	l.paintHosts(c)
	l.paintBreaks(c)
	for i := range l.calls {
		l.paintCall(c, &l.calls[i])
	}
	for i := range l.labels {
		c.FillPolygon(color.NRGBA{0xff, 0xff, 0xff, 0xe4}, l.labels[i].box.corners())
	}
	for i := range l.arrows { // over the labels' ground
		l.paintEnding(c, &l.arrows[i])
	}
	for i := range l.labels {
		l.paintLabel(c, &l.labels[i])
	}
}

func (l *ladder) paintLabel(c draw.Canvas, b *label) {
	s := write(l.size, b.bold, b.color, draw.XCenter, draw.YCenter)
	s.Rotation = b.angle
	c.FillText(s, b.box.at, b.text)
}

// paintAxis draws the time at the left, its numbers only where time runs to scale.
func (l *ladder) paintAxis(c draw.Canvas) {
	small := write(l.size, false, grey, draw.XRight, draw.YCenter)
	top, bottom := l.inside.Max.Y, l.inside.Min.Y
	x := l.room.Min.X + l.axis
	edge := draw.LineStyle{Color: grey, Width: 1}
	c.StrokeLine2(edge, x, top, x, bottom)
	c.FillPolygon(grey, []vg.Point{{X: x - 3, Y: bottom + 6}, {X: x + 3, Y: bottom + 6}, {X: x, Y: bottom - 2}})
	from, to := l.scene.from, l.scene.to
	name, size := second.prefix(to.Seconds())
	step := niceStep(l.time.shown().Seconds() / size / float64(max(2, (top-bottom)/(2.6*l.size))))
	decimals := max(0, -int(math.Floor(math.Log10(step)+1e-9)))
	last := top + 2*l.size
	for k := math.Ceil(from.Seconds() / size / step); k*step*size <= to.Seconds(); k++ {
		t := time.Duration(math.Round(k * step * size * 1e9))
		y := l.time.y(t)
		if l.time.cuts(t) {
			if l.time.shown() < (to-from)/1000 { // nearly all is cut out: do not walk through it
				k = math.Floor(l.time.endOfCut(t).Seconds() / size / step)
			}
			continue
		}
		if last-y < 1.6*l.size || y < bottom+l.size {
			continue
		}
		last = y
		c.StrokeLine2(edge, x-4, y, x, y)
		c.FillText(small, vg.Point{X: x - 6, Y: y}, plain(k*step, decimals))
	}
	unit := write(l.size, false, grey, draw.XRight, draw.YBottom)
	c.FillText(unit, vg.Point{X: x + 8, Y: top + 5}, "time ("+name+")")
}

// paintHosts draws the two hosts' lines, broken where time is, and their names above.
func (l *ladder) paintHosts(c draw.Canvas) {
	t := l.trial.Trace
	name := write(l.size+2, true, black, draw.XCenter, draw.YCenter)
	for i, x := range [...]vg.Length{l.inside.Min.X, l.inside.Max.X} {
		y := l.inside.Max.Y + 4
		for _, b := range l.time.breaks {
			c.StrokeLine2(draw.LineStyle{Color: black, Width: 2.2}, x, y, x, b.top)
			c.StrokeLine2(draw.LineStyle{Color: grey, Width: 2, Dashes: []vg.Length{2, 4}}, x, b.top, x, b.bottom)
			y = b.bottom
		}
		c.StrokeLine2(draw.LineStyle{Color: black, Width: 2.2}, x, y, x, l.inside.Min.Y)
		c.FillText(name, vg.Point{X: x, Y: l.inside.Max.Y + 13}, [...]string{t.Client.Name, t.Server.Name}[i])
	}
	head := write(l.size+2, true, protocolColor(l.protocol), draw.XCenter, draw.YCenter)
	c.FillText(head, vg.Point{X: (l.inside.Min.X + l.inside.Max.X) / 2, Y: l.inside.Max.Y + 13}, l.trial.Label)
}

// paintBreaks draws each time break as a band with waves at its edges that says how long nothing happened.
func (l *ladder) paintBreaks(c draw.Canvas) {
	s := write(l.size, true, grey, draw.XCenter, draw.YCenter)
	for _, b := range l.time.breaks {
		for _, y := range [...]vg.Length{b.top - 4, b.bottom + 4} {
			var wave []vg.Point
			for x := l.inside.Min.X - 8; x <= l.inside.Max.X+8; x += 2 {
				wave = append(wave, vg.Point{X: x, Y: y + vg.Length(2.2*math.Sin(float64(x-l.inside.Min.X)*math.Pi/9))})
			}
			c.StrokeLines(draw.LineStyle{Color: grey, Width: 1}, wave)
		}
		text := "~ " + laterInWords(b.idle) + " later ~"
		c.FillText(s, vg.Point{X: (l.inside.Min.X + l.inside.Max.X) / 2, Y: (b.top + b.bottom) / 2}, text)
	}
}

func (l *ladder) paintArrow(c draw.Canvas, a *arrow) {
	line := a.role.line(l.protocol)
	if a.story && a.role == roleACK {
		line.Width = 1.8
	}
	to := a.to
	head := 6 + 1.5*line.Width
	if !a.story {
		head = 6.5
	}
	if a.ending == endHead || a.ending == endBar { // the line ends inside the head
		length := vg.Length(math.Hypot(float64(to.X-a.from.X), float64(to.Y-a.from.Y)))
		if length > head {
			to = between(a.from, a.to, float64(1-head*0.8/length))
		}
	}
	c.StrokeLine2(line, a.from.X, a.from.Y, to.X, to.Y)
	if a.ending == endHead || a.ending == endBar {
		c.FillPolygon(line.Color, []vg.Point{a.turned(0, 0), a.turned(-head, head*0.33), a.turned(-head, -head*0.33)})
	}
}

// turned returns the point that lies x behind the arrow's end in its direction and y to the left.
func (a *arrow) turned(x, y vg.Length) vg.Point {
	d := a.to.Sub(a.from)
	if n := vg.Length(math.Hypot(float64(d.X), float64(d.Y))); n > 0 {
		d = d.Scale(1 / n)
	}
	return a.to.Add(vg.Point{X: x*d.X - y*d.Y, Y: x*d.Y + y*d.X})
}

// paintEnding draws what is not an arrow's head: the cross of a lost packet, the wall before one that was discarded, the diamond of one
// that was marked.
func (l *ladder) paintEnding(c draw.Canvas, a *arrow) {
	if a.marked() {
		paintECN(c, between(a.from, a.to, lossAt))
	}
	switch a.ending {
	case endCross:
		mark{cross, 8.5, white}.draw(c, []vg.Point{a.to})
		mark{cross, 6.5, lossColor}.draw(c, []vg.Point{a.to})
	case endBar:
		p, q := a.turned(2, 7), a.turned(2, -7)
		c.StrokeLine2(draw.LineStyle{Color: white, Width: 6}, p.X, p.Y, q.X, q.Y)
		c.StrokeLine2(draw.LineStyle{Color: lossColor, Width: 3}, p.X, p.Y, q.X, q.Y)
	}
}

// paintECN draws the mark that a packet got on the way.
func paintECN(c draw.Canvas, at vg.Point) {
	mark{diamond, 8, white}.draw(c, []vg.Point{at})
	mark{diamond, 6, green}.draw(c, []vg.Point{at})
}

// paintCall draws a call's bar from its begin to its return, or a tick for one that returned at once, and its text.
func (l *ladder) paintCall(c draw.Canvas, m *callMark) {
	x, out := l.inside.Min.X, vg.Length(-1)
	if !m.left {
		x, out = l.inside.Max.X, 1
	}
	edge := draw.LineStyle{Color: black, Width: 1}
	far := x + out*(3+barWidth)
	for _, b := range m.bars {
		near := x + out*(3+vg.Length(b.lane)*(barWidth+1))
		end := near + out*barWidth
		if b.top-b.bottom > 2 {
			fill := color.NRGBA{0xb9, 0xb9, 0xb9, 0xff}
			c.FillPolygon(fill, []vg.Point{{X: near, Y: b.top}, {X: end, Y: b.top}, {X: end, Y: b.bottom}, {X: near, Y: b.bottom}})
			if !b.open {
				c.StrokeLine2(edge, near, b.bottom, end, b.bottom)
			}
		}
		c.StrokeLine2(edge, x, b.top, end, b.top)
	}
	if m.label.text == "" {
		return
	}
	b := m.label.box
	end := b.at.X - out*(b.w/2+3)
	c.StrokeLines(draw.LineStyle{Color: grey, Width: 0.7}, []vg.Point{{X: far, Y: m.bars[0].top}, {X: x + out*(2*barWidth+5), Y: m.bars[0].top}, {X: end, Y: b.at.Y}})
	l.paintLabel(c, &m.label)
}

// paintLegend explains the lines that occur in these ladders, in one row.
func paintLegend(c draw.Canvas, ladders []*ladder) {
	s := write(sizeSmall, false, black, draw.XLeft, draw.YCenter)
	x, y := c.Min.X, c.Min.Y+sizeSmall*0.6
	const sample = 34
	entry := func(a arrow, words string) {
		a.from, a.to = vg.Point{X: x, Y: y}, vg.Point{X: x + sample, Y: y}
		if a.ending == endCross {
			a.to.X -= 8
		}
		l := ladder{protocol: ladders[0].protocol}
		l.paintArrow(c, &a)
		l.paintEnding(c, &a)
		c.FillText(s, vg.Point{X: x + sample + 8, Y: y}, words)
		x += sample + 8 + s.Width(words) + 16
	}
	occurs := func(is func(*arrow) bool) bool {
		return slices.ContainsFunc(ladders, func(l *ladder) bool {
			return slices.ContainsFunc(l.arrows, func(a arrow) bool { return is(&a) })
		})
	}
	for r := range roles {
		if occurs(func(a *arrow) bool { return a.role == r }) {
			words := roleNames[r]
			if r == roleControl && occurs(func(a *arrow) bool { return a.packet.Header.Kind == netem.KindICMP }) {
				words += ", ICMP"
			}
			entry(arrow{role: r, story: r != roleData && r != roleACK}, words)
		}
	}
	if occurs(func(a *arrow) bool { return a.ending == endCross }) {
		entry(arrow{ending: endCross}, "lost")
	}
	if occurs(func(a *arrow) bool { return a.ending == endBar }) {
		entry(arrow{ending: endBar}, "discarded")
	}
	if occurs((*arrow).marked) {
		at := vg.Point{X: x + sample/2, Y: y}
		entry(arrow{}, "marked (ECN)")
		paintECN(c, at)
	}
	const note = "time stretched where packets crowd"
	if slices.ContainsFunc(ladders, func(l *ladder) bool { return l.time.stretchy }) && x+s.Width(note) < c.Max.X {
		s.Color, s.XAlign = grey, draw.XRight
		c.FillText(s, vg.Point{X: c.Max.X, Y: y}, note)
	}
}

// hostOf is the name of the host that sent a packet in direction d.
func (l *ladder) hostOf(d netem.Direction) string {
	if d == netem.Reverse {
		return l.trial.Trace.Server.Name
	}
	return l.trial.Trace.Client.Name
}

// laterInWords writes idle time to the millisecond.
func laterInWords(d time.Duration) string {
	if d < time.Second {
		return second.format(d.Seconds())
	}
	return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) + " s"
}
