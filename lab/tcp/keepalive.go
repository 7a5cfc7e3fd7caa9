package tcp

import (
	"syscall"
	"time"

	"reliabilitylab/netem"
)

// Keep-alives (RFC 9293 section 3.8.4, off unless a program asks): a peer from which nothing has come for KeepIdle, while
// nothing is on its way to it, is asked by an ACK just below what it has acknowledged, which it must answer. It is asked
// every KeepInterval, and given up when KeepCount questions have not been answered, one interval after the last; with a
// user timeout, when the silence has lasted that long. The timer is Linux's: it is not put off by what arrives, but looks
// when it goes off for how long nothing has.

// SetKeepAlive asks for keep-alives, or ends them.
func (c *Conn) SetKeepAlive(now time.Duration, on bool) {
	c.now = now
	was := c.cfg.KeepAlive
	c.cfg.KeepAlive = on
	switch {
	case !on:
		c.keepAt = Never
	case !was && c.lives():
		c.keepAt = now + c.cfg.KeepIdle
	}
}

// SetKeepTimes sets what of Config's KeepIdle, KeepInterval and KeepCount is not zero. The silence so far counts.
func (c *Conn) SetKeepTimes(now, idle, interval time.Duration, count int) {
	c.now = now
	if interval != 0 {
		c.cfg.KeepInterval = interval
	}
	if count != 0 {
		c.cfg.KeepCount = count
	}
	if idle != 0 {
		c.cfg.KeepIdle = idle
		if c.cfg.KeepAlive && c.lives() {
			c.keepAt = max(now, c.heardAt+idle)
		}
	}
}

// lives tells whether there is a peer to be asked.
func (c *Conn) lives() bool { return c.state >= Established && c.state != TimeWait }

// keepAlive is the timer's.
func (c *Conn) keepAlive() {
	silence := c.now - c.heardAt
	switch {
	case c.board.n > 0 || c.unsent() > 0: // the retransmission timer or the persist timer finds out
		c.keepAt = c.now + c.cfg.KeepIdle
		return
	case silence < c.cfg.KeepIdle:
		c.keepAt = c.heardAt + c.cfg.KeepIdle
		return
	}
	given := c.questions >= c.cfg.KeepCount
	if c.cfg.UserTimeout > 0 {
		given = c.questions > 0 && silence >= c.cfg.UserTimeout
	}
	if given {
		c.send(netem.FlagRST|netem.FlagACK, c.nxt, nil, nil, "keep-alive unanswered")
		c.die(syscall.ETIMEDOUT, "keep-alive unanswered")
		return
	}
	c.questions++
	c.keepAt = c.now + c.cfg.KeepInterval
	c.send(netem.FlagACK, c.una-1, nil, nil, "keep-alive")
}
