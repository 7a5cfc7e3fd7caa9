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
	case host.KeepAlive:
		return unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, truth(bool(o)))
	case host.KeepIdle:
		return unix.SetsockoptInt(s.fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, int(time.Duration(o)/time.Second))
	case host.KeepInterval:
		return unix.SetsockoptInt(s.fd, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, int(time.Duration(o)/time.Second))
	case host.KeepCount:
		return unix.SetsockoptInt(s.fd, unix.IPPROTO_TCP, unix.TCP_KEEPCNT, int(o))
	case host.UserTimeout:
		return unix.SetsockoptInt(s.fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(time.Duration(o)/time.Millisecond))
	case host.Cork:
		return unix.SetsockoptInt(s.fd, unix.IPPROTO_TCP, unix.TCP_CORK, truth(bool(o)))
	case host.QuickACK:
		return unix.SetsockoptInt(s.fd, unix.IPPROTO_TCP, unix.TCP_QUICKACK, truth(bool(o)))
	}
	if s.fd < 0 {
		return unix.EBADF
	}
	switch o := o.(type) { // the descriptor does not block, so these are ours to keep
	case host.ReceiveTimeout:
		s.timeout = time.Duration(o)
	case host.SendTimeout:
		s.sending = time.Duration(o)
	case host.NonBlocking:
		s.instant = bool(o)
	case host.Linger:
		s.linger = 0
		reset := unix.Linger{Onoff: int32(truth(o.On && o.Time == 0))}
		if o.On && s.kind == host.Stream {
			s.linger = o.Time
		}
		return unix.SetsockoptLinger(s.fd, unix.SOL_SOCKET, unix.SO_LINGER, &reset)
	default:
		return unix.ENOPROTOOPT
	}
	return nil
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
