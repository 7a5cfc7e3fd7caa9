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
	err     error         // of a Send that could say how much it had sent, but not why not more; told once
	peer    netip.AddrPort
	watched *sampled // what was last known of the connection
}

// wake implements source.
func (s *socket) wake(uint32) { s.wait.wake() }

// Bind implements host.Socket.
func (s *socket) Bind(local netip.AddrPort) error {
	var a address
	return call(unix.SYS_BIND, s.fd, &a, s.name(&a, local))
}

// Listen implements host.Socket.
func (s *socket) Listen(backlog int) error { return unix.Listen(s.fd, backlog) }

// Accept implements host.Socket. The new socket has the options of the listening one.
func (s *socket) Accept() (host.Socket, netip.AddrPort, error) {
	limit := deadline(s.h.w.Now(), s.timeout)
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
			c.timeout = s.timeout
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

// Connect implements host.Socket.
func (s *socket) Connect(peer netip.AddrPort) error {
	var a address
	size := s.name(&a, peer)
	err := call(unix.SYS_CONNECT, s.fd, &a, size)
	for begun := err == unix.EINPROGRESS; begun && (err == unix.EINPROGRESS || err == unix.EALREADY); {
		s.wait.wait(never)
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
		s.observe()
	}
}

// Send implements host.Socket.
func (s *socket) Send(b []byte, to netip.AddrPort) (int, error) {
	if err := s.err; err != nil {
		s.err = nil
		return 0, err
	}
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
		case errno == unix.EAGAIN:
			s.wait.wait(never)
		case done > 0:
			s.err = errno
			return done, nil
		default:
			return 0, errno
		}
	}
}

// Recv implements host.Socket.
func (s *socket) Recv(b []byte) (int, netip.AddrPort, error) {
	limit := deadline(s.h.w.Now(), s.timeout)
	for {
		var a address
		var where unsafe.Pointer
		size := uint32(len(a))
		if s.kind == host.Datagram {
			where = unsafe.Pointer(&a)
		}
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(s.fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)),
			0, uintptr(where), uintptr(unsafe.Pointer(&size)))
		switch {
		case errno == 0 && s.kind == host.Stream:
			s.h.w.giveWay()
			return int(n), s.peer, nil
		case errno == 0:
			s.h.w.giveWay()
			return int(n), a.addrPort(), nil
		case errno == unix.EAGAIN && s.err != nil:
			err := s.err
			s.err = nil
			return 0, netip.AddrPort{}, err
		case errno != unix.EAGAIN:
			return 0, netip.AddrPort{}, errno
		case s.h.w.Now() >= limit:
			return 0, netip.AddrPort{}, unix.EAGAIN
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

// CloseWrite implements host.Socket.
func (s *socket) CloseWrite() error {
	err := unix.Shutdown(s.fd, unix.SHUT_WR)
	if err == nil {
		s.h.w.giveWay()
	}
	return err
}

// Close implements host.Socket. Programs that are blocked in a call of the socket get EBADF.
func (s *socket) Close() error {
	if s.fd < 0 {
		return unix.EBADF
	}
	s.look()
	s.h.unwatch(s)
	s.h.w.forget(s.place)
	err := unix.Close(s.fd)
	s.fd = -1
	s.wait.wake()
	return err
}
