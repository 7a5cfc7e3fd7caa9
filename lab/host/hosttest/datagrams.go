package hosttest

import (
	"net/netip"
	"syscall"

	"reliabilitylab/lab/host"
)

// datagrams are the cases of UDP between two who want to talk.
var datagrams = []test{
	{"echo over UDP", cleanPath, echoDatagram},
	{"datagrams keep their boundaries", cleanPath, boundaries},             // POSIX recv, SOCK_DGRAM; RFC 768
	{"a datagram is cut to the buffer", cleanPath, cut},                    // POSIX recv
	{"a datagram may be empty", cleanPath, empty},                          // RFC 768: length 8; udp(7)
	{"a large datagram arrives whole", cleanPath, large},                   // RFC 791 section 3.2; RFC 8200 section 4.5
	{"a datagram that IP cannot hold is EMSGSIZE", cleanPath, tooLarge},    // POSIX send; udp(7)
	{"a datagram without an address is EDESTADDRREQ", cleanPath, noAddr},   // POSIX send
	{"a datagram to port 0 is EINVAL", cleanPath, portZero},                // RFC 768 reserves 0; Linux udp_sendmsg
	{"a connected socket hears only its peer", cleanPath, filter},          // POSIX connect; udp(7)
	{"a datagram socket may be connected anew", cleanPath, connectAnew},    // POSIX connect
	{"a datagram socket that is shut down", cleanPath, shutDatagram},       // POSIX shutdown, send
	{"a full receive buffer loses the newest", cleanPath, receiveOverflow}, // socket(7), SO_RCVBUF; Linux sock_queue_rcv_skb
}

func echoDatagram(r *room) {
	r.apart(func(p *program, s *socket) {
		for _, n := range []int{1, 100, 1448, 1472} {
			b := numbered(n, uint32(n))
			s.send(b, r.at(0))
			if a := s.local(); a.Port() == 0 {
				p.fail("after send the socket has no port")
			}
			got, from := s.recvFrom(2000)
			s.same(got, b)
			if from != r.at(0) {
				p.fail("the answer is from %v, want %v", from, r.at(0))
			}
		}
	}, func(p *program, s *socket) {
		for range 4 {
			b, from := s.recvFrom(2000)
			if from.Addr() != r.pair.Client.Addr() {
				p.fail("a datagram from %v, want one of %v", from, r.pair.Client.Addr())
			}
			s.send(b, from)
		}
	})
}

func boundaries(r *room) {
	sizes := []int{1, 1000, 10, 1400, 100}
	r.apart(func(p *program, s *socket) {
		for _, n := range sizes {
			s.send(numbered(n, uint32(n)), r.at(0))
		}
	}, func(p *program, s *socket) {
		for _, n := range sizes {
			s.expect(numbered(n, uint32(n)))
		}
	})
}

func cut(r *room) {
	b := numbered(100, 1)
	r.apart(func(p *program, s *socket) {
		s.send(b, r.at(0))
		s.send([]byte("next"), r.at(0))
	}, func(p *program, s *socket) {
		s.same(s.recv(40), b[:40])
		s.expect([]byte("next")) // the rest is gone
	})
}

func empty(r *room) {
	r.apart(func(p *program, s *socket) {
		s.send(nil, r.at(0))
		s.send([]byte("x"), r.at(0))
	}, func(p *program, s *socket) {
		b, from := s.recvFrom(100)
		if len(b) != 0 || from.Addr() != r.pair.Client.Addr() {
			p.fail("received %d bytes from %v, want none from %v", len(b), from, r.pair.Client.Addr())
		}
		s.expect([]byte("x"))
	})
}

// most returns the most payload that a datagram can have: IPv4's total length is 65535 with 20 bytes of its header, IPv6's
// payload length is 65535 without; UDP's header is 8.
func (r *room) most() int {
	if r.family == host.IPv4 {
		return 65535 - 20 - 8
	}
	return 65535 - 8
}

func large(r *room) {
	sizes := []int{2000, 60_000, r.most()}
	r.apart(func(p *program, s *socket) {
		for _, n := range sizes {
			s.send(numbered(n, uint32(n)), r.at(0))
			s.expect([]byte("got it"))
		}
	}, func(p *program, s *socket) {
		for _, n := range sizes {
			b, from := s.recvFrom(1 << 16)
			s.same(b, numbered(n, uint32(n)))
			s.send([]byte("got it"), from)
		}
	})
}

func tooLarge(r *room) {
	r.apart(func(p *program, s *socket) {
		s.sendFails(make([]byte, r.most()+1), syscall.EMSGSIZE, r.at(0))
		s.sendFails(make([]byte, 1<<17), syscall.EMSGSIZE, r.at(0))
		s.send([]byte("x"), r.at(0))
	}, func(p *program, s *socket) {
		s.expect([]byte("x"))
	})
}

func noAddr(r *room) {
	r.alone(func(p *program) {
		s := p.socket(host.Datagram)
		s.sendFails([]byte("x"), syscall.EDESTADDRREQ)
		s.close(nil)
		s = p.socket(host.Datagram)
		s.bind(r.at(0), nil)
		s.sendFails([]byte("x"), syscall.EDESTADDRREQ)
		s.close(nil)
	})
}

func portZero(r *room) {
	r.alone(func(p *program) {
		s := p.socket(host.Datagram)
		s.sendFails([]byte("x"), syscall.EINVAL, netip.AddrPortFrom(r.pair.Client.Addr(), 0))
		s.close(nil)
	})
}

// Two sockets of the server send to a client that is connected to one of them.
func filter(r *room) {
	r.apart(func(p *program, s *socket) {
		s.connect(r.at(0), nil)
		s.send([]byte("hello"))
		s.expect([]byte("from the peer"))
		s.expect([]byte("from the peer again"))
	}, func(p *program, s *socket) {
		_, client := s.recvFrom(100)
		other := p.socket(host.Datagram)
		other.bind(r.at(1), nil)
		s.send([]byte("from the peer"), client)
		other.send([]byte("from another"), client)
		s.send([]byte("from the peer again"), client)
		other.close(nil)
	})
}

func connectAnew(r *room) {
	r.server(func(p *program) {
		a, b := p.socket(host.Datagram), p.socket(host.Datagram)
		a.bind(r.at(0), nil)
		b.bind(r.at(1), nil)
		r.client(func(p *program) {
			s := p.connected(host.Datagram, 0)
			name := s.local()
			s.send([]byte("to the first"))
			s.connect(r.at(1), nil)
			if s.local() != name {
				p.fail("connected anew the socket is %v, want %v as before", s.local(), name)
			}
			s.send([]byte("to the second"))
			s.close(nil)
		})
		a.expect([]byte("to the first"))
		b.expect([]byte("to the second"))
		a.close(nil)
		b.close(nil)
	})
	r.run()
}

func shutDatagram(r *room) {
	r.apart(func(p *program, s *socket) {
		s.connect(r.at(0), nil)
		s.send([]byte("x"))
		s.closeWrite(nil)
		s.sendFails([]byte("y"), syscall.EPIPE)
		s.expect([]byte("can be heard")) // the other half goes on
	}, func(p *program, s *socket) {
		_, client := s.recvFrom(100)
		s.send([]byte("can be heard"), client)
	})
}

// What comes while the buffer is full is lost, and nobody is told; what was there before stays.
func receiveOverflow(r *room) {
	const count = 400
	r.server(func(p *program) {
		s := p.socket(host.Datagram)
		s.set(host.ReceiveBuffer(16<<10), nil)
		s.set(host.ReceiveTimeout(r.moment), nil)
		s.bind(r.at(0), nil)
		client := r.client(func(p *program) {
			c := p.socket(host.Datagram)
			for i := range count {
				c.send(numbered(1000, uint32(i)), r.at(0))
			}
			c.close(nil)
		})
		p.await(client)
		p.pause()
		n := 0
		for {
			b, _, err := s.tryRecv(2000)
			if err == syscall.EAGAIN {
				break
			}
			s.judge("recv", err, nil)
			s.same(b, numbered(1000, uint32(n)))
			n++
		}
		if n == 0 || n > 32 { // twice the buffer, as Linux doubles it
			p.fail("%d of %d datagrams of 1000 bytes were in a buffer of 16 KiB", n, count)
		}
		s.close(nil)
	})
	r.run()
}
