package tcp

import (
	"syscall"
	"time"

	"reliabilitylab/netem"
)

// lateRTO is the timeout after a handshake whose SYN was sent again and gave no sample (RFC 6298 section 5.7).
const lateRTO = 3 * time.Second

// Deadline is the instant at which Expire wants to be called, or Never. It may move either way with every call.
func (c *Conn) Deadline() time.Duration { return min(c.rtoAt, c.persistAt, c.ackAt, c.deathAt) }

// Expire does what is due. Calling it early does nothing.
func (c *Conn) Expire(now time.Duration) {
	c.now = now
	if c.deathAt <= now {
		c.die(nil)
		return
	}
	if c.ackAt <= now {
		c.sendACK("delayed ack")
	}
	if c.persistAt <= now {
		c.probe()
	}
	if c.rtoAt <= now {
		c.retransmissionTimeout()
	}
	c.report("timer")
}

// timeout is the retransmission timeout in force, with its backoff (RFC 6298 section 5.5).
func (c *Conn) timeout() time.Duration {
	rto := c.rtt.rto(&c.cfg)
	for range c.backoff {
		if rto *= 2; rto >= c.cfg.MaxRTO {
			return c.cfg.MaxRTO
		}
	}
	return rto
}

func (c *Conn) startRTO() { c.rtoAt = c.now + c.timeout() }

// retransmissionTimeout is RFC 6298 sections 5.4 to 5.7.
func (c *Conn) retransmissionTimeout() {
	c.rtoAt = Never
	c.retries++
	most := c.cfg.Retries
	if c.state == SynSent || c.state == SynReceived {
		most = c.cfg.SYNRetries
	}
	if c.retries > most {
		c.die(syscall.ETIMEDOUT)
		return
	}
	c.backoff++
	switch {
	case c.state == SynSent || c.state == SynReceived:
		c.sendSYN("timeout")
		c.event = "timeout"
	case c.board.n > 0:
		c.expired()
		c.transmit()
	default:
		return
	}
	c.startRTO()
}

// watchWindow starts the persist timer where the peer's window alone keeps data back and nothing is on its way that
// would bring an ACK (RFC 9293 section 3.8.6.1).
func (c *Conn) watchWindow() {
	stuck := c.board.n == 0 && (c.unsent() > 0 || c.finAsked && !c.finSent)
	switch {
	case !stuck:
		c.persistAt = Never
	case c.persistAt == Never:
		c.persistAt = c.now + c.timeout()
	}
}

// probe asks for the window: a segment without data just below what the peer has acknowledged, which it must answer
// (RFC 9293 section 3.10.7.4; Linux probes so, too). Where the window is open but small (silly-window avoidance waited),
// what fits goes out instead (section 3.8.6.2.1 (4)).
func (c *Conn) probe() {
	c.persistAt = Never
	if u := c.usable(); u > 0 {
		n := min(c.unsent(), u, c.mss)
		c.sendNew(n, c.finAsked && n == c.unsent() && n < u)
		return
	}
	if c.retries++; c.retries > c.cfg.Retries { // none of them was answered; answers count anew (MUST-37)
		c.die(syscall.ETIMEDOUT)
		return
	}
	c.send(netem.FlagACK, c.una-1, nil, nil, "window probe")
	c.backoff++
	c.persistAt = c.now + c.timeout()
}
