package hosttest

import (
	"bytes"
	"fmt"
	"net/netip"
	"syscall"

	"reliabilitylab/lab/host"
)

// A socket is one whose calls are noted and judged: each method says in its last argument which errno it must return, or
// in its name that there must be none.
type socket struct {
	host.Socket
	p      *program
	kind   host.Kind
	number int
	done   bool // closed
}

var nowhere netip.AddrPort

// note notes a call; it returns the function for its result.
func (s *socket) note(name string, size int, args ...any) func(int, error) {
	return s.p.room.log.begin(s.p, s.number, name, size, fmt.Sprint(args...))
}

// judge ends the program if a call did not return what it must. Errors are bare syscall.Errno.
func (s *socket) judge(what string, err, want error) {
	s.p.room.t.Helper()
	if err != want {
		s.p.fail("socket %d: %s returned %s, want %s", s.number, what, name(err), name(want))
	}
}

func name(err error) string {
	if err == nil {
		return "no error"
	}
	if _, ok := err.(syscall.Errno); !ok {
		return fmt.Sprintf("%v (a %T)", err, err)
	}
	return host.ErrnoName(err)
}

func (s *socket) bind(a netip.AddrPort, want error) {
	s.p.room.t.Helper()
	end := s.note("bind", 0, a)
	err := s.Bind(a)
	end(0, err)
	s.judge(fmt.Sprintf("bind %s", a), err, want)
}

func (s *socket) listen(backlog int, want error) {
	s.p.room.t.Helper()
	end := s.note("listen", 0, backlog)
	err := s.Listen(backlog)
	end(0, err)
	s.judge("listen", err, want)
}

func (s *socket) connect(a netip.AddrPort, want error) {
	s.p.room.t.Helper()
	end := s.note("connect", 0, a)
	err := s.Connect(a)
	end(0, err)
	s.judge(fmt.Sprintf("connect %s", a), err, want)
}

// accept waits for a connection; acceptFrom also says from whom it is.
func (s *socket) accept() *socket {
	s.p.room.t.Helper()
	c, _ := s.acceptFrom()
	return c
}

func (s *socket) acceptFrom() (*socket, netip.AddrPort) {
	s.p.room.t.Helper()
	end := s.note("accept", 0)
	c, from, err := s.Accept()
	end(0, err)
	s.judge("accept", err, nil)
	return s.p.keep(c, s.kind), from
}

func (s *socket) acceptFails(want error) {
	s.p.room.t.Helper()
	end := s.note("accept", 0)
	_, _, err := s.Accept()
	end(0, err)
	s.judge("accept", err, want)
}

// send sends b whole: along the connection or, with an address, to there.
func (s *socket) send(b []byte, to ...netip.AddrPort) {
	s.p.room.t.Helper()
	n, err := s.trySend(b, to...)
	s.judge(fmt.Sprintf("send of %d bytes", len(b)), err, nil)
	if n != len(b) {
		s.p.fail("socket %d: send of %d bytes returned %d", s.number, len(b), n)
	}
}

func (s *socket) sendFails(b []byte, want error, to ...netip.AddrPort) {
	s.p.room.t.Helper()
	_, err := s.trySend(b, to...)
	s.judge(fmt.Sprintf("send of %d bytes", len(b)), err, want)
}

func (s *socket) trySend(b []byte, to ...netip.AddrPort) (int, error) {
	a := nowhere
	if len(to) > 0 {
		a = to[0]
	}
	return s.sendWith(b, a, 0)
}

func (s *socket) sendWith(b []byte, to netip.AddrPort, flags host.Flags) (int, error) {
	end := s.note("send", len(b), flags, " ", to)
	n, err := s.Send(b, to, flags)
	end(n, err)
	return n, err
}

// recv receives at most n bytes; recvFrom also says from whom.
func (s *socket) recv(n int) []byte {
	s.p.room.t.Helper()
	b, _ := s.recvFrom(n)
	return b
}

func (s *socket) recvFrom(n int) ([]byte, netip.AddrPort) {
	s.p.room.t.Helper()
	b, from, err := s.tryRecv(n)
	s.judge("recv", err, nil)
	return b, from
}

func (s *socket) recvFails(want error) {
	s.p.room.t.Helper()
	_, _, err := s.tryRecv(100)
	s.judge("recv", err, want)
}

func (s *socket) tryRecv(n int) ([]byte, netip.AddrPort, error) {
	b := make([]byte, n)
	n, from, err := s.recvWith(b, 0)
	if n < 0 || n > len(b) {
		s.p.fail("socket %d: recv into %d bytes returned %d", s.number, len(b), n)
	}
	return b[:n], from, err
}

func (s *socket) recvWith(b []byte, flags host.Flags) (int, netip.AddrPort, error) {
	end := s.note("recv", len(b), flags)
	n, from, err := s.Recv(b, flags)
	end(n, err)
	return n, from, err
}

// expect receives once, into 100 bytes more than it expects, and compares.
func (s *socket) expect(want []byte) {
	s.p.room.t.Helper()
	s.same(s.recv(len(want)+100), want)
}

// expectAll receives until it has as many bytes as it expects, and compares.
func (s *socket) expectAll(want []byte) {
	s.p.room.t.Helper()
	got := make([]byte, 0, len(want))
	for len(got) < len(want) {
		b := s.recv(min(len(want)-len(got), 1<<16))
		if len(b) == 0 {
			s.p.fail("socket %d: the stream ended after %d of %d bytes", s.number, len(got), len(want))
		}
		got = append(got, b...)
	}
	s.same(got, want)
}

// expectEnd receives the end of the stream.
func (s *socket) expectEnd() {
	s.p.room.t.Helper()
	if b := s.recv(100); len(b) != 0 {
		s.p.fail("socket %d: recv returned %d bytes, want the end of the stream", s.number, len(b))
	}
}

func (s *socket) same(got, want []byte) {
	s.p.room.t.Helper()
	if bytes.Equal(got, want) {
		return
	}
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	s.p.fail("socket %d: received %d bytes, want %d; they differ from byte %d on", s.number, len(got), len(want), i)
}

func (s *socket) set(o host.Option, want error) {
	s.p.room.t.Helper()
	end := s.note("setsockopt", 0, fmt.Sprintf("%T %v", o, o))
	err := s.SetOption(o)
	end(0, err)
	s.judge(fmt.Sprintf("set %T to %v", o, o), err, want)
}

func (s *socket) closeWrite(want error) {
	s.p.room.t.Helper()
	s.shutdown(host.ShutWrite, want)
}

func (s *socket) shutdown(how host.How, want error) {
	s.p.room.t.Helper()
	end := s.note("shutdown", 0, how)
	err := s.Shutdown(how)
	end(0, err)
	s.judge("shutdown", err, want)
}

func (s *socket) close(want error) {
	s.p.room.t.Helper()
	end := s.note("close", 0)
	s.done = true
	err := s.Close()
	end(0, err)
	s.judge("close", err, want)
}

// local returns getsockname's address.
func (s *socket) local() netip.AddrPort { return s.LocalAddr() }

// finish closes a socket that is still open: a stream says that it has done, and waits for the peer to say so.
func (s *socket) finish() {
	s.p.room.t.Helper()
	if s.done {
		return
	}
	if s.kind == host.Stream && s.Shutdown(host.ShutWrite) == nil {
		for {
			if b, _, err := s.tryRecv(1 << 16); err != nil || len(b) == 0 {
				break
			}
		}
	}
	s.close(nil)
}

// numbered returns n bytes in which every place can be told from its neighbours; the kind makes different ones.
func numbered(n int, kind uint32) []byte {
	b := make([]byte, n)
	x := 2*kind + 1
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}

// by returns the same socket in the hands of another program.
func (s *socket) by(p *program) *socket {
	other := *s
	other.p = p
	return &other
}
