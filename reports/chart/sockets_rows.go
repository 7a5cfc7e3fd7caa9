package chart

import (
	"slices"
	"time"

	"gonum.org/v1/plot/vg"
)

// The rows of the chart "sockets": which events stand at one height, and which rows are left out of a long trial.

// A laneRow is one height of the picture: events of one instant, at most one call and one packet's end at each host.
type laneRow struct {
	at     time.Duration
	events []socketEvent
	note   string // a row that says what is left out, or how much later the next one is; it has no events
	gap    bool   // it says what is left out
	taken  [4]bool
	y      vg.Length
}

// mostRows is how many rows have room: then text is as large as on the other charts.
const mostRows = 30

// add puts an event into the last row, or into a new one where it does not fit.
func (l *lanes) add(e socketEvent) {
	slot := 0
	if e.packet != nil {
		slot = 1
	}
	if !e.left {
		slot += 2
	}
	k := len(l.rows) - 1
	if k < 0 || l.rows[k].at != e.at || l.rows[k].taken[slot] {
		l.rows = append(l.rows, laneRow{at: e.at})
		k++
	}
	l.rows[k].events = append(l.rows[k].events, e)
	l.rows[k].taken[slot] = true
}

// excerpt keeps, if there are too many rows, the first, the last, and of those between them the calls that transfer no data, as
// far as there is room; it says at each gap what is left out.
func (l *lanes) excerpt() (rows []laneRow, hidden int) {
	if len(l.rows) <= mostRows {
		return l.rows, 0
	}
	const head, tail, gap = 15, 8, 2
	keep := make([]bool, len(l.rows))
	room := mostRows - head - tail - gap
	for i := range l.rows {
		keep[i] = i < head || i >= len(l.rows)-tail
	}
	for i := range l.rows {
		if !keep[i] && l.rows[i].rare() {
			cost := 1
			if !keep[i-1] {
				cost += gap
			}
			if room -= cost; room < 0 {
				break
			}
			keep[i] = true
		}
	}
	for i := 0; i < len(l.rows); i++ {
		from := i
		for !keep[i] && i+1 < len(l.rows) && !keep[i+1] {
			i++
		}
		if keep[i] || i+1-from <= gap { // so little is no gap
			rows = append(rows, l.rows[from:i+1]...)
			continue
		}
		hidden += i + 1 - from
		rows = append(rows, laneRow{at: l.rows[from].at, note: left(l.rows[from : i+1]), gap: true})
	}
	return rows, hidden
}

// rare tells whether a row has another call than those that transfer data.
func (r *laneRow) rare() bool {
	for _, e := range r.events {
		if e.call != nil && e.call.Name != "send" && e.call.Name != "recv" && e.call.Name != "poll" {
			return true
		}
	}
	return false
}

// left says how much rows leave out that are not shown.
func left(rows []laneRow) string {
	calls, packets := 0, 0
	for _, r := range rows {
		for _, e := range r.events {
			switch {
			case e.call != nil && e.begins:
				calls += e.call.n
			case e.packet != nil && e.begins:
				packets += e.packet.n
			}
		}
	}
	switch {
	case calls > 0 && packets > 0:
		return counted(calls, "call") + " and " + counted(packets, "packet") + " more"
	case calls > 0:
		return counted(calls, "call") + " more"
	case packets > 0:
		return counted(packets, "packet") + " more"
	}
	return "…"
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return plain(float64(n), 0) + " " + what + "s"
}

// pauses puts a row between two where nothing happens for long, and room under a packet that dies and over the words of the first
// one behind a gap.
func (l *lanes) pauses() []laneRow {
	var out []laneRow
	for i, r := range l.rows {
		if i > 0 {
			before := &l.rows[i-1]
			late := r.note == "" && before.note == "" && r.at-before.at > l.pause
			if late && before.dies() {
				out = append(out, laneRow{at: before.at})
			}
			if late {
				out = append(out, laneRow{at: before.at, note: laterInWords(r.at-before.at) + " later"})
			}
			if (late || before.gap) && r.carries() {
				out = append(out, laneRow{at: r.at})
			}
		}
		out = append(out, r)
	}
	if n := len(out); n > 0 && out[n-1].dies() {
		out = append(out, laneRow{at: out[n-1].at})
	}
	return out
}

// carries tells whether a packet leaves or arrives here.
func (r *laneRow) carries() bool {
	return slices.ContainsFunc(r.events, func(e socketEvent) bool { return e.packet != nil })
}

// dies tells whether a packet leaves here that does not arrive.
func (r *laneRow) dies() bool {
	for _, e := range r.events {
		if e.packet != nil && e.begins && e.packet.Arrived < 0 {
			return true
		}
	}
	return false
}
