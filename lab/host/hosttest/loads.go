package hosttest

import (
	"net/netip"

	"reliabilitylab/lab/host"
)

// loads are the cases of much at once.
var loads = []test{
	{"4 MiB both ways at once", anyPath, largeBothWays},
	{"many connections, one after another", cleanPath, manyInTurn},
	{"many connections at once", cleanPath, manyAtOnce},
}

// ephemeral is an address of the program's host with a port of the host's choice.
func (p *program) ephemeral() netip.AddrPort { return netip.AddrPortFrom(p.Addr(), 0) }

// exchange sends n bytes both ways at once.
func (r *room) exchange(n int) {
	r.t.Helper()
	up, down := numbered(n, 1), numbered(n, 2)
	both := func(start func(func(*program)) *program, send, expect []byte) func(p *program, s *socket) {
		return func(p *program, s *socket) {
			writer := start(func(p *program) {
				w := s.by(p)
				w.send(send)
				w.closeWrite(nil)
			})
			s.expectAll(expect)
			s.expectEnd()
			p.await(writer)
			s.close(nil)
		}
	}
	r.joined(both(r.client, up, down), both(r.server, down, up))
}

func largeBothWays(r *room) { r.exchange(4 << 20) }

const many = 50

func manyInTurn(r *room) {
	r.server(func(p *program) {
		l := p.listener(0, 1)
		r.client(func(p *program) {
			for i := range many {
				s := p.connected(host.Stream, 0)
				s.send(numbered(100, uint32(i)))
				s.closeWrite(nil)
				s.expectEnd()
				s.close(nil)
			}
		})
		for i := range many {
			s := l.accept()
			s.expectAll(numbered(100, uint32(i)))
			s.expectEnd()
			s.close(nil)
		}
		l.close(nil)
	})
	r.run()
}

func manyAtOnce(r *room) {
	r.server(func(p *program) {
		l := p.listener(0, many)
		for i := range many {
			r.client(func(p *program) {
				s := p.connected(host.Stream, 0)
				b := numbered(5000, uint32(i))
				s.send(b)
				s.expectAll(b)
				s.finish()
			})
		}
		for range many {
			s := l.accept()
			r.server(func(p *program) {
				s := s.by(p)
				for {
					b := s.recv(1000)
					if len(b) == 0 {
						break
					}
					s.send(b)
				}
				s.finish()
			})
		}
		l.close(nil)
	})
	r.run()
}
