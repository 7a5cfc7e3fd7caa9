package inet

import (
	"syscall"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/tcp"
)

// SetOption implements host.Socket. What is set before a connection is made is the connection's from its SYN on.
func (s *tcpSocket) SetOption(o host.Option) error {
	if s.closed {
		return syscall.EBADF
	}
	switch o := o.(type) {
	case host.NoDelay:
		s.cfg.Nagle = !bool(o)
		if s.e != nil {
			s.e.do(func(c *tcp.Conn, now time.Duration) { c.SetNoDelay(now, bool(o)) })
		}
	case host.Congestion:
		return s.setCongestion(string(o))
	case host.ReceiveBuffer:
		if o < 0 {
			return syscall.EINVAL
		}
		s.cfg.ReceiveBuffer = int(o)
		if s.e != nil {
			s.e.do(func(c *tcp.Conn, now time.Duration) { c.SetReceiveBuffer(now, int(o)) })
		}
	case host.SendBuffer:
		if o < 0 {
			return syscall.EINVAL
		}
		s.sendBuffer = int(o)
		if s.e != nil {
			s.e.conn.SetSendBuffer(int(o))
			s.e.wait.wake() // there may be more room
		}
	case host.ReceiveTimeout:
		if o < 0 {
			return syscall.EINVAL
		}
		s.timeout = time.Duration(o)
	case host.ReuseAddress:
		s.bind.reuse = bool(o)
	default:
		return syscall.ENOPROTOOPT
	}
	return nil
}

// setCongestion: a control that there is not is ENOENT, as in Linux.
func (s *tcpSocket) setCongestion(name string) error {
	if s.e != nil {
		if err := s.e.conn.SetCongestion(name); err != nil {
			return err
		}
	}
	for i := range tcp.Congestions {
		if tcp.Congestions[i].Name == name {
			s.cfg.Congestion = name
			return nil
		}
	}
	return syscall.ENOENT
}
