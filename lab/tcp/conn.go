package tcp

import "time"

// State is RFC 9293's (section 3.3.2). LISTEN is the socket layer's: a Conn is born with a SYN sent or received.
type State uint8

// The states.
const (
	Closed State = iota
	SynSent
	SynReceived
	Established
	FinWait1
	FinWait2
	CloseWait
	Closing
	LastAck
	TimeWait
)

// A Conn is one connection.
type Conn struct{}

// Connect makes a connection and sends its SYN. iss is the initial sequence number.
func Connect(cfg Config, env Env, now time.Duration, iss Seq) *Conn { return nil }

// Accept makes a connection of a SYN that a listener got, and answers it with SYN-ACK.
func Accept(cfg Config, env Env, now time.Duration, iss Seq, syn *Segment) *Conn { return nil }

// Reset returns the RST that answers a segment for which there is no connection (RFC 9293 section 3.10.7.1), and whether
// one is to be sent at all.
func Reset(s *Segment) (Segment, bool) { return Segment{}, false }

// Deliver takes a segment from the network.
func (c *Conn) Deliver(now time.Duration, s *Segment) {}

// Deadline is the instant at which Expire wants to be called, or Never. It may move either way with every call.
func (c *Conn) Deadline() time.Duration { return Never }

// Expire does what is due. Calling it early does nothing.
func (c *Conn) Expire(now time.Duration) {}

// Write copies into the send buffer what has room, and sends what may be sent. 0 without error means the buffer is full
// (or the handshake is not over): wait for Notify. After CloseWrite it is EPIPE; after a failure, once, that failure.
func (c *Conn) Write(now time.Duration, b []byte) (int, error) { return 0, nil }

// Read copies what has arrived in order. 0 without error means that nothing is there yet; the end of the stream is
// io.EOF; after a failure, once, that failure (ECONNRESET, ETIMEDOUT, ECONNREFUSED while connecting).
func (c *Conn) Read(now time.Duration, b []byte) (int, error) { return 0, nil }

// Unread is how many bytes Read could return at once.
func (c *Conn) Unread() int { return 0 }

// CloseWrite sends FIN behind all that was written.
func (c *Conn) CloseWrite(now time.Duration) {}

// Close is CloseWrite by a program that will not read any more: unread data, or data that comes later, resets the
// connection (RFC 9293 section 3.6.1, RFC 2525 section 2.17). The caller goes on calling Deliver and Expire until Closed.
func (c *Conn) Close(now time.Duration) {}

// Abort sends RST, if the peer knows the connection, and closes at once.
func (c *Conn) Abort(now time.Duration) {}

// Fail ends the connection with an error (an ICMP message said so while connecting).
func (c *Conn) Fail(now time.Duration, err error) {}

// State returns the connection's state.
func (c *Conn) State() State { return Closed }

// Err is why the connection failed, or nil. Unlike Read and Write it does not use the error up.
func (c *Conn) Err() error { return nil }

// SetNoDelay switches Nagle's algorithm off or on.
func (c *Conn) SetNoDelay(now time.Duration, on bool) {}

// SetReceiveBuffer sets the most that is offered as window; the offer never shrinks (RFC 9293 section 3.8.6.2.2).
func (c *Conn) SetReceiveBuffer(now time.Duration, n int) {}

// SetSendBuffer sets how much Write takes beyond what is acknowledged.
func (c *Conn) SetSendBuffer(n int) {}
