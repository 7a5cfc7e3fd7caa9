package app

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
)

// Reliability built by hand over UDP, as textbooks have it (automatic repeat request, ARQ): Bertsekas and Gallager, Data Networks,
// section 2.4; Kurose and Ross, Computer Networking, section 3.4. Each message travels behind a header with a number and a CRC
// (netem.Numbered); the receiver answers each with an ACK; what is not acknowledged in time is sent again.
//
//	stop-and-wait      one message under way; the next when its ACK has come
//	go-back-n          Window of them; ACK n says that all up to n have come, and the receiver takes them in order alone;
//	                   when nothing is heard of the oldest in time, all that are under way are sent again
//	selective-repeat   Window of them; ACK n speaks of n alone, the receiver keeps what comes early, and what is not heard of
//	                   in time is sent again, each by itself
//
// The way of a transfer: data and ACKs (arqsender.go, arqreceiver.go), until all is acknowledged; then the sender says so (end), and
// is done when that is acknowledged, or after endTries, for it knows that all has arrived. The receiver does not know whether its
// last ACK got through, so it goes on answering: until it has heard the end and then nothing for the quiet time, or has heard
// nothing at all for longer than any sender waits.
//
// Where the server sends, the client begins with ACK 0, once a second until something comes.
type overARQ struct {
	oneWay
	window    uint64 // messages that may be under way
	selective bool
}

// The protocols that are built by hand.
var handMade = []string{"stop-and-wait", "go-back-n", "selective-repeat"}

// newARQ returns a conversation over one of handMade.
func newARQ(o oneWay) (conversation, error) {
	a := overARQ{oneWay: o, window: uint64(o.Window), selective: o.Protocol == "selective-repeat"}
	if o.Protocol == "stop-and-wait" {
		a.window = 1
	}
	switch most := maxMessage - netem.NumberedSize; {
	case o.size > most:
		return nil, fmt.Errorf("a message of %d bytes: behind the header of %s a datagram has room for %d", o.size, o.Protocol, most)
	case o.count() > mostNumbers:
		return nil, fmt.Errorf("%d messages: %s has numbers for %d", o.count(), o.Protocol, mostNumbers)
	}
	return a, nil
}

const (
	mostNumbers = 1<<32 - 2 // the numbers of a header, less 0 and that of the end

	endTries = 8                // how often the sender says that it is done
	silence  = 20 * time.Minute // a receiver that hears nothing for so long gives up: longer than a sender's mostTimeouts
)

func (o overARQ) client(h host.Host, server netip.AddrPort) error {
	s, err := o.dial(h, server)
	if err != nil {
		return err
	}
	if o.From == netem.Forward {
		return closed(s, o.send(h, s, server))
	}
	return closed(s, o.receive(h, s, server, nil))
}

func (o overARQ) server(h host.Host, local netip.AddrPort) error {
	s, err := o.bind(h, local)
	if err != nil {
		return err
	}
	first, peer, err := o.await(s)
	if err != nil {
		return closed(s, fmt.Errorf("await a client at %s: %w", local, err))
	}
	if err := s.Connect(peer); err != nil {
		return closed(s, fmt.Errorf("connect %s: %w", peer, err))
	}
	if o.From == netem.Forward {
		return closed(s, o.receive(h, s, peer, first))
	}
	return closed(s, o.send(h, s, peer))
}

// await waits without limit for the first numbered datagram, and returns it and who sent it.
func (o overARQ) await(s host.Socket) ([]byte, netip.AddrPort, error) {
	buf := make([]byte, netem.NumberedSize+o.size+1)
	for {
		n, from, err := s.Recv(buf, 0)
		if err != nil {
			return nil, from, err
		}
		if _, ok := numbered(buf[:n]); ok {
			return buf[:n], from, nil
		}
	}
}

// numbered reads a datagram's header; ok is false where it is none, or damaged.
func numbered(b []byte) (n netem.Numbered, ok bool) {
	n, ok = netem.ReadNumbered(b)
	return n, ok && netem.Undamaged(b)
}

// A timedSocket is a connected datagram socket with a timeout that costs a call only when it changes.
type timedSocket struct {
	host.Socket
	timeout time.Duration
}

// recvWithin waits at most d, and 1 ns at the least, for a datagram that is numbered and sound. Others count as none: then n is
// zero, as after the timeout; the message is what stands behind the header.
func (s *timedSocket) recvWithin(d time.Duration, buf []byte) (n netem.Numbered, message []byte, err error) {
	if d = max(d, 1); d != s.timeout {
		if err := setTimeout(s.Socket, d); err != nil {
			return n, nil, err
		}
		s.timeout = d
	}
	k, _, err := s.Recv(buf, 0)
	if late(err) || tooLong(err) {
		return n, nil, nil
	}
	if err != nil {
		return n, nil, err
	}
	n, ok := numbered(buf[:k])
	if !ok {
		return netem.Numbered{}, nil, nil
	}
	return n, buf[netem.NumberedSize:k], nil
}

// refused tells whether an error says that the peer's socket is gone.
func refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }
