package hosttest

import (
	"syscall"

	"reliabilitylab/lab/host"
)

// flagged are the cases of the flags of send and recv.
var flagged = []test{
	{"MSG_PEEK leaves what it shows", anyPath, peekStream},               // POSIX recv
	{"MSG_PEEK leaves the datagram whole", cleanPath, peekDatagram},      // POSIX recv
	{"MSG_DONTWAIT does not wait to receive", anyPath, dontWaitRecv},     // recv(2): EAGAIN
	{"MSG_DONTWAIT sends what there is room for", anyPath, dontWaitSend}, // send(2); POSIX send
	{"MSG_TRUNC tells that a datagram was cut", cleanPath, trunc},        // recv(2), since Linux 2.2
	{"MSG_TRUNC throws a stream's bytes away", anyPath, truncStream},     // tcp(7), since Linux 2.4
}

// recvs receives into n bytes with flags, and judges what it got; the length returned may be more (MSG_TRUNC).
func (s *socket) recvs(n int, flags host.Flags, want []byte, length int) {
	s.p.room.t.Helper()
	b := make([]byte, n)
	got, _, err := s.recvWith(b, flags)
	s.judge("recv "+flags.String(), err, nil)
	if got != length {
		s.p.fail("socket %d: recv %v into %d bytes returned %d, want %d", s.number, flags, n, got, length)
	}
	s.same(b[:min(got, n)], want)
}

// recvFailsWith receives with flags, which must fail.
func (s *socket) recvFailsWith(flags host.Flags, want error) {
	s.p.room.t.Helper()
	_, _, err := s.recvWith(make([]byte, 100), flags)
	s.judge("recv "+flags.String(), err, want)
}

func peekStream(r *room) {
	r.joined(func(p *program, s *socket) {
		s.send([]byte("hello")) // one segment
		s.expectAll([]byte("thanks"))
	}, func(p *program, s *socket) {
		for range 2 {
			s.recvs(3, host.Peek, []byte("hel"), 3) // waits like any other
		}
		s.recvs(100, host.Peek, []byte("hello"), 5)
		s.expect([]byte("hello"))
		s.recvFailsWith(host.Peek|host.DontWait, syscall.EAGAIN)
		s.send([]byte("thanks"))
		s.recvs(100, host.Peek, nil, 0) // the end
		s.expectEnd()
	})
}

func peekDatagram(r *room) {
	b := numbered(100, 1)
	r.apart(func(p *program, s *socket) {
		s.send(b, r.at(0))
		s.send([]byte("next"), r.at(0))
	}, func(p *program, s *socket) {
		s.recvs(40, host.Peek, b[:40], 40)
		s.recvs(40, host.Peek|host.Trunc, b[:40], 100)
		s.expect(b)
		s.expect([]byte("next"))
		s.recvFailsWith(host.Peek|host.DontWait, syscall.EAGAIN)
	})
}

func dontWaitRecv(r *room) {
	r.joined(func(p *program, s *socket) {
		u := p.socket(host.Datagram)
		u.bind(p.ephemeral(), nil)
		u.recvFailsWith(host.DontWait, syscall.EAGAIN)
		u.close(nil)
		s.recvFailsWith(host.DontWait, syscall.EAGAIN)
		s.send([]byte("go on"))
		s.recvs(3, 0, []byte("the"), 3)
		s.recvs(100, host.DontWait, []byte("re"), 2) // it came with the rest
		s.recvFailsWith(host.DontWait, syscall.EAGAIN)
	}, func(p *program, s *socket) {
		s.expect([]byte("go on"))
		s.send([]byte("there"))
		s.expectEnd()
	})
}

// fill sends until nothing more has room, and says how much that was.
func (s *socket) fill(b []byte) (all int) {
	s.p.room.t.Helper()
	for first := true; ; first = false {
		n, err := s.sendWith(b[all:], nowhere, host.DontWait)
		switch {
		case err == syscall.EAGAIN && first: // and so nothing was on its way into the peer's buffer
			return all
		case err == syscall.EAGAIN:
			s.p.pause()
			first = true
			if n, err = s.sendWith(b[all:], nowhere, host.DontWait); err == syscall.EAGAIN {
				return all
			}
			s.judge("send MSG_DONTWAIT", err, nil)
		default:
			s.judge("send MSG_DONTWAIT", err, nil)
		}
		if n == 0 || n > len(b)-all {
			s.p.fail("socket %d: send of %d bytes returned %d", s.number, len(b)-all, n)
		}
		all += n
	}
}

func dontWaitSend(r *room) {
	all := numbered(8<<20, 1)
	r.server(func(p *program) {
		l := p.listener(0, 1, host.ReceiveBuffer(64<<10))
		var sent int
		var full mark
		r.client(func(p *program) {
			s := p.connected(host.Stream, 0, host.SendBuffer(64<<10))
			sent = s.fill(all)
			full.set()
			if sent == 0 || sent == len(all) {
				p.fail("%d of %d bytes had room in two buffers of 64 KiB", sent, len(all))
			}
			s.finish()
		})
		s := l.accept()
		p.until(&full)
		s.expectAll(all[:sent])
		s.expectEnd()
		s.close(nil)
		l.close(nil)
	})
	r.run()
}

func trunc(r *room) {
	b := numbered(100, 1)
	r.apart(func(p *program, s *socket) {
		s.send(b, r.at(0))
		s.send(b, r.at(0))
		s.send([]byte("next"), r.at(0))
	}, func(p *program, s *socket) {
		s.recvs(40, host.Trunc, b[:40], 100)
		s.recvs(200, host.Trunc, b, 100) // whole
		s.expect([]byte("next"))
	})
}

func truncStream(r *room) {
	r.joined(func(p *program, s *socket) {
		s.send([]byte("unheard and heard"))
	}, func(p *program, s *socket) {
		n, _, err := s.recvWith(make([]byte, 8), host.Trunc)
		s.judge("recv MSG_TRUNC", err, nil)
		if n != 8 {
			p.fail("recv MSG_TRUNC of 8 bytes returned %d", n)
		}
		s.expectAll([]byte("and heard"))
		s.expectEnd()
	})
}
