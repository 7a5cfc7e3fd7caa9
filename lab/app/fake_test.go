package app

import (
	"context"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/virtual"
	"reliabilitylab/netem"
)

// A wire joins hosts of the test's own: no TCP, no IP, only sockets in memory in virtual time. Streams arrive whole
// after the delay; of datagrams each meets the fate that the test gives it.
type wire struct {
	t       *testing.T
	w       *virtual.World
	bound   map[netip.AddrPort]*fakeSocket
	delay   time.Duration
	fate    func(n int, from string, b []byte) []arrival // of the n-th datagram, from 1; nil: perfect
	count   int
	chunk   func() int    // the most that one stream call moves; nil: all
	writing time.Duration // how long a stream's Send takes
	options []string      // host, and what was set on its sockets, in order
	port    uint16
}

// arrival is one copy of a datagram that arrives.
type arrival struct {
	after time.Duration
	b     []byte
}

func newWire(t *testing.T) *wire {
	return &wire{t: t, w: virtual.New(), bound: map[netip.AddrPort]*fakeSocket{}, delay: 10 * time.Millisecond, port: 40000}
}

// run runs all that was started; what is still blocked when nothing more can happen is unwound.
func (n *wire) run() time.Duration {
	n.t.Helper()
	if err := n.w.Run(context.Background(), 1<<62); err != nil {
		n.t.Fatal(err)
	}
	end := n.w.Now()
	if err := n.w.Close(); err != nil {
		n.t.Fatal(err)
	}
	return end
}

type fakeHost struct {
	host.Host // for what no program calls
	*wire
	name string
	addr netip.Addr
}

func (n *wire) host(name, addr string) *fakeHost {
	return &fakeHost{nil, n, name, netip.MustParseAddr(addr)}
}

func (h *fakeHost) Name() string          { return h.name }
func (h *fakeHost) Addr() netip.Addr      { return h.addr }
func (h *fakeHost) Now() time.Duration    { return h.w.Now() }
func (h *fakeHost) Sleep(d time.Duration) { h.w.Sleep(d) }
func (h *fakeHost) Go(f func())           { h.w.Go(f) }

func (h *fakeHost) Socket(_ host.Family, k host.Kind, _ netem.Protocol) (host.Socket, error) {
	return &fakeSocket{h: h, kind: k}, nil
}

type fakeSocket struct {
	host.Socket // for what no program calls
	h           *fakeHost
	kind        host.Kind
	local, peer netip.AddrPort
	timeout     time.Duration
	datagrams   []packet
	other       *fakeSocket   // the far end of a stream
	inbox       []byte        // of a stream
	ended       bool          // the peer has closed its side
	err         error         // told once
	backlog     []*fakeSocket // of a listener
	listening   bool
	waiting     []host.Task
	closed      bool
}

type packet struct {
	from netip.AddrPort
	b    []byte
}

// ready returns which of these events the socket has.
func (s *fakeSocket) ready(e host.Events) (out host.Events) {
	if len(s.backlog) > 0 || len(s.inbox) > 0 || s.ended {
		out |= host.PollIn
	}
	if s.other != nil {
		out |= host.PollOut
	}
	return out & e
}

// Poll looks again whenever something changes at one of the sockets.
func (h *fakeHost) Poll(fds []host.PollFD, timeout time.Duration) (int, error) {
	me, until := h.w.Current(), h.w.Now()+timeout
	if timeout > 0 {
		h.w.After(timeout, func() { h.w.Wake(me) })
	}
	for {
		n := 0
		for i := range fds {
			if s, ok := fds[i].Socket.(*fakeSocket); ok {
				if fds[i].Revents = s.ready(fds[i].Events); fds[i].Revents != 0 {
					n++
				}
				s.waiting = append(s.waiting, me)
			}
		}
		if n > 0 || timeout >= 0 && h.w.Now() >= until {
			return n, nil
		}
		h.w.Park()
	}
}

// changed wakes all that wait for something of the socket.
func (s *fakeSocket) changed() {
	for _, t := range s.waiting {
		s.h.w.Wake(t)
	}
	s.waiting = nil
}

// wait parks until ready says so, or the timeout of the socket is over.
func (s *fakeSocket) wait(ready func() bool) error {
	until := s.h.w.Now() + s.timeout
	if s.timeout > 0 {
		me := s.h.w.Current()
		s.h.w.After(s.timeout, func() { s.h.w.Wake(me) })
	}
	for !ready() {
		if s.timeout > 0 && s.h.w.Now() >= until {
			return syscall.EAGAIN
		}
		s.waiting = append(s.waiting, s.h.w.Current())
		s.h.w.Park()
	}
	return nil
}

func (s *fakeSocket) Bind(a netip.AddrPort) error {
	if s.h.bound[a] != nil {
		return syscall.EADDRINUSE
	}
	s.local, s.h.bound[a] = a, s
	return nil
}

func (s *fakeSocket) LocalAddr() netip.AddrPort { return s.local }
func (s *fakeSocket) Listen(int) error          { s.listening = true; return nil }

func (s *fakeSocket) Accept() (host.Socket, netip.AddrPort, error) {
	if err := s.wait(func() bool { return len(s.backlog) > 0 }); err != nil {
		return nil, netip.AddrPort{}, err
	}
	c := s.backlog[0]
	s.backlog = s.backlog[1:]
	return c, c.peer, nil
}

func (s *fakeSocket) Connect(peer netip.AddrPort) error {
	if !s.local.IsValid() {
		s.h.port++
		s.local = netip.AddrPortFrom(s.h.addr, s.h.port)
		s.h.bound[s.local] = s
	}
	s.peer = peer
	if s.kind == host.Datagram {
		return nil
	}
	s.h.w.Sleep(2 * s.h.delay)
	l := s.h.bound[peer]
	if l == nil || !l.listening {
		return syscall.ECONNREFUSED
	}
	s.other = &fakeSocket{h: l.h, kind: host.Stream, local: peer, peer: s.local, other: s}
	l.backlog = append(l.backlog, s.other)
	l.changed()
	return nil
}

func (s *fakeSocket) Send(b []byte, to netip.AddrPort, _ host.Flags) (int, error) {
	if err := s.err; err != nil {
		s.err = nil
		return 0, err
	}
	if s.kind == host.Stream {
		n := s.write(b)
		s.h.w.Sleep(s.h.writing)
		return n, nil
	}
	if !to.IsValid() {
		to = s.peer
	}
	h := s.h
	h.count++
	all := []arrival{{0, slices.Clone(b)}}
	if h.fate != nil {
		all = h.fate(h.count, h.name, slices.Clone(b))
	}
	from := s.local
	for _, a := range all {
		h.w.After(h.delay+a.after, func() {
			if r := h.bound[to]; r != nil && !r.closed && (!r.peer.IsValid() || r.peer == from) {
				r.datagrams = append(r.datagrams, packet{from, a.b})
				r.changed()
			} else {
				s.err = syscall.ECONNREFUSED
				s.changed()
			}
		})
	}
	return len(b), nil
}

func (s *fakeSocket) write(b []byte) int {
	if s.h.chunk != nil {
		b = b[:min(len(b), s.h.chunk())]
	}
	d := slices.Clone(b)
	s.h.w.After(s.h.delay, func() {
		s.other.inbox = append(s.other.inbox, d...)
		s.other.changed()
	})
	return len(b)
}

func (s *fakeSocket) Recv(b []byte, _ host.Flags) (int, netip.AddrPort, error) {
	err := s.wait(func() bool { return s.err != nil || len(s.datagrams) > 0 || len(s.inbox) > 0 || s.ended })
	if err == nil {
		err, s.err = s.err, nil
	}
	if err != nil {
		return 0, netip.AddrPort{}, err
	}
	if s.kind == host.Datagram {
		p := s.datagrams[0]
		s.datagrams = s.datagrams[1:]
		return copy(b, p.b), p.from, nil
	}
	if s.h.chunk != nil {
		b = b[:min(len(b), s.h.chunk())]
	}
	n := copy(b, s.inbox)
	s.inbox = s.inbox[n:]
	return n, s.peer, nil
}

func (s *fakeSocket) SetOption(o host.Option) error {
	if d, ok := o.(host.ReceiveTimeout); ok {
		s.timeout = time.Duration(d)
		return nil
	}
	if o == host.Congestion("none such") {
		return syscall.ENOENT
	}
	s.h.options = append(s.h.options, s.h.name+" "+optionName(o))
	return nil
}

func optionName(o host.Option) string {
	switch o.(type) {
	case host.NoDelay:
		return "TCP_NODELAY"
	case host.ReceiveBuffer:
		return "SO_RCVBUF"
	}
	return "?"
}

func (s *fakeSocket) Shutdown(host.How) error {
	s.h.w.After(s.h.delay, func() {
		s.other.ended = true
		s.other.changed()
	})
	return nil
}

func (s *fakeSocket) Close() error {
	if s.closed {
		return syscall.EBADF
	}
	s.closed = true
	if s.kind == host.Stream && s.other != nil {
		return s.Shutdown(host.ShutWrite)
	}
	delete(s.h.bound, s.local)
	return nil
}
