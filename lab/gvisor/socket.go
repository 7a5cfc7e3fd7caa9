package gvisor

import (
	"bytes"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	gtcp "gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
	"gvisor.dev/gvisor/pkg/waiter"

	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
)

// A socket is one endpoint of the stack with blocking calls. It implements host.Socket.
type socket struct {
	h       *Host
	kind    host.Kind
	number  int // in the order of making
	ep      tcpip.Endpoint
	queue   *waiter.Queue
	entry   waiter.Entry
	told    atomic.Bool // it is in h.told
	wait    waitq
	timeout time.Duration // SO_RCVTIMEO
	sending time.Duration // SO_SNDTIMEO
	instant bool          // O_NONBLOCK
	peer    netip.AddrPort
	err     error // of a Send that had sent some already; the next call is told it, once
	closed  bool
}

var _ host.Socket = (*socket)(nil)

// Socket implements host.Host.
func (h *Host) Socket(f host.Family, k host.Kind, p netem.Protocol) (host.Socket, error) {
	if f != host.FamilyOf(h.c.Addr) {
		return nil, syscall.EAFNOSUPPORT
	}
	transport := gtcp.ProtocolNumber
	if k == host.Datagram {
		transport = udp.ProtocolNumber
	}
	if p != 0 && tcpip.TransportProtocolNumber(p) != transport {
		return nil, syscall.EPROTONOSUPPORT
	}
	queue := new(waiter.Queue)
	var ep tcpip.Endpoint
	var err tcpip.Error
	h.do(func() { ep, err = h.stack.NewEndpoint(transport, h.network(), queue) })
	if err != nil {
		return nil, errno(err)
	}
	if k == host.Stream {
		ep.SocketOptions().SetDelayOption(h.c.TCP.Nagle)
	}
	return h.keep(ep, queue, k), nil
}

// keep makes a socket of an endpoint.
func (h *Host) keep(ep tcpip.Endpoint, queue *waiter.Queue, k host.Kind) *socket {
	h.sockets++
	s := &socket{h: h, kind: k, number: h.sockets, ep: ep, queue: queue, wait: waitq{s: h.s}}
	s.entry.Init(s, waiter.AllEvents)
	queue.EventRegister(&s.entry)
	return s
}

// NotifyEvent implements waiter.EventListener: the stack's goroutines call it.
func (s *socket) NotifyEvent(waiter.EventMask) {
	if s.told.Swap(true) {
		return
	}
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	s.h.told = append(s.h.told, s)
}

// try makes one call of the endpoint.
func (s *socket) try(call func() tcpip.Error) (err tcpip.Error) {
	s.h.do(func() { err = call() })
	return err
}

// block makes a call of the endpoint until it does not want to wait any more, or for longer than limit.
func (s *socket) block(limit time.Duration, call func() tcpip.Error) error {
	for {
		if s.closed {
			return syscall.EBADF
		}
		seen := s.wait.wakes
		err := s.try(call)
		if _, again := err.(*tcpip.ErrWouldBlock); !again {
			return errno(err)
		}
		if s.h.s.Now() >= limit {
			return syscall.EAGAIN
		}
		s.wait.wait(seen, limit)
	}
}

// patience is the instant at which a call that begins now gives up, with a timeout of its own.
func (s *socket) patience(timeout time.Duration, flags host.Flags) time.Duration {
	switch {
	case s.instant || flags&host.DontWait != 0:
		return s.h.s.Now()
	case timeout == 0:
		return never
	}
	return s.h.s.Now() + timeout
}

// Bind implements host.Socket.
func (s *socket) Bind(local netip.AddrPort) error {
	if s.closed {
		return syscall.EBADF
	}
	if local.Addr().IsValid() && host.FamilyOf(local.Addr()) != host.FamilyOf(s.h.c.Addr) {
		return syscall.EAFNOSUPPORT
	}
	return errno(s.try(func() tcpip.Error { return s.ep.Bind(toFull(local)) }))
}

// Listen implements host.Socket.
func (s *socket) Listen(backlog int) error {
	if s.closed {
		return syscall.EBADF
	}
	// The stack's backlog is how many connections may wait; Linux's is one less.
	return errno(s.try(func() tcpip.Error { return s.ep.Listen(backlog + 1) }))
}

// Accept implements host.Socket.
func (s *socket) Accept() (host.Socket, netip.AddrPort, error) {
	var ep tcpip.Endpoint
	var queue *waiter.Queue
	var from tcpip.FullAddress
	err := s.block(s.patience(s.timeout, 0), func() (err tcpip.Error) {
		ep, queue, err = s.ep.Accept(&from)
		return err
	})
	if err != nil {
		return nil, netip.AddrPort{}, err
	}
	c := s.h.keep(ep, queue, host.Stream)
	c.peer, c.timeout, c.sending = fromFull(from), s.timeout, s.sending
	return c, c.peer, nil
}

// Connect implements host.Socket.
func (s *socket) Connect(peer netip.AddrPort) error {
	if s.closed {
		return syscall.EBADF
	}
	seen := s.wait.wakes
	limit := s.patience(s.sending, 0)
	err := s.try(func() tcpip.Error { return s.ep.Connect(toFull(peer)) })
	_, begun := err.(*tcpip.ErrConnectStarted)
	_, before := err.(*tcpip.ErrAlreadyConnecting)
	if begun || before {
		for s.ready()&(host.PollOut|host.PollErr|host.PollHup) == 0 {
			if s.h.s.Now() >= limit {
				s.peer = peer
				return errno(err)
			}
			s.wait.wait(seen, limit)
			if s.closed {
				return syscall.EBADF
			}
			seen = s.wait.wakes
		}
		if err = s.try(func() tcpip.Error { return s.ep.LastError() }); err == nil {
			err = s.try(func() tcpip.Error { return s.ep.Connect(toFull(peer)) }) // asked once more it says that it is done
		}
	}
	if err == nil {
		s.peer = peer
	}
	return errno(err)
}

// Send implements host.Socket.
func (s *socket) Send(b []byte, to netip.AddrPort, flags host.Flags) (int, error) {
	limit := s.patience(s.sending, flags)
	var o tcpip.WriteOptions
	if s.kind == host.Datagram {
		o.Atomic = true
		if to.IsValid() {
			full := toFull(to)
			o.To = &full
		}
	}
	done := 0
	for {
		if err := s.err; err != nil {
			s.err = nil
			return 0, err
		}
		err := s.block(limit, func() tcpip.Error {
			n, err := s.ep.Write(bytes.NewReader(b[done:]), o)
			done += int(n)
			return err
		})
		switch {
		case err != nil && done == 0:
			return 0, err
		case err == syscall.EAGAIN:
			return done, nil
		}
		if s.err = err; err != nil || done == len(b) || s.kind == host.Datagram {
			return done, nil
		}
	}
}

// Recv implements host.Socket.
func (s *socket) Recv(b []byte, flags host.Flags) (int, netip.AddrPort, error) {
	var got tcpip.ReadResult
	ended := false
	err := s.block(s.patience(s.timeout, flags), func() (err tcpip.Error) {
		room := tcpip.SliceWriter(b)
		got, err = s.ep.Read(&room, tcpip.ReadOptions{NeedRemoteAddr: s.kind == host.Datagram, Peek: flags&host.Peek != 0})
		switch err.(type) {
		case nil:
			s.ep.ModerateRecvBuf(got.Count)
		case *tcpip.ErrClosedForReceive:
			ended = true
			return nil
		}
		return err
	})
	switch {
	case err != nil:
		return 0, netip.AddrPort{}, err
	case ended || s.kind == host.Stream:
		return got.Count, s.peer, nil
	}
	if flags&host.Trunc != 0 {
		got.Count = got.Total
	}
	return got.Count, fromFull(got.RemoteAddr), nil
}

// SetOption implements host.Socket.
func (s *socket) SetOption(o host.Option) error {
	if s.closed {
		return syscall.EBADF
	}
	options := s.ep.SocketOptions()
	switch o := o.(type) {
	case host.NoDelay:
		if s.kind != host.Stream {
			return syscall.ENOPROTOOPT
		}
		s.h.do(func() { options.SetDelayOption(!bool(o)) })
	case host.Congestion:
		if s.kind != host.Stream {
			return syscall.ENOPROTOOPT
		}
		name := tcpip.CongestionControlOption(o)
		return errno(s.try(func() tcpip.Error { return s.ep.SetSockOpt(&name) }))
	case host.ReceiveBuffer:
		s.h.do(func() { options.SetReceiveBufferSize(int64(o), true) })
	case host.SendBuffer:
		s.h.do(func() { options.SetSendBufferSize(int64(o), true) })
	case host.ReceiveTimeout:
		s.timeout = time.Duration(o)
	case host.SendTimeout:
		s.sending = time.Duration(o)
	case host.NonBlocking:
		s.instant = bool(o)
	case host.Linger:
		s.h.do(func() { options.SetLinger(tcpip.LingerOption{Enabled: o.On, Timeout: o.Time}) })
	case host.ReuseAddress:
		s.h.do(func() { options.SetReuseAddress(bool(o)) })
	case host.KeepAlive:
		s.h.do(func() { options.SetKeepAlive(bool(o)) })
	default:
		if s.kind != host.Stream {
			return syscall.ENOPROTOOPT
		}
		return s.setTCPOption(o)
	}
	return nil
}

// setTCPOption sets what only streams have. gVisor keeps the limits of Linux above its sockets, in the system call.
func (s *socket) setTCPOption(o host.Option) error {
	options := s.ep.SocketOptions()
	keep := func(d time.Duration, set func() tcpip.Error) error {
		if d < time.Second || d > host.MaxKeepTime {
			return syscall.EINVAL
		}
		return errno(s.try(set))
	}
	switch o := o.(type) {
	case host.KeepIdle:
		v := tcpip.KeepaliveIdleOption(o)
		return keep(time.Duration(o), func() tcpip.Error { return s.ep.SetSockOpt(&v) })
	case host.KeepInterval:
		v := tcpip.KeepaliveIntervalOption(o)
		return keep(time.Duration(o), func() tcpip.Error { return s.ep.SetSockOpt(&v) })
	case host.KeepCount:
		if o < 1 || o > host.MaxKeepCount {
			return syscall.EINVAL
		}
		return errno(s.try(func() tcpip.Error { return s.ep.SetSockOptInt(tcpip.KeepaliveCountOption, int(o)) }))
	case host.UserTimeout:
		if o < 0 {
			return syscall.EINVAL
		}
		v := tcpip.TCPUserTimeoutOption(o)
		return errno(s.try(func() tcpip.Error { return s.ep.SetSockOpt(&v) }))
	case host.Cork:
		s.h.do(func() { options.SetCorkOption(bool(o)) })
	case host.QuickACK:
		s.h.do(func() { options.SetQuickAck(bool(o)) })
	default:
		return syscall.ENOPROTOOPT
	}
	return nil
}

// LocalAddr implements host.Socket.
func (s *socket) LocalAddr() netip.AddrPort {
	if s.closed {
		return netip.AddrPort{}
	}
	full, err := s.ep.GetLocalAddress()
	if err != nil || full.Port == 0 {
		return netip.AddrPort{}
	}
	at := fromFull(full)
	if !at.Addr().IsValid() {
		return netip.AddrPortFrom(unspecified(s.h.c.Addr), at.Port())
	}
	return at
}

// PeerAddr implements host.Socket.
func (s *socket) PeerAddr() netip.AddrPort {
	if s.closed {
		return netip.AddrPort{}
	}
	full, err := s.ep.GetRemoteAddress()
	if err != nil {
		return netip.AddrPort{}
	}
	return fromFull(full)
}

// TakeError implements host.Socket.
func (s *socket) TakeError() error {
	if s.closed {
		return syscall.EBADF
	}
	if err := s.err; err != nil {
		s.err = nil
		return err
	}
	return errno(s.try(func() tcpip.Error { return s.ep.SocketOptions().GetLastError() }))
}

// Shutdown implements host.Socket.
func (s *socket) Shutdown(how host.How) error {
	if s.closed {
		return syscall.EBADF
	}
	if how > host.ShutBoth {
		return syscall.EINVAL
	}
	flags := [...]tcpip.ShutdownFlags{tcpip.ShutdownRead, tcpip.ShutdownWrite, tcpip.ShutdownRead | tcpip.ShutdownWrite}[how]
	return errno(s.try(func() tcpip.Error { return s.ep.Shutdown(flags) }))
}

// Close implements host.Socket.
func (s *socket) Close() error {
	if s.closed {
		return syscall.EBADF
	}
	s.closed = true
	s.queue.EventUnregister(&s.entry)
	s.h.do(s.ep.Close)
	s.wait.wake()
	return nil
}
