package tcp

import "reliabilitylab/netem"

// Explicit congestion notification (RFC 3168): a queue that fills up marks packets instead of dropping them, the receiver
// echoes the mark, and the sender lowers its window as for a loss, without one. A packet is marked in the network, comes up
// with Segment.ECN, sets the echo (marked), goes back as ECE, lowers the window (takeEcho), and CWR on the next new data ends
// the echo.
//
// New data is ECT(0); retransmissions, ACKs without data, SYN and RST are not (sections 6.1.1, 6.1.4, 6.1.5; RFC 8311 lets
// experiments do more). A Marked control, DCTCP, wants ECN whatever Config says, has all segments ECT(0), and its receiver
// echoes each mark instead of the fact that there was one (RFC 8257 sections 3.2 and 3.6). There is no AccECN (RFC 9768).

// ECN is the two bits of that name in the IP header (RFC 3168 section 5).
type ECN uint8

// The codepoints.
const (
	NotECT ECN = iota
	ECT1
	ECT0
	CE
)

// A Marked is a control that counts marks. Echo returns the slow start threshold, and so the window, when they are
// echoed; it is asked once a window of data, behind Sample.
type Marked interface {
	Sampler
	Echo(w *Window) int
}

// ecn is one end's part in it.
type ecn struct {
	on      bool // both ends want it
	echo    bool // segments carry ECE
	cwr     bool // the next new data carries CWR
	reduced bool // the window was lowered for what was sent before end
	end     Seq
}

// wantsECN tells whether this end asks for ECN, or grants it. A Model does not look at marks, so it must not be given any.
func (c *Conn) wantsECN() bool { return c.cfg.ECN && c.model == nil || c.marks != nil }

// synFlags are the flags of the handshake (section 6.1.1): a SYN asks with ECE and CWR, a SYN-ACK grants with ECE alone. A SYN
// that is sent again does not ask: perhaps it was lost because it did (section 6.1.1.1).
func (c *Conn) synFlags() netem.Flags {
	switch {
	case c.state == SynSent && c.wantsECN() && c.retries == 0:
		return netem.FlagECE | netem.FlagCWR
	case c.state != SynSent && c.ecn.on:
		return netem.FlagECE
	}
	return 0
}

// takeECN takes what the peer's SYN or SYN-ACK says.
func (c *Conn) takeECN(s *Segment) {
	yes := netem.FlagECE | netem.FlagCWR
	if s.Flags&netem.FlagACK != 0 {
		yes = netem.FlagECE
	}
	c.ecn.on = c.wantsECN() && s.Flags&(netem.FlagECE|netem.FlagCWR) == yes
}

// codepoint is what goes into the IP header with a segment of those flags; fresh data is data sent for the first time.
func (c *Conn) codepoint(flags netem.Flags, fresh bool) ECN {
	if c.ecn.on && fresh || c.marks != nil && (c.ecn.on || flags&netem.FlagSYN != 0) {
		return ECT0
	}
	return NotECT
}

// marked takes the mark of a segment that is in the window, and CWR before it.
func (c *Conn) marked(s *Segment) {
	ce := s.ECN == CE
	if c.marks == nil {
		if s.Flags&netem.FlagCWR != 0 {
			c.ecn.echo = false
		}
		if ce && !c.ecn.echo {
			c.ecn.echo, c.ackNow = true, true
		}
		return
	}
	if s.Len() == 0 || ce == c.ecn.echo {
		return
	}
	// DCTCP.CE changes: what came before is acknowledged with the old state, this segment at once with the new one.
	if c.acked != c.next {
		c.sendACK("ack")
	}
	c.ecn.echo, c.ackNow = ce, true
}

// echoes tells whether a segment echoes a mark. The window must not grow by it (section 6.1.2).
func (c *Conn) echoes(s *Segment) bool { return c.ecn.on && s.Flags&netem.FlagECE != 0 }

// takeEcho takes ECE, or its absence. The window is lowered once for what was on its way, whether by marks or by losses
// (section 6.1.2).
func (c *Conn) takeEcho(s *Segment) {
	e := &c.ecn
	if e.reduced && e.end.Less(c.una) { // something above end: what carried CWR has arrived, and the echo is over
		e.reduced = false
	}
	if !c.echoes(s) || e.reduced || c.w.Phase != Open {
		return
	}
	if c.marks != nil {
		c.w.Ssthresh = c.marks.Echo(&c.w)
	} else {
		c.w.Ssthresh = c.control.Loss(&c.w, c.now)
	}
	c.w.Cwnd = min(c.w.Cwnd, c.w.Ssthresh)
	c.w.grown = 0
	e.reduced, e.end, e.cwr = true, c.nxt, true
	c.event = "ecn echo"
}
