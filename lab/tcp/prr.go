package tcp

// A reduction is a proportional rate reduction (RFC 9937): through a fast recovery cwnd comes down to ssthresh with what is
// delivered, instead of at once. So each ACK lets out its share, where RFC 6675 would be silent for half a round trip and
// then send a segment an ACK.
type reduction struct {
	flight    int  // RecoverFS: what was on its way when the recovery began, and can still be delivered in it
	delivered int  // prr_delivered: bytes delivered since
	out       int  // prr_out: bytes sent since
	begun     bool // the first ACK has come through reduce
	losses    int  // of the scoreboard, at the last ACK
}

// startReduction begins with the first segment to be sent again (section 6: "force a fast retransmit").
func (c *Conn) startReduction() {
	c.prr = reduction{flight: int(c.nxt-c.una) - c.board.sacked, losses: c.board.losses}
	c.w.Cwnd = c.pipe() + c.mss
}

// reduce takes an ACK in fast recovery, the one that has begun it included, which says that got bytes more have been
// delivered, and moves cwnd so that as much goes out as RFC 9937 section 6 allows. The share of an ACK is rounded up to
// whole segments, as in Linux, which counts in them.
func (c *Conn) reduce(got int, advanced bool) {
	p := &c.prr
	safe := advanced && c.board.losses == p.losses
	p.losses = c.board.losses
	if got == 0 {
		return
	}
	if !p.begun {
		p.begun = true
		p.flight += got
	}
	p.delivered += got
	pipe, n := c.pipe(), 0
	if pipe > c.w.Ssthresh {
		share := int((int64(p.delivered)*int64(c.w.Ssthresh) + int64(p.flight) - 1) / int64(p.flight))
		n = max(0, (share+c.mss-1)/c.mss*c.mss-p.out)
	} else {
		// More was lost than the reduction asks for: the conservative reduction bound, a segment out for one delivered;
		// while all goes well the slow start reduction bound, one more for each ACK.
		n = max(p.delivered-p.out, got)
		if safe {
			n += c.mss
		}
		n = min(n, c.w.Ssthresh-pipe)
	}
	if p.out == 0 {
		n = max(n, c.mss)
	}
	c.w.Cwnd = max(pipe+n, c.mss)
}
