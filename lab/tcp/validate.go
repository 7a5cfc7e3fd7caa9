package tcp

import "time"

// Congestion window validation (RFC 2861; as Linux has it, in tcp_cwnd_validate): a window says what the network has been seen to
// carry, so it means nothing where less is sent. Three rules follow from that:
//
//	it does not grow unless it is what holds the sender back    full, asked for each ACK
//	while the sender uses less of it, it comes down             validate, behind each transmission
//	and while the sender is idle, too                           afterIdle, before the next transmission
//
// RFC 7661, which is experimental, would rather keep an unused window for minutes; no system does so by default.

// A usage is how much of the congestion window is being used.
type usage struct {
	limited bool          // within this window of data cwnd has held the sender back
	most    int           // else the most bytes that were on their way
	end     Seq           // this window of data ends when this is acknowledged
	peak    int           // the most bytes on their way since fullAt
	fullAt  time.Duration // when cwnd was last used, or adapted
}

// full tells whether the window is used: it has held the sender back within a window of data. In slow start half of it is enough, so
// that it may become twice what was acknowledged.
func (c *Conn) full() bool {
	return c.usage.limited || c.w.SlowStart() && c.w.Cwnd < 2*c.usage.most
}

// validate takes note of what is used after a transmission. Where it has been less than the window for a whole timeout, the window
// becomes the mean of both, and ssthresh remembers three quarters of it (RFC 2861 section 3.1). A program for which the send
// buffer is too small is not to blame, and a Model knows better.
func (c *Conn) validate() {
	u := &c.usage
	out := int(c.nxt - c.una)
	if !c.una.Less(u.end) || c.limited || !u.limited && out > u.most {
		u.limited, u.most, u.end = c.limited, out, c.nxt
	}
	if c.full() {
		u.peak, u.fullAt = 0, c.now
		return
	}
	u.peak = max(u.peak, out)
	if c.model != nil || !c.cfg.SlowStartAfterIdle || c.now-u.fullAt < c.timeout() {
		return
	}
	if used := max(u.peak, c.cfg.InitialWindow*c.mss); c.w.Phase == Open && !c.wantRoom && used < c.w.Cwnd {
		c.w.Ssthresh = max(c.w.Ssthresh, c.w.Cwnd/2+c.w.Cwnd/4)
		c.w.Cwnd = (c.w.Cwnd + used) / 2
		c.w.grown = 0
		c.event = "cwnd not used"
	}
	u.peak, u.fullAt = 0, c.now
}

// afterIdle takes back a window that the network has not been tested with for a while (RFC 5681 section 4.1): as RFC 2861
// section 3 and Linux have it, each timeout of idle time halves it, down to the initial window, and ssthresh remembers three
// quarters of it. A Model has its own way.
func (c *Conn) afterIdle() {
	if c.model != nil {
		if c.board.n == 0 && c.unsent() > 0 && c.board.rates.idleUntil != 0 {
			c.model.Restart(&c.w, c.now)
		}
		return
	}
	least := c.cfg.InitialWindow * c.mss
	if c.board.n > 0 || c.w.Cwnd <= least || !c.cfg.SlowStartAfterIdle || c.unsent() == 0 {
		return
	}
	rto := c.timeout()
	idle := c.now - c.sentAt
	if idle <= rto {
		return
	}
	c.w.Ssthresh = max(c.w.Ssthresh, c.w.Cwnd/2+c.w.Cwnd/4)
	for ; idle > rto && c.w.Cwnd > least; idle -= rto {
		c.w.Cwnd = max(c.w.Cwnd/2, least)
	}
	c.w.grown = 0
	c.usage.peak, c.usage.fullAt = 0, c.now
	c.event = "idle"
}
