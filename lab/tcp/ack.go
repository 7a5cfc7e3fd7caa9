package tcp

import "time"

// ack takes the acknowledgment, the window and the SACK blocks of a segment (RFC 9293 section 3.10.7.4 fifth). It
// returns false where the segment must not be looked at any further.
func (c *Conn) ack(s *Segment) bool {
	if !c.acks(s) {
		c.answer(s, "unacceptable ACK")
		return false
	}
	c.stamp(s)
	c.heardAt, c.questions = c.now, 0
	if s.Ack.Less(c.una) {
		return true // an old ACK; its text may still be new
	}
	if c.window == 0 || c.usable() < 0 {
		c.retries = 0 // a peer that answers may keep its window shut for ever (section 3.8.6, SHLD-17 and MUST-37)
	}
	window := int(s.Window) << c.sendScale
	sameWindow := window == c.window
	if c.wl1.Less(s.Seq) || c.wl1 == s.Seq && c.wl2.LessEq(s.Ack) {
		c.window, c.wl1, c.wl2 = window, s.Seq, s.Ack
		c.maxWindow = max(c.maxWindow, window)
		if window > 0 && c.persistAt != Never {
			c.persistAt, c.shutAt, c.backoff, c.retries = Never, Never, 0, 0
		}
	}
	c.w.Flight = int(c.nxt - c.una)
	c.checkIdle()
	if c.board.time.on {
		c.board.time.begin(c.now)
	}
	if c.board.rates != nil {
		c.board.rates.begin(c.now)
	}
	fresh, dsack := 0, Block{}
	if s.Options.Blocks > 0 && c.selective {
		dsack = c.takeDSACK(s)
		fresh = c.takeSACK(s)
	}
	if c.tlp.flying {
		c.probeAnswered(s, dsack, fresh > 0 || c.una.Less(s.Ack) || !sameWindow)
	}
	advanced := c.una.Less(s.Ack)
	delivered, rtt := fresh, time.Duration(0)
	switch {
	case advanced:
		var more int
		more, rtt = c.advance(s)
		delivered += more
		if fresh > 0 && c.w.Phase == Open {
			c.dup = 1 // it is both (RFC 6675 section 5)
		}
	case c.duplicate(s, fresh, sameWindow):
		c.dup++
		c.gotDuplicate()
	case c.frto == frtoProbe && s.Len() == 0:
		c.duplicateFRTO(false)
	}
	if c.w.Phase == Recovery && c.proportional && c.model == nil {
		c.reduce(delivered, advanced)
	}
	if c.sampler != nil {
		c.sample(s, delivered, rtt)
	}
	if c.ecn.on {
		c.takeEcho(s)
	}
	return true
}

// acks tells whether the ACK of a segment is of what is on its way, or no older than the largest window (RFC 5961 section 5).
// Nothing of a segment that fails is taken, not even its timestamp: a false one would make all that the peer sends old.
func (c *Conn) acks(s *Segment) bool {
	return s.Ack.LessEq(c.nxt) && (c.una - Seq(c.maxWindow)).LessEq(s.Ack)
}

// duplicate is RFC 5681 section 2's definition of a duplicate ACK; with SACK, RFC 6675 section 2's: one that says
// something new, whatever else it carries.
func (c *Conn) duplicate(s *Segment, fresh int, sameWindow bool) bool {
	if c.selective {
		return fresh > 0
	}
	return c.una != c.nxt && s.Len() == 0 && sameWindow
}

// takeDSACK returns the D-SACK that an ACK carries (RFC 2883 section 4): a first block that lies below the cumulative ACK, or
// within the second; the zero Block if there is none.
func (c *Conn) takeDSACK(s *Segment) Block {
	k, next := s.Options.SACK[0], s.Options.SACK[1]
	if !k.Left.Less(k.Right) || k.Left.Less(c.una-Seq(c.maxWindow)) {
		return Block{}
	}
	if !k.Right.LessEq(s.Ack) && (s.Options.Blocks < 2 || k.Left.Less(next.Left) || next.Right.Less(k.Right)) {
		return Block{}
	}
	c.duplicated(k)
	return k
}

// takeSACK marks what the blocks say. Blocks outside of what is on its way are D-SACKs or old (RFC 2883 section 5).
func (c *Conn) takeSACK(s *Segment) int {
	var blocks [4]Block
	n := 0
	una := c.una
	if una.Less(s.Ack) {
		una = s.Ack
	}
	for _, k := range s.Options.SACK[:s.Options.Blocks] {
		if una.Less(k.Right) && una.LessEq(k.Left) && k.Left.Less(k.Right) && k.Right.LessEq(c.nxt) {
			blocks[n] = k
			n++
		}
	}
	return c.board.sack(blocks[:n])
}

// advance takes an ACK for new data. It returns how many bytes of that were not sacked before, and the round-trip time.
func (c *Conn) advance(s *Segment) (delivered int, rtt time.Duration) {
	a := c.board.ack(s.Ack, c.echoed(s))
	c.late = a.ambiguous && c.w.Phase != Open && c.original(s)
	c.una = s.Ack
	c.out.drop(min(int(c.una-c.outSeq), c.out.n))
	c.outSeq = c.una
	if c.finSent && c.una == c.nxt {
		c.outSeq = c.una - 1 // the FIN has no byte
	}
	rtt = c.measure(s, a)
	c.retries = 0
	c.dup = 0
	c.fed = true
	ack := Ack{Now: c.now, Bytes: a.bytes, RTT: rtt, SRTT: c.rtt.srtt, Una: c.una, Next: c.nxt, Echo: c.echoes(s)}
	restart := c.progress(ack)
	c.keepNear()
	switch {
	case c.una == c.nxt:
		c.rtoAt, c.reorderAt, c.probeAt = Never, Never, Never // RFC 6298 section 5.2
	case restart:
		c.startRTO() // section 5.3
	}
	if c.wantRoom && 3*c.room() >= c.sendLimit {
		c.wantRoom = false
		c.env.Notify()
	}
	return a.delivered, rtt
}

// keepNear draws marks that lie far behind along, so that they are never half of the sequence space away, where they
// would seem to lie ahead.
func (c *Conn) keepNear() {
	if c.small.Less(c.una) {
		c.small = c.una
	}
	if c.w.Phase == Open && c.point.Less(c.una) {
		c.point = c.una - 1
	}
	c.forget()
}

// measure takes a round-trip sample: of a segment that was sent once (Karn's algorithm), else from the timestamp echoed
// (RFC 7323 section 4). A sample ends the backoff (RFC 6298 section 5).
func (c *Conn) measure(s *Segment, a acked) time.Duration {
	var rtt time.Duration
	switch {
	case !a.ambiguous && a.sentAt >= 0:
		rtt = c.now - a.sentAt
	case c.timestamps && s.Options.HasTimestamps && s.Options.TSEcr != 0:
		rtt = c.since(s.Options.TSEcr)
	default:
		return 0
	}
	c.rtt.sample(rtt, c.cfg.MinRTO, c.una, c.nxt)
	c.backoff = 0
	c.tlp.spent = false
	return rtt
}

// clock is the timestamp clock: milliseconds, from an arbitrary number of this connection (RFC 7323 section 5.4).
func (c *Conn) clock() uint32 { return uint32(c.iss) + uint32(c.now/time.Millisecond) }

// since is how long ago our clock showed ts. A clock of milliseconds cannot tell less than one.
func (c *Conn) since(ts uint32) time.Duration {
	return time.Duration(max(1, int32(c.clock()-ts))) * time.Millisecond
}

// echoed is the latest instant at which the timestamp was sent that a segment echoes; Never if it echoes none.
func (c *Conn) echoed(s *Segment) time.Duration {
	if !c.timestamps || !s.Options.HasTimestamps || s.Options.TSEcr == 0 {
		return Never
	}
	age := time.Duration(int32(c.clock()-s.Options.TSEcr)) * time.Millisecond
	return c.now.Truncate(time.Millisecond) - age + time.Millisecond - 1
}
