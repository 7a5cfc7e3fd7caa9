package kernel

import (
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"reliabilitylab/lab/host"
)

// A socket is one of the kernel's. Its descriptor never blocks: where a call would, the program is parked until epoll
// says that it is worth another try. It implements host.Socket, and its errors are the kernel's.
type socket struct {
	h       *Host
	kind    host.Kind
	fd      int // -1 once closed
	place   int32
	wait    waitq
	timeout time.Duration // SO_RCVTIMEO
	sending time.Duration // SO_SNDTIMEO
	instant bool          // O_NONBLOCK
	deaf    bool          // a datagram socket that is shut down for reading: a recv that may wait is 0 then
	linger  time.Duration // SO_LINGER, where Close waits
	err     error         // of a Send that could say how much it had sent, but not why not more; told once
	peer    netip.AddrPort
	stream  *connection // once it has a peer
}

// wake implements source.
func (s *socket) wake(uint32) { s.wait.wake() }

// Bind implements host.Socket.
func (s *socket) Bind(local netip.AddrPort) error {
	s.h.mail.forget()
	var a address
	return call(unix.SYS_BIND, s.fd, &a, s.name(&a, local))
}

// Listen implements host.Socket.
func (s *socket) Listen(backlog int) error { return unix.Listen(s.fd, backlog) }

// Accept implements host.Socket. The new socket has the options of the listening one.
func (s *socket) Accept() (host.Socket, netip.AddrPort, error) {
	limit := s.patience(s.timeout, 0)
	for {
		var a address
		size := uint32(len(a))
		fd, _, errno := unix.RawSyscall6(unix.SYS_ACCEPT4, uintptr(s.fd), uintptr(unsafe.Pointer(&a)), uintptr(unsafe.Pointer(&size)),
			unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
		switch {
		case errno == 0:
			c, err := s.h.keep(int(fd), s.kind)
			if err != nil {
				return nil, netip.AddrPort{}, err
			}
			c.timeout, c.sending, c.linger = s.timeout, s.sending, s.linger
			c.connected(a.addrPort())
			return c, c.peer, nil
		case errno != unix.EAGAIN:
			return nil, netip.AddrPort{}, errno
		case s.h.w.Now() >= limit:
			return nil, netip.AddrPort{}, unix.EAGAIN
		}
		s.wait.wait(limit)
	}
}

// patience is the instant at which a call that begins now gives up, with a timeout of its own.
func (s *socket) patience(timeout time.Duration, flags host.Flags) time.Duration {
	return deadline(s.h.w.Now(), timeout, s.instant || flags&host.DontWait != 0)
}

// Connect implements host.Socket.
func (s *socket) Connect(peer netip.AddrPort) error {
	s.h.mail.forget()
	var a address
	size := s.name(&a, peer)
	limit := s.patience(s.sending, 0)
	err := call(unix.SYS_CONNECT, s.fd, &a, size)
	for underway := err; err == unix.EINPROGRESS || err == unix.EALREADY; {
		if s.h.w.Now() >= limit {
			if s.stream == nil {
				s.connected(peer) // it may never be asked again how it went
			}
			return underway
		}
		s.wait.wait(limit)
		err = call(unix.SYS_CONNECT, s.fd, &a, size) // asks how it went
	}
	if err == nil {
		s.connected(peer)
		s.h.w.giveWay()
	}
	return err
}

// connected notes the peer. A stream's changes are observed from now on.
func (s *socket) connected(peer netip.AddrPort) {
	s.peer = peer
	if s.kind == host.Stream {
		t := tupleOf(s.LocalAddr(), peer)
		s.stream = s.h.connection(&t)
		s.h.enliven(s.stream)
		s.h.look(s.stream)
	}
}

// Send implements host.Socket.
func (s *socket) Send(b []byte, to netip.AddrPort, flags host.Flags) (int, error) {
	if s.err != nil {
		return 0, s.pending()
	}
	limit := s.patience(s.sending, flags)
	var a address
	var where unsafe.Pointer
	var size uintptr
	if to.IsValid() && s.kind == host.Datagram {
		where, size = unsafe.Pointer(&a), s.name(&a, to)
	}
	done := 0
	for {
		rest := b[done:]
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(s.fd), uintptr(unsafe.Pointer(unsafe.SliceData(rest))), uintptr(len(rest)),
			unix.MSG_NOSIGNAL, uintptr(where), size)
		switch {
		case errno == 0:
			if done += int(n); done == len(b) || s.kind == host.Datagram {
				s.h.w.giveWay()
				return done, nil
			}
		case errno == unix.EAGAIN && s.h.w.Now() < limit:
			s.wait.wait(limit)
		case errno == unix.EAGAIN && done > 0:
			s.h.w.giveWay()
			return done, nil
		case done > 0:
			s.err = errno
			return done, nil
		default:
			return 0, errno
		}
	}
}

// pending returns the error that is still to be told, and forgets it.
func (s *socket) pending() error {
	err := s.err
	s.err = nil
	return err
}

// Recv implements host.Socket.
func (s *socket) Recv(b []byte, flags host.Flags) (int, netip.AddrPort, error) {
	limit := s.patience(s.timeout, flags)
	for {
		var a address
		var where unsafe.Pointer
		size := uint32(len(a))
		if s.kind == host.Datagram {
			where = unsafe.Pointer(&a)
		}
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(s.fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)),
			flagBits(flags), uintptr(where), uintptr(unsafe.Pointer(&size)))
		switch {
		case errno == 0 && s.kind == host.Stream:
			s.h.w.giveWay()
			return int(n), s.peer, nil
		case errno == 0:
			s.h.w.giveWay()
			return int(n), a.addrPort(), nil
		case errno == unix.EAGAIN && s.err != nil:
			return 0, netip.AddrPort{}, s.pending()
		case errno != unix.EAGAIN:
			return 0, netip.AddrPort{}, errno
		case s.h.w.Now() >= limit:
			return 0, netip.AddrPort{}, unix.EAGAIN
		case s.deaf:
			return 0, netip.AddrPort{}, nil
		}
		s.wait.wait(limit)
	}
}

// LocalAddr implements host.Socket.
func (s *socket) LocalAddr() netip.AddrPort {
	var a address
	size := uint32(len(a))
	_, _, errno := unix.RawSyscall(unix.SYS_GETSOCKNAME, uintptr(s.fd), uintptr(unsafe.Pointer(&a)), uintptr(unsafe.Pointer(&size)))
	if at := a.addrPort(); errno == 0 && at.Port() != 0 {
		return at
	}
	return netip.AddrPort{}
}

// flagBits are the kernel's bits of a recv's flags. That a call may not wait, no call needs to be told.
func flagBits(f host.Flags) (bits uintptr) {
	if f&host.Peek != 0 {
		bits |= unix.MSG_PEEK
	}
	if f&host.Trunc != 0 {
		bits |= unix.MSG_TRUNC
	}
	return bits
}
