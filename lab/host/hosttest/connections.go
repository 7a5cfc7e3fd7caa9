package hosttest

import (
	"net/netip"
	"syscall"
	"time"

	"reliabilitylab/lab/host"
)

// connections are the cases of listen, accept and connect.
var connections = []test{
	{"connect and accept agree on the addresses", anyPath, agree},                // POSIX accept
	{"a client may choose its port", anyPath, chosenPort},                        // POSIX bind, connect
	{"listen without bind takes a port", anyPath, listenUnbound},                 // ip(7)
	{"what was sent before accept is there", anyPath, sentBeforeAccept},          // RFC 9293 section 3.5
	{"connect twice is EISCONN", anyPath, connectTwice},                          // POSIX connect
	{"sockets without a connection", anyPath, unconnected},                       // POSIX recv; Linux tcp(7): send is EPIPE
	{"accept without listen is EINVAL", anyPath, acceptUnlistened},               // POSIX accept
	{"a listener has no stream", anyPath, listenerIsNoStream},                    // POSIX; Linux: connect is EISCONN
	{"listen on a connection is EINVAL", anyPath, listenConnected},               // POSIX listen
	{"a full backlog lets the next wait", cleanPath, backlog},                    // listen(2): backlog+1 on Linux, SYN dropped
	{"closing a listener resets who waits", cleanPath, closeListener},            // RFC 9293 section 3.10.4
	{"calls on a closed socket are EBADF", anyPath, badDescriptor},               // POSIX, all calls
	{"datagram sockets neither listen nor accept", anyPath, datagramDoesNotHear}, // POSIX listen, accept
}

func agree(r *room) {
	r.server(func(p *program) {
		l := p.listener(0, 1)
		r.client(func(p *program) {
			s := p.connected(host.Stream, 0)
			text, _ := s.local().MarshalText()
			s.send(text)
			s.finish()
		})
		s, from := l.acceptFrom()
		text, _ := from.MarshalText()
		s.expectAll(text) // the peer's name as it knows it itself
		if s.local() != r.at(0) {
			p.fail("accepted at %v, want %v", s.local(), r.at(0))
		}
		s.finish()
		l.close(nil)
	})
	r.run()
}

func chosenPort(r *room) {
	r.server(func(p *program) {
		l := p.listener(0, 1)
		from := netip.AddrPortFrom(r.pair.Client.Addr(), r.at(5).Port())
		r.client(func(p *program) {
			s := p.socket(host.Stream)
			s.bind(from, nil)
			s.connect(r.at(0), nil)
			s.finish()
		})
		s, peer := l.acceptFrom()
		if peer != from {
			p.fail("a connection from %v, want %v", peer, from)
		}
		s.finish()
		l.close(nil)
	})
	r.run()
}

func listenUnbound(r *room) {
	r.server(func(p *program) {
		l := p.socket(host.Stream)
		l.listen(1, nil)
		at := netip.AddrPortFrom(p.Addr(), l.local().Port())
		r.client(func(p *program) {
			s := p.socket(host.Stream)
			s.connect(at, nil)
			s.finish()
		})
		l.accept().finish()
		l.close(nil)
	})
	r.run()
}

func sentBeforeAccept(r *room) {
	var sent mark
	r.server(func(p *program) {
		l := p.listener(0, 1)
		r.client(func(p *program) {
			s := p.connected(host.Stream, 0)
			s.send([]byte("early"))
			s.closeWrite(nil)
			sent.set()
			s.expectEnd()
			s.close(nil)
		})
		p.until(&sent)
		p.pause()
		s := l.accept()
		s.expectAll([]byte("early"))
		s.expectEnd()
		s.close(nil)
		l.close(nil)
	})
	r.run()
}

func connectTwice(r *room) {
	r.joined(func(p *program, s *socket) {
		s.connect(r.at(0), syscall.EISCONN)
		s.connect(r.at(1), syscall.EISCONN)
		s.send([]byte("still there"))
	}, func(p *program, s *socket) {
		s.connect(r.at(1), syscall.EISCONN)
		s.expectAll([]byte("still there"))
	})
}

func unconnected(r *room) {
	r.alone(func(p *program) {
		s := p.socket(host.Stream)
		s.recvFails(syscall.ENOTCONN)
		s.closeWrite(syscall.ENOTCONN)
		s.sendFails([]byte("x"), syscall.EPIPE)
		s.close(nil)
		s = p.socket(host.Datagram)
		s.closeWrite(syscall.ENOTCONN)
		s.sendFails([]byte("x"), syscall.EDESTADDRREQ)
		s.close(nil)
	})
}

func acceptUnlistened(r *room) {
	r.joined(func(p *program, s *socket) {
		s.acceptFails(syscall.EINVAL)
		other := p.socket(host.Stream)
		other.acceptFails(syscall.EINVAL)
		other.close(nil)
	}, func(*program, *socket) {})
}

func listenerIsNoStream(r *room) {
	r.alone(func(p *program) {
		l := p.listener(0, 1)
		l.connect(r.at(0), syscall.EISCONN)
		l.recvFails(syscall.ENOTCONN)
		l.sendFails([]byte("x"), syscall.EPIPE)
		l.listen(5, nil) // only the backlog changes
		l.close(nil)
	})
}

func listenConnected(r *room) {
	r.joined(func(p *program, s *socket) { s.listen(1, syscall.EINVAL) }, func(p *program, s *socket) {
		s.listen(1, syscall.EINVAL)
	})
}

// With a backlog of 1 two connections wait; the third one's SYN is dropped, and comes again (RFC 6298: after a second)
// when there is room.
func backlog(r *room) {
	var connected [3]time.Duration
	var accepting time.Duration
	var two mark
	r.server(func(p *program) {
		l := p.listener(0, 1)
		r.client(func(p *program) {
			var all [3]*socket
			for i := range all {
				all[i] = p.connected(host.Stream, 0)
				connected[i] = p.Now()
				if i == 1 {
					two.set()
				}
			}
			for _, s := range all {
				s.finish()
			}
		})
		p.until(&two)
		p.pause()
		accepting = p.Now()
		var all [3]*socket
		for i := range all {
			all[i] = l.accept()
		}
		for _, s := range all {
			s.finish()
		}
		l.close(nil)
	})
	r.run()
	if connected[0] > accepting || connected[1] > accepting || connected[2] <= accepting {
		r.fail("the server accepted from %v on; connected at %v, want two before and one after", accepting, connected)
	}
}

func closeListener(r *room) {
	var connected mark
	r.server(func(p *program) {
		l := p.listener(0, 1)
		r.client(func(p *program) {
			s := p.connected(host.Stream, 0)
			connected.set()
			s.recvFails(syscall.ECONNRESET)
			s.close(nil)
			s = p.socket(host.Stream)
			s.connect(r.at(0), syscall.ECONNREFUSED)
			s.close(nil)
		})
		p.until(&connected)
		p.pause()
		l.close(nil)
	})
	r.run()
}

func badDescriptor(r *room) {
	r.alone(func(p *program) {
		for _, k := range kinds {
			s := p.socket(k)
			s.close(nil)
			s.bind(r.at(0), syscall.EBADF)
			s.listen(1, syscall.EBADF)
			s.acceptFails(syscall.EBADF)
			s.connect(r.at(0), syscall.EBADF)
			s.sendFails([]byte("x"), syscall.EBADF, r.at(0))
			s.recvFails(syscall.EBADF)
			s.set(host.ReceiveBuffer(1<<16), syscall.EBADF)
			s.closeWrite(syscall.EBADF)
			s.soError(syscall.EBADF)
			p.polls(s, host.PollIn, 0, host.PollNval)
			s.close(syscall.EBADF)
			if s.local() != nowhere {
				p.fail("a closed socket is bound to %v", s.local())
			}
		}
	})
}

func datagramDoesNotHear(r *room) {
	r.alone(func(p *program) {
		s := p.socket(host.Datagram)
		s.bind(r.at(0), nil)
		s.listen(1, syscall.EOPNOTSUPP)
		s.acceptFails(syscall.EOPNOTSUPP)
		s.close(nil)
	})
}
