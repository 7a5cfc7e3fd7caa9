package app

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"syscall"
	"time"

	"reliabilitylab/lab/host"
)

// What programs do with sockets again and again. Errors name the call that failed and wrap its errno.

// open makes a socket for talking with that address and sets the flow's options on it.
func (p Program) open(h host.Host, a netip.Addr) (host.Socket, error) {
	kind := host.Datagram
	if p.Protocol == "tcp" {
		kind = host.Stream
	}
	s, err := h.Socket(host.FamilyOf(a), kind, 0)
	if err != nil {
		return nil, fmt.Errorf("socket for %s: %w", p.Protocol, err)
	}
	for _, opt := range p.Options {
		if err := s.SetOption(opt); err != nil {
			return nil, closed(s, fmt.Errorf("set %T to %v: %w", opt, opt, err))
		}
	}
	return s, nil
}

// dial returns a socket that is connected to the server.
func (p Program) dial(h host.Host, server netip.AddrPort) (host.Socket, error) {
	s, err := p.open(h, server.Addr())
	if err != nil {
		return nil, err
	}
	if err := s.Connect(server); err != nil {
		return nil, closed(s, fmt.Errorf("connect %s: %w", server, err))
	}
	return s, nil
}

// bind returns a socket with that address.
func (p Program) bind(h host.Host, local netip.AddrPort) (host.Socket, error) {
	s, err := p.open(h, local.Addr())
	if err != nil {
		return nil, err
	}
	if err := s.Bind(local); err != nil {
		return nil, closed(s, fmt.Errorf("bind %s: %w", local, err))
	}
	return s, nil
}

// listen returns a stream socket that takes connections.
func (p Program) listen(h host.Host, local netip.AddrPort, backlog int) (host.Socket, error) {
	l, err := p.bind(h, local)
	if err != nil {
		return nil, err
	}
	if err := l.Listen(backlog); err != nil {
		return nil, closed(l, fmt.Errorf("listen %s: %w", local, err))
	}
	return l, nil
}

// closed closes a socket and returns what went wrong before or in closing. (It is not deferred: a world that ends while
// a program is blocked unwinds it, and that must put nothing more on the wire.)
func closed(s host.Socket, err error) error {
	if e := s.Close(); e != nil {
		err = errors.Join(err, fmt.Errorf("close: %w", e))
	}
	return err
}

// setTimeout lets Recv and Accept give up with EAGAIN after d.
func setTimeout(s host.Socket, d time.Duration) error {
	if err := s.SetOption(host.ReceiveTimeout(d)); err != nil {
		return fmt.Errorf("set a timeout of %v: %w", d, err)
	}
	return nil
}

// late tells whether an error says that nothing came within the timeout.
func late(err error) bool { return errors.Is(err, syscall.EAGAIN) }

// tooLong tells of an earlier datagram, which a router could not pass on (EMSGSIZE): later ones go in fragments.
func tooLong(err error) bool { return errors.Is(err, syscall.EMSGSIZE) }

// sendDatagram sends to the peer that a datagram socket is connected to. Where it is told that an earlier one was too long, this one was
// not sent, and goes now; the news may come twice meanwhile.
func sendDatagram(s host.Socket, b []byte) error {
	_, err := s.Send(b, netip.AddrPort{}, 0)
	for tries := 1; tooLong(err) && tries < 3; tries++ {
		_, err = s.Send(b, netip.AddrPort{}, 0)
	}
	return err
}

// A stream is a connected stream socket as an io.Reader and io.Writer.
type streamSocket struct{ host.Socket }

// Read implements io.Reader.
func (s streamSocket) Read(b []byte) (int, error) {
	n, _, err := s.Recv(b, 0)
	if err == nil && n == 0 && len(b) > 0 {
		return 0, io.EOF
	}
	return n, err
}

// Write implements io.Writer.
func (s streamSocket) Write(b []byte) (int, error) {
	sent := 0
	for sent < len(b) {
		n, err := s.Send(b[sent:], netip.AddrPort{}, 0)
		if sent += n; err != nil {
			return sent, err
		}
	}
	return sent, nil
}
