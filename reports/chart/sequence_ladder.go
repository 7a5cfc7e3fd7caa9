package chart

import (
	"image/color"
	"math"
	"time"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// A role is what a packet plays in the ladder; each has a colour and a line of its own.
type role uint8

const (
	roleData role = iota
	roleACK
	roleControl // SYN, FIN, RST, ICMP
	roleRetransmission
	roleCopy
	roleHarmed
	roleLate // overtaken by a packet sent later
	roles
)

// roleNames are the legend's.
var roleNames = [roles]string{"data", "ACK", "SYN, FIN, RST", "sent again", "copy", "harmed", "overtaken"}

// amber is orange, dark enough to be read.
var amber = color.NRGBA{0xb0, 0x6a, 0x00, 0xff}

// line is how a role's arrow looks; protocol colours the data.
func (r role) line(protocol string) draw.LineStyle {
	switch r {
	case roleACK:
		return draw.LineStyle{Color: grey, Width: 1}
	case roleControl:
		return draw.LineStyle{Color: black, Width: 1.8}
	case roleRetransmission:
		return draw.LineStyle{Color: amber, Width: 2.4, Dashes: []vg.Length{9, 3}}
	case roleCopy:
		return draw.LineStyle{Color: purple, Width: 2, Dashes: []vg.Length{2, 2.5}}
	case roleHarmed:
		return draw.LineStyle{Color: green, Width: 2, Dashes: []vg.Length{8, 2.5, 2, 2.5}}
	case roleLate:
		return draw.LineStyle{Color: sky, Width: 2.4}
	}
	return draw.LineStyle{Color: protocolColor(protocol), Width: 1.4}
}

// textColor is the colour of what is written on a role's arrow.
func (r role) textColor(protocol string) color.Color {
	if r == roleLate {
		return blue
	}
	return r.line(protocol).Color
}

// How an arrow ends.
type ending uint8

const (
	endHead  ending = iota // it arrives
	endCross               // it is lost on the way
	endBar                 // it arrives and is thrown away
	endOpen                // the picture or the trial ends before it arrives
)

// An arrow is one packet in the ladder.
type arrow struct {
	packet  *trace.Packet
	role    role
	story   bool // it is what the picture is about: never thinned out, labelled first
	signal  bool // it is the first to echo a congestion mark, or says that its sender has slowed down
	from    vg.Point
	to      vg.Point
	ending  ending
	sayings []string
	done    time.Duration // when it arrives, or would have
	due     time.Duration // when one that was sent the other way at the same time would arrive
}

// marked tells whether the packet was marked on the way and has arrived so.
func (a *arrow) marked() bool {
	return a.packet != nil && a.packet.Marked != "" && a.ending != endCross
}

// A label is text that has found its place.
type label struct {
	box   box
	angle float64
	text  string
	color color.Color
	bold  bool
	arrow int // whose it is; -1 for a call's
}

// A ladder is one trial's excerpt, laid out: two hosts, the packets between them, their calls outside.
type ladder struct {
	trial    Trial
	protocol string
	scene    scene
	room     vg.Rectangle // with the margins
	inside   vg.Rectangle // between the hosts
	axis     vg.Length    // the width of the time axis
	size     vg.Length    // of the labels' text
	time     timeline
	arrows   []arrow
	labels   []label
	calls    []callMark
}

// leastSpacing is how close arrows of the same kind and direction may stand before every second one is left out.
const leastSpacing vg.Length = 3.2

// newLadder lays out a trial in a part of the picture.
func newLadder(trial Trial, room vg.Rectangle, size, margin vg.Length) *ladder {
	t := trial.Trace
	s := surveyOf(t)
	if s.total == 0 {
		return nil
	}
	l := &ladder{trial: trial, room: room, size: size, axis: 40, protocol: t.Protocol}
	l.scene = s.scene()
	l.inside = vg.Rectangle{
		Min: vg.Point{X: room.Min.X + l.axis + max(margin, l.errorMargin(t.Client.Name)), Y: room.Min.Y + 2},
		Max: vg.Point{X: room.Max.X - max(margin, l.errorMargin(t.Server.Name)), Y: room.Max.Y - 22},
	}
	l.collect(&s)
	x := &l.scene
	if x.whole {
		for _, a := range l.arrows {
			x.to = max(x.to, min(a.done, a.packet.Sent+s.rtt()))
		}
	}
	busy := l.busy()
	for i := range t.Calls {
		if c := &t.Calls[i]; x.whole && failed(c) { // the end of the story may be what a later call is told
			x.to = max(x.to, c.Return)
			busy = append(busy, period{c.Return, c.Return, c.Return})
		}
	}
	pad := (x.to - x.from) / 60
	l.time = newTimeline(x.from-pad, x.to+pad, busy, s.rtt(), l.inside.Max.Y, l.inside.Min.Y)
	l.place()
	l.thin()
	l.label()
	l.placeCalls()
	return l
}

// errorMargin is the room beside a host for the name of an error that a call of its returned; of ladders that have no room for calls at
// all it is 0.
func (l *ladder) errorMargin(host string) vg.Length {
	if l.size < 10.5 {
		return 0
	}
	wide := vg.Length(0)
	for i := range l.trial.Trace.Calls {
		if c := &l.trial.Trace.Calls[i]; failed(c) && c.Host == host {
			wide = max(wide, write(l.size, false, black, draw.XLeft, draw.YCenter).Width(c.Errno)+callGap+6)
		}
	}
	return wide
}

// collect takes the packets of the excerpt from the ledger and says what each is.
func (l *ladder) collect(s *survey) {
	t, x := l.trial.Trace, l.scene
	usual := s.least // what the way took the last packet that arrived
	for d := range usual {
		if usual[d] == 0 {
			usual[d] = s.rtt() / 2
		}
	}
	n := newNumberer()
	for i := range t.Packets {
		p := &t.Packets[i]
		if p.Sent > x.to {
			break
		}
		if !belongs(t, p) {
			continue
		}
		r := n.read(p)
		done := p.Arrived
		if done < 0 {
			done = p.Sent + usual[p.Direction]
		} else {
			usual[p.Direction] = done - p.Sent
		}
		if done < x.from {
			continue
		}
		a := arrow{packet: p, role: roleOf(p, r), done: done, due: p.Sent + usual[1-p.Direction], signal: r.echoes || r.slows}
		switch {
		case p.Fate == trace.Lost:
			a.ending = endCross
		case p.Fate == trace.Discarded:
			a.ending = endBar
		case p.Arrived < 0:
			a.ending = endOpen
		}
		a.story = a.role != roleData && a.role != roleACK || a.ending == endCross || a.ending == endBar ||
			r.dup > 0 && r.dup <= 3 || r.repairs || a.marked() || a.signal
		a.sayings = r.sayings(p, a.role)
		l.arrows = append(l.arrows, a)
	}
	l.findLate()
}

// roleOf says what a packet plays.
func roleOf(p *trace.Packet, r numbered) role {
	switch {
	case p.Copy():
		return roleCopy
	case p.Harm != "" && p.Fate != trace.Lost:
		return roleHarmed
	case p.Header.Kind == netem.KindRetransmission || r.again:
		return roleRetransmission
	case p.Header.Kind == netem.KindACK:
		return roleACK
	case p.Header.Kind == netem.KindData:
		return roleData
	}
	return roleControl
}

// findLate marks the data packets that one sent later overtook. Copies do not count: they are made on the way, behind the
// queue.
func (l *ladder) findLate() {
	next := [2]time.Duration{math.MaxInt64, math.MaxInt64} // the earliest arrival of those sent later
	for i := len(l.arrows) - 1; i >= 0; i-- {
		a := &l.arrows[i]
		p := a.packet
		if p.Arrived < 0 || p.Of != 0 {
			continue
		}
		if p.Arrived > next[p.Direction] && a.role == roleData {
			a.role, a.story = roleLate, true
			name := a.sayings[0]
			a.sayings = []string{name + ", overtaken", name, "overtaken"}
		}
		next[p.Direction] = min(next[p.Direction], p.Arrived)
	}
}

// busy returns when packets were on their way.
func (l *ladder) busy() []period {
	out := make([]period, len(l.arrows))
	for i, a := range l.arrows {
		p := a.packet
		out[i] = period{p.Sent, a.done, max(p.Sent, p.Arrived)}
	}
	return out
}

// lossAt is where on its way a lost packet is drawn to end.
const lossAt = 0.58

// place turns instants into points, and cuts off what lies outside of the picture.
func (l *ladder) place() {
	kept := l.arrows[:0]
	for _, a := range l.arrows {
		left, right := l.inside.Min.X, l.inside.Max.X
		a.from = vg.Point{X: left, Y: l.time.y(a.packet.Sent)}
		a.to = vg.Point{X: right, Y: l.time.y(a.done)}
		if a.packet.Direction == netem.Reverse {
			a.from.X, a.to.X = right, left
		}
		if a.packet.Reply() { // it begins where the packet that it is about ends
			a.from = between(vg.Point{X: a.to.X, Y: a.from.Y}, vg.Point{X: a.from.X, Y: l.time.y(a.due)}, lossAt)
		}
		if a.ending == endCross {
			a.to = between(a.from, a.to, lossAt)
		}
		if bottom := l.inside.Min.Y; a.to.Y < bottom {
			if a.from.Y <= bottom {
				continue
			}
			a.to = between(a.from, a.to, float64((a.from.Y-bottom)/(a.from.Y-a.to.Y)))
			a.ending = endOpen
		}
		if top := l.inside.Max.Y; a.from.Y > top {
			if a.to.Y >= top {
				continue
			}
			a.from = between(a.to, a.from, float64((top-a.to.Y)/(a.from.Y-a.to.Y)))
		}
		kept = append(kept, a)
	}
	l.arrows = kept
}

// between returns the point that lies at a part f of the way from a to b.
func between(a, b vg.Point, f float64) vg.Point {
	return a.Add(b.Sub(a).Scale(vg.Length(f)))
}

// thin leaves out ordinary packets that stand too close to the last one drawn, and of the others those that would be
// drawn over it.
func (l *ladder) thin() {
	var last [2][roles]*arrow
	kept := make([]arrow, 0, len(l.arrows))
	for _, a := range l.arrows {
		before := &last[a.packet.Direction][a.role]
		least := leastSpacing
		if a.story {
			least = 0.3
		}
		if b := *before; b != nil && b.ending == a.ending && b.story == a.story && max(abs(b.from.Y-a.from.Y), abs(b.to.Y-a.to.Y)) < least {
			continue
		}
		kept = append(kept, a)
		*before = &kept[len(kept)-1]
	}
	l.arrows = kept
}
