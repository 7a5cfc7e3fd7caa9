package hosttest

import (
	"net/netip"
	"syscall"

	"reliabilitylab/lab/host"
)

// kinds are both kinds of sockets.
var kinds = []host.Kind{host.Stream, host.Datagram}

// names are the cases of bind and getsockname.
var names = []test{
	{"bind to port 0 gives a port of its own", anyPath, bindEphemeral},       // POSIX bind; ip(7), ip_local_port_range
	{"a socket without a name has none", anyPath, bindNothing},               // POSIX getsockname: unspecified; Linux: all zero
	{"bind a second time is EINVAL", anyPath, bindTwice},                     // POSIX bind
	{"bind to a port in use is EADDRINUSE", anyPath, bindInUse},              // POSIX bind
	{"bind to a foreign address is EADDRNOTAVAIL", anyPath, bindForeign},     // POSIX bind
	{"bind across families is EAFNOSUPPORT", anyPath, bindFamily},            // POSIX bind
	{"a listener at any address", anyPath, bindAny},                          // ip(7), INADDR_ANY
	{"a datagram socket at any address", cleanPath, bindAnyDatagram},         // ip(7), INADDR_ANY
	{"connect names the socket", anyPath, connectNames},                      // POSIX connect
	{"a port is free again after close", anyPath, bindAfterClose},            // POSIX close
	{"SO_REUSEADDR takes a port in TIME_WAIT", cleanPath, bindAfterTimeWait}, // socket(7); RFC 9293 section 3.6.1
	{"SO_REUSEADDR takes no port that listens", anyPath, bindListening},      // socket(7)
	{"a connection in TIME_WAIT is opened again", cleanPath, reopen},         // RFC 9293 section 3.10.7.4; RFC 6191
	{"both must allow reuse of a port in TIME_WAIT", cleanPath, bothReuse},   // socket(7); Linux: also the one that is gone
}

func (r *room) alone(f func(p *program)) {
	r.t.Helper()
	r.server(f)
	r.run()
}

func (r *room) anyPort() netip.AddrPort { return netip.AddrPortFrom(r.pair.Server.Addr(), 0) }

func bindEphemeral(r *room) {
	r.alone(func(p *program) {
		for _, k := range kinds {
			a, b := p.socket(k), p.socket(k)
			a.bind(r.anyPort(), nil)
			b.bind(r.anyPort(), nil)
			if x, y := a.local(), b.local(); x.Port() == 0 || x.Addr() != p.Addr() || y.Port() == 0 || x == y {
				p.fail("bound to %v and %v, want two ports of %v", x, y, p.Addr())
			}
			a.close(nil)
			b.close(nil)
		}
	})
}

func bindNothing(r *room) {
	r.alone(func(p *program) {
		for _, k := range kinds {
			s := p.socket(k)
			if s.local() != nowhere {
				p.fail("a new socket is bound to %v", s.local())
			}
			s.close(nil)
		}
	})
}

func bindTwice(r *room) {
	r.alone(func(p *program) {
		for _, k := range kinds {
			s := p.socket(k)
			s.bind(r.at(0), nil)
			s.bind(r.at(1), syscall.EINVAL)
			if s.local() != r.at(0) {
				p.fail("bound to %v, want %v", s.local(), r.at(0))
			}
			s.close(nil)
		}
	})
}

func bindInUse(r *room) {
	r.alone(func(p *program) {
		var all []*socket
		for _, k := range kinds { // TCP's ports are not UDP's
			s, other := p.socket(k), p.socket(k)
			s.bind(r.at(0), nil)
			other.bind(r.at(0), syscall.EADDRINUSE)
			other.bind(r.at(1), nil) // the failure left it as it was
			all = append(all, s, other)
		}
		for _, s := range all {
			s.close(nil)
		}
	})
}

func bindForeign(r *room) {
	foreign := netip.MustParseAddrPort("198.51.100.1:9000") // TEST-NET-2, RFC 5737
	if r.family == host.IPv6 {
		foreign = netip.MustParseAddrPort("[2001:db8:ffff::1]:9000") // RFC 3849
	}
	r.alone(func(p *program) {
		for _, k := range kinds {
			s := p.socket(k)
			s.bind(foreign, syscall.EADDRNOTAVAIL)
			s.close(nil)
		}
	})
}

func bindFamily(r *room) {
	if r.family == host.IPv6 {
		r.t.Skip("an IPv6 socket takes IPv4's shorter sockaddr for a malformed one")
	}
	r.alone(func(p *program) {
		for _, k := range kinds {
			s := p.socket(k)
			s.bind(netip.MustParseAddrPort("[2001:db8::1]:9000"), syscall.EAFNOSUPPORT)
			s.close(nil)
		}
	})
}

func bindAny(r *room) {
	r.server(func(p *program) {
		l := p.anywhere(host.Stream)
		l.listen(1, nil)
		at := netip.AddrPortFrom(p.Addr(), l.local().Port())
		other := p.socket(host.Stream)
		other.bind(at, syscall.EADDRINUSE) // any address is this one too
		other.close(nil)
		r.client(func(p *program) {
			c := p.socket(host.Stream)
			c.connect(at, nil)
			c.finish()
		})
		s := l.accept()
		if s.local() != at {
			p.fail("the connection's own address is %v, want %v", s.local(), at)
		}
		s.finish()
		l.close(nil)
	})
	r.run()
}

func bindAnyDatagram(r *room) {
	r.server(func(p *program) {
		s := p.anywhere(host.Datagram)
		at := netip.AddrPortFrom(p.Addr(), s.local().Port())
		other := p.socket(host.Datagram)
		other.bind(at, syscall.EADDRINUSE)
		other.close(nil)
		r.client(func(p *program) {
			c := p.socket(host.Datagram)
			c.send([]byte("hello"), at)
			c.close(nil)
		})
		s.expect([]byte("hello"))
		s.close(nil)
	})
	r.run()
}

// anywhere makes a socket that is bound to any address.
func (p *program) anywhere(k host.Kind) *socket {
	s := p.socket(k)
	s.bind(nowhere, nil)
	if s.local().Port() == 0 {
		p.fail("bound to %v, want a port", s.local())
	}
	return s
}

func connectNames(r *room) {
	r.joined(func(p *program, s *socket) {
		u := p.socket(host.Datagram)
		u.connect(r.at(1), nil)
		for _, s := range []*socket{s, u} {
			if a := s.local(); a.Addr() != p.Addr() || a.Port() == 0 {
				p.fail("connected from %v, want a port of %v", a, p.Addr())
			}
			s.bind(netip.AddrPortFrom(p.Addr(), 0), syscall.EINVAL)
		}
		u.close(nil)
	}, func(p *program, s *socket) {
		if s.local() != r.at(0) {
			p.fail("accepted at %v, want %v", s.local(), r.at(0))
		}
	})
}

func bindAfterClose(r *room) {
	r.alone(func(p *program) {
		for _, k := range kinds {
			for range 3 {
				s := p.socket(k)
				s.bind(r.at(0), nil)
				if k == host.Stream {
					s.listen(1, nil)
				}
				s.close(nil)
			}
		}
	})
}

func bindListening(r *room) {
	r.alone(func(p *program) {
		l := p.listener(0, 1, host.ReuseAddress(true))
		for _, reuse := range []bool{false, true} {
			s := p.socket(host.Stream)
			s.set(host.ReuseAddress(reuse), nil)
			s.bind(r.at(0), syscall.EADDRINUSE)
			s.close(nil)
		}
		l.close(nil)
	})
}

// The server closes first and so keeps TIME_WAIT; the client comes again from the same port, several times.
func reopen(r *room) {
	from := netip.AddrPortFrom(r.pair.Client.Addr(), r.at(5).Port())
	r.server(func(p *program) {
		l := p.listener(0, 1)
		for range 3 {
			client := r.client(func(p *program) {
				s := p.socket(host.Stream)
				s.set(host.ReuseAddress(true), nil)
				s.bind(from, nil)
				s.connect(r.at(0), nil)
				s.expectAll([]byte("once more"))
				s.expectEnd()
				s.close(nil)
			})
			s, peer := l.acceptFrom()
			if peer != from {
				p.fail("a connection from %v, want %v", peer, from)
			}
			s.send([]byte("once more"))
			s.close(nil)
			p.await(client)
			p.pause() // the last ACK is on its way
		}
		l.close(nil)
	})
	r.run()
}

// The client closes first: its port is in use, unless the socket that is gone allowed reuse and the new one does.
func bothReuse(r *room) {
	r.server(func(p *program) {
		l := p.listener(0, 1)
		for i, first := range []bool{false, true} {
			from := netip.AddrPortFrom(r.pair.Client.Addr(), r.at(5+i).Port())
			client := r.client(func(p *program) {
				s := p.socket(host.Stream)
				s.set(host.ReuseAddress(first), nil)
				s.bind(from, nil)
				s.connect(r.at(0), nil)
				s.close(nil)
				p.pause()
				s = p.socket(host.Stream)
				s.bind(from, syscall.EADDRINUSE)
				s.set(host.ReuseAddress(true), nil)
				s.bind(from, map[bool]error{false: syscall.EADDRINUSE, true: nil}[first])
				s.close(nil)
			})
			s := l.accept()
			s.expectEnd()
			s.close(nil)
			p.await(client)
		}
		l.close(nil)
	})
	r.run()
}

// The server closes first and so keeps the connection in TIME_WAIT, on the port that its successor wants.
func bindAfterTimeWait(r *room) {
	r.server(func(p *program) {
		connect := func(p *program) {
			s := p.connected(host.Stream, 0)
			s.expectEnd()
			s.close(nil)
		}
		for range 2 {
			l := p.socket(host.Stream)
			l.set(host.ReuseAddress(true), nil)
			l.bind(r.at(0), nil)
			l.listen(1, nil)
			client := r.client(connect)
			l.accept().close(nil)
			l.close(nil)
			p.await(client)

			l = p.socket(host.Stream)
			l.bind(r.at(0), syscall.EADDRINUSE)
			l.close(nil)
		}
	})
	r.run()
}
