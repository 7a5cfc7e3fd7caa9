package hosttest

import (
	"syscall"
	"time"

	"reliabilitylab/lab/host"
)

// options are the cases of setsockopt.
var options = []test{
	{"options that a host does not have", anyPath, unknownOptions},                // POSIX setsockopt; tcp(7), TCP_CONGESTION
	{"keep-alives and the user timeout have limits", anyPath, keepLimits},         // tcp(7): EINVAL; Linux: 32767 s, 127 probes
	{"a corked socket sends when the cork is drawn", cleanPath, corked},           // tcp(7), TCP_CORK
	{"a cork holds nothing for ever", cleanPath, corkCeiling},                     // tcp(7): "a 200 millisecond ceiling"
	{"the end of a stream draws the cork", cleanPath, corkedEnd},                  // Linux: what carries FIN does not wait
	{"TCP_NODELAY lets go what a cork holds", cleanPath, corkedNoDelay},           // tcp(7): "an explicit flush"
	{"a socket with everything set still works", anyPath, everythingSet},          // tcp(7)
	{"an option set on a listener is its connections'", cleanPath, inheritedCork}, // accept(2), tcp(7)
}

func unknownOptions(r *room) {
	r.alone(func(p *program) {
		s := p.socket(host.Stream)
		s.set(host.NoDelay(true), nil)
		s.set(host.NoDelay(false), nil)
		s.set(host.Congestion("reno"), nil)
		s.set(host.Congestion("no such thing"), syscall.ENOENT)
		s.close(nil)
		s = p.socket(host.Datagram)
		s.set(host.KeepAlive(true), nil) // SOL_SOCKET: every socket has it
		for _, o := range []host.Option{
			host.NoDelay(true), host.Congestion("reno"), host.KeepIdle(time.Second), host.KeepInterval(time.Second), host.KeepCount(1),
			host.UserTimeout(time.Second), host.QuickACK(true),
		} {
			s.set(o, syscall.ENOPROTOOPT)
		}
		s.close(nil)
	})
}

func keepLimits(r *room) {
	r.alone(func(p *program) {
		s := p.socket(host.Stream)
		for _, c := range []struct {
			o    host.Option
			want error
		}{
			{host.KeepAlive(true), nil},
			{host.KeepIdle(time.Second), nil}, {host.KeepIdle(32767 * time.Second), nil},
			{host.KeepIdle(0), syscall.EINVAL}, {host.KeepIdle(32768 * time.Second), syscall.EINVAL}, {host.KeepIdle(-time.Second), syscall.EINVAL},
			{host.KeepInterval(time.Second), nil}, {host.KeepInterval(32767 * time.Second), nil},
			{host.KeepInterval(0), syscall.EINVAL}, {host.KeepInterval(32768 * time.Second), syscall.EINVAL},
			{host.KeepCount(1), nil}, {host.KeepCount(127), nil},
			{host.KeepCount(0), syscall.EINVAL}, {host.KeepCount(128), syscall.EINVAL},
			{host.UserTimeout(0), nil}, {host.UserTimeout(time.Minute), nil}, {host.UserTimeout(-time.Second), syscall.EINVAL},
			{host.Cork(true), nil}, {host.Cork(false), nil},
			{host.QuickACK(true), nil}, {host.QuickACK(false), nil},
		} {
			s.set(c.o, c.want)
		}
		s.close(nil)
	})
}

// corkedPair sends two messages of a corked socket and then does something that lets them go. If that is at once, they
// arrive together.
func corkedPair(r *room, release func(s *socket)) {
	r.joined(func(p *program, s *socket) {
		s.set(host.Cork(true), nil)
		s.send([]byte("one, "))
		s.send([]byte("two"))
		release(s)
		s.expectAll([]byte("thanks"))
	}, func(p *program, s *socket) {
		s.expect([]byte("one, two"))
		s.send([]byte("thanks"))
	})
}

func corked(r *room)      { corkedPair(r, func(s *socket) { s.set(host.Cork(false), nil) }) }
func corkCeiling(r *room) { corkedPair(r, func(*socket) {}) }
func corkedEnd(r *room)   { corkedPair(r, func(s *socket) { s.closeWrite(nil) }) }
func corkedNoDelay(r *room) {
	corkedPair(r, func(s *socket) { s.set(host.NoDelay(true), nil) })
}

func everythingSet(r *room) {
	set := func(s *socket) {
		for _, o := range []host.Option{
			host.KeepAlive(true), host.KeepIdle(time.Second), host.KeepInterval(time.Second), host.KeepCount(2), host.UserTimeout(time.Minute),
			host.QuickACK(true),
		} {
			s.set(o, nil)
		}
	}
	r.joined(func(p *program, s *socket) {
		set(s)
		s.send([]byte("ping"))
		s.expectAll([]byte("pong"))
		s.set(host.QuickACK(false), nil)
		s.set(host.KeepAlive(false), nil)
		s.send([]byte("ping"))
		s.expectAll([]byte("pong"))
	}, func(p *program, s *socket) {
		set(s)
		for range 2 {
			s.expectAll([]byte("ping"))
			s.send([]byte("pong"))
		}
	})
}

func inheritedCork(r *room) {
	r.server(func(p *program) {
		l := p.listener(0, 1, host.Cork(true))
		r.client(func(p *program) {
			s := p.connected(host.Stream, 0)
			s.expect([]byte("one, two"))
			s.finish()
		})
		s := l.accept()
		s.send([]byte("one, "))
		s.send([]byte("two"))
		s.finish()
		l.close(nil)
	})
	r.run()
}
