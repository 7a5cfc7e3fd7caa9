package hosttest

import (
	"syscall"
	"time"

	"reliabilitylab/lab/host"
)

// waiting are the cases of calls that block, and of SO_RCVTIMEO.
var waiting = []test{
	{"recv gives up with EAGAIN", anyPath, recvTimeout},          // socket(7), SO_RCVTIMEO
	{"accept gives up with EAGAIN", anyPath, acceptTimeout},      // socket(7), SO_RCVTIMEO
	{"recv waits for what comes later", cleanPath, recvWaits},    // POSIX recv
	{"two programs share a connection", anyPath, sharedBothWays}, // POSIX: calls are atomic
}

// took fails unless about d has passed since then; a real kernel counts in ticks of up to 10 ms.
func (p *program) took(since, d time.Duration) {
	p.room.t.Helper()
	if got := p.Now() - since; got < d-10*time.Millisecond {
		p.fail("gave up after %v, want %v", got, d)
	}
}

func recvTimeout(r *room) {
	r.joined(func(p *program, s *socket) {
		u := p.socket(host.Datagram)
		u.bind(p.ephemeral(), nil)
		for _, s := range []*socket{s, u} {
			s.set(host.ReceiveTimeout(r.moment), nil)
			for range 2 {
				begin := p.Now()
				s.recvFails(syscall.EAGAIN)
				p.took(begin, r.moment)
			}
		}
		u.close(nil)
		s.set(host.ReceiveTimeout(0), nil) // for ever
		s.send([]byte("go on"))
		s.expect([]byte("later"))
	}, func(p *program, s *socket) {
		s.expect([]byte("go on"))
		s.send([]byte("later"))
	})
}

func acceptTimeout(r *room) {
	r.server(func(p *program) {
		l := p.listener(0, 1, host.ReceiveTimeout(r.moment))
		begin := p.Now()
		l.acceptFails(syscall.EAGAIN)
		p.took(begin, r.moment)
		r.client(func(p *program) { p.connected(host.Stream, 0).finish() })
		l.set(host.ReceiveTimeout(0), nil)
		s := l.accept() // it still works
		s.finish()
		l.close(nil)
	})
	r.run()
}

func recvWaits(r *room) {
	r.server(func(p *program) {
		s := p.socket(host.Datagram)
		s.bind(r.at(0), nil)
		l := p.listener(0, 1)
		r.client(func(p *program) {
			p.pause()
			c := p.connected(host.Stream, 0)
			p.pause()
			c.send([]byte("late"))
			c.finish()
			c = p.connected(host.Datagram, 0)
			p.pause()
			c.send([]byte("later"))
			c.close(nil)
		})
		c := l.accept()
		c.expect([]byte("late"))
		c.finish()
		l.close(nil)
		s.expect([]byte("later"))
		s.close(nil)
	})
	r.run()
}

// At each end one program sends and another receives, on the same socket.
func sharedBothWays(r *room) {
	r.exchange(100_000)
}
