package tcp

import "time"

// ack takes the acknowledgment, the window and the SACK blocks of a segment (RFC 9293 section 3.10.7.4 fifth). It
// returns false where the segment must not be looked at any further.
func (c *Conn) ack(s *Segment) bool {
	if c.nxt.Less(s.Ack) || s.Ack.Less(c.una-Seq(c.maxWindow)) { // RFC 5961 section 5
		c.answer(s, "unacceptable ACK")
		return false
	}
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
			c.persistAt, c.backoff, c.retries = Never, 0, 0
		}
	}
	c.w.Flight = int(c.nxt - c.una)
	fresh := 0
	if s.Options.Blocks > 0 && c.cfg.Recovery == "sack" {
		fresh = c.takeSACK(s)
	}
	switch {
	case c.una.Less(s.Ack):
		c.advance(s)
		if fresh > 0 && c.w.Phase == Open {
			c.dup = 1 // it is both (RFC 6675 section 5)
		}
	case c.duplicate(s, fresh, sameWindow):
		c.dup++
		c.gotDuplicate()
	}
	return true
}

// duplicate is RFC 5681 section 2's definition of a duplicate ACK; with SACK, RFC 6675 section 2's: one that says
// something new, whatever else it carries.
func (c *Conn) duplicate(s *Segment, fresh int, sameWindow bool) bool {
	if c.cfg.Recovery == "sack" {
		return fresh > 0
	}
	return c.una != c.nxt && s.Len() == 0 && sameWindow
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

// advance takes an ACK for new data.
func (c *Conn) advance(s *Segment) {
	a := c.board.ack(s.Ack)
	c.una = s.Ack
	c.out.drop(min(int(c.una-c.outSeq), c.out.n))
	c.outSeq = c.una
	if c.finSent && c.una == c.nxt {
		c.outSeq = c.una - 1 // the FIN has no byte
	}
	rtt := c.measure(s, a)
	c.retries = 0
	c.dup = 0
	ack := Ack{Now: c.now, Bytes: a.bytes, RTT: rtt, SRTT: c.rtt.srtt}
	restart := c.progress(ack)
	c.keepNear()
	switch {
	case c.una == c.nxt:
		c.rtoAt = Never // RFC 6298 section 5.2
	case restart:
		c.startRTO() // section 5.3
	}
	if c.wantRoom && 3*c.room() >= c.sendLimit {
		c.wantRoom = false
		c.env.Notify()
	}
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
	return rtt
}

// clock is the timestamp clock: milliseconds, from an arbitrary number of this connection (RFC 7323 section 5.4).
func (c *Conn) clock() uint32 { return uint32(c.iss) + uint32(c.now/time.Millisecond) }

// since is how long ago our clock showed ts. A clock of milliseconds cannot tell less than one.
func (c *Conn) since(ts uint32) time.Duration {
	return time.Duration(max(1, int32(c.clock()-ts))) * time.Millisecond
}
