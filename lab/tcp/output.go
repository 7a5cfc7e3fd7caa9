package tcp

import "reliabilitylab/netem"

// quickACKs is how many ACKs go out without delay at the start of a connection, after a pause, and when data comes again, so
// that the sender's window opens fast (as in Linux).
const quickACKs = 16

// transmit sends what may be sent now: first what is lost, then new data, in recovery at last what only might be lost.
func (c *Conn) transmit() {
	c.paceAt = Never
	if c.state < Established || c.state == FinWait2 || c.state == TimeWait {
		return
	}
	if c.limited {
		c.w.Clock += c.now - c.triedAt
	}
	c.limited, c.triedAt = false, c.now
	c.afterIdle()
	sent := c.nxt
	for c.sendNext() {
	}
	if c.limited || c.nxt != sent {
		c.validate()
	}
	c.watchWindow()
	if c.fed && c.board.time.on && c.cfg.TLP {
		c.scheduleProbe()
	}
	c.fed = false
}

// sendNext sends one segment, or returns false where none may go.
func (c *Conn) sendNext() bool {
	if c.frto == frtoProbe {
		return c.sendProbe()
	}
	if s := c.board.due(); s != nil {
		if !c.mayGo(c.bundle(s)) {
			return false
		}
		c.resend(s, signs[s.why])
		return true
	}
	if n, fin := c.sendable(); n > 0 || fin {
		if !c.mayGo(n) {
			return false
		}
		c.sendNew(n, fin, "new")
		return true
	}
	if c.w.Phase == Recovery && c.allowed(c.mss) && !c.early() {
		if s, reason := c.lastResort(); s != nil {
			c.resend(s, reason)
			return true
		}
	}
	return false
}

// mayGo tells whether a segment of n bytes may go now: cwnd has room for it, and its time has come.
func (c *Conn) mayGo(n int) bool {
	if !c.allowed(n) {
		c.limited = true
		return false
	}
	return !c.early()
}

// sendProbe sends one of the two new segments of F-RTO, and nothing else until an ACK tells whether the timeout was spurious.
func (c *Conn) sendProbe() bool {
	n, fin := c.sendable()
	if c.probes == 0 || n == 0 && !fin {
		return false
	}
	c.probes--
	c.sendNew(n, fin, "f-rto")
	return true
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
// peer's window, silly-window avoidance (RFC 9293 section 3.8.6.2.1), Nagle (RFC 896, section 3.7.4) and the cork have a say.
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
	if n < c.mss && !fin && (c.cfg.Cork || c.cfg.Nagle && c.una.Less(c.small)) {
		// Nagle with Minshall's change, as in Linux: a small segment waits only for another small one.
		return 0, false
	}
	return n, fin
}

// sendNew sends the next n bytes for the first time.
func (c *Conn) sendNew(n int, fin bool, reason string) {
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
	if n > 0 && c.ecn.cwr {
		flags |= netem.FlagCWR
		c.ecn.cwr = false
	}
	if n > 0 && c.quick > 0 && c.now-c.lastData < c.cfg.DelayedACK && c.lastData > 0 {
		c.quick = 0 // the program answers: its data will carry the ACKs
	}
	c.sentAt = c.now
	c.fed = true
	c.prr.out += int(c.nxt - seq)
	c.board.push(sent{seq: seq, end: c.nxt, at: c.now, fin: fin})
	if c.board.rates != nil {
		c.board.rates.transmitted(c.board.n-1, c.now, c.pipe(), c.pipe()-int(c.nxt-seq))
	}
	if c.pacing {
		c.paced(n)
	}
	if c.rtoAt == Never {
		c.startRTO()
	}
	c.emit(flags, seq, first, rest, reason, c.codepoint(flags, n > 0))
}

// bundle is how many bytes go when s is sent again: those of s, and what is due behind it as far as one segment holds it. Small
// segments that were lost together so need not be sent again one by one (as in Linux, tcp_retrans_collapse).
func (c *Conn) bundle(s *sent) int {
	n := s.len()
	if n >= c.mss || !s.due() {
		return n
	}
	for i := c.board.index(s.slot) + 1; i < c.board.n; i++ {
		next := c.board.at(i)
		if !next.due() || n+next.len() > c.mss {
			break
		}
		n += next.len()
	}
	return n
}

// resend sends a segment again, and what goes with it. On the board the parts stay what they were.
func (c *Conn) resend(s *sent, reason string) {
	seq, n := s.seq, c.bundle(s)
	flags := netem.FlagACK
	c.sentAt = c.now
	c.resent++
	if c.board.again == 0 {
		c.againStamp = c.clock()
	}
	if c.w.Phase != Open {
		c.prior.resent++
	}
	c.prr.out += n
	end := seq + Seq(n)
	for i := c.board.index(s.slot); i < c.board.n && c.board.at(i).seq.Less(end); i++ {
		part := c.board.at(i)
		c.board.sentAgain(part, c.now)
		if c.board.rates != nil {
			c.board.rates.transmitted(i, c.now, c.pipe(), c.pipe()-part.len())
		}
		if part.fin {
			flags |= netem.FlagFIN
			n--
		}
	}
	if c.pacing {
		c.paced(n)
	}
	if c.rtoAt == Never {
		c.startRTO()
	}
	first, rest := c.out.at(int(seq-c.outSeq), n)
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
	if gain >= c.buffer/2 || left < 2*mss && gain >= min(mss, c.buffer/2) {
		c.sendACK("window update")
	}
}

// windowEdge is the right edge of the window that could be offered; it never moves back.
func (c *Conn) windowEdge() Seq {
	edge := c.next + Seq(max(0, c.buffer-c.in.unread))
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
	if gain := int(edge - c.edge); gain < min(mss, c.buffer/2) {
		edge = c.edge
	}
	unit := 1 << c.scale
	w := min(int(edge-c.next)>>c.scale, 65535)
	if kept := int(c.edge - c.next); w<<c.scale < kept {
		// Rounding must not take back what was offered: it is rounded up, but only once beyond the buffer. Else each
		// small segment would move the edge a little, without end; then the peer may see the edge a part of a unit
		// further left, and what was offered is still taken (RFC 7323 section 2.4).
		up := min((kept+unit-1)>>c.scale, 65535)
		if up<<c.scale+c.in.unread < c.buffer+unit {
			w = up
		}
	}
	if e := c.next + Seq(w<<c.scale); c.edge.Less(e) {
		c.edge = e
	}
	return uint16(w)
}

// send sends one segment that is not fresh data.
func (c *Conn) send(flags netem.Flags, seq Seq, payload, more []byte, reason string) {
	c.emit(flags, seq, payload, more, reason, c.codepoint(flags, false))
}

// emit sends one segment with the ACK, the window and the options that go with every segment.
func (c *Conn) emit(flags netem.Flags, seq Seq, payload, more []byte, reason string, mark ECN) {
	if c.ecn.echo && flags&(netem.FlagACK|netem.FlagRST) == netem.FlagACK {
		flags |= netem.FlagECE
	}
	s := &c.seg
	*s = Segment{Seq: seq, Flags: flags, Payload: payload, More: more, Reason: reason, ECN: mark}
	o := &s.Options
	if c.timestamps {
		o.HasTimestamps, o.TSVal, o.TSEcr = true, c.clock(), c.tsRecent
	}
	if flags&netem.FlagACK != 0 {
		s.Ack = c.next
		s.Window = c.offered()
		full := false
		if c.sack && (len(c.in.blocks) > 0 || c.dsack != Block{} || c.finKnown && !c.finTaken) {
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
	said := o.Blocks
	c.in.sack(o, room)
	if c.finKnown && !c.finTaken {
		o.coverFIN(c.finAt, said, room)
	}
	return true
}

// coverFIN adds a FIN that has come before its time to the blocks from said on: it takes a sequence number like a byte, and
// without it a segment that carries it would never be sacked whole.
func (o *Options) coverFIN(at Seq, said, room int) {
	for i := said; i < o.Blocks; i++ {
		if o.SACK[i].Right == at {
			o.SACK[i].Right++
			return
		}
	}
	if o.Blocks < room {
		o.SACK[o.Blocks] = Block{at, at + 1}
		o.Blocks++
	}
}
