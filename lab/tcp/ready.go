package tcp

import (
	"io"
	"time"
)

// What a program asks of a connection without waiting for it (poll, MSG_PEEK, SO_ERROR), and the end of its reading alone.

// Peek copies what Read would return next, and leaves it there.
func (c *Conn) Peek(b []byte) int { return c.in.peek(b) }

// peek copies what is in order.
func (r *receiveBuffer) peek(p []byte) int {
	n := min(len(p), r.unread)
	k := copy(p[:n], r.b[r.head:])
	copy(p[k:n], r.b)
	return n
}

// Readable tells whether Read has something to return: bytes, the end, or a failure.
func (c *Conn) Readable() bool { return c.in.unread > 0 || c.err != nil || c.Ended() }

// Writable tells whether a third of the send buffer is free, as Linux wants it (sk_stream_is_writeable), or Write would fail.
// If it is neither, Notify says when there is room.
func (c *Conn) Writable() bool {
	if c.finAsked || c.err != nil || c.state == Closed {
		return true
	}
	if 3*c.room() >= c.sendLimit {
		return true
	}
	c.wantRoom = true
	return false
}

// Shut tells which directions have ended: reading by the peer's FIN or CloseRead, writing by CloseWrite, both by a failure.
func (c *Conn) Shut() (read, write bool) {
	closed := c.state == Closed
	return closed || c.finTaken || c.readShut, closed || c.finAsked
}

// Failed tells whether there is a failure that no call has returned yet.
func (c *Conn) Failed() bool { return c.err != nil }

// TakeError returns the failure that Read and Write have not told yet, and with that it is told; nil if there is none.
func (c *Conn) TakeError() error { return c.takeErr() }

// CloseRead ends the reading: behind what is there Read returns io.EOF. The peer does not learn of it, and what it sends still
// arrives, unless this end has closed too: then data resets the connection (RFC 1122 section 4.2.2.13; Linux tcp_shutdown does no
// more either).
func (c *Conn) CloseRead(now time.Duration) {
	c.now = now
	c.readShut = true
	c.env.Notify()
}

// end is what Read returns where there is nothing to read: the failure that is still to be told, the end, or nothing yet.
func (c *Conn) end() error {
	if err := c.takeErr(); err != nil {
		return err
	}
	if c.Ended() {
		return io.EOF
	}
	return nil
}
