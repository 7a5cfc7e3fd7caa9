package metrics

import (
	"iter"
	"slices"
	"sort"
	"time"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// A sending is one packet as its host put it on the path, with what became of it and of all copies the path made of it.
type sending struct {
	row     int32         // its row in the ledger
	payload int32         // bytes behind the transport header; of a session's packets all bytes, since all count
	number  int32         // which of the first transmissions of data it is, from 1; 0 if it is none
	open    bool          // it, or a copy of it, was still on its way when the trial ended
	intact  int32         // how many of it and its copies came out of the path unharmed
	place   int32         // which arrival of its direction the first of those was, from 1; 0 if there was none
	sent    time.Duration // when it was put on the path
	arrived time.Duration // when the first unharmed one came out of the path, or Never
	taken   time.Duration // when the far host first took one, harmed unseen or not, or Never
}

// lost reports whether the packet is lost (RFC 7680): nothing unharmed of it came out of the path, and nothing will.
func (s *sending) lost() bool { return s.intact == 0 && !s.open }

// A wire is the flow's packets in the direction of its data.
type wire struct {
	packets []trace.Packet
	all     []sending // of the flow's protocol, with or without payload, in the order of sending
	out     int64     // packets with payload that came out of the path, copies counted
	harmed  int64     // those of them that were damaged
}

// look reads the ledger.
func look(t *trace.Trace) *wire {
	w := &wire{packets: t.Packets}
	protocol := netem.UDP
	if t.Protocol == "tcp" {
		protocol = netem.TCP
	}
	session := t.Protocol == trace.Any
	ours := func(p *trace.Packet) bool {
		return p.Direction == t.Data && (session || p.Header.Protocol == protocol)
	}
	n := 0
	for i := range t.Packets {
		if p := &t.Packets[i]; p.Of == 0 && ours(p) {
			n++
		}
	}
	w.all = make([]sending, 0, n)
	var fresh int32
	var byID func(uint64) int
	for i := range t.Packets {
		p := &t.Packets[i]
		if !ours(p) {
			continue
		}
		if p.Of == 0 {
			s := sending{row: int32(i), payload: int32(p.Header.Payload), sent: p.Sent, arrived: trace.Never, taken: trace.Never}
			first := p.Header.Kind == netem.KindData
			if session {
				s.payload, first = p.Length, p.Header.Kind != netem.KindRetransmission
			}
			if s.payload > 0 && first {
				fresh++
				s.number = fresh
			}
			w.note(&s, p)
			w.all = append(w.all, s)
			continue
		}
		if byID == nil {
			byID = rowsByID(t.Packets)
		}
		if s := w.original(p, byID); s != nil {
			w.note(s, p)
		}
	}
	return w
}

// note adds to s the fate of p, which is its own row in the ledger or that of a copy.
func (w *wire) note(s *sending, p *trace.Packet) {
	switch p.Fate {
	case trace.InFlight:
		s.open = true
		return
	case trace.Lost:
		return
	case trace.Arrived:
		if s.taken == trace.Never || p.Arrived < s.taken {
			s.taken = p.Arrived
		}
	}
	if s.payload > 0 {
		w.out++
	}
	if p.Harm != "" {
		if s.payload > 0 {
			w.harmed++
		}
		return
	}
	s.intact++
	if place := p.Place; s.place == 0 || place < s.place {
		s.place, s.arrived = place, p.Arrived
	}
}

// original returns the sending that p is a copy of, or a copy's copy; nil if the ledger does not have it.
func (w *wire) original(p *trace.Packet, byID func(uint64) int) *sending {
	row := -1
	for p.Of != 0 && p.Of < p.ID { // a copy is younger than what it copies
		if row = byID(p.Of); row < 0 {
			return nil
		}
		p = &w.packets[row]
	}
	k, found := sort.Find(len(w.all), func(k int) int { return row - int(w.all[k].row) })
	if !found {
		return nil
	}
	return &w.all[k]
}

// rowsByID returns the function that finds a packet's row by its ID, -1 if there is none. Ledgers are in the order of
// the IDs, save where a host holds back a packet it has made.
func rowsByID(packets []trace.Packet) func(uint64) int {
	find := func(id uint64, row func(int) int) int {
		k, found := sort.Find(len(packets), func(k int) int {
			switch other := packets[row(k)].ID; {
			case id < other:
				return -1
			case id > other:
				return 1
			}
			return 0
		})
		if !found {
			return -1
		}
		return row(k)
	}
	same := func(k int) int { return k }
	for i := 1; i < len(packets); i++ {
		if packets[i].ID < packets[i-1].ID {
			rows := make([]int, len(packets))
			for k := range rows {
				rows[k] = k
			}
			slices.SortFunc(rows, func(a, b int) int {
				if packets[a].ID < packets[b].ID {
					return -1
				}
				return 1
			})
			same = func(k int) int { return rows[k] }
			break
		}
	}
	return func(id uint64) int { return find(id, same) }
}

// data yields the packets that carry payload, in the order of sending.
func (w *wire) data() iter.Seq[*sending] {
	return func(yield func(*sending) bool) {
		for i := range w.all {
			if s := &w.all[i]; s.payload > 0 && !yield(s) {
				return
			}
		}
	}
}

// arrivals returns those of the packets with payload that arrived unharmed, in the order of their first arrival.
func (w *wire) arrivals() []*sending {
	at := make([]int32, len(w.packets)+1) // by place: the packet's index in all, from 1
	n := 0
	for i := range w.all {
		if s := &w.all[i]; s.payload > 0 && s.place > 0 && int(s.place) < len(at) {
			at[s.place] = int32(i) + 1
			n++
		}
	}
	order := make([]*sending, 0, n)
	for _, i := range at {
		if i > 0 {
			order = append(order, &w.all[i-1])
		}
	}
	return order
}
