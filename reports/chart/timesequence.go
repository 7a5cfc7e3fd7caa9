package chart

import (
	"fmt"
	"image/color"
	"slices"
	"time"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
	"reliabilitylab/scenarios"
)

// time-sequence: a TCP connection as its sender sees it, in the grammar of tcptrace. Each segment is a bar over the bytes
// it carries, at the instant it was sent; below runs the line of what is acknowledged, above the edge of the window that
// the receiver offers, and what SACK blocks report stands where they came in. Protocols built by hand over UDP have messages for
// bytes; they stand beside TCP, each in a panel of its own (timesequence_beside.go).

const timeSequenceTitle = "Time-sequence: what is sent, acknowledged, allowed"

// A span is some bytes of the stream at an instant.
type span struct {
	at        time.Duration
	low, high int64
}

// An exchange is one connection at its data sender: bytes against time; of numbered datagrams messages.
type exchange struct {
	trial    Trial
	numbered bool   // it has numbered datagrams
	fresh    []span // segments sent for the first time
	again    []span // retransmissions
	lost     []span // of both, those that did not get there
	sacks    []span
	dsacks   []span  // blocks that tell of what came twice
	dups     []span  // duplicate ACKs
	acks     []point // what was acknowledged, when the ACK came in
	window   []point // up to where the receiver allows to send
	controls []control
	high     int64
	end      time.Duration
}

// A control is a SYN or FIN of the sender.
type control struct {
	span
	name string
}

func newTimeSequence(in Input) (*Drawing, error) {
	var all []*exchange
	for _, p := range scenarios.Protocols {
		if p.Name == "udp" { // nothing comes back
			continue
		}
		for _, t := range in.Trials {
			if t.Trace == nil || t.Trace.Protocol != p.Name || !hasPackets(t.Trace) {
				continue
			}
			e := exchangeOf(t)
			if p.HandMade {
				e = numberedExchange(t, in.window(t))
			}
			if len(e.fresh)+len(e.controls) == 0 {
				continue
			}
			all = append(all, e)
			break
		}
	}
	switch len(all) {
	case 0:
		return nil, nil
	case 1:
		return all[0].drawing(pathInWords(in.Scenario)), nil
	}
	return drawBeside(all, pathInWords(in.Scenario)), nil
}

// exchangeOf reads a trial's ledger from the sender's side: its own segments when it sent them, the ACKs when they came.
// What the path copied on the way the sender did not send.
func exchangeOf(t Trial) *exchange {
	e := &exchange{trial: t}
	data := t.Trace.Data
	shift := windowShift(t.Trace)
	n := newNumberer()
	type arrival struct {
		p *trace.Packet
		r numbered
	}
	var back []arrival
	for i := range t.Trace.Packets {
		p := &t.Trace.Packets[i]
		if p.Header.Protocol != netem.TCP {
			continue
		}
		r := n.read(p)
		switch {
		case p.Direction != data:
			if p.Fate == trace.Arrived && r.ack >= 0 && p.Harm == "" {
				back = append(back, arrival{p, r})
			}
		case p.Of == 0:
			e.send(p, r)
		}
	}
	sortByArrival(back, func(a arrival) time.Duration { return a.p.Arrived })
	var acked, edge int64
	for _, a := range back {
		at := a.p.Arrived
		acked = max(acked, a.r.ack)
		win := int64(a.p.Header.Window)
		if a.p.Header.Flags&netem.FlagSYN == 0 { // the window of a SYN is never scaled (RFC 7323 section 2.2)
			win <<= shift
		}
		edge = max(edge, a.r.ack+win)
		e.acks = append(e.acks, point{at.Seconds(), float64(acked)})
		e.window = append(e.window, point{at.Seconds(), float64(edge)})
		if a.r.dup > 0 {
			e.dups = append(e.dups, span{at, acked, acked})
		}
		e.report(a.p, a.r.ack)
		e.end = max(e.end, at)
	}
	return e
}

// report notes the SACK blocks of an ACK. The first is a D-SACK if it lies below the ACK or within the second (RFC 2883 section 4).
func (e *exchange) report(p *trace.Packet, ack int64) {
	var before span
	for i := len(p.SACK) - 1; i >= 0; i-- {
		low := ack + int64(int32(p.SACK[i][0]-p.Header.Ack))
		s := span{p.Arrived, low, low + int64(p.SACK[i][1]-p.SACK[i][0])}
		if i == 0 && (s.high <= ack || len(p.SACK) > 1 && s.low >= before.low && s.high <= before.high) {
			e.dsacks = append(e.dsacks, s)
		} else {
			e.sacks = append(e.sacks, s)
		}
		before = s
	}
}

// send notes a segment of the sender.
func (e *exchange) send(p *trace.Packet, r numbered) {
	e.end = max(e.end, p.Sent)
	e.high = max(e.high, r.end)
	s := span{p.Sent, r.seq, r.end}
	switch {
	case p.Header.Kind == netem.KindSYN || p.Header.Kind == netem.KindSYNACK:
		e.controls = append(e.controls, control{s, "SYN"})
	case p.Header.Kind == netem.KindFIN:
		name := "FIN"
		if e.numbered {
			name = "end"
		}
		e.controls = append(e.controls, control{s, name})
	case p.Header.Payload == 0:
		return
	case r.again || p.Header.Kind == netem.KindRetransmission:
		e.again = append(e.again, s)
	default:
		e.fresh = append(e.fresh, s)
	}
	if p.Header.Payload > 0 && p.Header.Flags&netem.FlagFIN != 0 {
		e.controls = append(e.controls, control{span{p.Sent, r.end - 1, r.end}, "FIN"})
	}
	if p.Fate == trace.Lost || p.Fate == trace.Discarded {
		e.lost = append(e.lost, s)
	}
}

// windowShift is by how much the data receiver's windows are shifted: its own offer, in force only where both SYNs carry
// one (RFC 7323 section 2.2).
func windowShift(t *trace.Trace) int {
	offer := [2]int8{-1, -1}
	for i := range t.Packets {
		if p := &t.Packets[i]; p.Header.Flags&netem.FlagSYN != 0 && p.Header.Protocol == netem.TCP {
			offer[p.Direction] = p.Options.WindowScale
		}
	}
	if offer[0] < 0 || offer[1] < 0 {
		return 0
	}
	return int(offer[1-t.Data])
}

// drawing lays the exchange out: whole, and where it is long the first recovery once more, enlarged.
func (e *exchange) drawing(path string) *Drawing {
	from, to, what := e.detail()
	subtitle := e.trial.Label + ", as the sender sees it"
	if path != "" {
		subtitle += "; " + path
	}
	return &Drawing{
		Name: "time-sequence", Title: timeSequenceTitle, Caption: e.caption(), Width: width, Height: height,
		Points: e.table(),
		Draw: func(c draw.Canvas) {
			whole := e.panelOf(0, e.end+e.end/60, true)
			c = timeSequenceLegend(frame(c, timeSequenceTitle, subtitle), []*exchange{e})
			if what == "" {
				whole.lay(c, false)
				return
			}
			part := e.panelOf(from, to, false)
			left, right := c, c
			left.Max.X = c.Min.X + (c.Max.X-c.Min.X)*0.44
			right.Min.X = left.Max.X + 22
			whole.title, whole.crowded, part.title = "The whole transfer", true, "Enlarged: "+what
			a := whole.lay(left, false)
			outline(a, part)
			part.lay(right, true)
		},
	}
}

// shut returns when the receiver first left no room for a full segment, for so long at least.
func (e *exchange) shut(least time.Duration) (at time.Duration, shuts bool) {
	full := int64(0)
	for _, f := range e.fresh {
		full = max(full, f.high-f.low)
	}
	since := -1.0
	for i := 0; i < min(len(e.acks), len(e.window)); i++ {
		x := e.acks[i].X
		if since >= 0 && x-since > least.Seconds() {
			return time.Duration(since*1e9 + 0.5), true
		}
		switch room := e.window[i].Y - e.acks[i].Y; {
		case room >= float64(full):
			since = -1
		case since < 0:
			since = x
		}
	}
	return 0, false
}

// detail chooses what is shown enlarged: the time around the first segment that is lost or sent again, until everything
// sent before its repair is acknowledged; or else how the window shuts; or else the first round trips. what is "" where the whole is small enough.
func (e *exchange) detail() (from, to time.Duration, what string) {
	const few = 120
	if len(e.fresh)+len(e.again) <= few {
		return 0, 0, ""
	}
	s := surveyOf(e.trial.Trace)
	rtt := s.rtt()
	first := -1
	for i := range s.t.Packets { // trouble of segments with data
		if p := &s.t.Packets[i]; belongs(s.t, p) && p.Direction == s.t.Data && p.Header.Payload > 0 && p.Of == 0 && troubled(p) {
			first = i
			break
		}
	}
	if at, shuts := e.shut(4 * rtt); first < 0 && shuts {
		return max(e.fresh[0].at-rtt/4, at-8*rtt), at + 16*rtt, "the window shuts"
	}
	if first < 0 {
		return e.fresh[0].at - rtt/4, e.fresh[0].at + 5*rtt, "the first round trips"
	}
	begin := s.t.Packets[s.origin(first)].Sent
	repair, sent := s.end, int64(0)
	for _, a := range e.again {
		if a.at >= begin {
			repair = a.at
			break
		}
	}
	for _, f := range e.fresh {
		if f.at < repair {
			sent = f.high
		}
	}
	to = repair + 3*rtt
	for _, a := range e.acks {
		if a.X >= repair.Seconds() && a.Y >= float64(sent) {
			to = min(time.Duration(a.X*1e9), repair+8*rtt)
			break
		}
	}
	return begin - rtt*6/10, to + rtt*6/10, "the first recovery"
}

func (e *exchange) caption() string {
	return fmt.Sprintf("Bars are segments, %d of them sent again; the lower line is what is acknowledged, the upper what the receiver allows.", len(e.again))
}

// table lists everything that is plotted, in bytes of the stream: the SYN is byte 0; of numbered datagrams in messages.
func (e *exchange) table() Table {
	unit := "bytes"
	if e.numbered {
		unit = "messages"
	}
	t := newTable("trial", "item", "time_s", "from_"+unit, "to_"+unit)
	e.list(&t)
	return t
}

// list adds the exchange to a table.
func (e *exchange) list(t *Table) {
	id := word(e.trial.ID)
	list := func(item string, spans []span) {
		for _, s := range spans {
			t.add(id, word(item), seconds(s.at), integer(s.low), integer(s.high))
		}
	}
	list("segment", e.fresh)
	list("retransmission", e.again)
	list("lost", e.lost)
	list("sack", e.sacks)
	list("d-sack", e.dsacks)
	list("duplicate ack", e.dups)
	for _, c := range e.controls {
		list(c.name, []span{c.span})
	}
	for i, a := range e.acks {
		at := seconds(time.Duration(a.X*1e9 + 0.5))
		t.add(id, word("ack"), at, integer(int64(a.Y)), integer(int64(a.Y)))
		if i < len(e.window) {
			t.add(id, word("window edge"), at, integer(int64(e.window[i].Y)), integer(int64(e.window[i].Y)))
		}
	}
}

// timeSequenceLegend explains what occurs.
func timeSequenceLegend(c draw.Canvas, all []*exchange) draw.Canvas {
	occurs := func(is func(*exchange) bool) bool { return slices.ContainsFunc(all, is) }
	var entries []entry
	add := func(words string, s draw.LineStyle) { entries = append(entries, entry{words: words, line: &s}) }
	sent := "segment"
	if all[0].numbered {
		sent = "message"
	}
	add(sent, draw.LineStyle{Color: protocolColor(all[0].trial.Protocol), Width: 7, Dashes: []vg.Length{3, 5}})
	if occurs(func(e *exchange) bool { return len(e.again) > 0 }) {
		entries = append(entries, entry{words: "R: sent again", mark: &mark{diamond, 5, amber}})
	}
	if occurs(func(e *exchange) bool { return len(e.lost) > 0 }) {
		entries = append(entries, entry{words: "lost", mark: &mark{cross, 6, lossColor}})
	}
	add("acknowledged", ackLine())
	if occurs(func(e *exchange) bool { return len(e.sacks) > 0 }) {
		add("SACK", draw.LineStyle{Color: sackColor, Width: 7, Dashes: []vg.Length{1.6, 4}})
	}
	if occurs(func(e *exchange) bool { return len(e.dsacks) > 0 }) {
		entries = append(entries, entry{words: "D: came twice", mark: &mark{square, 4, purple}})
	}
	if e := all[0]; occurs(func(e *exchange) bool { return len(e.window) > 0 }) {
		words := "window edge"
		if n := len(e.window); len(all) == 1 && n > 0 && e.window[n-1].Y > e.panelOf(0, e.end, true).high {
			words += ", far above"
		}
		add(words, windowLine())
	}
	return legend(c, entries)
}

// sackColor is light enough to be drawn upon.
var sackColor = color.NRGBA{0xcc, 0x92, 0xb4, 0xff}

func ackLine() draw.LineStyle { return draw.LineStyle{Color: green, Width: 2} }
func windowLine() draw.LineStyle {
	return draw.LineStyle{Color: black, Width: 1.6, Dashes: []vg.Length{7, 3}}
}
