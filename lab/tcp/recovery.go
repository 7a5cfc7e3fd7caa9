package tcp

// Loss recovery: what an ACK means for the data on its way. What is lost is found by RFC 8985 (rack.go) or RFC 6675 with SACK,
// by RFC 6582 (NewReno) without. All three count what is in the network (the pipe) against cwnd, so cwnd itself is not
// inflated: without SACK each duplicate ACK takes one segment off the pipe, which allows the same segments as RFC 6582's
// inflation does. Limited transmit (RFC 3042) follows from the same counting. With SACK prr.go rules cwnd in a recovery;
// undo.go and frto.go take back what was reduced for nothing.

// pipe is what is thought to be in the network, in bytes (RFC 6675 section 4, SetPipe).
func (c *Conn) pipe() int {
	p := int(c.nxt-c.una) - c.board.sacked - c.board.lost + c.board.again
	if !c.selective {
		p -= c.credit * c.mss
	}
	return max(0, p)
}

// progress takes an ACK for new data through the phases. It returns whether the retransmission timer starts anew.
func (c *Conn) progress(a Ack) bool {
	if c.late && c.spurious() || c.w.Phase == Loss && c.advanceFRTO() {
		c.undo()
	}
	c.judge()
	switch {
	case c.w.Phase == Recovery && c.una.Less(c.point):
		c.event = "partial ack"
		if c.selective {
			return true
		}
		// RFC 6582 section 3.2 step 3, partial ACK: the next hole. Of the segments that duplicate ACKs have counted
		// out, those acknowledged now are off the board anyway.
		c.credit = max(0, c.credit-(a.Bytes+c.mss-1)/c.mss+1)
		if c.board.n > 0 {
			c.board.lose(0, byACKs)
			c.resend(c.board.at(0), "partial ack")
		}
		first := !c.patient
		c.patient = true
		return first
	case c.w.Phase == Recovery:
		c.leave()
		if c.board.lost > 0 { // what was sent since is lost, too: the next recovery (section 5 (A) keeps the scoreboard)
			c.enter()
		}
		return true
	}
	c.credit = 0
	a.Limited = !a.Echo && c.full()
	c.control.Ack(&c.w, a)
	if c.w.Phase == Loss && !c.una.Less(c.point) {
		c.w.Phase = Open
		c.recovered()
		c.event = "recovered"
	}
	if c.selective && c.w.Phase == Open && c.board.lost > 0 {
		c.enter()
	}
	return true
}

// spurious tells what an ACK of a late original means. It ends the phase where nothing else that was sent again is on its
// way: then every retransmission was for nothing.
func (c *Conn) spurious() bool {
	return c.w.Phase == Loss || !c.una.Less(c.point) || c.board.again == 0
}

// judge finds out what is lost, with SACK. RACK tells after a timeout, too, what was sent since and is lost.
func (c *Conn) judge() {
	switch {
	case c.board.time.on:
		c.board.settle()
		c.detect(byTime)
	case c.selective:
		c.board.judge(c.mss)
	}
}

// gotDuplicate takes a duplicate ACK.
func (c *Conn) gotDuplicate() {
	if c.selective {
		if c.w.Phase != Loss || c.board.time.on {
			c.judge()
		}
	} else if c.w.Phase != Loss && (c.credit+1)*c.mss < int(c.nxt-c.una) { // no more can have left than are on their way, less the lost one
		c.credit++
	}
	if c.w.Phase == Loss && c.duplicateFRTO(true) {
		c.undo()
	}
	if c.w.Phase != Open {
		return
	}
	if c.dup >= dupThresh && c.beyond() || c.board.lost > 0 {
		c.enter()
		return
	}
	c.credit = min(c.credit, dupThresh-1) // limited transmit is two segments (RFC 3042 section 2)
}

// beyond tells whether a new recovery may begin: duplicate ACKs for what was on its way in the last one, or at the last
// timeout, mean nothing new (RFC 6675 section 5.1; RFC 6582 section 3.2 step 1 wants one byte more). RACK does not count.
func (c *Conn) beyond() bool {
	switch {
	case c.board.time.on:
		return false
	case c.selective:
		return c.point.LessEq(c.una)
	}
	return c.point.Less(c.una)
}

// enter begins fast recovery (RFC 6675 section 5 step 4, RFC 6582 section 3.2 step 2). One segment goes again, whatever cwnd
// says.
func (c *Conn) enter() {
	c.remember(true)
	c.w.Flight = int(c.nxt - c.una)
	if c.prior.kept = c.ecn.reduced; !c.prior.kept {
		c.w.Ssthresh = c.control.Loss(&c.w, c.now)
	}
	if c.model == nil {
		c.w.Cwnd = c.w.Ssthresh
	}
	c.w.grown = 0
	c.w.Phase = Recovery
	c.point = c.nxt
	c.patient = false
	c.tlp.flying, c.probeAt = false, Never
	c.rescue = c.board.at(0).end
	if !c.board.time.on && !c.board.at(0).again {
		c.board.lose(0, byACKs)
	}
	if c.proportional && c.model == nil {
		c.startReduction()
	} else if s := c.board.due(); s != nil {
		c.resend(s, signs[s.why])
	}
	c.startRTO()
	c.event = "fast retransmit"
}

// leave ends fast recovery: all that was on its way when it began is acknowledged.
func (c *Conn) leave() {
	c.w.Phase = Open
	if c.model == nil {
		c.w.Cwnd = c.w.Ssthresh
	}
	c.recovered()
	if c.model == nil && !c.selective {
		// RFC 6582 section 3.2 step 3, full ACK, option 1: no burst where little is in flight.
		c.w.Cwnd = min(c.w.Ssthresh, max(int(c.nxt-c.una), c.mss)+c.mss)
	}
	c.credit = 0
	c.event = "recovered"
}

// expired is what the retransmission timer means for the window (RFC 5681 section 3.1 equation 4 and after; RFC 6675
// section 5.1; RFC 6582 section 4): all is lost that is not sacked, and slow start begins with one segment. Further
// timeouts of the same segment do not lower the threshold again; nor, as in Linux, does one that ends a fast recovery,
// where RFC 5681 would halve once more for the same congestion.
func (c *Conn) expired() {
	c.w.Flight = int(c.nxt - c.una)
	c.startFRTO(c.w.Phase == Open)
	if c.retries == 1 && c.w.Phase != Recovery {
		c.remember(false)
		c.w.Ssthresh = c.control.Timeout(&c.w, c.now)
	}
	c.w.Cwnd = c.mss
	c.w.grown = 0
	c.w.Phase = Loss
	c.point = c.nxt
	c.dup, c.credit = 0, 0
	c.tlp.flying, c.probeAt, c.reorderAt = false, Never, Never
	lost := Never // all
	if c.board.time.on {
		lost = c.now - c.board.time.rtt - c.reorderingWindow() // RFC 8985 section 6.3
	}
	c.board.loseAll(lost)
	c.event = "timeout"
	c.resend(c.board.at(0), "timeout")
}

// lastResort returns a segment to send again though it is not known to be lost, where nothing else may go (RFC 6675
// section 4, NextSeg rules 3 and 4), and the reason; nil if there is none.
func (c *Conn) lastResort() (*sent, string) {
	if c.w.Phase != Recovery || !c.selective || c.board.time.on {
		return nil, ""
	}
	if s := c.board.hole(); s != nil {
		return s, "unsacked hole"
	}
	if !c.rescue.Less(c.una) {
		return nil, ""
	}
	// Rule 4 means the highest segment that is not sacked. If that is not the last one, rule 3 has sent it again.
	if last := c.board.n - 1; last >= 0 && !c.board.at(last).sacked && !c.board.at(last).again {
		c.rescue = c.point
		return c.board.at(last), "rescue"
	}
	return nil, ""
}
