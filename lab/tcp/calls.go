package tcp

import (
	"syscall"
	"time"

	"reliabilitylab/netem"
)

// What programs ask of a connection: write, read, close, and the settings that may change while it is open. Each call does
// at once what it makes possible (transmit, a window update), and tells the observer of it.

// Write copies into the send buffer what has room, and sends what may be sent. 0 without error means the buffer is full
// (or the handshake is not over): wait for Notify. After CloseWrite it is EPIPE; after a failure, once, that failure.
func (c *Conn) Write(now time.Duration, b []byte) (int, error) {
	c.now = now
	if err := c.takeErr(); err != nil {
		return 0, err
	}
	switch {
	case c.finAsked:
		return 0, syscall.EPIPE
	case c.state == SynSent || c.state == SynReceived:
		c.wantRoom = true
		return 0, nil
	case c.state != Established && c.state != CloseWait:
		return 0, syscall.EPIPE
	}
	n := min(len(b), c.room())
	c.wantRoom = n < len(b)
	if n > 0 {
		c.checkIdle()
		c.out.add(b[:n])
		c.transmit()
		c.report("write")
	}
	return n, nil
}

// room is how many bytes more the send buffer takes. Unless the program has set its size, it follows the congestion
// window as Linux's does: room for two windows, so that one can be filled while the other is on its way, and three with
// a Model.
func (c *Conn) room() int {
	if c.fixedBuffer {
		c.sendLimit = max(c.cfg.SendBuffer, c.mss) // with less, nothing could ever be sent
	} else {
		windows := 2
		if c.model != nil {
			windows = 3 // it sends a whole window even while one is being repaired
		}
		want := windows * max(c.w.Cwnd, c.cfg.InitialWindow*c.mss)
		c.sendLimit = min(max(c.sendLimit, want), c.cfg.SendBuffer)
	}
	return max(0, c.sendLimit-c.out.n)
}

// Read copies what has arrived in order. 0 without error means that nothing is there yet; the end of the stream is
// io.EOF; after a failure, once, that failure (ECONNRESET, ETIMEDOUT, ECONNREFUSED while connecting).
func (c *Conn) Read(now time.Duration, b []byte) (int, error) {
	c.now = now
	if n := c.in.read(b); n > 0 {
		c.resize()
		c.offer()
		return n, nil
	}
	return 0, c.end()
}

// Unread is how many bytes Read could return at once.
func (c *Conn) Unread() int { return c.in.unread }

// Ended tells whether the stream has ended: behind the unread bytes Read returns io.EOF.
func (c *Conn) Ended() bool { return c.finTaken || c.readShut || c.state == Closed }

// CloseWrite sends FIN behind all that was written.
func (c *Conn) CloseWrite(now time.Duration) {
	c.now = now
	if c.finAsked {
		return
	}
	switch c.state {
	case SynSent:
		c.die(nil, "close")
		return
	case SynReceived, Established:
		// In SYN-RECEIVED the FIN waits for the handshake's last ACK (RFC 9293 section 3.10.4).
		c.finAsked = true
		if c.state == Established {
			c.become(FinWait1, "close")
		}
	case CloseWait:
		c.finAsked = true
		c.become(LastAck, "close")
	default:
		return
	}
	c.transmit()
	c.report("close")
}

// Close is CloseWrite by a program that will not read any more: unread data, or data that comes later, resets the
// connection (RFC 9293 section 3.6.1, RFC 2525 section 2.17). The caller goes on calling Deliver and Expire until Closed.
func (c *Conn) Close(now time.Duration) {
	c.now = now
	c.deaf = true
	if c.in.unread > 0 && c.state != Closed && c.state != TimeWait {
		c.send(netem.FlagRST|netem.FlagACK, c.nxt, nil, nil, "close with unread data")
		c.die(nil, "close with unread data")
		return
	}
	c.CloseWrite(now)
	if c.state == FinWait2 {
		c.deathAt = now + c.cfg.TimeWait // nobody waits for the peer's FIN for ever
	}
}

// Abort sends RST, if the peer knows the connection, and closes at once.
func (c *Conn) Abort(now time.Duration) {
	c.now = now
	switch c.state {
	case Closed:
		return
	case SynReceived, Established, FinWait1, FinWait2, CloseWait:
		c.send(netem.FlagRST|netem.FlagACK, c.nxt, nil, nil, "abort")
	}
	c.die(nil, "abort")
}

// Fail ends the connection with an error (an ICMP message said so while connecting).
func (c *Conn) Fail(now time.Duration, err error) {
	c.now = now
	if c.state != Closed {
		c.die(err, "ICMP error")
	}
}

// Next is the sequence number behind all that was sent.
func (c *Conn) Next() Seq { return c.nxt }

// State returns the connection's state.
func (c *Conn) State() State { return c.state }

// Err is why the connection failed, or nil. Unlike Read and Write it does not use the error up.
func (c *Conn) Err() error { return c.cause }

// SetNoDelay switches Nagle's algorithm off or on.
func (c *Conn) SetNoDelay(now time.Duration, on bool) {
	c.now = now
	c.cfg.Nagle = !on
	if on {
		cork := c.cfg.Cork
		c.cfg.Cork = false // for what waits now (as in Linux)
		c.transmit()
		c.cfg.Cork = cork
		c.report("write")
	}
}

// SetCork holds segments back that are not full, or lets them go as far as Nagle's algorithm lets them.
func (c *Conn) SetCork(now time.Duration, on bool) {
	c.now = now
	c.cfg.Cork = on
	if !on {
		c.transmit()
		c.report("write")
	}
}

// SetQuickACK sends the ACK that is owed and the next ones without delay, or ends that (Linux's TCP_QUICKACK; there they are
// what was left of the quick ACKs of the start).
func (c *Conn) SetQuickACK(now time.Duration, on bool) {
	c.now = now
	c.quick = 0
	if on {
		c.quick = quickACKs
		if c.state >= Established && c.acked != c.next {
			c.sendACK("ack")
		}
	}
}

// SetUserTimeout sets Config.UserTimeout. It holds from the next timeout on.
func (c *Conn) SetUserTimeout(d time.Duration) { c.cfg.UserTimeout = d }

// SetCongestion chooses the congestion control; a name not in Congestions is ENOENT, as Linux has it.
func (c *Conn) SetCongestion(name string) error {
	for _, k := range Congestions {
		if k.Name == name {
			c.adopt(k.New())
			return nil
		}
	}
	return syscall.ENOENT
}

// SetReceiveBuffer sets what is offered as window, once and for all; the offer never shrinks (RFC 9293 section 3.8.6).
func (c *Conn) SetReceiveBuffer(now time.Duration, n int) {
	c.now = now
	c.cfg.ReceiveBuffer, c.cfg.Autotuning, c.buffer = n, false, n
	if c.state >= Established {
		c.offer()
	}
}

// SetSendBuffer sets how much Write takes beyond what is acknowledged.
func (c *Conn) SetSendBuffer(n int) {
	c.cfg.SendBuffer = n
	c.fixedBuffer = true
}

// takeErr returns the failure once.
func (c *Conn) takeErr() error {
	err := c.err
	c.err = nil
	return err
}
