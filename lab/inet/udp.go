package inet

import (
	"net/netip"
	"slices"
	"syscall"
	"time"

	"reliabilitylab/lab/host"
)

// UDP sockets (RFC 768, RFC 1122 section 4.1; calls and errors as in Linux's man 7 udp).

// A udpSocket implements host.Socket.
type udpSocket struct {
	h        *Host
	bind     binding
	peer     addr // with peerPort, where connected
	peerPort uint16
	conn     bool // Connect has fixed the peer
	closed   bool
	shut     bool          // Shutdown for writing
	deaf     bool          // and for reading
	err      syscall.Errno // of an ICMP message; the next call returns it, once
	timeout  time.Duration // SO_RCVTIMEO
	instant  bool          // O_NONBLOCK
	queue    udpQueue
	limit    int // bytes of payload the queue holds
	wait     waitq
}

func newUDPSocket(h *Host) *udpSocket {
	return &udpSocket{h: h, bind: binding{addr: h.any()}, limit: h.c.UDPReceiveBuffer, wait: waitq{s: h.s}}
}

// Bind implements host.Socket.
func (s *udpSocket) Bind(local netip.AddrPort) error {
	if s.closed {
		return syscall.EBADF
	}
	a, err := s.h.bindable(local.Addr())
	if err != nil {
		return err
	}
	if s.bind.held {
		return syscall.EINVAL
	}
	return s.attach(a, local.Port())
}

// bindable is the address that bind takes: one of the host's own, or any.
func (h *Host) bindable(a netip.Addr) (addr, error) {
	x, err := h.local(a)
	if err != nil {
		return x, err
	}
	if !x.unspecified() && !h.mine(x) {
		return x, syscall.EADDRNOTAVAIL
	}
	return x, nil
}

func (s *udpSocket) attach(a addr, port uint16) error {
	s.bind.addr, s.bind.port = a, port
	if err := s.h.udpPorts.bind(&s.bind); err != nil {
		s.bind.addr, s.bind.port = s.h.any(), 0
		return err
	}
	s.h.udp.add(s.bind.port, s)
	return nil
}

// autobind gives an unbound socket an ephemeral port; that there is none is EAGAIN, as in Linux.
func (s *udpSocket) autobind() error {
	if !s.bind.held && s.attach(s.h.any(), 0) != nil {
		return syscall.EAGAIN
	}
	return nil
}

// Connect fixes the peer: Send needs no address, Recv gets this peer's datagrams alone, and errors that ICMP brings come
// out of the next call. It may be called again.
func (s *udpSocket) Connect(peer netip.AddrPort) error {
	if s.closed {
		return syscall.EBADF
	}
	if !peer.Addr().IsValid() {
		return syscall.EINVAL
	}
	dst, err := s.h.local(peer.Addr())
	if err != nil {
		return err
	}
	if dst.broadcast() {
		return syscall.EACCES
	}
	src, dst, err := s.h.route(s.bind.addr, dst)
	if err != nil {
		return err
	}
	if err := s.autobind(); err != nil {
		return err
	}
	s.bind.addr = src
	s.peer, s.peerPort, s.conn = dst, peer.Port(), true
	return nil
}

// Send implements host.Socket: it makes one datagram, of at most 65507 bytes (IPv6: 65527), and never blocks. A datagram
// that does not fit the path's MTU, as far as that is known, is sent in fragments, any other with DF.
func (s *udpSocket) Send(b []byte, to netip.AddrPort, _ host.Flags) (int, error) {
	if s.closed {
		return 0, syscall.EBADF
	}
	src, dst, port := s.bind.addr, s.peer, s.peerPort
	if to.IsValid() {
		var err error
		if src, dst, err = s.destination(to); err != nil {
			return 0, err
		}
		port = to.Port()
	} else if !s.conn {
		return 0, syscall.EDESTADDRREQ
	}
	if err := s.pending(); err != nil {
		return 0, err
	}
	h := s.h
	most := 65535 - headerUDP
	if !h.v6 {
		most -= header4
	}
	switch {
	case s.shut:
		return 0, syscall.EPIPE
	case len(b) > most:
		return 0, syscall.EMSGSIZE
	}
	if err := s.autobind(); err != nil {
		return 0, err
	}
	n := headerUDP + len(b)
	if h.ipHeader()+n > h.pathMTU(dst) {
		h.body = slices.Grow(h.body[:0], n)[:n]
		putUDP(h.body, s.bind.port, port, b)
		sealUDP(h.body, src, dst)
		h.sendFragments(protoUDP, src, dst, h.body, "new")
		return len(b), nil
	}
	p, t := h.packet(protoUDP, src, dst, n, true)
	putUDP(t, s.bind.port, port, b)
	p.Unsealed(seal)
	p.Reason = "new"
	h.emit(p, dst)
	return len(b), nil
}

// destination is where a datagram with an address of its own goes, and from where.
func (s *udpSocket) destination(to netip.AddrPort) (src, dst addr, err error) {
	if to.Port() == 0 {
		return src, dst, syscall.EINVAL
	}
	if dst, err = s.h.local(to.Addr()); err != nil {
		return src, dst, err
	}
	if dst.broadcast() {
		return src, dst, syscall.EACCES // without SO_BROADCAST, which this host does not have
	}
	return s.h.route(s.bind.addr, dst)
}

// putUDP writes a datagram into t, header and payload, with a checksum of 0.
func putUDP(t []byte, srcPort, dstPort uint16, payload []byte) {
	put16(t, srcPort)
	put16(t[2:], dstPort)
	put16(t[4:], uint16(len(t)))
	put16(t[6:], 0)
	copy(t[headerUDP:], payload)
}

// sealUDP puts the checksum into a datagram whose checksum is 0. It is always made; where it comes out as 0, which means
// that there is none, it is sent as 0xffff (RFC 768).
func sealUDP(t []byte, src, dst addr) {
	c := finish(pseudo(src, dst, protoUDP, len(t)) + sum(t))
	if c == 0 {
		c = 0xffff
	}
	put16(t[6:], c)
}

// pending returns the error of an ICMP message, and forgets it.
func (s *udpSocket) pending() error {
	if s.err == 0 {
		return nil
	}
	err := s.err
	s.err = 0
	return err
}

// Recv implements host.Socket. A socket that is shut down for reading returns 0, once it has no datagram left; but
// a call that may not wait is EAGAIN, as in Linux.
func (s *udpSocket) Recv(b []byte, flags host.Flags) (int, netip.AddrPort, error) {
	limit := deadline(s.h.s.Now(), s.timeout, s.instant || flags&host.DontWait != 0)
	for {
		if s.closed {
			return 0, netip.AddrPort{}, syscall.EBADF
		}
		if err := s.pending(); err != nil {
			return 0, netip.AddrPort{}, err
		}
		if m, ok := s.queue.peek(); ok {
			n := copy(b, m.payload)
			if flags&host.Trunc != 0 {
				n = len(m.payload)
			}
			from := netip.AddrPortFrom(m.from.netip(), m.port)
			if flags&host.Peek == 0 {
				s.queue.pop()
				s.h.c.Pool.Put(m.p)
			}
			return n, from, nil
		}
		if s.h.s.Now() >= limit {
			return 0, netip.AddrPort{}, syscall.EAGAIN
		}
		if s.deaf {
			return 0, netip.AddrPort{}, nil
		}
		s.wait.wait(s.wait.wakes, limit)
	}
}

// LocalAddr implements host.Socket.
func (s *udpSocket) LocalAddr() netip.AddrPort {
	if !s.bind.held || s.closed {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(s.bind.addr.netip(), s.bind.port)
}

// PeerAddr implements host.Socket.
func (s *udpSocket) PeerAddr() netip.AddrPort {
	if !s.conn || s.closed {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(s.peer.netip(), s.peerPort)
}

// TakeError implements host.Socket.
func (s *udpSocket) TakeError() error {
	if s.closed {
		return syscall.EBADF
	}
	return s.pending()
}

// Shutdown makes every later Send fail with EPIPE, or Recv return 0; the peer does not learn of it. On a socket without a
// fixed peer it says ENOTCONN and does it all the same, as Linux.
func (s *udpSocket) Shutdown(how host.How) error {
	switch {
	case s.closed:
		return syscall.EBADF
	case how > host.ShutBoth:
		return syscall.EINVAL
	}
	s.shut = s.shut || how != host.ShutRead
	s.deaf = s.deaf || how != host.ShutWrite
	s.wait.wake()
	if !s.conn {
		return syscall.ENOTCONN
	}
	return nil
}

// Close implements host.Socket. What waits unread is thrown away.
func (s *udpSocket) Close() error {
	if s.closed {
		return syscall.EBADF
	}
	s.closed = true
	if s.bind.held {
		s.h.udpPorts.release(&s.bind)
		removeFrom(&s.h.udp, s.bind.port, s)
	}
	for {
		m, ok := s.queue.pop()
		if !ok {
			break
		}
		s.h.throw(m.p, CauseClosed)
	}
	s.wait.wake()
	return nil
}

// Listen implements host.Socket.
func (s *udpSocket) Listen(int) error {
	if s.closed {
		return syscall.EBADF
	}
	return syscall.EOPNOTSUPP
}

// Accept implements host.Socket.
func (s *udpSocket) Accept() (host.Socket, netip.AddrPort, error) {
	if s.closed {
		return nil, netip.AddrPort{}, syscall.EBADF
	}
	return nil, netip.AddrPort{}, syscall.EOPNOTSUPP
}

// SetOption implements host.Socket. A send buffer and a timeout have no effect: a datagram is handed to the
// network at once.
func (s *udpSocket) SetOption(o host.Option) error {
	if s.closed {
		return syscall.EBADF
	}
	switch o := o.(type) {
	case host.ReceiveBuffer:
		if o < 0 {
			return syscall.EINVAL
		}
		s.limit = int(o)
	case host.SendBuffer:
		if o < 0 {
			return syscall.EINVAL
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
	case host.NonBlocking:
		s.instant = bool(o)
	case host.ReuseAddress:
		s.bind.reuse = bool(o)
	case host.KeepAlive, host.Linger: // every socket has them, TCP alone makes use of them
	default:
		return syscall.ENOPROTOOPT
	}
	return nil
}
