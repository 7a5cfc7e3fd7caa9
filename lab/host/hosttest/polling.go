package hosttest

import (
	"syscall"

	"reliabilitylab/lab/host"
)

// polling are the cases of poll.
var polling = []test{
	{"poll says which socket has something", cleanPath, pollWhich},       // POSIX poll
	{"poll gives up in time", anyPath, pollTimeout},                      // POSIX poll
	{"poll tells of connections that wait", anyPath, pollListener},       // POSIX poll; accept(2)
	{"what poll tells of a stream", anyPath, pollStream},                 // Linux tcp_poll
	{"poll tells of a reset", cleanPath, pollReset},                      // Linux tcp_poll
	{"poll tells of a full send buffer, and of room", anyPath, pollRoom}, // Linux sk_stream_is_writeable
	{"poll tells that a datagram was refused", cleanPath, pollRefused},   // Linux datagram_poll
	{"what poll tells of a datagram socket", cleanPath, pollDatagram},    // Linux datagram_poll
	{"one program serves many", anyPath, serveMany},                      // poll(2)
	{"two programs poll one socket", anyPath, pollTwice},                 // POSIX: calls are atomic
}

// readable asks whether something can be received.
func readable(all ...*socket) []host.PollFD {
	fds := make([]host.PollFD, len(all))
	for i, s := range all {
		fds[i] = host.PollFD{Socket: s.Socket, Events: host.PollIn}
	}
	return fds
}

func pollWhich(r *room) {
	r.server(func(p *program) {
		a, b := p.socket(host.Datagram), p.socket(host.Datagram)
		a.bind(r.at(0), nil)
		b.bind(r.at(1), nil)
		fds := readable(a, b)
		for i, want := range []int{1, 0, 1} {
			r.client(func(p *program) {
				p.pause()
				s := p.socket(host.Datagram)
				s.send([]byte{byte(i)}, r.at(want))
				s.close(nil)
			})
			p.poll(fds, -1)
			if fds[want].Revents != host.PollIn || fds[1-want].Revents != 0 {
				p.fail("a datagram for socket %d: poll tells %v and %v", want, fds[0].Revents, fds[1].Revents)
			}
			[]*socket{a, b}[want].expect([]byte{byte(i)})
		}
		r.client(func(p *program) {
			s := p.socket(host.Datagram)
			s.send([]byte("a"), r.at(0))
			s.send([]byte("b"), r.at(1))
			s.close(nil)
		})
		p.pause()
		if n := p.poll(fds, -1); n != 2 {
			p.fail("poll returned %d with two datagrams for two sockets", n)
		}
		a.close(nil)
		b.close(nil)
	})
	r.run()
}

func pollTimeout(r *room) {
	r.alone(func(p *program) {
		u := p.socket(host.Datagram)
		u.bind(p.ephemeral(), nil)
		for range 2 {
			begin := p.Now()
			p.polls(u, host.PollIn, r.moment, 0)
			p.took(begin, r.moment)
			p.polls(u, host.PollIn, 0, 0) // at once
		}
		begin := p.Now()
		p.poll(nil, r.moment) // of none it is a sleep
		p.took(begin, r.moment)
		u.close(nil)
	})
}

func pollListener(r *room) {
	r.server(func(p *program) {
		l := p.listener(0, 5)
		p.polls(l, host.PollIn|host.PollOut, 0, 0)
		r.client(func(p *program) {
			p.pause()
			a, b := p.connected(host.Stream, 0), p.connected(host.Stream, 0)
			a.finish()
			b.finish()
		})
		var all []*socket
		for range 2 {
			p.polls(l, host.PollIn|host.PollOut, -1, host.PollIn)
			all = append(all, l.accept())
		}
		p.polls(l, host.PollIn|host.PollOut, 0, 0)
		for _, s := range all {
			s.finish()
		}
		l.close(nil)
	})
	r.run()
}

const everything = host.PollIn | host.PollOut | host.PollRdHup

func pollStream(r *room) {
	r.server(func(p *program) {
		l := p.listener(0, 1)
		r.client(func(p *program) {
			s := p.socket(host.Stream)
			p.polls(s, everything, -1, host.PollOut|host.PollHup) // there is no connection
			s.connect(r.at(0), nil)
			p.polls(s, everything, -1, host.PollOut)
			s.send([]byte("ready"))
			p.polls(s, host.PollIn, -1, host.PollIn)
			p.polls(s, everything, -1, host.PollIn|host.PollOut)
			s.expectAll([]byte("data"))
			p.polls(s, everything, -1, host.PollOut)
			s.send([]byte("heard"))
			p.polls(s, host.PollRdHup, -1, host.PollRdHup)
			p.polls(s, everything, -1, host.PollIn|host.PollOut|host.PollRdHup) // the end can be read
			s.expectEnd()
			p.polls(s, everything, -1, host.PollIn|host.PollOut|host.PollRdHup) // and stays
			s.closeWrite(nil)
			p.polls(s, 0, -1, host.PollHup)
			p.polls(s, everything, -1, host.PollIn|host.PollOut|host.PollRdHup|host.PollHup)
			s.close(nil)
		})
		s := l.accept()
		s.expectAll([]byte("ready"))
		s.send([]byte("data"))
		s.expectAll([]byte("heard"))
		s.closeWrite(nil)
		p.polls(s, host.PollIn, -1, host.PollIn|host.PollHup) // the client's end
		s.finish()
		l.close(nil)
	})
	r.run()
}

func pollReset(r *room) {
	r.joined(func(p *program, s *socket) {
		s.send([]byte("two"))
		p.polls(s, host.PollIn, -1, host.PollIn|host.PollErr|host.PollHup)
		p.polls(s, everything, -1, everything|host.PollErr|host.PollHup)
		s.soError(syscall.ECONNRESET)
		p.polls(s, everything, -1, everything|host.PollHup)
		s.expectEnd()
		s.expectPeer(nowhere)
		s.close(nil)
	}, func(p *program, s *socket) {
		s.recv(1) // so the others have come too
		s.close(nil)
	})
}

func pollRoom(r *room) {
	all := numbered(8<<20, 1)
	r.server(func(p *program) {
		l := p.listener(0, 1, host.ReceiveBuffer(64<<10))
		var full mark
		sent := 0
		r.client(func(p *program) {
			s := p.connected(host.Stream, 0, host.SendBuffer(64<<10))
			sent = s.fill(all)
			p.polls(s, host.PollOut, r.moment, 0)
			full.set()
			p.polls(s, host.PollOut, -1, host.PollOut)
			s.send([]byte("more"))
			s.finish()
		})
		s := l.accept()
		p.until(&full)
		s.expectAll(all[:sent])
		s.expectAll([]byte("more"))
		s.expectEnd()
		s.close(nil)
		l.close(nil)
	})
	r.run()
}

func pollRefused(r *room) {
	r.client(func(p *program) {
		s := p.connected(host.Datagram, 0)
		p.polls(s, host.PollIn, 0, 0)
		s.send([]byte("anybody?"))
		p.polls(s, host.PollIn, -1, host.PollErr)
		s.soError(syscall.ECONNREFUSED)
		p.polls(s, host.PollIn, 0, 0)
		s.close(nil)
	})
	r.run()
}

func pollDatagram(r *room) {
	r.apart(func(p *program, s *socket) {
		p.polls(s, everything, -1, host.PollOut)
		s.connect(r.at(0), nil)
		s.send([]byte("x"))
		p.polls(s, host.PollIn, -1, host.PollIn)
		p.polls(s, everything, -1, host.PollIn|host.PollOut)
		s.expect([]byte("y"))
		s.shutdown(host.ShutRead, nil)
		p.polls(s, everything, -1, everything)
		s.shutdown(host.ShutWrite, nil)
		p.polls(s, everything, -1, everything|host.PollHup)
		s.close(nil)
	}, func(p *program, s *socket) {
		_, client := s.recvFrom(100)
		s.send([]byte("y"), client)
	})
}

// One program echoes for several clients at once, and is never blocked in any call but poll.
func serveMany(r *room) {
	const clients = 5
	r.server(func(p *program) {
		l := p.listener(0, clients)
		for i := range clients {
			r.client(func(p *program) {
				s := p.connected(host.Stream, 0)
				for k := range 3 {
					b := numbered(500, uint32(10*i+k))
					s.send(b)
					s.expectAll(b)
				}
				s.finish()
			})
		}
		served := []*socket{l}
		for ended := 0; ended < clients; {
			fds := readable(served...)
			p.poll(fds, -1)
			for i := len(fds) - 1; i >= 0; i-- {
				switch {
				case fds[i].Revents == 0:
				case i == 0:
					served = append(served, l.accept())
				case !echo(served[i]):
					ended++
					served[i].close(nil)
					served = append(served[:i], served[i+1:]...)
				}
			}
		}
		l.close(nil)
	})
	r.run()
}

// echo sends back what has come; it returns whether there may be more.
func echo(s *socket) bool {
	b := make([]byte, 1000)
	n, _, err := s.recvWith(b, host.DontWait)
	s.judge("recv", err, nil)
	if n > 0 {
		s.send(b[:n])
	}
	return n > 0
}

func pollTwice(r *room) {
	r.joined(func(p *program, s *socket) {
		other := r.client(func(p *program) {
			p.polls(s.by(p), host.PollIn, -1, host.PollIn)
		})
		p.polls(s, host.PollIn, -1, host.PollIn)
		p.await(other)
		s.expectAll([]byte("for both"))
	}, func(p *program, s *socket) {
		p.pause()
		s.send([]byte("for both"))
	})
}
