// Package host says what a computer on the lab's network is: seen from above it has Berkeley sockets, seen from below
// a port for raw IP packets. Programs (lab/app) are written against Host and Socket alone and run unchanged on the
// lab's own stack in virtual time and on the kernel's in real time.
package host

import (
	"context"
	"net/netip"
	"strconv"
	"time"

	"reliabilitylab/netem"
)

// Family is an address family.
type Family uint8

// The address families.
const (
	IPv4 Family = 4 // AF_INET
	IPv6 Family = 6 // AF_INET6
)

// FamilyOf returns the family of an address.
func FamilyOf(a netip.Addr) Family {
	if a.Is4() || a.Is4In6() {
		return IPv4
	}
	return IPv6
}

// Kind is a kind of socket.
type Kind uint8

// The kinds of sockets.
const (
	Stream   Kind = 1 // SOCK_STREAM: TCP
	Datagram Kind = 2 // SOCK_DGRAM: UDP
)

// A Socket is one endpoint. Calls block as they do in C, and their errors are syscall.Errno in both worlds (ErrnoName
// gives the portable name). A socket is used by the programs of its own host.
type Socket interface {
	// Bind gives the socket its local address. Port 0 asks for an ephemeral port, a zero Addr for any address.
	Bind(local netip.AddrPort) error
	// Listen makes a stream socket accept connections; at most backlog+1 complete ones wait to be accepted (as Linux
	// counts), and a SYN that finds the queue full is dropped.
	Listen(backlog int) error
	// Accept waits for a connection and returns its socket and the peer's address.
	Accept() (Socket, netip.AddrPort, error)
	// Connect opens a connection (stream), or fixes the peer (datagram). With O_NONBLOCK, or when SO_SNDTIMEO is over, it
	// is EINPROGRESS, and EALREADY when called again meanwhile: Poll tells when it is done, TakeError how it went.
	Connect(peer netip.AddrPort) error
	// Send blocks until all of b is in the send buffer (stream) or handed to the network as one datagram. The address
	// is for datagram sockets without a fixed peer; elsewhere it is the zero AddrPort. The bytes are copied. On a stream
	// it takes less than all when it may not wait (any longer), and EAGAIN is for nothing at all.
	Send(b []byte, to netip.AddrPort, flags Flags) (int, error)
	// Recv waits for data and copies at most len(b) bytes of it. On a stream 0 without error is the end of the stream;
	// a datagram longer than b is cut. The address is the sender's.
	Recv(b []byte, flags Flags) (int, netip.AddrPort, error)
	// SetOption sets one option (option.go). An option this socket does not have is ENOPROTOOPT; a congestion control
	// that its host does not have is ENOENT.
	SetOption(Option) error
	// LocalAddr is getsockname: the zero AddrPort while unbound.
	LocalAddr() netip.AddrPort
	// PeerAddr is getpeername: the zero AddrPort while there is no peer (ENOTCONN).
	PeerAddr() netip.AddrPort
	// TakeError is getsockopt(SO_ERROR): it returns the error that waits to be told, and with that it is told.
	TakeError() error
	// Shutdown ends one direction of a connection, or both. After ShutWrite the peer's Recv returns 0 when it has read
	// all; after ShutRead this socket's does, and the peer does not learn of it.
	Shutdown(How) error
	// Close gives the socket back. With data unread a stream is reset, else closed in order in the background (but see
	// Linger).
	Close() error
}

// Flags change one call of Send or Recv (send(2), recv(2)).
type Flags uint8

// The flags.
const (
	Peek     Flags = 1 << iota // MSG_PEEK: what Recv returns stays to be received
	DontWait                   // MSG_DONTWAIT: this call does not block, but is EAGAIN
	Trunc                      // MSG_TRUNC: Recv returns a datagram's whole length, more than len(b) where it was cut; a stream's bytes are thrown away
)

// String returns the flags' names in C, "MSG_PEEK|MSG_DONTWAIT"; of none it is "0".
func (f Flags) String() string {
	return bitNames(f, []Flags{Peek, DontWait, Trunc}, []string{"MSG_PEEK", "MSG_DONTWAIT", "MSG_TRUNC"})
}

// How says which directions Shutdown ends.
type How uint8

// The directions (shutdown(2)).
const (
	ShutRead  How = iota // SHUT_RD
	ShutWrite            // SHUT_WR
	ShutBoth             // SHUT_RDWR
)

// String returns the name in C.
func (h How) String() string {
	if h > ShutBoth {
		return strconv.Itoa(int(h))
	}
	return [...]string{"SHUT_RD", "SHUT_WR", "SHUT_RDWR"}[h]
}

// A Host is a computer seen from above.
type Host interface {
	Name() string
	Addr() netip.Addr
	// Socket makes a socket. Protocol 0 stands for the one that the kind has; another than that is EPROTONOSUPPORT.
	Socket(Family, Kind, netem.Protocol) (Socket, error)
	// Poll waits until one of the sockets has something to tell, at most for so long (negative: for ever; 0: not at all).
	// It sets Revents of all and returns of how many it is not 0.
	Poll(fds []PollFD, timeout time.Duration) (int, error)
	Now() time.Duration
	Sleep(time.Duration)
	// Go starts another program on this host.
	Go(func())
}

// A Node is a Host seen from below as well.
type Node interface {
	Host
	// Receive takes a packet from the network, and with it its ownership.
	Receive(*netem.Packet)
	// Transmit says where the packets go that this host sends. It is called once, before any program runs.
	Transmit(netem.Port)
}

// A Task is one running program, as its Scheduler knows it.
type Task any

// A Scheduler runs programs one at a time, and never at the same time as a function of its Clock: whoever runs has the
// world to himself until he parks or returns.
type Scheduler interface {
	netem.Clock
	// Go starts a program; it begins to run at this instant, after the caller has parked or returned.
	Go(func())
	// Current is the program that is running now; nil inside a function of the Clock.
	Current() Task
	// Park suspends the running program until Wake. It may also return without one: callers look again.
	Park()
	// Sleep suspends the running program for d, whatever wakes it.
	Sleep(d time.Duration)
	// Wake lets a parked program go on at this instant, after what is already due. Waking one that is not parked makes
	// its next Park return at once; waking twice is waking once.
	Wake(Task)
}

// A World is a Scheduler that can be run.
type World interface {
	Scheduler
	// Run runs until nothing is left to happen, until the instant `until`, or until ctx ends (then its error).
	Run(ctx context.Context, until time.Duration) error
	// Close ends all programs that are still parked: their calls do not return.
	Close() error
}
