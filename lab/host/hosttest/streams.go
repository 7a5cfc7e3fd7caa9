package hosttest

import (
	"syscall"
	"time"

	"reliabilitylab/lab/host"
)

// streams are the cases of what travels on a connection.
var streams = []test{
	{"echo over TCP", anyPath, echoStream},
	{"a stream has no message boundaries", cleanPath, merge},         // POSIX recv, SOCK_STREAM; RFC 9293 section 3.8
	{"a stream is read in pieces", anyPath, pieces},                  // POSIX recv
	{"an empty send is nothing on a stream", anyPath, emptySend},     // POSIX send
	{"a slow reader holds the sender back", cleanPath, flowControl},  // RFC 9293 section 3.8.6; POSIX send; tcp(7), SO_RCVBUF
	{"a closed window opens again", anyPath, zeroWindow},             // RFC 9293 section 3.8.6.1
	{"half a connection can be closed", anyPath, halfClose},          // RFC 9293 section 3.6; POSIX shutdown
	{"send after shutdown is EPIPE", anyPath, sendAfterShutdown},     // POSIX send
	{"shutdown a second time does nothing", anyPath, shutdownTwice},  // Linux tcp_shutdown
	{"the end of a stream stays its end", anyPath, endStays},         // POSIX recv
	{"data and the end arrive in order", anyPath, dataThenEnd},       // RFC 9293 section 3.6
	{"small sends go out with TCP_NODELAY", cleanPath, sendsNoDelay}, // RFC 9293 section 3.7.4
}

func echoStream(r *room) {
	r.joined(func(p *program, s *socket) {
		for _, n := range []int{1, 100, 1448, 1449, 10_000, 100_000} {
			b := numbered(n, uint32(n))
			s.send(b)
			s.expectAll(b)
		}
	}, func(p *program, s *socket) {
		for {
			b := s.recv(4000)
			if len(b) == 0 {
				return
			}
			s.send(b)
		}
	})
}

func merge(r *room) {
	all := numbered(30, 1)
	var sent mark
	r.joined(func(p *program, s *socket) {
		s.send(all[:10])
		s.send(all[10:25])
		s.send(all[25:])
		sent.set()
	}, func(p *program, s *socket) {
		p.until(&sent)
		p.pause()
		s.expect(all)
	})
}

func pieces(r *room) {
	all := numbered(10, 1)
	r.joined(func(p *program, s *socket) {
		s.send(all) // one segment
	}, func(p *program, s *socket) {
		for _, want := range [][]byte{all[:4], all[4:8], all[8:]} {
			s.same(s.recv(4), want)
		}
	})
}

func emptySend(r *room) {
	r.joined(func(p *program, s *socket) {
		s.send(nil)
		s.send([]byte("x"))
	}, func(p *program, s *socket) {
		s.expect([]byte("x"))
		s.expectEnd()
	})
}

// The client sends more than both buffers hold to a server that does not read: Send returns only once it reads. The
// accepted socket has its buffer from the listener (Linux sk_clone), early enough to be the window from the start.
func flowControl(r *room) {
	all := numbered(4<<20, 1)
	var sent, reading time.Duration
	r.server(func(p *program) {
		l := p.listener(0, 1, host.ReceiveBuffer(64<<10))
		r.client(func(p *program) {
			s := p.connected(host.Stream, 0, host.SendBuffer(64<<10))
			s.send(all)
			sent = p.Now()
			s.finish()
		})
		s := l.accept()
		p.pause()
		reading = p.Now()
		s.expectAll(all)
		s.finish()
		l.close(nil)
	})
	r.run()
	if sent < reading {
		r.fail("send of 4 MiB returned at %v, though nothing was read before %v", sent, reading)
	}
}

// The receiver lets its window close several times.
func zeroWindow(r *room) {
	all := numbered(1<<20, 1)
	r.server(func(p *program) {
		l := p.listener(0, 1, host.ReceiveBuffer(64<<10))
		r.client(func(p *program) {
			s := p.connected(host.Stream, 0)
			s.send(all)
			s.finish()
		})
		s := l.accept()
		for i := range 4 {
			p.pause()
			s.expectAll(all[i<<18:][:1<<18])
		}
		s.expectEnd()
		s.finish()
		l.close(nil)
	})
	r.run()
}

func halfClose(r *room) {
	question, answer := numbered(3000, 1), numbered(200_000, 2)
	r.joined(func(p *program, s *socket) {
		s.send(question)
		s.closeWrite(nil)
		s.expectAll(answer)
		s.expectEnd()
		s.close(nil)
	}, func(p *program, s *socket) {
		s.expectAll(question)
		s.expectEnd()
		s.send(answer)
		s.close(nil)
	})
}

func sendAfterShutdown(r *room) {
	r.joined(func(p *program, s *socket) {
		s.closeWrite(nil)
		s.sendFails([]byte("x"), syscall.EPIPE)
		s.expectAll([]byte("still open this way"))
	}, func(p *program, s *socket) {
		s.expectEnd()
		s.send([]byte("still open this way"))
	})
}

func shutdownTwice(r *room) {
	r.server(func(p *program) {
		l := p.listener(0, 1)
		client := r.client(func(p *program) {
			s := p.connected(host.Stream, 0)
			s.closeWrite(nil)
			s.closeWrite(nil)
			s.close(nil)
		})
		s := l.accept()
		s.expectEnd()
		p.await(client) // with both ends closed it were ENOTCONN
		s.close(nil)
		l.close(nil)
	})
	r.run()
}

func endStays(r *room) {
	r.joined(func(p *program, s *socket) {
		s.closeWrite(nil)
	}, func(p *program, s *socket) {
		for range 3 {
			s.expectEnd()
		}
	})
}

func dataThenEnd(r *room) {
	all := numbered(50_000, 1)
	r.joined(func(p *program, s *socket) {
		s.send(all)
		s.close(nil) // goes on sending behind the program's back
	}, func(p *program, s *socket) {
		p.pause()
		s.expectAll(all)
		s.expectEnd()
	})
}

// With TCP_NODELAY the second small send does not wait for the first to be acknowledged; whether that shows in time is
// not judged here, only that nothing is lost by switching.
func sendsNoDelay(r *room) {
	all := numbered(100, 1)
	r.joined(func(p *program, s *socket) {
		for i := range all {
			s.set(host.NoDelay(i%2 == 0), nil)
			s.send(all[i:][:1])
		}
	}, func(p *program, s *socket) {
		s.expectAll(all)
		s.expectEnd()
	})
}
