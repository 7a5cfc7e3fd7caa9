package inet

import (
	"net/netip"
	"syscall"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/tcp"
)

// How a stream socket ends, and what it still tells then.

// PeerAddr implements host.Socket. As in Linux a connection that is over on both sides has no peer any more.
func (s *tcpSocket) PeerAddr() netip.AddrPort {
	if s.closed || s.e == nil || s.e.over() || s.e.conn.State() == tcp.SynSent {
		return netip.AddrPort{}
	}
	return s.e.peer
}

// over tells whether neither end will send anything more; only TIME-WAIT may still be to come.
func (e *endpoint) over() bool {
	s := e.conn.State()
	return s == tcp.Closed || s == tcp.TimeWait
}

// TakeError implements host.Socket.
func (s *tcpSocket) TakeError() error {
	switch {
	case s.closed:
		return syscall.EBADF
	case s.err != nil:
		return s.pending()
	case s.e == nil:
		return nil
	}
	return s.e.reason(s.e.conn.TakeError())
}

// Shutdown implements host.Socket. As in Linux a listening socket that is shut down for reading is fresh again, one that is
// connecting gives up, and a connection that is over on both sides is ENOTCONN.
func (s *tcpSocket) Shutdown(how host.How) error {
	switch {
	case s.closed:
		return syscall.EBADF
	case how > host.ShutBoth:
		return syscall.EINVAL
	case s.l != nil:
		if how != host.ShutWrite {
			s.unlisten()
		}
		return nil
	case s.e == nil || s.e.over():
		return syscall.ENOTCONN
	case s.e.conn.State() == tcp.SynSent:
		how = host.ShutBoth
	}
	if how != host.ShutWrite {
		s.e.do((*tcp.Conn).CloseRead)
	}
	if how != host.ShutRead {
		s.e.do((*tcp.Conn).CloseWrite)
	}
	return nil
}

// unlisten ends the listening. A port that the program chose stays the socket's.
func (s *tcpSocket) unlisten() {
	l := s.l
	s.l = nil
	s.bind.listening = false
	if !s.bind.chosen {
		s.h.tcpPorts.release(s.bind)
		s.bind = &binding{addr: s.h.any(), reuse: s.bind.reuse}
	}
	l.close()
}

// Close implements host.Socket.
func (s *tcpSocket) Close() error {
	if s.closed {
		return syscall.EBADF
	}
	s.closed = true
	switch {
	case s.l != nil:
		s.h.tcpPorts.release(s.bind)
		s.l.close()
	case s.e == nil:
		s.h.tcpPorts.release(s.bind)
	case s.linger.On && s.linger.Time == 0:
		s.e.open = false
		s.e.do((*tcp.Conn).Abort)
		s.e.wait.wake()
	default:
		s.e.open = false
		s.e.do((*tcp.Conn).Close)
		s.e.wait.wake()
		if s.linger.On {
			s.e.linger(s.h.s.Now() + s.linger.Time)
		}
	}
	return nil
}

// linger waits until the FIN is acknowledged, and all that was sent before it.
func (e *endpoint) linger(until time.Duration) {
	for e.h.s.Now() < until {
		switch e.conn.State() {
		case tcp.FinWait1, tcp.Closing, tcp.LastAck:
			e.wait.wait(e.wait.wakes, until)
		default:
			return
		}
	}
}
