package tcp

import "time"

// RACK-TLP (RFC 8985): a segment is lost if one sent later has arrived, and a round trip and a reordering window have
// passed since it was sent. An ACK comes through detect; what it leaves undecided the reordering timer decides. Where ACKs
// stay away, the tail loss probe asks for one long before the retransmission timer expires (probe.go).

// A reordering is the reordering window's adaptation to D-SACKs (RFC 8985 section 6.2 step 4).
type reordering struct {
	mult    int  // RACK.reo_wnd_mult
	persist int  // RACK.reo_wnd_persist
	counted bool // a D-SACK has widened the window in this round
	round   Seq  // RACK.dsack_round, if counted: the round ends when this is acknowledged
}

// reoPersist is how many recoveries a widened window outlives.
const reoPersist = 16

// window is RACK.reo_wnd. As long as no reordering has been seen, dupThresh segments sacked are enough (DupThresh), and in a
// recovery nothing is waited for.
func (c *Conn) reorderingWindow() time.Duration {
	t := &c.board.time
	if !t.reordered && (c.w.Phase != Open || c.board.marks >= dupThresh) || t.minRTT == Never {
		return 0
	}
	return min(time.Duration(c.reo.mult)*t.minRTT/4, c.rtt.srtt)
}

// detect looks for losses (RACK_detect_loss_and_arm_timer). The reordering timer takes the place of all others; as in
// Linux it waits no longer than the retransmission timer would. Where something is sacked no tail loss probe is needed.
func (c *Conn) detect(why sign) {
	c.reorderAt = c.board.overdue(c.now, c.reorderingWindow(), why)
	if c.reorderAt != Never {
		c.reorderAt = min(c.reorderAt, c.now+c.timeout())
	}
	if c.reorderAt != Never || c.board.marks > 0 {
		c.probeAt = Never
	}
}

// reorderingTimeout is the end of the wait for segments that might only be late.
func (c *Conn) reorderingTimeout() {
	c.startRTO()
	c.detect(byTimer)
	c.event = "reordering timer"
	if c.w.Phase == Open && c.board.lost > 0 {
		c.enter()
	}
	c.transmit()
}

// duplicated takes a D-SACK. Each round trip with one widens the window by a quarter of the least round-trip time. Those of
// tail loss probes do not count, nor those of copies that the network made, of which there may be more than were sent
// again; both as in Linux. A segment that was sent again for nothing in a fast recovery was late: that is reordering, too,
// though the original is not seen to arrive any more.
func (c *Conn) duplicated(k Block) {
	if c.dsacks++; c.dsacks > c.resent || c.tlp.flying && k.Right == c.tlp.end {
		return
	}
	if c.prior.recovery && c.prior.from.Less(k.Right) && k.Right.LessEq(c.prior.end) {
		c.board.time.reordered = true
	}
	c.countDuplicate(k)
	if c.reo.counted && c.reo.round.LessEq(c.una) {
		c.reo.counted = false
	}
	if !c.reo.counted {
		c.reo.counted, c.reo.round = true, c.nxt
		c.reo.mult++
		c.reo.persist = reoPersist
	}
}

// recovered counts a recovery that has ended.
func (c *Conn) recovered() {
	if c.reo.persist--; c.reo.persist <= 0 {
		c.reo.mult = 1
	}
}
