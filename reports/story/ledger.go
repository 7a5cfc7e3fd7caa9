package story

import (
	"slices"
	"time"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// A sending is one packet as its host put it on the path, with what became of it and of the copies that the path made of it.
type sending struct {
	*trace.Packet
	number   int           // of data: which first transmission of its direction it is, from 1; 0 if it is none
	from, to int64         // the sequence numbers it takes, SYN being 0; they do not wrap
	ack      int64         // what it acknowledges; -1 if nothing
	taken    time.Duration // when the far host first took it or a copy, or trace.Never
	open     bool          // it or a copy was still on its way at the end
	copies   int           // that the path made
	takes    int           // how many of it and its copies the far host took
}

// lost tells whether the far host did not and will not get it.
func (s *sending) lost() bool { return s.taken == trace.Never && !s.open }

// A side is one direction of one connection, or the datagrams of one direction between two ports.
type side struct {
	protocol  netem.Protocol
	direction netem.Direction
	sendings  []sending
	peer      *side      // the other direction
	first     []int      // the first transmissions of data among sendings, in the order of their sequence numbers
	arrivals  []*sending // what the far host took, in the order in which it did
	high      int64      // behind the last number sent
	acked     int64      // the last it acknowledged
}

type sideKey struct {
	protocol       netem.Protocol
	direction      netem.Direction
	client, server uint16
}

// sort sorts a ledger into sides, in the order in which they begin.
func sort(t *trace.Trace) []*side {
	var sides []*side
	latest := map[sideKey]*side{} // looked up, never walked through
	numbers := [2]int{}
	open := func(k sideKey) *side {
		s := &side{protocol: k.protocol, direction: k.direction}
		sides, latest[k] = append(sides, s), s
		other := k
		other.direction = 1 - k.direction
		if p := latest[other]; p != nil && p.peer == nil {
			s.peer, p.peer = p, s
		}
		return s
	}
	originals := map[uint64]place{}
	copied := slices.ContainsFunc(t.Packets, func(p trace.Packet) bool { return p.Of != 0 })
	for i := range t.Packets {
		p := &t.Packets[i]
		if p.Header.Kind == netem.KindICMP { // nobody's payload; a router's message too
			continue
		}
		if p.Of != 0 {
			if o, ok := originals[p.Of]; ok {
				originals[p.ID] = o
				o.side.sendings[o.at].copies++
				o.side.sendings[o.at].end(p)
			}
			continue
		}
		if p.Header.Protocol != netem.TCP && p.Header.Protocol != netem.UDP {
			continue
		}
		k := keyOf(p)
		s := latest[k]
		if s == nil || s.protocol == netem.TCP && p.Header.Flags&netem.FlagSYN != 0 && s.high > 1 { // a new connection on old ports
			s = open(k)
		}
		g := s.read(p)
		if p.Header.Kind == netem.KindData && p.Header.Payload > 0 {
			numbers[p.Direction]++
			g.number = numbers[p.Direction]
			s.first = append(s.first, len(s.sendings))
		}
		g.end(p)
		if copied {
			originals[p.ID] = place{s, len(s.sendings)}
		}
		s.sendings = append(s.sendings, g)
	}
	for _, s := range sides {
		s.line()
	}
	return sides
}

// A place is where a packet stands.
type place struct {
	side *side
	at   int
}

func keyOf(p *trace.Packet) sideKey {
	k := sideKey{p.Header.Protocol, p.Direction, p.Header.SrcPort, p.Header.DstPort}
	if p.Direction == netem.Reverse {
		k.client, k.server = k.server, k.client
	}
	return k
}

// read returns the side's next packet.
func (s *side) read(p *trace.Packet) sending {
	g := sending{Packet: p, ack: -1, taken: trace.Never}
	if s.protocol != netem.TCP {
		return g
	}
	h := &p.Header
	g.from = s.high + int64(int32(h.Seq-uint32(s.high)))
	g.to = g.from + int64(h.Payload)
	if h.Flags&netem.FlagSYN != 0 {
		g.to++
	}
	if h.Flags&netem.FlagFIN != 0 {
		g.to++
	}
	if h.Kind != netem.KindRST {
		s.high = max(s.high, g.to)
	}
	if h.Flags&netem.FlagACK != 0 {
		g.ack = s.acked + int64(int32(h.Ack-uint32(s.acked)))
		s.acked = max(s.acked, g.ack)
	}
	return g
}

// end adds to s what became of p, which is itself or a copy of it.
func (s *sending) end(p *trace.Packet) {
	switch p.Fate {
	case trace.InFlight:
		s.open = true
	case trace.Arrived:
		s.takes++
		if s.taken == trace.Never || p.Arrived < s.taken {
			s.taken = p.Arrived
		}
	}
}

// line puts the arrivals in line.
func (s *side) line() {
	for i := range s.sendings {
		if g := &s.sendings[i]; g.taken != trace.Never {
			s.arrivals = append(s.arrivals, g)
		}
	}
	slices.SortStableFunc(s.arrivals, func(a, b *sending) int { return int(min(1, max(-1, a.taken-b.taken))) })
}

// arrived returns what the far host took after one instant and until another, in the order in which it did.
func (s *side) arrived(after, until time.Duration) []*sending {
	at := func(t time.Duration) int {
		n, _ := slices.BinarySearchFunc(s.arrivals, t, func(g *sending, t time.Duration) int {
			if g.taken <= t {
				return -1
			}
			return 1
		})
		return n
	}
	i, j := at(after), at(until)
	return s.arrivals[i:max(i, j)]
}

// segments returns the numbers of the first and the last segment that lie between two sequence numbers; 0, 0 if none does.
func (s *side) segments(from, to int64) (first, last int) {
	begin := func(seq int64) int {
		n, _ := slices.BinarySearchFunc(s.first, seq, func(i int, seq int64) int {
			if s.sendings[i].from < seq {
				return -1
			}
			return 1
		})
		return n
	}
	i, j := begin(from), begin(to)
	if i >= j {
		return 0, 0
	}
	return s.sendings[s.first[i]].number, s.sendings[s.first[j-1]].number
}
