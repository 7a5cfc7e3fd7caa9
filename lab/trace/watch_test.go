package trace

import (
	"fmt"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
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
func (s *scripted) Shutdown(host.How) error      { return s.wait() }
func (s *scripted) TakeError() error             { return s.wait() }
func (s *scripted) PeerAddr() netip.AddrPort     { return s.peer }
func (s *scripted) Close() error                 { return s.wait() }
func (s *scripted) LocalAddr() netip.AddrPort    { return s.peer }
func (s *scripted) Accept() (host.Socket, netip.AddrPort, error) {
	return s.accepted, s.peer, s.wait()
}
func (s *scripted) Send([]byte, netip.AddrPort, host.Flags) (int, error) { return s.n, s.wait() }
func (s *scripted) Recv([]byte, host.Flags) (int, netip.AddrPort, error) {
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
	s, err := h.Socket(host.IPv4, host.Stream, 0)
	if err != nil {
		t.Fatal(err)
	}
	s.Bind(netip.AddrPortFrom(netip.Addr{}, 80))
	s.Listen(128)
	for _, o := range []host.Option{
		host.NoDelay(true), host.Congestion("reno"), host.ReceiveBuffer(65536), host.SendBuffer(1), host.ReceiveTimeout(time.Second), host.ReuseAddress(false),
		host.KeepAlive(true), host.KeepIdle(time.Minute), host.KeepInterval(time.Second), host.KeepCount(3),
		host.UserTimeout(time.Second), host.Cork(true), host.QuickACK(false),
		host.SendTimeout(time.Second), host.Linger{On: true, Time: 5 * time.Second}, host.NonBlocking(true), host.NonBlocking(false),
	} {
		s.SetOption(o)
	}
	c, from, err := s.Accept()
	if err != nil || from != peer {
		t.Errorf("accepted from %v, %v", from, err)
	}
	if n, from, err := c.Recv(make([]byte, 10), 0); n != 0 || from.IsValid() || err != nil {
		t.Errorf("recv: %d, %v, %v", n, from, err)
	}
	c.Shutdown(host.ShutWrite)
	c.Close()
	s.Connect(peer)
	if n, err := s.Send(make([]byte, 7), peer, 0); n != 5 || err != nil {
		t.Errorf("send: %d, %v", n, err)
	}
	if n, from, err := s.Recv(make([]byte, 9), 0); n != 5 || from != peer || err != nil {
		t.Errorf("recv: %d, %v, %v", n, from, err)
	}
	if s.LocalAddr() != peer {
		t.Error("the local address does not come through")
	}
	u, _ := h.Socket(host.IPv6, host.Datagram, 0)
	u.Close()
	tr, _ := r.Finish()
	want := `server 1 socket(AF_INET, SOCK_STREAM, 0) = 1  0-0
server 1 bind(*:80) = 0  0-1
server 1 listen(128) = 0  1-2
server 1 setsockopt(TCP_NODELAY, true) = 0  2-3
server 1 setsockopt(TCP_CONGESTION, reno) = 0  3-4
server 1 setsockopt(SO_RCVBUF, 65536) = 0  4-5
server 1 setsockopt(SO_SNDBUF, 1) = 0  5-6
server 1 setsockopt(SO_RCVTIMEO, 1s) = 0  6-7
server 1 setsockopt(SO_REUSEADDR, false) = 0  7-8
server 1 setsockopt(SO_KEEPALIVE, true) = 0  8-9
server 1 setsockopt(TCP_KEEPIDLE, 1m0s) = 0  9-10
server 1 setsockopt(TCP_KEEPINTVL, 1s) = 0  10-11
server 1 setsockopt(TCP_KEEPCNT, 3) = 0  11-12
server 1 setsockopt(TCP_USER_TIMEOUT, 1s) = 0  12-13
server 1 setsockopt(TCP_CORK, true) = 0  13-14
server 1 setsockopt(TCP_QUICKACK, false) = 0  14-15
server 1 setsockopt(SO_SNDTIMEO, 1s) = 0  15-16
server 1 setsockopt(SO_LINGER, {true, 5s}) = 0  16-17
server 1 fcntl(F_SETFL, O_NONBLOCK) = 0  17-18
server 1 fcntl(F_SETFL, 0) = 0  18-19
server 1 accept(10.0.0.2:80) = 2  19-20
server 2 recv(10) = 0  20-21
server 2 shutdown(SHUT_WR) = 0  21-22
server 2 close() = 0  22-23
server 1 connect(10.0.0.2:80) = 0  23-24
server 1 send(7, 10.0.0.2:80) = 5  24-25
server 1 recv(9, 10.0.0.2:80) = 5  25-26
server 3 socket(AF_INET6, SOCK_DGRAM, 0) = 3  26-26
server 3 close() = 0  26-27
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
	s, _ := w.Socket(host.IPv4, host.Datagram, 0)
	to := netip.MustParseAddrPort("10.0.0.2:80")
	_, _, e1 := s.Accept()
	_, e2 := s.Send(nil, to, 0)
	_, _, e3 := s.Recv(make([]byte, 4), 0)
	for i, err := range []error{s.Bind(to), s.Listen(1), s.Connect(to), s.SetOption(host.NoDelay(true)), s.Shutdown(host.ShutWrite), s.Close(), e1, e2, e3} {
		if err != syscall.EAGAIN {
			t.Errorf("call %d: %v", i, err)
		}
	}
	h.err = syscall.EAFNOSUPPORT
	if _, err := w.Socket(host.IPv6, host.Stream, 0); err != syscall.EAFNOSUPPORT {
		t.Errorf("socket: %v", err)
	}
	tr, _ := r.Finish()
	want := `client 1 socket(AF_INET, SOCK_DGRAM, 0) = 1  0-0
client 1 accept() = -1 EAGAIN 0-0
client 1 send(0, 10.0.0.2:80) = -1 EAGAIN 0-0
client 1 recv(4) = -1 EAGAIN 0-0
client 1 bind(10.0.0.2:80) = -1 EAGAIN 0-0
client 1 listen(1) = -1 EAGAIN 0-0
client 1 connect(10.0.0.2:80) = -1 EAGAIN 0-0
client 1 setsockopt(TCP_NODELAY, true) = -1 EAGAIN 0-0
client 1 shutdown(SHUT_WR) = -1 EAGAIN 0-0
client 1 close() = -1 EAGAIN 0-0
client 0 socket(AF_INET6, SOCK_STREAM, 0) = -1 EAFNOSUPPORT 0-0
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
	s, _ := r.Watch(&stubHost{name: "client", socket: inner}).Socket(host.IPv4, host.Stream, 0)
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
		s.Send(make([]byte, 3), netip.AddrPort{}, 0)
	}
	s.Recv(make([]byte, 2), 0)
	stuck(func() { s.Recv(make([]byte, 4), 0) })
	s.Close()
	tr, _ := r.Finish()
	want := `client 1 socket(AF_INET, SOCK_STREAM, 0) = 1  0-0
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

// TestWatchFlags: flags, the protocol, directions and SO_ERROR are among a call's words.
func TestWatchFlags(t *testing.T) {
	clock := &stubClock{}
	r := NewRecorder(clock, Trace{})
	peer := netip.MustParseAddrPort("10.0.0.2:80")
	inner := &scripted{clock: clock, n: 5, peer: peer}
	h := r.Watch(&stubHost{name: "client", socket: inner})
	s, _ := h.Socket(host.IPv4, host.Stream, netem.TCP)
	h.Socket(host.IPv4, host.Datagram, netem.UDP)
	h.Socket(host.IPv4, host.Datagram, 99)
	s.Send(make([]byte, 7), peer, host.DontWait)
	s.Send(make([]byte, 7), netip.AddrPort{}, host.DontWait)
	s.Send(make([]byte, 7), netip.AddrPort{}, 0)
	s.Recv(make([]byte, 9), host.Peek|host.Trunc)
	s.Recv(make([]byte, 9), 0)
	s.Shutdown(host.ShutRead)
	s.Shutdown(host.ShutBoth)
	s.Shutdown(7)
	s.TakeError()
	if s.PeerAddr() != peer {
		t.Error("the peer does not come through")
	}
	inner.err = syscall.ECONNREFUSED
	if err := s.TakeError(); err != syscall.ECONNREFUSED {
		t.Errorf("SO_ERROR: %v", err)
	}
	s.Recv(make([]byte, 9), host.Peek)
	tr, _ := r.Finish()
	want := `client 1 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 1  0-0
client 2 socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP) = 2  0-0
client 3 socket(AF_INET, SOCK_DGRAM, 99) = 3  0-0
client 1 send(7, MSG_DONTWAIT, 10.0.0.2:80) = 5  0-0
client 1 send(7, MSG_DONTWAIT) = 5  0-0
client 1 send(7) = 5  0-0
client 1 recv(9, MSG_PEEK|MSG_TRUNC, 10.0.0.2:80) = 5  0-0
client 1 recv(9, 10.0.0.2:80) = 5  0-0
client 1 shutdown(SHUT_RD) = 0  0-0
client 1 shutdown(SHUT_RDWR) = 0  0-0
client 1 shutdown(7) = 0  0-0
client 1 getsockopt(SO_ERROR → 0) = 0  0-0
client 1 getsockopt(SO_ERROR → ECONNREFUSED) = 0  0-0
client 1 recv(9, MSG_PEEK) = -1 ECONNREFUSED 0-0
`
	if got := show(tr.Calls); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// A pollHost tells of the sockets that it is asked for what is set.
type pollHost struct {
	stubHost
	tell  []host.Events
	asked []host.PollFD
	err   error
}

func (h *pollHost) Poll(fds []host.PollFD, _ time.Duration) (n int, err error) {
	h.asked = append(h.asked[:0], fds...)
	for i := range fds {
		if fds[i].Revents = h.tell[i]; h.tell[i] != 0 {
			n++
		}
	}
	return n, h.err
}

// TestWatchPoll: the host below is asked for its own sockets, the caller is told of its.
func TestWatchPoll(t *testing.T) {
	clock := &stubClock{}
	r := NewRecorder(clock, Trace{})
	inner := &scripted{clock: clock}
	h := &pollHost{stubHost: stubHost{name: "server", socket: inner}}
	w := r.Watch(h)
	a, _ := w.Socket(host.IPv4, host.Stream, 0)
	b, _ := w.Socket(host.IPv4, host.Datagram, 0)
	fds := []host.PollFD{{Socket: a, Events: host.PollIn}, {}, {Socket: b, Events: host.PollIn | host.PollOut}}
	for _, tell := range [][]host.Events{{0, 0, host.PollIn}, {0, 0, 0}, {host.PollHup, 0, host.PollErr}} {
		h.tell = tell
		n, err := w.Poll(fds, time.Second)
		if want := 3 - strings.Count(fmt.Sprint(tell), "0"); n != want || err != nil {
			t.Errorf("poll returned %d, %v, want %d", n, err, want)
		}
		for i := range fds {
			if fds[i].Revents != tell[i] {
				t.Errorf("socket %d: told %v, want %v", i, fds[i].Revents, tell[i])
			}
		}
		if h.asked[0].Socket != host.Socket(inner) || h.asked[1].Socket != nil || h.asked[2].Events != fds[2].Events {
			t.Errorf("asked for %v", h.asked)
		}
	}
	h.err = syscall.EINVAL
	w.Poll(fds, -1)
	tr, _ := r.Finish()
	want := `server 1 socket(AF_INET, SOCK_STREAM, 0) = 1  0-0
server 2 socket(AF_INET, SOCK_DGRAM, 0) = 2  0-0
server 0 poll({1 POLLIN, 2 POLLIN|POLLOUT}, 1s → {2 POLLIN}) = 1  0-0
server 0 poll({1 POLLIN, 2 POLLIN|POLLOUT}, 1s) = 0  0-0
server 0 poll({1 POLLIN, 2 POLLIN|POLLOUT}, 1s → {1 POLLHUP, 2 POLLERR}) = 2  0-0
server 0 poll({1 POLLIN, 2 POLLIN|POLLOUT}, -1) = -1 EINVAL 0-0
`
	if got := show(tr.Calls); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
