package chart

import (
	"time"

	"gonum.org/v1/plot/vg"

	"reliabilitylab/lab/trace"
)

const socketsTitle = "Sockets: what each call does on the wire"

// newSockets draws the calls of two programs as two lanes, the client's at the left and the server's at the right, and between them the
// packets that the calls caused. Time runs downwards, in the order of events and not to scale, so that each call and each
// packet has room to be read. Of a scenario's trials it shows the first of TCP, or else of UDP; of a long one its beginning
// and its end.
//
//	trial ▸ dialogue ▸ rows ▸ excerpt ▸ heights ▸ paint
func newSockets(in Input) (*Drawing, error) {
	trials := ladderTrials(in)
	if len(trials) == 0 || len(trials[0].Trace.Calls) == 0 {
		return nil, nil
	}
	l := newLanes(newDialogue(trials[0], false))
	return &Drawing{
		Name: "sockets", Title: socketsTitle,
		Caption: "Time runs downwards, not to scale; grey bars are calls that block; each arrow is a packet, or several that left together.",
		Width:   width, Height: height,
		Draw:   l.paint,
		Points: l.table(),
	}, nil
}

// Lanes are a dialogue laid out in the picture.
type lanes struct {
	*dialogue
	rows   []laneRow
	room   vg.Rectangle // all of it
	inside vg.Rectangle // between the hosts' lines
	step   vg.Length    // the height of a row
	hidden int          // rows that the excerpt leaves out
}

// laneWidth is the part of the picture that each lane of calls has.
const laneWidth = 0.34

func newLanes(d *dialogue) *lanes {
	l := &lanes{dialogue: d}
	for _, e := range d.events {
		l.add(e)
	}
	l.rows, l.hidden = l.excerpt()
	l.rows = l.pauses()
	return l
}

// place gives each row its height: even, a row with a note half as high again.
func (l *lanes) place(room vg.Rectangle) {
	l.room = room
	across := room.Max.X - room.Min.X
	l.inside = vg.Rectangle{
		Min: vg.Point{X: room.Min.X + laneWidth*across + 16, Y: room.Min.Y + 4},
		Max: vg.Point{X: room.Max.X - laneWidth*across + 16, Y: room.Max.Y - 24},
	}
	units := 1.0
	for _, r := range l.rows {
		units += r.high()
	}
	l.step = (l.inside.Max.Y - l.inside.Min.Y) / vg.Length(max(units, 12))
	y := l.inside.Max.Y
	for i := range l.rows {
		high := l.step * vg.Length(l.rows[i].high())
		l.rows[i].y = y - high/2 - l.step/4
		y -= high
	}
	l.inside.Min.Y = y - l.step/2
}

func (r *laneRow) high() float64 {
	if r.note != "" {
		return 1.6
	}
	return 1
}

// A cut says which ends of something are not in the picture.
type cut struct{ top, bottom bool }

// span is from where to where something is drawn that lasts from one instant to another: the heights of its first and its last event. One
// that is left out stands at the edge of the gap that it is in; what never ends goes on to the edge of the picture. some is false
// where nothing of it is to be seen.
func (l *lanes) span(is func(*socketEvent) bool, from, to time.Duration) (top, bottom vg.Length, c cut, some bool) {
	first, last := -1, -1 // rows
	c = cut{true, true}
	for i := range l.rows {
		for k := range l.rows[i].events {
			e := &l.rows[i].events[k]
			if !is(e) {
				continue
			}
			if e.begins {
				first, c.top = i, false
			}
			if e.ends {
				last, c.bottom = i, false
			}
		}
	}
	if c.top && c.bottom { // it may be under way while something else is seen
		for i := range l.rows {
			if r := &l.rows[i]; len(r.events) > 0 && r.at > from && r.at < to {
				if first < 0 {
					first = i
				}
				last = i
			}
		}
		if first < 0 {
			return 0, 0, c, false
		}
	}
	if c.top {
		if first < 0 {
			first = last
		}
		for first > 0 && !l.rows[first].gap {
			first--
		}
		top = l.edge(first, -1)
	} else {
		top = l.rows[first].y
	}
	if c.bottom {
		if last < 0 {
			last = first
		}
		for last+1 < len(l.rows) && (!l.rows[last].gap || to > l.rows[last+1].at) {
			last++
		}
		bottom = l.edge(last, 1)
	} else {
		bottom = l.rows[last].y
	}
	return top, bottom, c, true
}

// edge is the upper (1) or lower (-1) edge of a gap, or that of the picture where there is none.
func (l *lanes) edge(i int, side vg.Length) vg.Length {
	switch {
	case l.rows[i].gap:
		return l.rows[i].y + side*l.half()
	case side > 0:
		return l.inside.Min.Y
	}
	return l.inside.Max.Y
}

// half is half the height of a row with a note.
func (l *lanes) half() vg.Length { return l.step * 0.68 }

// subtitle says whose calls these are, and how much of them is shown.
func (l *lanes) subtitle() string {
	words := l.trial.Label + ": all of "
	if l.hidden > 0 {
		words = l.trial.Label + ": the beginning and the end of "
	}
	return words + l.counts() + "   ·   grey: blocked   ·   a call's first argument is its socket"
}

// counts says how many calls and packets there were.
func (d *dialogue) counts() string {
	calls, packets := 0, 0
	for i := range d.calls {
		calls += d.calls[i].n
	}
	for i := range d.packets {
		packets += d.packets[i].n
	}
	return counted(calls, "call") + " and " + counted(packets, "packet")
}

// table lists what is drawn.
func (l *lanes) table() Table {
	t := newTable("trial", "item", "host", "socket", "count", "text", "result", "begin_s", "end_s", "fate")
	id := word(l.trial.ID)
	when := func(d time.Duration) cell {
		if d == trace.Never {
			return none
		}
		return seconds(d)
	}
	for _, r := range l.rows {
		for _, e := range r.events {
			switch {
			case !e.begins:
			case e.call != nil:
				c := e.call
				t.add(id, word("call"), word(c.Host), integer(int64(c.Socket)), integer(int64(c.n)), word(c.words()[0]), word(c.result()),
					seconds(c.Begin), when(c.end), none)
			default:
				p := e.packet
				name := l.trial.Trace.Client.Name
				if !e.left {
					name = l.trial.Trace.Server.Name
				}
				fate := [...]string{"in flight", "arrived", "lost", "discarded"}[p.Fate]
				t.add(id, word("packet"), word(name), none, integer(int64(p.n)), word(p.text), none, seconds(p.Sent), when(p.Arrived), word(fate))
			}
		}
	}
	return t
}
