package kernel

import (
	"time"

	"golang.org/x/sys/unix"

	"reliabilitylab/lab/host"
)

// SetOption implements host.Socket.
func (s *socket) SetOption(o host.Option) error {
	switch o := o.(type) {
	case host.NoDelay:
		return unix.SetsockoptInt(s.fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, truth(bool(o)))
	case host.Congestion:
		return unix.SetsockoptString(s.fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION, string(o))
	case host.ReceiveBuffer:
		return s.buffer(unix.SO_RCVBUF, unix.SO_RCVBUFFORCE, int(o))
	case host.SendBuffer:
		return s.buffer(unix.SO_SNDBUF, unix.SO_SNDBUFFORCE, int(o))
	case host.ReuseAddress:
		return unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, truth(bool(o)))
	case host.ReceiveTimeout:
		if s.fd < 0 {
			return unix.EBADF
		}
		s.timeout = time.Duration(o) // the descriptor does not block, so it is ours to keep
		return nil
	}
	return unix.ENOPROTOOPT
}

// buffer sets a buffer, beyond net.core.rmem_max and wmem_max where we may (as in a namespace of our own).
func (s *socket) buffer(option, force, size int) error {
	err := unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, force, size)
	if err == unix.EPERM {
		err = unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, option, size)
	}
	return err
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}
