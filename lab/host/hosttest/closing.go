package hosttest

import (
	"syscall"

	"reliabilitylab/lab/host"
)

// closing are the cases of connections that end in other ways than one side after the other.
var closing = []test{
	{"close with unread data resets", cleanPath, closeUnread},             // RFC 9293 section 3.6.1; RFC 2525 section 2.17
	{"data to a closed socket is reset", cleanPath, sendToClosed},         // RFC 9293 section 3.6.1
	{"both ends close at once", anyPath, closeAtOnce},                     // RFC 9293 section 3.6, simultaneous close
	{"close while another program is in recv", cleanPath, closeUnderRecv}, // POSIX: unspecified; Linux lets the recv be
	{"a reset wakes a blocked send", cleanPath, resetWakesSend},           // POSIX send: ECONNRESET
}

func closeUnread(r *room) {
	r.joined(func(p *program, s *socket) {
		s.send([]byte("two"))
		s.recvFails(syscall.ECONNRESET)
		s.expectEnd() // the error is told once
		s.sendFails([]byte("x"), syscall.EPIPE)
		s.closeWrite(syscall.ENOTCONN)
		s.close(nil)
	}, func(p *program, s *socket) {
		s.recv(1) // so the others have come too
		s.close(nil)
	})
}

func sendToClosed(r *room) {
	r.joined(func(p *program, s *socket) {
		s.expectEnd()
		s.send([]byte("to nobody")) // answered by RST
		p.pause()
		s.sendFails([]byte("x"), syscall.EPIPE)
		s.expectEnd()
		s.close(nil)
	}, func(p *program, s *socket) {
		s.close(nil)
	})
}

func closeAtOnce(r *room) {
	part := func(p *program, s *socket) {
		s.send([]byte("bye"))
		s.closeWrite(nil)
		s.expectAll([]byte("bye"))
		s.expectEnd()
		s.close(nil)
	}
	r.joined(part, part)
}

// Linux leaves a Recv alone whose descriptor is closed under it; others wake it. Either is right, and calls after it must
// know that the socket is gone.
func closeUnderRecv(r *room) {
	under := func(p *program, s *socket) {
		s.set(host.ReceiveTimeout(3*r.moment), nil)
		closer := r.server(func(p *program) {
			p.pause()
			s.by(p).close(nil)
		})
		if _, _, err := s.tryRecv(10); err != syscall.EBADF && err != syscall.EAGAIN {
			p.fail("recv on a socket closed under it returned %s, want EBADF at once or EAGAIN in time", name(err))
		}
		p.await(closer)
		s.recvFails(syscall.EBADF)
		s.done = true
	}
	r.joined(func(_ *program, s *socket) {
		s.expectEnd()
	}, func(p *program, s *socket) {
		under(p, s)
		u := p.socket(host.Datagram)
		u.bind(r.at(1), nil)
		under(p, u)
	})
}

func resetWakesSend(r *room) {
	r.joined(func(p *program, s *socket) {
		s.set(host.SendBuffer(64<<10), nil)
		b := make([]byte, 1<<20)
		for { // what was taken before the reset is counted as sent
			n, err := s.trySend(b)
			if err == nil && n > 0 {
				continue
			}
			s.judge("send", err, syscall.ECONNRESET)
			break
		}
		s.close(nil)
	}, func(p *program, s *socket) {
		s.recv(1)
		p.pause()
		s.close(nil)
	})
}
