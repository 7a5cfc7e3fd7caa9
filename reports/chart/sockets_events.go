package chart

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"time"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// A dialogue is what programs said to their sockets and what that put on the wire, in the order in which it happened. Calls that
// are the same one after the other, and packets that leave together, are told as one.
//
//	trace ▸ calls, packets ▸ joined ▸ events in order ▸ rows of the chart, lines of the text
type dialogue struct {
	trial   Trial
	calls   []socketCall
	packets []socketPacket
	events  []socketEvent
	pause   time.Duration // what is longer than that without an event is worth saying
	join    joining
}

// joining says which calls or packets are told as one: each begins soon after the last, and all within a round trip, so that none of
// them answers what the first has caused.
type joining struct{ near, within time.Duration }

// A socketCall is a call, or so many of the same.
type socketCall struct {
	*trace.Call       // the first
	n           int   // how many
	bytes       int64 // what send and recv returned together
	left        bool  // the host stands at the left
	end         time.Duration
	varied      bool // their arguments differ
	stream      bool // the trial's sockets are streams
}

// A socketPacket is a packet, or so many that left together and all arrived.
type socketPacket struct {
	*trace.Packet // the first
	n             int
	role          role
	ending        ending
	text          string
	last          numbered      // of the last
	left          time.Duration // the last
}

// A socketEvent is the begin or the return of a call, or both where it did not wait; or that a packet leaves or arrives.
type socketEvent struct {
	at     time.Duration
	left   bool // at which host
	call   *socketCall
	packet *socketPacket
	begins bool // of a call
	ends   bool // of a call; of a packet: it arrives
	order  [3]int
}

// newDialogue puts a trial's calls and packets in order; with whole, nothing is joined.
func newDialogue(t Trial, whole bool) *dialogue {
	s := surveyOf(t.Trace)
	d := &dialogue{trial: t, pause: time.Second}
	if s.total > 0 {
		d.pause = 4 * s.rtt()
	}
	d.join = joining{d.pause / 16, d.pause / 4}
	if s.total == 0 || s.least[netem.Forward] == 0 || s.least[netem.Reverse] == 0 { // nobody answers
		d.join.within = math.MaxInt64
	}
	if whole {
		d.join = joining{-1, -1}
	}
	d.takeCalls()
	d.takePackets()
	d.order()
	return d
}

// takeCalls reads the calls of both hosts, in the order in which they began.
func (d *dialogue) takeCalls() {
	t := d.trial.Trace
	order := make([]int, len(t.Calls))
	for i := range order {
		order[i] = i
	}
	until := func(c *trace.Call) time.Duration {
		if c.Return == trace.Never {
			return t.End + 1
		}
		return c.Return
	}
	sort.SliceStable(order, func(i, j int) bool {
		a, b := &t.Calls[order[i]], &t.Calls[order[j]]
		if a.Begin != b.Begin {
			return a.Begin < b.Begin
		}
		return until(a) < until(b)
	})
	last := map[string]int{} // by host: its last call's place from 1; looked up, never walked through
	for _, i := range order {
		c := &t.Calls[i]
		if k := last[c.Host]; k > 0 && d.calls[k-1].takes(c, d.join) {
			continue
		}
		d.calls = append(d.calls, socketCall{Call: c, n: 1, left: c.Host == t.Client.Name, stream: t.Protocol == "tcp", end: c.Return, bytes: max(0, int64(c.Result))})
		last[c.Host] = len(d.calls)
	}
}

// takes joins a later call to the one before it on its host, if it is the same one again, comes soon and does not wait long.
func (s *socketCall) takes(c *trace.Call, join joining) bool {
	if s.Name != c.Name || s.Socket != c.Socket || s.Name != "send" && s.Name != "recv" && s.Name != "poll" {
		return false
	}
	if s.Result <= 0 || c.Result <= 0 || s.end == trace.Never || c.Return == trace.Never || c.Begin-s.end > join.near || c.Return-c.Begin > join.near || c.Return-s.Return >= join.within {
		return false
	}
	later := socketCall{Call: c, n: 1}
	mine, _ := s.args()
	its, _ := later.args()
	s.varied = s.varied || mine != its
	s.n++
	s.end = c.Return
	s.bytes += int64(c.Result)
	return true
}

// takePackets reads the packets in the order of the ledger.
func (d *dialogue) takePackets() {
	t := d.trial.Trace
	n := newNumberer()
	last := [2]int{-1, -1} // by direction: the last packet's place
	for i := range t.Packets {
		p := &t.Packets[i]
		if !belongs(t, p) {
			continue
		}
		r := n.read(p)
		s := socketPacket{Packet: p, n: 1, role: roleOf(p, r), last: r, left: p.Sent}
		switch {
		case p.Fate == trace.Lost:
			s.ending = endCross
		case p.Fate == trace.Discarded:
			s.ending = endBar
		case p.Arrived < 0:
			s.ending = endOpen
		}
		if k := last[p.Direction]; k >= 0 && d.packets[k].takes(&s, d.join) {
			continue
		}
		s.text = r.sayings(p, s.role)[0]
		if bad := misfortune(p); bad != nil {
			s.text += ", " + bad[0]
		}
		last[p.Direction] = len(d.packets)
		d.packets = append(d.packets, s)
	}
}

// takes joins a packet to the one before it in its direction, if both are data, or both ACKs, that went together and arrived.
func (s *socketPacket) takes(p *socketPacket, join joining) bool {
	if p.Header.Flags&netem.FlagFIN != 0 || s.role != p.role || s.role != roleData && s.role != roleACK || s.ending != endHead || p.ending != endHead || p.Sent-s.left > join.near || p.Sent-s.Sent >= join.within {
		return false
	}
	first := numbered{seq: s.last.seq, datagram: s.last.datagram}
	if s.n > 1 {
		first.seq, first.datagram = s.firstSeq(), s.last.datagram-s.n+1
	}
	s.n++
	s.left, s.last = p.Sent, p.last
	times := strconv.Itoa(s.n) + " × "
	switch {
	case s.role == roleACK:
		s.text = times + "ACK, up to " + strconv.FormatInt(p.last.ack, 10)
	case p.last.datagram > 0:
		s.text = fmt.Sprintf("%sdatagram, %d to %d", times, first.datagram, p.last.datagram)
	default:
		s.text = fmt.Sprintf("%sDATA %d:%d", times, first.seq, p.last.end)
	}
	return true
}

// firstSeq is the number of the first byte of data that was joined.
func (s *socketPacket) firstSeq() int64 {
	return s.last.seq - int64(int32(uint32(s.last.seq)-s.Header.Seq))
}

// order puts everything in the order in which it happened. At one instant: what arrives, what answers it by itself, the calls that
// return for it, the calls that are made then, each with the packets that it puts on the wire.
func (d *dialogue) order() {
	for i := range d.calls {
		c := &d.calls[i]
		e := socketEvent{at: c.Begin, left: c.left, call: c, begins: true, ends: !c.waited(), order: [3]int{3, i}}
		d.events = append(d.events, e)
		if !e.ends && c.end != trace.Never {
			d.events = append(d.events, socketEvent{at: c.end, left: c.left, call: c, ends: true, order: [3]int{2, i}})
		}
	}
	for i := range d.packets {
		p := &d.packets[i]
		left := p.Direction == netem.Forward
		e := socketEvent{at: p.Sent, left: left, packet: p, begins: true, order: [3]int{1, i}}
		if k := d.causeOf(p, left); k >= 0 {
			e.order = [3]int{3, k, 1 + i}
		}
		d.events = append(d.events, e)
		if p.Arrived >= 0 {
			d.events = append(d.events, socketEvent{at: p.Arrived, left: !left, packet: p, ends: true, order: [3]int{0, i}})
		}
	}
	slices.SortStableFunc(d.events, func(a, b socketEvent) int {
		if a.at != b.at {
			return int(min(max(a.at-b.at, -1), 1))
		}
		return slices.Compare(a.order[:], b.order[:])
	})
}

// causes are the calls that put a kind of packet on the wire at once.
var causes = map[netem.Kind][]string{
	netem.KindSYN: {"connect"}, netem.KindData: {"send"}, netem.KindRetransmission: {"send"},
	netem.KindFIN: {"shutdown", "close"}, netem.KindRST: {"close"}, netem.KindACK: {"recv"},
}

// causeOf is the place of the call that put a packet on the wire: one of its kind that was made at its host at this very instant;
// -1 where there is none.
func (d *dialogue) causeOf(p *socketPacket, left bool) int {
	i := sort.Search(len(d.calls), func(i int) bool { return d.calls[i].Begin >= p.Sent })
	for ; i < len(d.calls) && d.calls[i].Begin == p.Sent; i++ {
		if c := &d.calls[i]; c.left == left && slices.Contains(causes[p.Header.Kind], c.Name) && (c.Name != "recv" || !c.waited()) {
			return i
		}
	}
	return -1
}
