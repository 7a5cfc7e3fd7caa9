package inet

import (
	"errors"
	"io"
	"net/netip"
	"syscall"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/tcp"
)

// Stream sockets over lab/tcp (calls and errors as in Linux's man 7 tcp).

// A tcpSocket implements host.Socket. It is fresh, listening (l), or has a connection (e).
type tcpSocket struct {
	h           *Host
	bind        *binding
	l           *listener
	e           *endpoint
	opening     bool // no Connect was told yet that e is open, or why it is not
	bound       addr // what the socket was bound to before e was opened
	closed      bool
	err         error      // of a Send that could say how much it had sent, but not why not more; told once
	cfg         tcp.Config // of the next connection
	sendBuffer  int        // SO_SNDBUF, or -1 if it was not set
	timeout     time.Duration
	sendTimeout time.Duration
	nonBlocking bool
	linger      host.Linger
}

func newTCPSocket(h *Host) *tcpSocket {
	return &tcpSocket{h: h, bind: &binding{addr: h.any()}, cfg: h.c.TCP, sendBuffer: -1}
}

// Bind implements host.Socket.
func (s *tcpSocket) Bind(local netip.AddrPort) error {
	if s.closed {
		return syscall.EBADF
	}
	a, err := s.h.bindable(local.Addr())
	if err != nil {
		return err
	}
	if s.bind.held || s.e != nil {
		return syscall.EINVAL
	}
	if !s.attach(a, local.Port()) {
		return syscall.EADDRINUSE
	}
	s.bind.chosen = true
	return nil
}

// attach takes a port, or an ephemeral one.
func (s *tcpSocket) attach(a addr, port uint16) bool {
	b := &binding{addr: a, port: port, reuse: s.bind.reuse}
	if s.h.tcpPorts.bind(b) != nil {
		return false
	}
	s.bind = b
	return true
}

// Listen implements host.Socket. On a socket that listens already it sets the backlog anew.
func (s *tcpSocket) Listen(backlog int) error {
	switch {
	case s.closed:
		return syscall.EBADF
	case s.e != nil:
		return syscall.EINVAL
	case s.l != nil:
		s.l.setBacklog(backlog)
		return nil
	}
	h := s.h
	if !s.bind.held {
		if !s.attach(h.any(), 0) {
			return syscall.EADDRINUSE
		}
	} else if !h.tcpPorts.free(s.bind) {
		return syscall.EADDRINUSE
	}
	s.bind.listening = true
	s.l = &listener{s: s, bind: s.bind, wait: waitq{s: h.s}}
	s.l.setBacklog(backlog)
	h.tcp.listeners.add(s.bind.port, s.l)
	return nil
}

// Accept implements host.Socket. The new socket has the options of the listening one.
func (s *tcpSocket) Accept() (host.Socket, netip.AddrPort, error) {
	limit := s.patience(s.timeout, 0)
	for {
		switch {
		case s.closed:
			return nil, netip.AddrPort{}, syscall.EBADF
		case s.l == nil:
			return nil, netip.AddrPort{}, syscall.EINVAL
		}
		if l := s.l; len(l.ready) > 0 {
			e := l.ready[0]
			l.ready = append(l.ready[:0], l.ready[1:]...)
			return &tcpSocket{
				h: s.h, bind: e.bind, e: e, cfg: s.cfg, sendBuffer: s.sendBuffer,
				timeout: s.timeout, sendTimeout: s.sendTimeout, linger: s.linger,
			}, e.peer, nil
		}
		if s.h.s.Now() >= limit {
			return nil, netip.AddrPort{}, syscall.EAGAIN
		}
		s.l.wait.wait(s.l.wait.wakes, limit)
	}
}

// patience is the instant at which a call that begins now gives up, with a timeout of its own.
func (s *tcpSocket) patience(timeout time.Duration, flags host.Flags) time.Duration {
	return deadline(s.h.s.Now(), timeout, s.nonBlocking || flags&host.DontWait != 0)
}

// Connect implements host.Socket. After a failure the socket is fresh again, and keeps its port if Bind chose it.
func (s *tcpSocket) Connect(peer netip.AddrPort) error {
	switch {
	case s.closed:
		return syscall.EBADF
	case s.opening:
		return s.connected(syscall.EALREADY)
	case s.e != nil || s.l != nil:
		return syscall.EISCONN
	case !peer.Addr().IsValid():
		return syscall.EINVAL
	}
	h := s.h
	dst, err := h.local(peer.Addr())
	if err != nil {
		return err
	}
	if dst.multicast() || dst.broadcast() {
		return syscall.ENETUNREACH
	}
	bound := s.bind.addr
	src, dst, err := h.route(bound, dst)
	if err != nil {
		return err
	}
	if !s.bind.held && !s.attach(src, 0) {
		return syscall.EADDRNOTAVAIL
	}
	k := newFlowKey(src, s.bind.port, dst, peer.Port())
	if h.tcp.conns[k] != nil {
		return syscall.EADDRNOTAVAIL
	}
	s.bind.addr, s.bound = src, bound
	s.open(k)
	if s.nonBlocking { // even if it is over already
		return syscall.EINPROGRESS
	}
	return s.connected(syscall.EINPROGRESS)
}

// open sends the SYN.
func (s *tcpSocket) open(k flowKey) {
	h := s.h
	e := h.newEndpoint(k, s.bind, h.tcp.initialSequence(k, h.s.Now()))
	e.open = true
	s.e, s.opening = e, true
	was := h.enter()
	e.conn = tcp.Connect(s.cfg, e.env(), h.s.Now(), e.iss)
	s.prepare(e.conn)
	e.settle()
	h.leave(was)
}

// prepare gives a new connection the options that are not part of its Config.
func (s *tcpSocket) prepare(c *tcp.Conn) {
	if s.sendBuffer >= 0 {
		c.SetSendBuffer(s.sendBuffer)
	}
}

// connected waits until the handshake is over, at most as long as SO_SNDTIMEO says; its error is then underway. When the
// handshake fails, the socket is bound to what it was before.
func (s *tcpSocket) connected(underway error) error {
	e := s.e
	limit := s.patience(s.sendTimeout, 0)
	for e.connecting() && !s.closed {
		if s.h.s.Now() >= limit {
			return underway
		}
		e.wait.wait(e.wait.wakes, limit)
	}
	switch {
	case s.closed:
		return syscall.EBADF
	case s.e != e: // another program was told how it failed
		return syscall.ECONNABORTED
	}
	s.opening = false
	if e.conn.State() != tcp.Closed {
		return nil
	}
	s.e = nil
	if s.bind.chosen {
		s.bind.addr = s.bound
	} else {
		s.bind = &binding{addr: s.h.any(), reuse: s.bind.reuse}
	}
	if err := e.conn.TakeError(); err != nil {
		return e.reason(err)
	}
	return syscall.ECONNABORTED
}

// Send implements host.Socket. When the connection fails after some of b was taken, it returns how much, and the next
// call says why. A socket that has no connection is EPIPE, as in Linux.
func (s *tcpSocket) Send(b []byte, _ netip.AddrPort, flags host.Flags) (int, error) {
	limit := s.patience(s.sendTimeout, flags)
	done := 0
	for {
		switch {
		case s.closed && done > 0:
			return done, nil
		case s.closed:
			return 0, syscall.EBADF
		case s.e == nil:
			return 0, syscall.EPIPE
		}
		if err := s.pending(); err != nil {
			return 0, err
		}
		seen := s.e.wait.wakes
		n, err := s.e.write(b[done:])
		done += n
		switch {
		case err != nil && done > 0:
			s.err = err
			return done, nil
		case err != nil:
			return 0, err
		case done == len(b):
			return done, nil
		case s.h.s.Now() < limit:
			s.e.wait.wait(seen, limit)
		case done > 0:
			return done, nil
		default:
			return 0, syscall.EAGAIN
		}
	}
}

// pending returns the error that is still to be told, and forgets it.
func (s *tcpSocket) pending() error {
	err := s.err
	s.err = nil
	return err
}

// Recv implements host.Socket. The address is the peer's.
func (s *tcpSocket) Recv(b []byte, flags host.Flags) (int, netip.AddrPort, error) {
	limit := s.patience(s.timeout, flags)
	for {
		switch {
		case s.closed:
			return 0, netip.AddrPort{}, syscall.EBADF
		case s.e == nil:
			return 0, netip.AddrPort{}, syscall.ENOTCONN
		case len(b) == 0:
			return 0, s.e.peer, nil
		}
		seen := s.e.wait.wakes
		n, err := s.e.read(b, flags&host.Peek != 0)
		switch {
		case n > 0:
			return n, s.e.peer, nil
		case s.err != nil:
			return 0, netip.AddrPort{}, s.pending()
		case errors.Is(err, io.EOF):
			return 0, s.e.peer, nil
		case err != nil:
			return 0, netip.AddrPort{}, err
		}
		if s.h.s.Now() >= limit {
			return 0, netip.AddrPort{}, syscall.EAGAIN
		}
		s.e.wait.wait(seen, limit)
	}
}

// LocalAddr implements host.Socket.
func (s *tcpSocket) LocalAddr() netip.AddrPort {
	switch {
	case s.closed:
		return netip.AddrPort{}
	case s.e != nil:
		return s.e.local
	case s.bind.held:
		return netip.AddrPortFrom(s.bind.addr.netip(), s.bind.port)
	}
	return netip.AddrPort{}
}
