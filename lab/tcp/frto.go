package tcp

// F-RTO, as SACK makes it better (RFC 5682 section 3): after a timeout two new segments go instead of what is thought lost.
// If the ACKs behind them are for segments from before the timeout, these were not lost but late.

// A frtoStep is a step of the algorithm, by its number in the RFC; 0 where it does not run.
type frtoStep uint8

const (
	frtoWait  frtoStep = 2 // the first segment was sent again; its ACK is waited for
	frtoProbe frtoStep = 3 // two new segments go; the next ACK tells
)

// startFRTO is step 1. It does not run where a recovery was under way, but again where the same segment times out again.
func (c *Conn) startFRTO(fresh bool) {
	if !c.cfg.FRTO || !c.selective || !fresh && c.frto != frtoWait {
		c.frto = 0
		return
	}
	c.frto = frtoWait
}

// advanceFRTO takes an ACK for new data in steps 2 and 3. It returns true where the timeout was spurious.
func (c *Conn) advanceFRTO() bool {
	switch {
	case c.frto == frtoWait:
		n, fin := c.sendable()
		if c.point.LessEq(c.una) || n == 0 && !fin { // 2 (a), or nothing new to send
			c.frto = 0
			return false
		}
		c.frto, c.probes = frtoProbe, 2
		c.point = c.nxt
	case c.frto == frtoProbe && (c.point.Less(c.una) || c.sackedBeyond()): // 3 (a)
		c.stopFRTO()
	case c.frto == frtoProbe: // 3 (b)
		return true
	}
	return false
}

// duplicateFRTO takes a duplicate ACK in step 3; fresh tells whether it has new SACKs. In step 2 it only marks the scoreboard.
func (c *Conn) duplicateFRTO(fresh bool) bool {
	switch {
	case c.frto != frtoProbe:
	case !fresh || c.sackedBeyond():
		c.stopFRTO()
	default:
		return true
	}
	return false
}

// sackedBeyond tells whether something is sacked that was sent behind RecoveryPoint.
func (c *Conn) sackedBeyond() bool { return c.board.sacked > 0 && c.point.Less(c.board.top) }

// stopFRTO goes on as after any timeout: the loss was real.
func (c *Conn) stopFRTO() {
	c.frto = 0
	c.w.Cwnd = min(c.w.Cwnd, 3*c.mss)
}
