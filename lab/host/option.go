package host

import "time"

// An Option is one setting of a socket, named as in C.
type Option interface{ option() }

type (
	// NoDelay is TCP_NODELAY: small segments are not held back (Nagle's algorithm off).
	NoDelay bool
	// Congestion is TCP_CONGESTION, the name of a congestion control ("reno", "cubic" …).
	Congestion string
	// ReceiveBuffer is SO_RCVBUF in bytes: on a datagram socket the payload it holds before it drops, on a stream the
	// most it offers as its window. Unlike Linux, which doubles the value, the lab takes it as it is.
	ReceiveBuffer int
	// SendBuffer is SO_SNDBUF in bytes.
	SendBuffer int
	// ReceiveTimeout is SO_RCVTIMEO: Recv and Accept give up with EAGAIN after it; 0 waits for ever.
	ReceiveTimeout time.Duration
	// SendTimeout is SO_SNDTIMEO: Send gives up after it with what it has sent so far, or EAGAIN, and Connect with
	// EINPROGRESS; 0 waits for ever.
	SendTimeout time.Duration
	// NonBlocking is O_NONBLOCK: no call of the socket waits, but that of Close with Linger. An accepted socket does not inherit it.
	NonBlocking bool
	// Linger is SO_LINGER: Close waits until the peer has acknowledged all, at most for Time, in whole seconds; a Time of
	// 0 resets the connection at once.
	Linger struct {
		On   bool
		Time time.Duration
	}
	// ReuseAddress is SO_REUSEADDR.
	ReuseAddress bool
	// KeepAlive is SO_KEEPALIVE: a silent peer is asked whether it is still there.
	KeepAlive bool
	// KeepIdle is TCP_KEEPIDLE: the silence before the first question, in whole seconds from 1 to 32767.
	KeepIdle time.Duration
	// KeepInterval is TCP_KEEPINTVL: the time between questions, in whole seconds from 1 to 32767.
	KeepInterval time.Duration
	// KeepCount is TCP_KEEPCNT: so many questions without an answer, from 1 to 127, end the connection.
	KeepCount int
	// UserTimeout is TCP_USER_TIMEOUT, in whole milliseconds: how long what was sent may go without an ACK before the
	// connection ends with ETIMEDOUT. 0 leaves that to the retransmission timer.
	UserTimeout time.Duration
	// Cork is TCP_CORK: segments that are not full wait for more to be sent.
	Cork bool
	// QuickACK is TCP_QUICKACK: the next ACKs are sent at once, or wait. It does not last.
	QuickACK bool
)

// The limits of Linux's keep-alive options (tcp(7)).
const (
	MaxKeepTime  = 32767 * time.Second
	MaxKeepCount = 127
)

func (NoDelay) option()        {}
func (Congestion) option()     {}
func (ReceiveBuffer) option()  {}
func (SendBuffer) option()     {}
func (ReceiveTimeout) option() {}
func (SendTimeout) option()    {}
func (NonBlocking) option()    {}
func (Linger) option()         {}
func (ReuseAddress) option()   {}
func (KeepAlive) option()      {}
func (KeepIdle) option()       {}
func (KeepInterval) option()   {}
func (KeepCount) option()      {}
func (UserTimeout) option()    {}
func (Cork) option()           {}
func (QuickACK) option()       {}
