package tcp

import "time"

// A tailProbe is the state of the tail loss probe (RFC 8985 section 7).
type tailProbe struct {
	flying bool // a probe is on its way: TLP.end_seq is set
	end    Seq  // TLP.end_seq
	again  bool // TLP.is_retrans
	spent  bool // there was no round-trip sample since the last probe
}

// scheduleProbe sets the timer of the tail loss probe, behind new data or an ACK for it (RFC 8985 section 7.2). It never
// goes off after the retransmission timer. TLP.max_ack_delay is the least timeout, as in Linux. Where no probe may go, since
// one is on its way or has brought no round-trip sample yet, the retransmission timer is left alone: section 7.3 would start
// it anew at the probe's time, and new data would put it off again and again.
func (c *Conn) scheduleProbe() {
	c.probeAt = Never
	if c.w.Phase != Open || c.board.n == 0 || c.board.marks > 0 || c.reorderAt != Never || c.tlp.flying || c.tlp.spent {
		return
	}
	wait := time.Second
	if c.rtt.srtt > 0 {
		wait = 2 * c.rtt.srtt
		if c.board.n == 1 {
			wait += c.cfg.MinRTO
		}
	}
	c.probeAt = min(c.now+wait, c.rtoAt)
}

// tailLossProbe sends the probe (section 7.3): a new segment if there is one, whatever cwnd says, else the last one again.
func (c *Conn) tailLossProbe() {
	if n := min(c.unsent(), c.usable(), c.mss); n > 0 {
		c.sendNew(n, c.finAsked && n == c.unsent() && n < c.usable(), "tail loss probe")
		c.tlp = tailProbe{flying: true, end: c.nxt, spent: true}
	} else {
		c.resend(c.board.at(c.board.n-1), "tail loss probe")
		c.tlp = tailProbe{flying: true, end: c.nxt, again: true, spent: true}
	}
	c.event = "tail loss probe"
	c.probeAt = Never
	c.startRTO()
}

// probeAnswered looks whether an ACK ends the episode of a probe (section 7.4.2). Where only the last segment was lost and
// the probe has repaired that, no other loss is seen: then the congestion control is told of it here.
func (c *Conn) probeAnswered(s *Segment, dsack Block, news bool) {
	switch {
	case s.Ack.Less(c.tlp.end):
		return
	case !c.tlp.again, dsack.Right == c.tlp.end && dsack != Block{}: // the new segment, or both copies have arrived
	case c.tlp.end.Less(s.Ack):
		c.w.Ssthresh = c.control.Loss(&c.w, c.now)
		c.w.Cwnd = min(c.w.Cwnd, c.w.Ssthresh)
		c.w.grown = 0
		c.event = "tail loss repaired"
	case news || s.Len() > 0 || s.Options.Blocks > 0:
		return
	}
	c.tlp.flying = false
}
