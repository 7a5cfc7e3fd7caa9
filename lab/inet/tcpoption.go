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
		s.have(func(c *tcp.Conn, now time.Duration) { c.SetNoDelay(now, bool(o)) })
	case host.Congestion:
		return s.setCongestion(string(o))
	case host.ReceiveBuffer:
		if o < 0 {
			return syscall.EINVAL
		}
		s.cfg.ReceiveBuffer, s.cfg.Autotuning = int(o), false
		s.have(func(c *tcp.Conn, now time.Duration) { c.SetReceiveBuffer(now, int(o)) })
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
	case host.SendTimeout:
		if o < 0 {
			return syscall.EINVAL
		}
		s.sendTimeout = time.Duration(o)
	case host.NonBlocking:
		s.nonBlocking = bool(o)
	case host.Linger:
		s.linger = o
	case host.ReuseAddress:
		s.bind.reuse = bool(o)
	case host.KeepAlive:
		s.cfg.KeepAlive = bool(o)
		s.have(func(c *tcp.Conn, now time.Duration) { c.SetKeepAlive(now, bool(o)) })
	case host.KeepIdle:
		return s.keepTimes(time.Duration(o), &s.cfg.KeepIdle)
	case host.KeepInterval:
		return s.keepTimes(time.Duration(o), &s.cfg.KeepInterval)
	case host.KeepCount:
		if o < 1 || o > host.MaxKeepCount {
			return syscall.EINVAL
		}
		s.cfg.KeepCount = int(o)
		s.have(func(c *tcp.Conn, now time.Duration) { c.SetKeepTimes(now, 0, 0, int(o)) })
	case host.UserTimeout:
		if o < 0 {
			return syscall.EINVAL
		}
		s.cfg.UserTimeout = time.Duration(o)
		s.have(func(c *tcp.Conn, _ time.Duration) { c.SetUserTimeout(time.Duration(o)) })
	case host.Cork:
		s.cfg.Cork = bool(o)
		s.have(func(c *tcp.Conn, now time.Duration) { c.SetCork(now, bool(o)) })
	case host.QuickACK: // of a connection: there is nothing to acknowledge before
		s.have(func(c *tcp.Conn, now time.Duration) { c.SetQuickACK(now, bool(o)) })
	default:
		return syscall.ENOPROTOOPT
	}
	return nil
}

// have calls into the connection, if there is one.
func (s *tcpSocket) have(f func(c *tcp.Conn, now time.Duration)) {
	if s.e != nil {
		s.e.do(f)
	}
}

// keepTimes sets one of the times of keep-alives.
func (s *tcpSocket) keepTimes(d time.Duration, of *time.Duration) error {
	if d < time.Second || d > host.MaxKeepTime {
		return syscall.EINVAL
	}
	*of = d
	idle, interval := d, time.Duration(0)
	if of == &s.cfg.KeepInterval {
		idle, interval = 0, d
	}
	s.have(func(c *tcp.Conn, now time.Duration) { c.SetKeepTimes(now, idle, interval, 0) })
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
