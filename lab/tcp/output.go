package tcp

import "reliabilitylab/netem"

// quickACKs is how many ACKs go out without delay at the start of a connection and after a gap, so that the sender's
// window opens fast (as Linux does).
const quickACKs = 16

// transmit sends what may be sent now: first what is lost, then new data, in recovery at last what only might be lost.
func (c *Conn) transmit() {
	if c.state < Established || c.state == FinWait2 || c.state == TimeWait {
		return
	}
	c.limited = false
	c.afterIdle()
	for c.sendNext() {
	}
	c.watchWindow()
}

// afterIdle takes back a window that the network has not been tested with for a while: after an idle time longer than the
// timeout it is the initial window at most (RFC 5681 section 4.1, RFC 6928 section 2).
func (c *Conn) afterIdle() {
	if w := c.cfg.InitialWindow * c.mss; c.board.n == 0 && c.w.Cwnd > w && c.now-c.sentAt > c.timeout() && c.unsent() > 0 {
		c.w.Cwnd = w
		c.w.grown = 0
	}
}

// sendNext sends one segment, or returns false where none may go.
func (c *Conn) sendNext() bool {
	if s := c.board.due(); s != nil {
		if !c.allowed(s.len()) {
			c.limited = true
			return false
		}
		c.resend(s, c.reason())
		return true
	}
	if n, fin := c.sendable(); n > 0 || fin {
		if !c.allowed(n) {
			c.limited = true
			return false
		}
		c.sendNew(n, fin)
		return true
	}
	if c.w.Phase == Recovery && c.allowed(c.mss) {
		if s, reason := c.lastResort(); s != nil {
			c.resend(s, reason)
			return true
		}
	}
	return false
}

// allowed tells whether cwnd has room for n bytes more; into an empty network one segment always goes.
func (c *Conn) allowed(n int) bool {
	p := c.pipe()
	return p == 0 || p+n <= c.w.Cwnd
}

// unsent is how many bytes the program has written and the network has not seen.
func (c *Conn) unsent() int {
	if c.finSent {
		return 0
	}
	return c.out.n - int(c.nxt-c.outSeq)
}

// usable is how much of the peer's window is left; below zero where it has taken back some of it.
func (c *Conn) usable() int { return int(int32(c.una + Seq(c.window) - c.nxt)) }

// sendable returns how many new bytes would go as the next segment, and whether FIN goes with them, as far as the
// peer's window, silly-window avoidance (RFC 9293 section 3.8.6.2.1) and Nagle (RFC 896, section 3.7.4) have a say.
func (c *Conn) sendable() (n int, fin bool) {
	unsent := c.unsent()
	n = min(unsent, c.mss)
	fin = c.finAsked && !c.finSent && n == unsent
	if n == 0 && !fin {
		return 0, false
	}
	u := c.usable()
	if n > u {
		if u < c.mss && 2*u < c.maxWindow { // the window is too small to bother; it will open
			return 0, false
		}
		n = u
	}
	fin = fin && n < u // the FIN takes room in the window, too
	if n < c.mss && !fin && c.cfg.Nagle && c.una.Less(c.small) {
		// Nagle with Minshall's change, as in Linux: a small segment waits only for another small one.
		return 0, false
	}
	return n, fin
}

// sendNew sends the next n bytes for the first time.
func (c *Conn) sendNew(n int, fin bool) {
	first, rest := c.out.at(int(c.nxt-c.outSeq), n)
	seq := c.nxt
	flags := netem.FlagACK
	if n == c.unsent() && n > 0 {
		flags |= netem.FlagPSH
	}
	c.nxt += Seq(n)
	if fin {
		flags |= netem.FlagFIN
		c.nxt++
		c.finSent = true
	}
	if n < c.mss {
		c.small = c.nxt
	}
	if n > 0 && c.quick > 0 && c.now-c.lastData < c.cfg.DelayedACK && c.lastData > 0 {
		c.quick = 0 // the program answers: its data will carry the ACKs
	}
	c.sentAt = c.now
	c.board.push(sent{seq: seq, end: c.nxt, at: c.now, tries: 1, fin: fin})
	if c.rtoAt == Never {
		c.startRTO()
	}
	c.send(flags, seq, first, rest, "new")
}

// resend sends a segment again.
func (c *Conn) resend(s *sent, reason string) {
	n := s.len()
	flags := netem.FlagACK
	if s.fin {
		n--
		flags |= netem.FlagFIN
	}
	first, rest := c.out.at(int(s.seq-c.outSeq), n)
	seq := s.seq
	c.sentAt = c.now
	c.board.sentAgain(s, c.now)
	if c.rtoAt == Never {
		c.startRTO()
	}
	c.send(flags, seq, first, rest, reason)
}

// acknowledge sends the ACK that is owed, if it is owed now: there is a gap, the stream has ended, more than one full
// segment has come (RFC 5681 section 4.2), or the ACKs are quick. Else it waits for ackAt, or for data that carries it.
func (c *Conn) acknowledge() {
	if !c.ackNow && c.acked == c.next {
		return
	}
	if c.ackNow || c.quick > 0 || c.cfg.DelayedACK == 0 || int(c.next-c.acked) > c.peerMSS {
		c.sendACK("ack")
	}
}

// sendACK sends an ACK without data.
func (c *Conn) sendACK(reason string) {
	if c.quick > 0 {
		c.quick--
	}
	c.send(netem.FlagACK, c.nxt, nil, nil, reason)
}

// offer tells the peer of room that reading has made, where it is worth a segment: at least half of the buffer, or a
// full segment where the peer sees less than two (RFC 9293 section 3.8.6.2.2).
func (c *Conn) offer() {
	if c.state < Established || c.finTaken {
		return
	}
	gain := int(c.windowEdge() - c.edge)
	left := int(c.edge - c.next)
	mss := max(c.peerMSS, c.mss)
	if gain >= c.cfg.ReceiveBuffer/2 || left < 2*mss && gain >= min(mss, c.cfg.ReceiveBuffer/2) {
		c.sendACK("window update")
	}
}

// windowEdge is the right edge of the window that could be offered; it never moves back.
func (c *Conn) windowEdge() Seq {
	edge := c.next + Seq(max(0, c.cfg.ReceiveBuffer-c.in.unread))
	if edge.Less(c.edge) {
		return c.edge
	}
	return edge
}

// offered returns the window field, and moves the edge: only where it gains a segment, or half of the buffer, so that
// the peer does not send small ones (RFC 9293 section 3.8.6.2.2).
func (c *Conn) offered() uint16 {
	edge := c.windowEdge()
	mss := max(c.peerMSS, c.mss)
	if gain := int(edge - c.edge); gain < min(mss, c.cfg.ReceiveBuffer/2) {
		edge = c.edge
	}
	unit := 1 << c.scale
	w := min(int(edge-c.next)>>c.scale, 65535)
	if kept := int(c.edge - c.next); w<<c.scale < kept {
		// Rounding must not take back what was offered: it is rounded up, but only once beyond the buffer. Else each
		// small segment would move the edge a little, without end; then the peer may see the edge a part of a unit
		// further left, and what was offered is still taken (RFC 7323 section 2.4).
		up := min((kept+unit-1)>>c.scale, 65535)
		if up<<c.scale+c.in.unread < c.cfg.ReceiveBuffer+unit {
			w = up
		}
	}
	if e := c.next + Seq(w<<c.scale); c.edge.Less(e) {
		c.edge = e
	}
	return uint16(w)
}

// send sends one segment with the ACK, the window and the options that go with every segment.
func (c *Conn) send(flags netem.Flags, seq Seq, payload, more []byte, reason string) {
	s := &c.seg
	*s = Segment{Seq: seq, Flags: flags, Payload: payload, More: more, Reason: reason}
	o := &s.Options
	if c.timestamps {
		o.HasTimestamps, o.TSVal, o.TSEcr = true, c.clock(), c.tsRecent
	}
	if flags&netem.FlagACK != 0 {
		s.Ack = c.next
		s.Window = c.offered()
		full := false
		if c.sack && (len(c.in.blocks) > 0 || c.dsack != Block{}) {
			spare := 40 // a segment without data has all the room there is for options
			if n := len(payload) + len(more); n > 0 {
				spare = c.mss - n
			}
			full = !c.putSACK(o, spare)
		}
		c.acked = c.next
		c.ackAt = Never
		c.ackNow = c.ackNow && full
	}
	c.env.Output(s)
}

// putSACK fills in the blocks: a D-SACK first if one is due (RFC 2883 section 4), then what RFC 2018 section 4 asks for.
// In a segment with data they take what the data leaves; it returns false where that is nothing, and an ACK of its own
// has to carry them.
func (c *Conn) putSACK(o *Options, spare int) bool {
	room := 4
	if o.HasTimestamps {
		room = 3
	}
	if room = min(room, (spare-4)/8); room <= 0 {
		return false
	}
	if c.dsack != (Block{}) {
		o.SACK[0], o.Blocks = c.dsack, 1
		c.dsack = Block{}
	}
	c.in.sack(o, room)
	return true
}
