package tcp

// waits says in a word why nothing more is being sent now, as transmit has left it (RFC 4898 calls such a reason a limit):
//
//	handshake    the connection is not open yet
//	program      all that it has written is sent
//	send buffer  all that is in the send buffer is sent, and the program is kept from writing more
//	cwnd         the congestion window is full
//	timeout      the same after the retransmission timer expired, until an ACK comes or it expires again
//	f-rto        two new segments are on their way that find out whether the timeout was spurious (RFC 5682)
//	pacing       the next segment's time has not come
//	window       the peer's window is full, or what is left of it is too small to bother (RFC 9293 section 3.8.6.2.1)
//	zero window  the same with nothing on its way: the persist timer runs (section 3.8.6.1)
//	nagle        a small segment waits for the ACK of another one (section 3.7.4)
//	cork         a segment waits until it is full (TCP_CORK)
//	acks         all is sent, FIN too, and not all acknowledged
//
// It is "" where nothing is left to send or acknowledge.
func (c *Conn) waits() string {
	switch c.state {
	case SynSent, SynReceived:
		return "handshake"
	case Closed, FinWait2, TimeWait:
		return ""
	}
	switch {
	case c.frto == frtoProbe && c.probes == 0:
		return "f-rto"
	case c.limited && c.w.Phase == Loss && c.retries > 0:
		return "timeout"
	case c.limited:
		return "cwnd"
	case c.paceAt != Never:
		return "pacing"
	}
	return c.withheld()
}

// withheld says why sendable has nothing.
func (c *Conn) withheld() string {
	unsent := c.unsent()
	switch {
	case c.finSent && c.una == c.nxt:
		return ""
	case c.finSent:
		return "acks"
	case unsent == 0 && !c.finAsked && c.wantRoom:
		return "send buffer"
	case unsent == 0 && !c.finAsked:
		return "program"
	case c.usable() > 0 && c.usable() >= min(unsent, c.mss) && c.cfg.Cork:
		return "cork"
	case c.usable() > 0 && c.usable() >= min(unsent, c.mss):
		return "nagle"
	case c.board.n == 0:
		return "zero window"
	}
	return "window"
}
