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
	// ReuseAddress is SO_REUSEADDR.
	ReuseAddress bool
)

func (NoDelay) option()        {}
func (Congestion) option()     {}
func (ReceiveBuffer) option()  {}
func (SendBuffer) option()     {}
func (ReceiveTimeout) option() {}
func (ReuseAddress) option()   {}
