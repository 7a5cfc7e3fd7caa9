package trace

import (
	"fmt"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"reliabilitylab/lab/host"
)

// A scripted socket answers each call with what is set, after it has taken a while on the clock.
type scripted struct {
	host.Socket
	clock    *stubClock
	takes    time.Duration
	n        int
	peer     netip.AddrPort
	accepted host.Socket
	err      error
	blocked  func() // called within a call, before it returns
}

func (s *scripted) wait() error {
	s.clock.now += s.takes
	if s.blocked != nil {
		s.blocked()
	}
	return s.err
}

func (s *scripted) Bind(netip.AddrPort) error    { return s.wait() }
func (s *scripted) Listen(int) error             { return s.wait() }
func (s *scripted) Connect(netip.AddrPort) error { return s.wait() }
func (s *scripted) SetOption(host.Option) error  { return s.wait() }
func (s *scripted) CloseWrite() error            { return s.wait() }
func (s *scripted) Close() error                 { return s.wait() }
func (s *scripted) LocalAddr() netip.AddrPort    { return s.peer }
func (s *scripted) Accept() (host.Socket, netip.AddrPort, error) {
	return s.accepted, s.peer, s.wait()
}
func (s *scripted) Send([]byte, netip.AddrPort) (int, error) { return s.n, s.wait() }
func (s *scripted) Recv([]byte) (int, netip.AddrPort, error) {
	err := s.wait()
	return s.n, s.peer, err
}

func show(calls []Call) string {
	var b strings.Builder
	for i := range calls {
		c := &calls[i]
		fmt.Fprintf(&b, "%s %d %s(%s) = %d %s %d-%d\n", c.Host, c.Socket, c.Name, c.Args(), c.Result, c.Errno, c.Begin, c.Return)
	}
	return b.String()
}

// TestWatch makes every call once.
func TestWatch(t *testing.T) {
	clock := &stubClock{}
	r := NewRecorder(clock, Trace{})
	peer := netip.MustParseAddrPort("10.0.0.2:80")
	inner := &scripted{clock: clock, takes: 1, n: 5, peer: peer}
	inner.accepted = &scripted{clock: clock, takes: 1, n: 0}
	h := r.Watch(&stubHost{name: "server", socket: inner})
	if h.Name() != "server" {
		t.Errorf("the watched host is %q", h.Name())
	}
	s, err := h.Socket(host.IPv4, host.Stream)
	if err != nil {
		t.Fatal(err)
	}
	s.Bind(netip.AddrPortFrom(netip.Addr{}, 80))
	s.Listen(128)
	for _, o := range []host.Option{
		host.NoDelay(true), host.Congestion("reno"), host.ReceiveBuffer(65536), host.SendBuffer(1), host.ReceiveTimeout(time.Second), host.ReuseAddress(false),
	} {
		s.SetOption(o)
	}
	c, from, err := s.Accept()
	if err != nil || from != peer {
		t.Errorf("accepted from %v, %v", from, err)
	}
	if n, from, err := c.Recv(make([]byte, 10)); n != 0 || from.IsValid() || err != nil {
		t.Errorf("recv: %d, %v, %v", n, from, err)
	}
	c.CloseWrite()
	c.Close()
	s.Connect(peer)
	if n, err := s.Send(make([]byte, 7), peer); n != 5 || err != nil {
		t.Errorf("send: %d, %v", n, err)
	}
	if n, from, err := s.Recv(make([]byte, 9)); n != 5 || from != peer || err != nil {
		t.Errorf("recv: %d, %v, %v", n, from, err)
	}
	if s.LocalAddr() != peer {
		t.Error("the local address does not come through")
	}
	u, _ := h.Socket(host.IPv6, host.Datagram)
	u.Close()
	tr, _ := r.Finish()
	want := `server 1 socket(AF_INET, SOCK_STREAM) = 1  0-0
server 1 bind(*:80) = 0  0-1
server 1 listen(128) = 0  1-2
server 1 setsockopt(TCP_NODELAY, true) = 0  2-3
server 1 setsockopt(TCP_CONGESTION, reno) = 0  3-4
server 1 setsockopt(SO_RCVBUF, 65536) = 0  4-5
server 1 setsockopt(SO_SNDBUF, 1) = 0  5-6
server 1 setsockopt(SO_RCVTIMEO, 1s) = 0  6-7
server 1 setsockopt(SO_REUSEADDR, false) = 0  7-8
server 1 accept(10.0.0.2:80) = 2  8-9
server 2 recv(10) = 0  9-10
server 2 shutdown(SHUT_WR) = 0  10-11
server 2 close() = 0  11-12
server 1 connect(10.0.0.2:80) = 0  12-13
server 1 send(7, 10.0.0.2:80) = 5  13-14
server 1 recv(9, 10.0.0.2:80) = 5  14-15
server 3 socket(AF_INET6, SOCK_DGRAM) = 3  15-15
server 3 close() = 0  15-16
`
	if got := show(tr.Calls); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestWatchErrors: a call that fails returns its error, and -1 with the error's name is on record.
func TestWatchErrors(t *testing.T) {
	clock := &stubClock{}
	r := NewRecorder(clock, Trace{})
	inner := &scripted{clock: clock, n: 3, err: syscall.EAGAIN}
	h := &stubHost{name: "client", socket: inner}
	w := r.Watch(h)
	s, _ := w.Socket(host.IPv4, host.Datagram)
	to := netip.MustParseAddrPort("10.0.0.2:80")
	_, _, e1 := s.Accept()
	_, e2 := s.Send(nil, to)
	_, _, e3 := s.Recv(make([]byte, 4))
	for i, err := range []error{s.Bind(to), s.Listen(1), s.Connect(to), s.SetOption(host.NoDelay(true)), s.CloseWrite(), s.Close(), e1, e2, e3} {
		if err != syscall.EAGAIN {
			t.Errorf("call %d: %v", i, err)
		}
	}
	h.err = syscall.EAFNOSUPPORT
	if _, err := w.Socket(host.IPv6, host.Stream); err != syscall.EAFNOSUPPORT {
		t.Errorf("socket: %v", err)
	}
	tr, _ := r.Finish()
	want := `client 1 socket(AF_INET, SOCK_DGRAM) = 1  0-0
client 1 accept() = -1 EAGAIN 0-0
client 1 send(0, 10.0.0.2:80) = -1 EAGAIN 0-0
client 1 recv(4) = -1 EAGAIN 0-0
client 1 bind(10.0.0.2:80) = -1 EAGAIN 0-0
client 1 listen(1) = -1 EAGAIN 0-0
client 1 connect(10.0.0.2:80) = -1 EAGAIN 0-0
client 1 setsockopt(TCP_NODELAY, true) = -1 EAGAIN 0-0
client 1 shutdown(SHUT_WR) = -1 EAGAIN 0-0
client 1 close() = -1 EAGAIN 0-0
client 0 socket(AF_INET6, SOCK_STREAM) = -1 EAFNOSUPPORT 0-0
`
	if got := show(tr.Calls); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestBlocked: calls are in the order of their return; those that never return come last, in the order of their call.
func TestBlocked(t *testing.T) {
	clock := &stubClock{}
	r := NewRecorder(clock, Trace{})
	inner := &scripted{clock: clock, takes: 10, n: 1}
	s, _ := r.Watch(&stubHost{name: "client", socket: inner}).Socket(host.IPv4, host.Stream)
	stuck := func(call func()) {
		// The world ends a program that is parked for ever: its call never returns.
		defer func() { recover() }()
		inner.blocked = func() { panic("the world is closed") }
		defer func() { inner.blocked = nil }()
		call()
	}
	stuck(func() { s.Connect(netip.MustParseAddrPort("10.0.0.2:80")) })
	inner.blocked = func() { // while this recv blocks, another program sends
		inner.blocked = nil
		s.Send(make([]byte, 3), netip.AddrPort{})
	}
	s.Recv(make([]byte, 2))
	stuck(func() { s.Recv(make([]byte, 4)) })
	s.Close()
	tr, _ := r.Finish()
	want := `client 1 socket(AF_INET, SOCK_STREAM) = 1  0-0
client 1 send(3) = 1  20-30
client 1 recv(2) = 1  10-30
client 1 close() = 0  40-50
client 1 connect(10.0.0.2:80) = 0  0--1
client 1 recv(4) = 0  30--1
`
	if got := show(tr.Calls); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
