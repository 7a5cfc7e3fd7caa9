package netem

// Entry is where packets enter a path: it reads each packet's header, tells new data from retransmissions, and gives
// each packet its number and its dice. It must be the first stage of a direction, and stand there once.
//
// Pairing: packets are counted by class, so that the k-th new data packet of a direction meets the same draws whatever
// else travels there. The classes are first transmissions of data, retransmissions, and everything else. Where it is told whose
// a packet is, it counts each flow's packets too, for Access.
type Entry struct {
	Flow func(*Packet) int // whose a packet is, from 1, by its Header; 0: no flow's. nil: nobody asks
}

// A Class of packets is counted, and throws dice, by itself.
type Class uint8

// The classes of packets. A stage that keeps a chain of states from packet to packet (Burst) keeps one for each class,
// so that retransmissions and ACKs do not shift what happens to the data.
const (
	ClassData           Class = iota // first transmission of data
	ClassRetransmission              // data sent again
	ClassOther                       // SYN, ACK, FIN, RST, ICMP …
	Classes                          // how many there are
)

// Class returns the packet's class.
func (h *Header) Class() Class {
	switch h.Kind {
	case KindData:
		return ClassData
	case KindRetransmission:
		return ClassRetransmission
	}
	return ClassOther
}

// Attach implements Stage.
func (e Entry) Attach(_ Env, next Port) Port {
	var count [Classes]uint64
	var own [][Classes]uint64 // by flow
	sent, numbered := sequences{of: map[flowKey]*sequence{}}, sequences{of: map[flowKey]*sequence{}}
	return func(p *Packet) {
		h := &p.Header
		*h = Header{}
		h.read(p.Data)
		if h.Protocol == TCP && h.Kind != KindOther && !h.Fragment {
			sent.note(h, p.Data)
		} else if h.Numbered() {
			numbered.noteNumbered(p)
		}
		c := h.Class()
		count[c]++
		p.Number = count[c]
		p.Dice = dice(c, count[c])
		if e.Flow != nil {
			if p.Flow = e.Flow(p); p.Flow > 0 {
				for len(own) < p.Flow {
					own = append(own, [Classes]uint64{})
				}
				n := &own[p.Flow-1][c]
				*n++
				p.own = place{*n, dice(c, *n)}
			}
		}
		next(p)
	}
}

// sequences knows how far each TCP flow of this direction has sent.
type sequences struct {
	of   map[flowKey]*sequence
	key  flowKey   // the flow seen last,
	last *sequence // and what is known of it: most packets follow one of their own flow
}

type flowKey struct {
	flow     uint64
	src, dst uint16
}

type sequence struct {
	first uint32 // the sequence number of the SYN
	high  uint32 // behind the highest sent so far
	syn   bool   // first is known
}

// note makes a data segment that begins below what its flow has sent before a retransmission. Comparisons are modulo
// 2^32 (RFC 9293 section 3.4). A SYN with another sequence number is a new connection on the same ports; the same SYN
// again is not. An RST says nothing: it carries whatever number its receiver will believe.
func (s *sequences) note(h *Header, b []byte) {
	if h.Kind == KindRST {
		return
	}
	end := h.Seq + uint32(h.Payload)
	if h.Flags&FlagSYN != 0 {
		end++
	}
	if h.Flags&FlagFIN != 0 {
		end++
	}
	if end == h.Seq {
		return // a bare ACK takes no sequence space
	}
	q, known := s.flow(h, b)
	switch {
	case h.Flags&FlagSYN != 0 && !(q.syn && q.first == h.Seq):
		*q = sequence{first: h.Seq, high: end, syn: true}
		return
	case !known:
		q.high = end
		return
	}
	if h.Kind == KindData && int32(h.Seq-q.high) < 0 {
		h.Kind = KindRetransmission
	}
	if int32(end-q.high) > 0 {
		q.high = end
	}
}

// flow returns what is known of the packet's flow, and whether it was known before.
func (s *sequences) flow(h *Header, b []byte) (q *sequence, known bool) {
	k := flowKey{h.flow(b), h.SrcPort, h.DstPort}
	if s.last != nil && s.key == k {
		return s.last, true
	}
	q, known = s.of[k]
	if !known {
		q = new(sequence)
		s.of[k] = q
	}
	s.key, s.last = k, q
	return q, known
}
