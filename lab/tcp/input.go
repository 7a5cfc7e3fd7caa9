package tcp

import (
	"syscall"
	"time"

	"reliabilitylab/netem"
)

// Deliver takes a segment from the network. What happens to it, in order (RFC 9293 section 3.10.7.4):
//
//	PAWS, acceptable?  inWindow
//	RST, SYN           reset, answer
//	ACK                ack.go, recovery.go
//	text, FIN          text, fin
//	what may now go    transmit, acknowledge (output.go)
func (c *Conn) Deliver(now time.Duration, s *Segment) {
	c.now = now
	switch c.state {
	case Closed:
		return
	case SynSent:
		c.synSent(s)
	default:
		c.segment(s)
	}
	c.report("ack")
}

// segment handles a segment in every state but CLOSED and SYN-SENT.
func (c *Conn) segment(s *Segment) {
	if c.state == SynReceived && c.answersSYN(s) {
		c.synAcked(s)
		c.establish(s)
		c.sendACK("ack")
		c.transmit()
		return
	}
	if !c.acceptable(s) {
		return
	}
	if s.Flags&netem.FlagRST != 0 {
		c.reset(s)
		return
	}
	if s.Flags&netem.FlagSYN != 0 {
		c.answer(s, "challenge") // RFC 5961 section 4
		return
	}
	if s.Flags&netem.FlagACK == 0 {
		return
	}
	if c.state == SynReceived {
		if s.Ack.LessEq(c.una) || c.nxt.Less(s.Ack) {
			if r, ok := Reset(s); ok {
				c.send(r.Flags, r.Seq, nil, nil, "half-open")
			}
			return
		}
		c.stamp(s)
		c.synAcked(s)
		c.establish(s)
	} else if !c.ack(s) {
		return
	}
	if !c.finAcked() {
		return
	}
	if c.ecn.on {
		c.marked(s)
	}
	c.text(s)
	if c.state == Closed {
		return
	}
	c.transmit()
	c.acknowledge()
}

// stamp remembers the timestamp to be echoed (RFC 7323 section 4.3).
func (c *Conn) stamp(s *Segment) {
	if c.timestamps && s.Options.HasTimestamps && s.Seq.LessEq(c.acked) && int32(s.Options.TSVal-c.tsRecent) >= 0 {
		c.tsRecent, c.tsRecentAt = s.Options.TSVal, c.now
	}
}

// answersSYN tells whether s is the SYN-ACK of a simultaneous open (RFC 9293 section 3.5, figure 7): the SYN in it is the
// one that was taken already, the ACK is news.
func (c *Conn) answersSYN(s *Segment) bool {
	return s.Flags&(netem.FlagSYN|netem.FlagACK|netem.FlagRST) == netem.FlagSYN|netem.FlagACK &&
		s.Seq == c.irs && c.una.Less(s.Ack) && s.Ack.LessEq(c.nxt)
}

// finAcked takes the state changes that the ACK of our FIN makes, if it has come. It returns false where the connection
// has ended.
func (c *Conn) finAcked() bool {
	if !c.finSent || c.una != c.nxt {
		return true
	}
	switch c.state {
	case FinWait1:
		c.become(FinWait2, "ACK of FIN")
	case Closing:
		c.become(TimeWait, "ACK of FIN")
	case LastAck:
		c.die(nil, "ACK of FIN")
		return false
	}
	return true
}

// acceptable tests the segment against the receive window and its timestamp against PAWS (RFC 9293 section 3.10.7.4
// first, RFC 7323 section 5.3); one that fails is answered with an ACK, unless it is a RST.
func (c *Conn) acceptable(s *Segment) bool {
	rst := s.Flags&netem.FlagRST != 0
	if c.timestamps && s.Options.HasTimestamps && !rst &&
		int32(s.Options.TSVal-c.tsRecent) < 0 && c.now-c.tsRecentAt < pawsIdle {
		if len(s.Payload) > 0 && s.Seq.Less(c.next) {
			c.duplicateText(s) // it was sent again, and now it comes itself: the sender wants to know (as in Linux)
		}
		c.answer(s, "old timestamp")
		return false
	}
	window := int(c.edge - c.next)
	n := s.Len()
	if rst {
		n = 0 // a text in it explains, and takes no room (RFC 1122 section 4.2.2.12)
	}
	in := func(q Seq) bool { return c.next.LessEq(q) && q.Less(c.next+Seq(window)) }
	ok := false
	switch {
	case n == 0 && window == 0:
		ok = s.Seq == c.next
	case n == 0:
		ok = in(s.Seq)
	case window > 0:
		ok = in(s.Seq) || in(s.End()-1)
	}
	if ok || rst {
		return ok
	}
	switch {
	case c.state == SynReceived && s.Flags&netem.FlagSYN != 0 && s.Seq == c.irs:
		c.sendSYN("peer repeats SYN") // the SYN-ACK was lost, or is late
		return false
	case c.state == TimeWait && s.Flags&netem.FlagFIN != 0:
		c.deathAt = c.now + c.cfg.TimeWait
	}
	if n > 0 && s.Seq.Less(c.next) {
		c.duplicateText(s)
		if c.acked.LessEq(s.End()) && c.acks(s) {
			// It was sent again because the ACK was lost. By the letter it is outside of the window and its timestamp
			// counts for nothing (RFC 7323 section 5.3, R2 before R3); then the echo of its first transmission would
			// measure the timeout as a round trip, and the next timeout would be the longer for it. As in Linux it counts.
			c.stamp(s)
		}
	}
	// The ACK field of an old duplicate may still be news where the window is closed (section 3.10.7.4: "special
	// allowance should be made to accept valid ACKs, URGs, and RSTs").
	if window == 0 && s.Seq == c.next && s.Flags&(netem.FlagACK|netem.FlagSYN) == netem.FlagACK && c.state >= Established {
		if !c.ack(s) || !c.finAcked() {
			return false
		}
		c.transmit()
	}
	c.answer(s, "unacceptable segment")
	return false
}

// pawsIdle is how long a timestamp is remembered (RFC 7323 section 5.5: 24 days).
const pawsIdle = 24 * 24 * time.Hour

// reset takes a RST (RFC 9293 section 3.10.7.4 second, RFC 5961 section 3): only one that hits RCV.NXT exactly counts.
func (c *Conn) reset(s *Segment) {
	if s.Seq != c.next {
		c.answer(s, "challenge")
		return
	}
	switch c.state {
	case SynReceived:
		c.die(syscall.ECONNREFUSED, "RST received")
	case Closing, LastAck, TimeWait:
		c.die(nil, "RST received")
	case CloseWait:
		c.die(syscall.EPIPE, "RST received")
	default:
		c.die(syscall.ECONNRESET, "RST received")
	}
}

// answer sends an ACK to a segment that is not taken. Segments without text could answer each other for ever, where the
// network turns their order around: of answers to them ten go in five seconds (RFC 5961 section 7).
func (c *Conn) answer(s *Segment, reason string) {
	if s.Len() == 0 || s.Flags&(netem.FlagSYN|netem.FlagRST) != 0 {
		if c.now-c.answeredAt >= 5*time.Second {
			c.answeredAt, c.answers = c.now, 0
		}
		if c.answers == 10 {
			return
		}
		c.answers++
	}
	c.sendACK(reason)
}

// text takes the payload and the FIN (RFC 9293 section 3.10.7.4 seventh and eighth).
func (c *Conn) text(s *Segment) {
	data, seq, fin := s.Payload, s.Seq, s.Flags&netem.FlagFIN != 0
	if len(data) == 0 && !fin || c.finTaken {
		return
	}
	end := seq + Seq(len(data))
	if c.finKnown && c.finAt.Less(end) { // nothing comes behind a FIN
		return
	}
	if fin && !c.finKnown && end.Less(c.edge) && !c.in.beyond(end) {
		c.finKnown, c.finAt = true, end
	}
	if len(data) > 0 {
		if c.lastData > 0 && c.now-c.lastData > c.rtt.rto(&c.cfg) {
			c.quick = quickACKs
		}
		c.lastData = c.now
		c.peerMSS = max(c.peerMSS, min(len(data), c.cfg.MSS))
		if (c.deaf || c.readShut) && c.next.Less(end) && (c.state == FinWait1 || c.state == FinWait2 || c.state == Closing) {
			c.send(netem.FlagRST, s.Ack, nil, nil, "data after close")
			c.die(syscall.ECONNRESET, "data after close")
			return
		}
		if c.cfg.Autotuning {
			c.timeSender(s)
		}
		if seq.Less(c.next) {
			c.duplicateText(s)
			cut := min(int(c.next-seq), len(data))
			data, seq = data[cut:], seq+Seq(cut)
		}
		if over := int(int32(end - c.edge)); over > 0 {
			data = data[:max(0, len(data)-over)]
		}
		c.store(seq, data)
	}
	if fin && c.next.Less(c.finAt) {
		c.ackNow = true // it has come before its time (RFC 5681 section 4.2)
	}
	if c.finKnown && !c.finTaken && c.next == c.finAt {
		c.next++
		c.finTaken = true
		c.ackNow = true
		c.fin()
	}
}

// store puts new data into the receive buffer and decides how soon it is acknowledged (RFC 5681 section 4.2: at once
// where a gap appears, is still there, or is filled).
func (c *Conn) store(seq Seq, data []byte) {
	if len(data) == 0 {
		return
	}
	gap := len(c.in.blocks) > 0
	if c.dsack == (Block{}) && c.cfg.DSACK {
		c.dsack = c.in.overlap(Block{seq, seq + Seq(len(data))})
	}
	before := c.next
	c.next = c.in.put(before, seq, data)
	c.grow(int(c.next - before))
	if gap || len(c.in.blocks) > 0 {
		c.ackNow = true
	}
	if seq.Less(c.next) {
		c.env.Notify()
	}
	if c.ackAt == Never && c.acked != c.next {
		c.ackAt = c.now + c.cfg.DelayedACK
	}
}

// duplicateText notes data that came again: it is acknowledged at once, with a D-SACK (RFC 2883 section 4), and so is what
// follows, since ACKs seem to have been missed.
func (c *Conn) duplicateText(s *Segment) {
	end := s.Seq + Seq(len(s.Payload))
	if c.next.Less(end) {
		end = c.next
	}
	c.ackNow, c.quick = true, quickACKs
	if s.Seq.Less(end) && c.cfg.DSACK {
		c.dsack = Block{s.Seq, end}
	}
}

// fin takes the state changes that the peer's FIN makes; it stands at RCV.NXT now.
func (c *Conn) fin() {
	switch c.state {
	case Established:
		c.become(CloseWait, "FIN received")
	case FinWait1: // our FIN is not acknowledged, else this would be FIN-WAIT-2
		c.become(Closing, "FIN received")
	case FinWait2:
		c.become(TimeWait, "FIN received")
	}
}
