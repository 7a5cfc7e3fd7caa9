package tcp

import "time"

// A sent is one segment on its way: sent, and not yet acknowledged cumulatively.
type sent struct {
	seq, end Seq
	at       time.Duration // its latest transmission
	resent   bool          // it was sent more than once
	fin      bool          // its last sequence number is the FIN
	sacked   bool          // the receiver has it (RFC 2018)
	lost     bool          // it is thought to be lost
	again    bool          // it was sent again since it was thought so
	why      sign          // of its loss

	// Its place in the timeline: its own slot in the ring, those of its neighbours, and the number of its latest transmission.
	slot, earlier, later int32
	order                uint32
}

// A sign is what made the sender think that a segment is lost.
type sign uint8

const (
	byACKs    sign = iota // duplicate ACKs or SACKs of what was sent behind it (RFC 5681, RFC 6675)
	byTime                // an ACK of something sent later, by RACK's clock (RFC 8985 section 6.2)
	byTimer               // RACK's reordering timer
	byTimeout             // the retransmission timer
	byRouter              // a router has said that it does not fit a link (RFC 1191)
)

// signs are the reasons that retransmissions carry.
var signs = [...]string{"fast retransmit", "rack", "reordering timer", "after timeout", "packet too big"}

func (s *sent) len() int { return int(s.end - s.seq) }

// due tells whether a segment is lost and has not been sent again.
func (s *sent) due() bool { return s.lost && !s.sacked && !s.again }

// A scoreboard is what the sender knows of the segments on their way, in the order of their sequence numbers (RFC 6675
// section 3). Sums are kept, so that the pipe costs nothing to ask for.
type scoreboard struct {
	ring    []sent // its length is zero or a power of two
	head, n int
	sacked  int     // bytes sacked
	marks   int     // segments sacked
	top     Seq     // the end of the highest segment sacked, where sacked is not 0
	lost    int     // bytes lost and not sacked
	again   int     // bytes sent again and not sacked
	losses  int     // how often a segment was marked lost
	judged  int     // the segments before this one have been judged lost or sacked for good
	next    int     // no segment before this one waits to be sent again
	known   []Block // what the last SACK said, so that an ACK costs only what is new in it
	time    timeline
	rates   *rates // of delivery; nil where nobody asks
}

func (b *scoreboard) at(i int) *sent { return &b.ring[(b.head+i)&(len(b.ring)-1)] }

// push adds a segment behind all others.
func (b *scoreboard) push(s sent) {
	if b.n == len(b.ring) {
		grown := make([]sent, max(32, 2*len(b.ring)))
		b.moveTo(grown)
	}
	i := (b.head + b.n) & (len(b.ring) - 1)
	b.n++
	p := &b.ring[i]
	*p = s
	p.slot = int32(i)
	if b.time.on {
		b.enlist(p)
	}
	if b.rates != nil {
		b.rates.push()
	}
}

// moveTo moves the segments to a larger ring.
func (b *scoreboard) moveTo(grown []sent) {
	moved := func(slot int32) int32 {
		if slot == none {
			return none
		}
		return int32(b.index(slot))
	}
	for i := range b.n {
		s := *b.at(i)
		s.slot, s.earlier, s.later = int32(i), moved(s.earlier), moved(s.later)
		grown[i] = s
	}
	t := &b.time
	t.first, t.last, t.edge = moved(t.first), moved(t.last), moved(t.edge)
	b.ring, b.head = grown, 0
}

// acked tells what a cumulative ACK took off the board.
type acked struct {
	bytes     int
	delivered int           // of them, bytes not sacked before
	ambiguous bool          // a segment among them was sent more than once (Karn)
	sentAt    time.Duration // when the earliest of them, sent once and not sacked before, was sent; -1 if there is none
}

// ack takes off everything before una. The ACK echoes a timestamp of no later than echoed; Never if it echoes none.
func (b *scoreboard) ack(una Seq, echoed time.Duration) acked {
	a := acked{sentAt: -1}
	for b.n > 0 {
		s := b.at(0)
		if una.LessEq(s.seq) {
			break
		}
		whole := s.end.LessEq(una)
		cut := int(una - s.seq)
		if whole {
			cut = s.len()
		}
		if whole && !s.sacked && b.time.on {
			b.arrived(s, echoed)
		}
		b.count(s, -cut)
		a.bytes += cut
		if !s.sacked {
			a.delivered += cut
			if b.rates != nil {
				b.rates.arrived(0, cut, s.resent)
			}
		}
		if s.resent {
			a.ambiguous = true
		} else if !s.sacked && a.sentAt < 0 {
			a.sentAt = s.at
		}
		if !whole {
			s.seq = una
			b.known = b.known[:0] // what is left of s may lie wholly in a block that s did not lie in
			break
		}
		if b.rates != nil {
			b.rates.pop()
		}
		if s.sacked {
			b.marks--
		}
		b.head = (b.head + 1) & (len(b.ring) - 1)
		b.n--
		b.judged = max(0, b.judged-1)
		b.next = max(0, b.next-1)
	}
	if b.sacked == 0 {
		b.known = b.known[:0]
	}
	return a
}

// count adds a segment's n bytes to the sums, or takes them away.
func (b *scoreboard) count(s *sent, n int) {
	switch {
	case s.sacked:
		b.sacked += n
	default:
		if s.lost {
			b.lost += n
		}
		if s.again {
			b.again += n
		}
	}
}

// search returns the first segment that ends behind seq.
func (b *scoreboard) search(seq Seq) int {
	lo, hi := 0, b.n
	for lo < hi {
		m := int(uint(lo+hi) / 2)
		if seq.Less(b.at(m).end) {
			hi = m
		} else {
			lo = m + 1
		}
	}
	return lo
}

// sack marks what the blocks say and returns how many bytes are new in it.
func (b *scoreboard) sack(blocks []Block) int {
	fresh := 0
	for _, k := range blocks {
		skip := Block{k.Left, k.Left} // the largest part of k that the last SACK has said in one block
		for _, old := range b.known {
			if part := old.meet(k); part.Left.Less(part.Right) && part.Right-part.Left > skip.Right-skip.Left {
				skip = part
			}
		}
		fresh += b.mark(k, k.Left, skip.Left) + b.mark(k, skip.Right, k.Right)
	}
	b.known = append(b.known[:0], blocks...)
	return fresh
}

// mark sets the segments sacked that lie wholly inside k, looking only at those that reach into from..to.
func (b *scoreboard) mark(k Block, from, to Seq) int {
	if !from.Less(to) {
		return 0
	}
	fresh := 0
	for i := b.search(from); i < b.n; i++ {
		s := b.at(i)
		if !s.seq.Less(to) {
			break
		}
		if s.sacked || s.seq.Less(k.Left) || k.Right.Less(s.end) {
			continue
		}
		if b.sacked == 0 || b.top.Less(s.end) {
			b.top = s.end
		}
		if b.time.on {
			b.arrived(s, Never)
		}
		b.count(s, -s.len())
		s.sacked = true
		b.marks++
		b.count(s, s.len())
		fresh += s.len()
		if b.rates != nil {
			b.rates.arrived(i, s.len(), s.resent)
		}
	}
	return fresh
}

// judge marks as lost what RFC 6675's IsLost says: segments above which three segments' worth have been sacked, by
// blocks (dupThresh of them apart) or by bytes (more than (dupThresh-1) * mss).
func (b *scoreboard) judge(mss int) {
	if b.sacked == 0 {
		return
	}
	bytes, runs, i := 0, 0, b.search(b.top)
	for i > b.judged && bytes <= (dupThresh-1)*mss && runs < dupThresh {
		i--
		if s := b.at(i); s.sacked {
			bytes += s.len()
			if i == 0 || !b.at(i-1).sacked {
				runs++
			}
		}
	}
	for ; b.judged < i; b.judged++ {
		if s := b.at(b.judged); !s.sacked && !s.lost {
			b.losses++
			b.count(s, -s.len())
			s.lost, s.why = true, byACKs // and not due, if it was sent again already as an unsacked hole (HighRxt)
			b.count(s, s.len())
			b.next = min(b.next, b.judged)
			if b.rates != nil {
				b.rates.gone(b.judged, s.len())
			}
		}
	}
}

// lose marks segment i as lost and due to be sent again.
func (b *scoreboard) lose(i int, why sign) {
	s := b.at(i)
	if s.sacked {
		return
	}
	if b.time.on && s.listed() {
		b.delist(s)
	}
	if !s.lost || s.again {
		b.losses++
		if b.rates != nil {
			b.rates.gone(i, s.len())
		}
	}
	b.count(s, -s.len())
	s.lost, s.again, s.why = true, false, why
	b.count(s, s.len())
	b.next = min(b.next, i)
}

// loseAll is what a timeout means: the first segment is lost, and what was last sent by the given instant and is not sacked.
// Where the receiver has taken back a SACK (the first segment is sacked, yet not acknowledged: RFC 2018 section 8), none of
// its SACKs count. Without that sign they are kept, as RFC 6675 section 5.1 has it; RFC 2018 section 5 would forget them at
// every timeout.
func (b *scoreboard) loseAll(sentBy time.Duration) {
	reneged := b.n > 0 && b.at(0).sacked
	for i := range b.n {
		s := b.at(i)
		gone := i == 0 || s.at <= sentBy
		if reneged && s.sacked {
			b.count(s, -s.len())
			s.sacked, s.lost, s.again = false, true, false
			b.count(s, s.len())
			gone = true
		}
		if gone {
			b.lose(i, byTimeout)
		}
	}
	if reneged {
		b.known = b.known[:0]
		b.marks = 0
	}
	b.judged = b.n
}

// due returns the first segment that is lost and has not been sent again, or nil.
func (b *scoreboard) due() *sent {
	for ; b.next < b.n; b.next++ {
		if s := b.at(b.next); s.due() {
			return s
		}
	}
	return nil
}

// hole returns the first segment below a sacked one that has neither been sacked nor sent again (RFC 6675's NextSeg,
// rule 3), or nil. It is asked where nothing is due: what has been judged lost was sent again then.
func (b *scoreboard) hole() *sent {
	for i := b.judged; b.sacked > 0 && i < b.n; i++ {
		s := b.at(i)
		if !s.seq.Less(b.top) {
			break
		}
		if !s.sacked && !s.again {
			return s
		}
	}
	return nil
}

// sentAgain books a retransmission.
func (b *scoreboard) sentAgain(s *sent, now time.Duration) {
	if b.time.on && s.listed() {
		b.delist(s)
	}
	b.count(s, -s.len())
	s.again, s.resent = true, true
	s.at = now
	b.count(s, s.len())
	if b.time.on {
		b.enlist(s)
	}
}
