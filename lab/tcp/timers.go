package tcp

import (
	"fmt"
	"syscall"
	"time"

	"reliabilitylab/netem"
)

// lateRTO is the timeout after a handshake whose SYN was sent again and gave no sample (RFC 6298 section 5.7).
const lateRTO = 3 * time.Second

// Deadline is the instant at which Expire wants to be called, or Never. It may move either way with every call.
func (c *Conn) Deadline() time.Duration {
	return min(c.recoveryAt(), c.paceAt, c.persistAt, c.ackAt, c.deathAt, c.keepAt)
}

// recoveryAt is the instant of the timer that is in force for what is on its way: of RACK's reordering timer, the tail loss
// probe's and the retransmission timer one at a time (RFC 8985 section 8).
func (c *Conn) recoveryAt() time.Duration {
	if c.reorderAt != Never {
		return c.reorderAt
	}
	return min(c.probeAt, c.rtoAt)
}

// Expire does what is due. Calling it early does nothing.
func (c *Conn) Expire(now time.Duration) {
	c.now = now
	if c.deathAt <= now {
		event := "2 MSL"
		if c.state == FinWait2 {
			event = "no FIN came"
		}
		c.die(nil, event)
		return
	}
	if c.ackAt <= now {
		c.sendACK("delayed ack")
	}
	c.checkIdle()
	if c.persistAt <= now {
		c.probe()
	}
	if c.keepAt <= now {
		c.keepAlive()
	}
	switch {
	case c.recoveryAt() > now:
	case c.reorderAt != Never:
		c.reorderingTimeout()
	case c.probeAt <= now:
		c.tailLossProbe()
	default:
		c.retransmissionTimeout()
	}
	if c.paceAt <= now {
		c.transmit()
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

// retransmissionTimeout is RFC 6298 sections 5.4 to 5.7. The first SYNs that are sent again have no backoff, as in Linux
// since 6.5 (net.ipv4.tcp_syn_linear_timeouts).
func (c *Conn) retransmissionTimeout() {
	c.rtoAt = Never
	c.retries++
	if c.retries == 1 {
		c.failingAt = c.now
	}
	if most := c.mostRetries(); c.retries > most {
		c.die(syscall.ETIMEDOUT, gaveUp(most))
		return
	}
	if c.retries > 1 && c.overstays(c.failingAt) {
		c.die(syscall.ETIMEDOUT, userTimeout)
		return
	}
	if c.state != SynSent || c.retries > c.cfg.SYNLinear {
		c.backoff++
	}
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
	c.rtoAt = c.inTime(c.rtoAt, c.failingAt)
}

// mostRetries is how many timeouts in a row there may be.
func (c *Conn) mostRetries() int {
	switch c.state {
	case SynSent:
		return c.cfg.SYNRetries + c.cfg.SYNLinear
	case SynReceived:
		return c.cfg.SYNRetries
	}
	return c.cfg.Retries
}

// overstays tells whether what began at an instant has lasted for the user timeout (RFC 5482). As in Linux it begins with
// the first retransmission, or the first probe of a window that is shut, and answers to probes do not put it off.
func (c *Conn) overstays(since time.Duration) bool {
	return c.cfg.UserTimeout > 0 && c.now-since >= c.cfg.UserTimeout
}

// inTime brings a timer forward to the end of the user timeout.
func (c *Conn) inTime(at, since time.Duration) time.Duration {
	if c.cfg.UserTimeout > 0 {
		return min(at, max(c.now, since+c.cfg.UserTimeout))
	}
	return at
}

// userTimeout is the event that ends a connection which has gone without progress for as long (RFC 5482).
const userTimeout = "user timeout"

// gaveUp is the event that ends a connection whose peer has not answered so many attempts (RFC 9293 section 3.8.3, R2).
func gaveUp(retries int) string {
	if retries == 1 {
		return "gave up after 1 retry"
	}
	return fmt.Sprintf("gave up after %d retries", retries)
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
		c.sendNew(n, c.finAsked && n == c.unsent() && n < u, "new")
		return
	}
	c.shutAt = min(c.shutAt, c.now)
	if c.retries++; c.retries > c.cfg.Retries { // none of them was answered; answers count anew (MUST-37)
		c.die(syscall.ETIMEDOUT, gaveUp(c.cfg.Retries))
		return
	}
	if c.overstays(c.shutAt) {
		c.die(syscall.ETIMEDOUT, userTimeout)
		return
	}
	c.send(netem.FlagACK, c.una-1, nil, nil, "window probe")
	c.backoff++
	c.persistAt = c.inTime(c.now+c.timeout(), c.shutAt)
}
