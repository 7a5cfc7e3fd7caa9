package hosttest

import (
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"reliabilitylab/lab/host"
)

// A room is where one case takes place: it starts the programs, keeps the history of their calls, and sees that all of
// them return.
type room struct {
	t      *testing.T
	pair   Pair
	family host.Family
	moment time.Duration
	log    history

	mu    sync.Mutex // programs may be goroutines that run at once
	wrong []string   // what was not as expected
}

func newRoom(t *testing.T, p Pair) *room {
	if p.Moment == 0 {
		p.Moment = 100 * time.Millisecond
	}
	if p.Port == 0 {
		p.Port = 9000
	}
	return &room{t: t, pair: p, family: host.FamilyOf(p.Server.Addr()), moment: p.Moment}
}

// at returns the i-th of the server's ports, from 0 to 9.
func (r *room) at(i int) netip.AddrPort {
	return netip.AddrPortFrom(r.pair.Server.Addr(), r.pair.Port+uint16(i))
}

// client starts a program on the client; server starts one on the server. Either may be called within a program: what it
// did before has then been done.
func (r *room) client(f func(p *program)) *program { return r.start(r.pair.Client, f) }
func (r *room) server(f func(p *program)) *program { return r.start(r.pair.Server, f) }

// A program is one that runs. Its methods, and those of its sockets, end it when something is not as expected.
type program struct {
	host.Host
	room    *room
	number  int
	sockets []*socket
	ended   mark
}

// failed is what ends a program.
type failed struct{}

func (r *room) start(h host.Host, f func(p *program)) *program {
	p := &program{Host: h, room: r, number: r.log.program()}
	h.Go(func() {
		defer func() {
			p.ended.set()
			r.log.ended()
			// Anything else, such as the end of a world, is not for us.
			if x := recover(); x == (failed{}) {
				for _, s := range p.sockets { // so that its peers do not wait for it
					_ = s.Socket.Close()
				}
			} else if x != nil {
				panic(x)
			}
		}()
		f(p)
	})
	return p
}

// A mark is set by one program for others to wait for.
type mark struct{ atomic.Bool }

func (m *mark) set() { m.Store(true) }

// until waits until a mark is set; await until another program has returned; pause a Moment.
func (p *program) until(m *mark) {
	for !m.Load() {
		if p.room.failed() { // and so it may never come
			panic(failed{})
		}
		p.Sleep(time.Millisecond)
	}
}

func (p *program) await(other *program) { p.until(&other.ended) }
func (p *program) pause()               { p.Sleep(p.room.moment) }

// run runs all programs to their end.
func (r *room) run() {
	if err := r.pair.Run(); err != nil {
		r.fail("run the world: %v", err)
	}
	if n := r.log.running(); n > 0 && !r.failed() {
		r.fail("%d programs have not returned", n)
	}
}

// fail notes that something went wrong, the first time with the history of how it came to that.
func (r *room) fail(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	what := fmt.Sprintf(format, args...)
	if len(r.wrong) == 0 {
		what += "\n" + r.log.String()
	}
	r.wrong = append(r.wrong, what)
}

func (r *room) failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.wrong) > 0
}

// late tells whether the machine took from a Moment so much that it may not have sufficed.
func (r *room) late() bool { return r.pair.Late != nil && r.pair.Late() > r.moment/4 }

// fail ends the program.
func (p *program) fail(format string, args ...any) {
	p.room.fail("%s, program %d: %s", p.Name(), p.number, fmt.Sprintf(format, args...))
	panic(failed{})
}

// socket makes a socket.
func (p *program) socket(k host.Kind) *socket {
	s, err := p.Socket(p.room.family, k, 0)
	if err != nil {
		p.fail("socket: %v", err)
	}
	return p.keep(s, k)
}

func (p *program) keep(s host.Socket, k host.Kind) *socket {
	w := &socket{Socket: s, p: p, kind: k, number: p.room.log.socket()}
	p.sockets = append(p.sockets, w)
	return w
}

// listener makes a socket that listens at the i-th of the server's ports.
func (p *program) listener(i, backlog int, options ...host.Option) *socket {
	s := p.socket(host.Stream)
	for _, o := range options {
		s.set(o, nil)
	}
	s.bind(p.room.at(i), nil)
	s.listen(backlog, nil)
	return s
}

// connected makes a socket that is connected to the i-th of the server's ports.
func (p *program) connected(k host.Kind, i int, options ...host.Option) *socket {
	s := p.socket(k)
	for _, o := range options {
		s.set(o, nil)
	}
	s.connect(p.room.at(i), nil)
	return s
}

// joined runs a program at each end of a TCP connection, until both have returned. A socket that is still open then is
// closed in order: both ends say that they have done, and hear it of the other.
func (r *room) joined(client, server func(p *program, s *socket)) {
	r.server(func(p *program) {
		l := p.listener(0, 1)
		r.client(func(p *program) {
			s := p.connected(host.Stream, 0)
			client(p, s)
			s.finish()
		})
		s := l.accept()
		server(p, s)
		s.finish()
		l.close(nil)
	})
	r.run()
}

// apart runs a program at each end of a path, each with a datagram socket: the server's bound to at(0), the client's to
// nothing, until both have returned.
func (r *room) apart(client, server func(p *program, s *socket)) {
	r.server(func(p *program) {
		s := p.socket(host.Datagram)
		s.bind(r.at(0), nil)
		r.client(func(p *program) {
			c := p.socket(host.Datagram)
			client(p, c)
			c.finish()
		})
		server(p, s)
		s.finish()
	})
	r.run()
}
