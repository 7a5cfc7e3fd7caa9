package tcp

import (
	"math/bits"
	"time"
)

// Pacing: a rate at which segments leave, one by one, instead of in bursts behind an ACK. A Model says its rate; with
// Config.Pacing other controls have the one that Linux gives them where the fq queueing discipline paces: twice cwnd a
// round trip in the first half of slow start, then 1.2 times.

// pace is the pacing rate in bytes a second; 0 where it is not known yet.
func (c *Conn) pace() int64 {
	switch {
	case c.model != nil:
		return c.model.Pace()
	case c.rtt.srtt == 0:
		return 0
	}
	tenths := int64(12)
	if c.w.Cwnd < c.w.Ssthresh/2 {
		tenths = 20
	}
	return scale(int64(c.w.Cwnd)*tenths/10, int64(time.Second), int64(c.rtt.srtt))
}

// paced books n bytes as sent now: what comes next waits for as long as they take at the pacing rate.
func (c *Conn) paced(n int) {
	if rate := c.pace(); rate > 0 {
		c.nextSend = max(c.nextSend, c.now) + time.Duration(scale(int64(n), int64(time.Second), rate))
	}
}

// early tells whether the next segment must wait for its turn, and sets the timer for it.
func (c *Conn) early() bool {
	if c.nextSend <= c.now {
		return false
	}
	c.paceAt = c.nextSend
	return true
}

// scale is a*b/c of numbers that are not negative, exact as if nothing could overflow; c is not 0, and what does not fit
// is the largest number there is.
func scale(a, b, c int64) int64 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	if hi >= uint64(c) {
		return 1<<63 - 1
	}
	q, _ := bits.Div64(hi, lo, uint64(c))
	return int64(min(q, 1<<63-1))
}
