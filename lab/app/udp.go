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

// overUDP carries each message in a datagram of its own. Nothing is said in return, so nobody knows when it is over: the
// receiver stops when nothing has come for the quiet time and the last message was due that long ago, as it reckons from
// the first that came. It does not stop when it has all, since copies may still be on their way.
//
// Where the server sends, it must first learn where to: the client asks, with a message of number 0, once a second until
// something comes. The server answers the first request and lets the others be; it keeps its port until none of them
// can be on its way any more, lest it be told that nobody is there.
type overUDP struct{ oneWay }

const (
	askEvery = time.Second
	askTimes = 127 // as long as Linux's TCP tries to connect: six SYN again, after 1, 2, 4, 8, 16, 32 s, and 64 s more
)

func (o overUDP) client(h host.Host, server netip.AddrPort) error {
	s, err := o.dial(h, server)
	if err != nil {
		return err
	}
	if o.From == netem.Forward {
		return closed(s, o.send(h, s, server))
	}
	return closed(s, o.fetch(h, s, server))
}

func (o overUDP) server(h host.Host, local netip.AddrPort) error {
	s, err := o.bind(h, local)
	if err != nil {
		return err
	}
	if o.From == netem.Forward {
		return closed(s, o.receive(h, s, local))
	}
	return closed(s, o.answer(h, s, local))
}

// send sends all messages to the peer that the socket is connected to.
func (o overUDP) send(h host.Host, s host.Socket, peer netip.AddrPort) error {
	return o.sendAll(h, 0, func(b []byte) error {
		if err := sendDatagram(s, b); err != nil {
			return fmt.Errorf("send to %s: %w", peer, err)
		}
		return nil
	})
}

// receive waits without limit for the first datagram, and takes all the others. The address is for errors.
func (o overUDP) receive(h host.Host, s host.Socket, at netip.AddrPort) error {
	buf := o.room(make([]byte, o.size+1)) // one more, to see what is too long
	n, _, err := s.Recv(buf, 0)
	if err != nil {
		return fmt.Errorf("receive at %s: %w", at, err)
	}
	return o.rest(h, s, at, buf, n)
}

// rest notes the first datagram, which is in buf, and takes the others until it is over.
func (o overUDP) rest(h host.Host, s host.Socket, at netip.AddrPort, buf []byte, n int) error {
	over := h.Now() + o.Quiet + o.due(o.offset(o.count()))
	if first, known := o.number(buf[:n]); known {
		over -= o.due(o.offset(first)) // those before it were lost, or will be late
	}
	o.got(buf[:n])
	if err := setTimeout(s, o.Quiet); err != nil {
		return err
	}
	for {
		n, _, err := s.Recv(buf, 0)
		switch {
		case err == nil:
			o.got(buf[:n])
		case !errors.Is(err, syscall.EAGAIN):
			return fmt.Errorf("receive at %s: %w", at, err)
		case h.Now() >= over:
			return nil
		}
	}
}

// got notes one datagram.
func (o overUDP) got(b []byte) {
	if n, known := o.number(b); known {
		o.Journal.Delivered(n, o.intact(b, n))
	} else {
		o.Journal.Garbled(len(b))
	}
}

// fetch asks the server for the messages and takes them.
func (o overUDP) fetch(h host.Host, s host.Socket, server netip.AddrPort) error {
	if err := setTimeout(s, askEvery); err != nil {
		return err
	}
	request := make([]byte, headerSize)
	putHeader(request, 0)
	buf := o.room(make([]byte, o.size+1))
	for range askTimes {
		if _, err := s.Send(request, netip.AddrPort{}, 0); err != nil {
			return fmt.Errorf("ask %s: %w", server, err)
		}
		n, _, err := s.Recv(buf, 0)
		if err == nil {
			return o.rest(h, s, s.LocalAddr(), buf, n)
		}
		if !errors.Is(err, syscall.EAGAIN) {
			return fmt.Errorf("ask %s: %w", server, err)
		}
	}
	return fmt.Errorf("ask %s %d times: %w", server, askTimes, syscall.ETIMEDOUT)
}

// answer waits for a request, without limit, and sends the messages to whoever asked.
func (o overUDP) answer(h host.Host, s host.Socket, local netip.AddrPort) error {
	var peer netip.AddrPort
	buf := make([]byte, headerSize+1)
	for {
		n, from, err := s.Recv(buf, 0)
		if err != nil {
			return fmt.Errorf("await a request at %s: %w", local, err)
		}
		if number, sound := requestOf(buf[:n]); sound && number == 0 {
			peer = from
			break
		}
	}
	if err := s.Connect(peer); err != nil {
		return fmt.Errorf("connect %s: %w", peer, err)
	}
	if err := o.send(h, s, peer); err != nil {
		return err
	}
	if err := setTimeout(s, o.Quiet); err != nil {
		return err
	}
	for {
		if _, _, err := s.Recv(buf, 0); errors.Is(err, syscall.EAGAIN) {
			return nil
		} else if err != nil && !tooLong(err) {
			return fmt.Errorf("await the last requests of %s: %w", peer, err)
		}
	}
}

// requestOf reads the number of a datagram that is a header and no more.
func requestOf(b []byte) (uint64, bool) {
	if len(b) != headerSize {
		return 0, false
	}
	return numberOf(b)
}
