package tcp

import "time"

// Path MTU discovery (RFC 1191, RFC 8201): TCP's packets may not be fragmented, so a router that cannot pass one on throws it away
// and says which MTU would do. What is on its way and too long is cut and sent again at once. cwnd stays as it is, in segments, for
// nothing says that the path is congested (RFC 5681 section 3.1: less by the ratio of the segments' sizes; Linux counts segments);
// and all of it is used at once, where RFC 1191 section 6.5 would begin with one. Where routers keep silent, or their words are lost, nothing helps (a
// black hole): RFC 4821's probing, which Linux has behind net.ipv4.tcp_mtu_probing and leaves off, is not here.

// TooBig takes a router's word about the segment that begins at seq: of what it sends on, TCP's options and text take at most
// room bytes. It is believed if that segment is on its way (RFC 5927 section 4.1).
func (c *Conn) TooBig(now time.Duration, seq Seq, room int) {
	c.now = now
	if c.timestamps {
		room -= 12
	}
	if room = max(room, 8); c.state < Established || room >= c.mss || seq.Less(c.una) || !seq.Less(c.nxt) {
		return
	}
	c.w.Cwnd = c.w.Cwnd * room / c.mss
	c.mss, c.w.MSS = room, room
	c.board.cut(room)
	if c.board.lost == 0 {
		c.report("packet too big")
		return
	}
	c.prior.armed = false
	c.frto, c.credit = 0, 0
	c.tlp.flying, c.probeAt, c.reorderAt = false, Never, Never
	if c.w.Phase == Open {
		c.w.Phase = Loss
		c.point = c.nxt
	}
	c.event = "packet too big"
	c.transmit()
	c.report("packet too big")
}

// cut makes segments of at most mss bytes of those that are longer and have not been sacked; they are lost.
func (b *scoreboard) cut(mss int) {
	var all []sent
	var stamps []stamp
	for i := range b.n {
		if s := b.at(i); !s.sacked && s.text() > mss {
			b.lose(i, byRouter)
		}
		rest := *b.at(i)
		for !rest.sacked && rest.text() > mss {
			piece := rest
			piece.end, piece.fin = rest.seq+Seq(mss), false
			rest.seq = piece.end
			all = append(all, piece)
		}
		all = append(all, rest)
		for b.rates != nil && len(stamps) < len(all) {
			stamps = append(stamps, *b.rates.at(i))
		}
	}
	size := max(32, len(b.ring))
	for size < len(all) {
		size *= 2
	}
	b.ring, b.head, b.n = make([]sent, size), 0, len(all)
	for i := range all {
		all[i].slot = int32(i)
	}
	copy(b.ring, all)
	if b.rates != nil {
		b.rates.ring, b.rates.head, b.rates.n = make([]stamp, size), 0, len(all)
		copy(b.rates.ring, stamps)
	}
	b.judged, b.next = 0, 0
	if b.time.on {
		b.relist()
	}
}

// text is the bytes of a segment without its FIN.
func (s *sent) text() int {
	if s.fin {
		return s.len() - 1
	}
	return s.len()
}
