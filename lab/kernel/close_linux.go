package kernel

import (
	"net/netip"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"

	"reliabilitylab/lab/host"
)

// How a socket ends, and what it still tells then.

// PeerAddr implements host.Socket.
func (s *socket) PeerAddr() netip.AddrPort {
	var a address
	size := uint32(len(a))
	_, _, errno := unix.RawSyscall(unix.SYS_GETPEERNAME, uintptr(s.fd), uintptr(unsafe.Pointer(&a)), uintptr(unsafe.Pointer(&size)))
	if errno != 0 {
		return netip.AddrPort{}
	}
	return a.addrPort()
}

// TakeError implements host.Socket.
func (s *socket) TakeError() error {
	if s.err != nil {
		return s.pending()
	}
	n, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && n != 0 {
		err = unix.Errno(n)
	}
	return err
}

// Shutdown implements host.Socket.
func (s *socket) Shutdown(how host.How) error {
	err := unix.Shutdown(s.fd, int(how)) // Linux has the same numbers
	if s.kind == host.Datagram && (how == host.ShutRead || how == host.ShutBoth) {
		s.deaf = true // also with ENOTCONN
	}
	if err == nil {
		s.h.w.giveWay()
	}
	return err
}

// Close implements host.Socket. Programs that are blocked in a call of the socket get EBADF.
func (s *socket) Close() error {
	if s.linger > 0 {
		s.lingers()
	}
	if s.fd < 0 {
		return unix.EBADF
	}
	if s.stream != nil {
		s.h.look(s.stream)
	}
	s.h.sockets = slices.DeleteFunc(s.h.sockets, func(o *socket) bool { return o == s })
	s.h.mail.forget()
	s.h.w.forget(s.place)
	err := unix.Close(s.fd)
	s.fd = -1
	s.wait.wake()
	return err
}

// lingers does what close would do with SO_LINGER, which must not keep the world from going on: it waits until all that was sent is
// acknowledged, and the FIN (Linux sk_stream_wait_close). With data unread there is no wait, since close resets then.
func (s *socket) lingers() {
	limit := s.h.w.Now() + s.linger
	s.linger = 0
	if n, err := unix.IoctlGetInt(s.fd, unix.TIOCINQ); err != nil || n > 0 || unix.Shutdown(s.fd, unix.SHUT_RDWR) != nil {
		return
	}
	for s.h.w.Now() < limit && s.fd >= 0 {
		i, err := unix.GetsockoptTCPInfo(s.fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			return
		}
		switch states[i.State] {
		case "FIN-WAIT-1", "CLOSING", "LAST-ACK":
			s.wait.wait(limit)
		default:
			return
		}
	}
}
