package chart

import (
	"image/color"
	"math"
	"strconv"
	"time"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"reliabilitylab/lab/trace"
)

// laneSize is the size of the text in the lanes and on the arrows.
const laneSize = vg.Length(11.5)

// paint draws the lanes: hosts, bars, arrows, then the words on top.
func (l *lanes) paint(c draw.Canvas) {
	c = frame(c, socketsTitle, l.subtitle())
	laid := *l
	laid.rows = append([]laneRow(nil), l.rows...) // several may paint at the same time
	laid.place(c.Rectangle)
	l = &laid
	l.paintHosts(c)
	l.paintTimes(c)
	for i := range l.calls {
		l.paintBar(c, &l.calls[i])
	}
	for i := range l.packets {
		l.paintPacket(c, &l.packets[i])
	}
	l.paintNotes(c)
	for i := range l.rows {
		for k := range l.rows[i].events {
			if e := &l.rows[i].events[k]; e.call != nil {
				l.paintWords(c, e, l.rows[i].y)
			}
		}
	}
}

// paintHosts draws the two hosts' lines, with their names and addresses above.
func (l *lanes) paintHosts(c draw.Canvas) {
	t := l.trial.Trace
	name := write(laneSize+2.5, true, black, draw.XCenter, draw.YCenter)
	for i, x := range [...]vg.Length{l.inside.Min.X, l.inside.Max.X} {
		end := [...]trace.End{t.Client, t.Server}[i]
		c.StrokeLine2(draw.LineStyle{Color: black, Width: 2.2}, x, l.inside.Max.Y+2, x, l.inside.Min.Y)
		c.FillText(name, vg.Point{X: x, Y: l.inside.Max.Y + 13}, end.Name+" "+end.Addr.String())
	}
}

// paintTimes writes the instants at the left, each once.
func (l *lanes) paintTimes(c draw.Canvas) {
	s := write(laneSize, false, grey, draw.XLeft, draw.YCenter)
	last := time.Duration(-1)
	c.FillText(s, vg.Point{X: l.room.Min.X, Y: l.inside.Max.Y + 13}, "time (ms)")
	for _, r := range l.rows {
		if len(r.events) == 0 || r.at == last {
			continue
		}
		last = r.at
		c.FillText(s, vg.Point{X: l.room.Min.X, Y: r.y}, strconv.FormatFloat(r.at.Seconds()*1e3, 'f', 1, 64))
	}
}

// paintNotes draws the rows that say what is left out.
func (l *lanes) paintNotes(c draw.Canvas) {
	s := write(laneSize, true, grey, draw.XCenter, draw.YCenter)
	half := l.half()
	for _, r := range l.rows {
		if r.note == "" {
			continue
		}
		c.FillPolygon(white, []vg.Point{{X: l.inside.Min.X - 12, Y: r.y - half}, {X: l.inside.Max.X + 12, Y: r.y - half},
			{X: l.inside.Max.X + 12, Y: r.y + half}, {X: l.inside.Min.X - 12, Y: r.y + half}})
		for _, y := range [...]vg.Length{r.y - half, r.y + half} {
			var wave []vg.Point
			for x := l.inside.Min.X - 12; x <= l.inside.Max.X+12; x += 2 {
				wave = append(wave, vg.Point{X: x, Y: y + vg.Length(1.6*math.Sin(float64(x-l.inside.Min.X)*math.Pi/9))})
			}
			c.StrokeLines(draw.LineStyle{Color: grey, Width: 1}, wave)
		}
		c.FillText(s, vg.Point{X: (l.inside.Min.X + l.inside.Max.X) / 2, Y: r.y}, r.note)
	}
}

// side is the x of a host's line, and the direction outwards.
func (l *lanes) side(left bool) (x, out vg.Length) {
	if left {
		return l.inside.Min.X, -1
	}
	return l.inside.Max.X, 1
}

// paintBar draws how long a call blocked; one that did not is a tick.
func (l *lanes) paintBar(c draw.Canvas, s *socketCall) {
	end := s.end
	if end == trace.Never {
		end = math.MaxInt64
	}
	top, bottom, cut, some := l.span(func(e *socketEvent) bool { return e.call == s }, s.Begin, end)
	if !some {
		return
	}
	x, out := l.side(s.left)
	edge := draw.LineStyle{Color: black, Width: 1}
	near, far := x+out*2, x+out*(2+barWidth+2)
	if s.waited() {
		fill := color.NRGBA{0xb9, 0xb9, 0xb9, 0xff}
		if s.n > 1 { // there was something between the waits
			fill = light
		}
		c.FillPolygon(fill, []vg.Point{{X: near, Y: top}, {X: far, Y: top}, {X: far, Y: bottom}, {X: near, Y: bottom}})
		if !cut.bottom {
			c.StrokeLine2(edge, near, bottom, far, bottom)
		}
	}
	if !cut.top {
		c.StrokeLine2(edge, x, top, far, top)
	}
}

// paintWords writes a call where it is made, with its result if it does not wait; and its result where it returns.
func (l *lanes) paintWords(c draw.Canvas, e *socketEvent, y vg.Length) {
	s := e.call
	var texts []string
	result := s.result()
	switch {
	case e.begins && e.ends, e.begins && s.end == trace.Never:
		for _, w := range s.words() {
			texts = append(texts, w+" "+result)
		}
	case e.begins:
		texts = s.words()
	default:
		texts = s.returns()
	}
	ink := color.Color(black)
	if s.Result < 0 && e.ends {
		ink = lossColor
	}
	style := write(laneSize, s.Result < 0 && e.ends, ink, draw.XRight, draw.YCenter)
	x, out := l.side(s.left)
	room := x - l.room.Min.X - 52 // the times
	if !s.left {
		style.XAlign = draw.XLeft
		room = l.room.Max.X - x
	}
	const gap = barWidth + 8
	for i, t := range texts {
		if i == len(texts)-1 || style.Width(t) <= room-gap {
			c.FillText(style, vg.Point{X: x + out*gap, Y: y}, t)
			return
		}
	}
}

// paintPacket draws an arrow with its words on it.
func (l *lanes) paintPacket(c draw.Canvas, p *socketPacket) {
	to := p.Arrived
	if to < 0 {
		to = p.Sent
	}
	top, bottom, cut, some := l.span(func(e *socketEvent) bool { return e.packet == p }, p.Sent, to)
	if !some {
		return
	}
	left := p.Direction == 0
	style := write(laneSize, false, p.role.textColor(l.trial.Trace.Protocol), draw.XCenter, draw.YBottom)
	a := arrow{packet: p.Packet, role: p.role, ending: p.ending, story: true}
	a.from.X, _ = l.side(left)
	a.to.X, _ = l.side(!left)
	a.from.Y, a.to.Y = top, bottom
	switch {
	case p.Arrived < 0: // its way down is guessed
		a.to.Y = top - (l.inside.Max.Y-l.inside.Min.Y)/24
		if p.ending == endCross {
			words := float64(style.Width(p.text)+30) / math.Abs(float64(a.to.X-a.from.X))
			a.to = between(a.from, a.to, min(max(words, 0.55), 0.9))
		}
	case cut.top && cut.bottom: // neither end is to be seen
		return
	case cut.bottom:
		a.to = between(a.from, a.to, 0.6)
		a.ending = endOpen
	case cut.top:
		a.from = between(a.from, a.to, 0.4)
		a.from.Y = min(top, a.to.Y+l.step/2)
	}
	ladder := ladder{protocol: l.trial.Trace.Protocol}
	if p.n > 1 { // several: behind the first another line
		b := a
		b.from.Y, b.to.Y, b.ending = b.from.Y-2.2, b.to.Y-2.2, endOpen
		ladder.paintArrow(c, &b)
	}
	ladder.paintArrow(c, &a)
	angle := math.Atan2(float64(a.to.Y-a.from.Y), float64(a.to.X-a.from.X))
	if !left {
		angle += math.Pi
	}
	style.Rotation = math.Remainder(angle, 2*math.Pi)
	at := between(a.from, a.to, 0.5)
	if half := style.Width(p.text)/2 + 10; half > vg.Length(math.Abs(float64(at.X-a.from.X))) { // a short arrow: the text begins where it does
		at = between(a.from, a.to, float64(half/vg.Length(math.Abs(float64(a.to.X-a.from.X)))))
	}
	c.FillText(style, vg.Point{X: at.X, Y: at.Y + 1}, p.text)
	ladder.paintEnding(c, &a)
}
