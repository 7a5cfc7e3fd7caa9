package hosttest

import (
	"net/netip"
	"syscall"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
)

// nonBlocking are the cases of calls that do not wait, of SO_SNDTIMEO, and of what socket takes.
var nonBlocking = []test{
	{"socket takes the protocol of its kind, or 0", anyPath, protocols},                  // POSIX socket
	{"with O_NONBLOCK no call waits", anyPath, noWaiting},                                // fcntl(2), recv(2), accept(2)
	{"connect with O_NONBLOCK is EINPROGRESS", anyPath, connectLater},                    // POSIX connect; connect(2)
	{"connect again meanwhile is EALREADY", cleanPath, connectMeanwhile},                 // POSIX connect
	{"SO_ERROR says how a connect went", cleanPath, connectFailsLater},                   // POSIX connect, getsockopt; Linux: then ECONNABORTED
	{"SO_SNDTIMEO ends a send", anyPath, sendTimeout},                                    // socket(7), SO_SNDTIMEO
	{"SO_SNDTIMEO ends a connect", cleanPath, connectTimeout},                            // socket(7): EINPROGRESS
	{"an accepted socket has the listener's timeouts, not O_NONBLOCK", anyPath, inherit}, // Linux sk_clone; accept(2)
}

func protocols(r *room) {
	r.alone(func(p *program) {
		for _, c := range []struct {
			kind     host.Kind
			protocol netem.Protocol
			want     error
		}{
			{host.Stream, 0, nil}, {host.Stream, netem.TCP, nil}, {host.Stream, netem.UDP, syscall.EPROTONOSUPPORT},
			{host.Datagram, 0, nil}, {host.Datagram, netem.UDP, nil}, {host.Datagram, netem.TCP, syscall.EPROTONOSUPPORT},
		} {
			end := r.log.note(p, 0, "socket", 0, "")
			s, err := p.Socket(r.family, c.kind, c.protocol)
			if err != c.want {
				p.fail("socket of kind %d and protocol %d returned %s, want %s", c.kind, c.protocol, name(err), name(c.want))
			}
			if err == nil {
				end("a socket")
				p.keep(s, c.kind).close(nil)
			} else {
				end(host.ErrnoName(err))
			}
		}
	})
}

func noWaiting(r *room) {
	r.server(func(p *program) {
		l := p.listener(0, 1, host.NonBlocking(true))
		l.acceptFails(syscall.EAGAIN)
		u := p.socket(host.Datagram)
		u.set(host.NonBlocking(true), nil)
		u.recvFails(syscall.EAGAIN)
		u.close(nil)
		r.client(func(p *program) {
			s := p.connected(host.Stream, 0)
			s.set(host.NonBlocking(true), nil)
			s.recvFails(syscall.EAGAIN)
			s.set(host.NonBlocking(false), nil)
			s.send([]byte("now"))
			s.finish()
		})
		l.set(host.NonBlocking(false), nil)
		s := l.accept()
		s.expect([]byte("now"))
		s.finish()
		l.close(nil)
	})
	r.run()
}

// ready waits until a socket that connects can be written to, as connect(2) advises.
func (s *socket) ready() {
	s.p.room.t.Helper()
	s.p.polls(s, host.PollOut, -1, host.PollOut)
}

func connectLater(r *room) {
	r.server(func(p *program) {
		l := p.listener(0, 1)
		r.client(func(p *program) {
			s := p.socket(host.Stream)
			s.set(host.NonBlocking(true), nil)
			s.connect(r.at(0), syscall.EINPROGRESS)
			s.ready()
			s.soError(nil)
			s.expectPeer(r.at(0))
			s.connect(r.at(0), nil) // it is told once
			s.connect(r.at(0), syscall.EISCONN)
			s.set(host.NonBlocking(false), nil)
			s.send([]byte("here"))
			s.finish()
		})
		s := l.accept()
		s.expectAll([]byte("here"))
		s.finish()
		l.close(nil)
	})
	r.run()
}

// crowded makes a listener whose queue is full, so that the next SYN is dropped, and runs the client then.
func crowded(r *room, client func(p *program)) {
	r.server(func(p *program) {
		l := p.listener(0, 0)
		done := r.client(func(p *program) {
			first := p.connected(host.Stream, 0)
			p.pause()
			client(p)
			first.finish()
		})
		p.pause()
		p.pause()
		p.pause()
		l.accept().finish()
		p.await(done)
		l.close(nil)
	})
	r.run()
}

func connectMeanwhile(r *room) {
	crowded(r, func(p *program) {
		s := p.socket(host.Stream)
		s.set(host.NonBlocking(true), nil)
		s.connect(r.at(0), syscall.EINPROGRESS)
		s.connect(r.at(0), syscall.EALREADY)
		s.recvFails(syscall.EAGAIN)
		s.sendFails([]byte("x"), syscall.EAGAIN)
		p.polls(s, host.PollIn|host.PollOut, 0, 0)
		s.expectPeer(nowhere)
		s.close(nil)
	})
}

func connectFailsLater(r *room) {
	r.client(func(p *program) {
		s := p.socket(host.Stream)
		s.set(host.NonBlocking(true), nil)
		for range 2 {
			s.connect(r.at(0), syscall.EINPROGRESS)
			p.polls(s, host.PollOut, -1, host.PollOut|host.PollErr|host.PollHup)
			p.polls(s, host.PollIn|host.PollOut|host.PollRdHup, -1, host.PollIn|host.PollOut|host.PollErr|host.PollHup|host.PollRdHup)
			s.soError(syscall.ECONNREFUSED)
			s.soError(nil)                           // it is told once
			s.connect(r.at(0), syscall.ECONNABORTED) // and what it was, is forgotten
		}
		s.connect(r.at(0), syscall.EINPROGRESS)
		p.polls(s, host.PollOut, -1, host.PollOut|host.PollErr|host.PollHup)
		s.connect(r.at(0), syscall.ECONNREFUSED) // this tells it as well
		s.close(nil)
	})
	r.run()
}

func sendTimeout(r *room) {
	all := numbered(8<<20, 1)
	var done mark
	sent := 0
	r.server(func(p *program) {
		l := p.listener(0, 1, host.ReceiveBuffer(64<<10))
		r.client(func(p *program) {
			s := p.connected(host.Stream, 0, host.SendBuffer(64<<10))
			s.set(host.SendTimeout(r.moment), nil) // not before: it would end a slow connect too
			for {
				begin := p.Now()
				n, err := s.trySend(all[sent:])
				p.took(begin, r.moment)
				if err == syscall.EAGAIN {
					break
				}
				s.judge("send", err, nil)
				if n == 0 || n == len(all)-sent {
					p.fail("send of %d bytes returned %d, want fewer", len(all)-sent, n)
				}
				sent += n
			}
			s.set(host.SendTimeout(0), nil)
			done.set()
			s.finish()
		})
		s := l.accept()
		p.until(&done)
		s.expectAll(all[:sent])
		s.expectEnd()
		s.close(nil)
		l.close(nil)
	})
	r.run()
}

func connectTimeout(r *room) {
	crowded(r, func(p *program) {
		s := p.socket(host.Stream)
		s.set(host.SendTimeout(r.moment/4), nil)
		for _, want := range []error{syscall.EINPROGRESS, syscall.EALREADY} {
			begin := p.Now()
			s.connect(r.at(0), want)
			p.took(begin, r.moment/4)
		}
		s.close(nil)
	})
}

func inherit(r *room) {
	r.server(func(p *program) {
		l := p.listener(0, 1, host.ReceiveTimeout(r.moment))
		r.client(func(p *program) {
			p.connected(host.Stream, 0).finish()
		})
		p.polls(l, host.PollIn, -1, host.PollIn)
		l.set(host.NonBlocking(true), nil)
		s := l.accept()
		begin := p.Now()
		for {
			_, _, err := s.tryRecv(10)
			if err == nil { // the client's end, on a bad path perhaps first
				break
			}
			s.judge("recv", err, syscall.EAGAIN)
			p.took(begin, r.moment)
			begin = p.Now()
		}
		s.finish()
		l.close(nil)
	})
	r.run()
}

// soError judges getsockopt(SO_ERROR).
func (s *socket) soError(want error) {
	s.p.room.t.Helper()
	end := s.note("getsockopt", 0, "SO_ERROR")
	err := s.TakeError()
	end(0, err)
	s.judge("getsockopt SO_ERROR", err, want)
}

// expectPeer judges getpeername; nowhere is ENOTCONN.
func (s *socket) expectPeer(want netip.AddrPort) {
	s.p.room.t.Helper()
	end := s.p.room.log.note(s.p, s.number, "getpeername", 0, "")
	got := s.PeerAddr()
	if got == nowhere {
		end("ENOTCONN")
	} else {
		end("an address")
	}
	if got != want {
		s.p.fail("socket %d: the peer is %v, want %v", s.number, got, want)
	}
}

// polls polls one socket and judges what it tells.
func (p *program) polls(s *socket, events host.Events, timeout time.Duration, want host.Events) {
	p.room.t.Helper()
	fds := []host.PollFD{{Socket: s.Socket, Events: events}}
	p.poll(fds, timeout)
	if got := fds[0].Revents; got != want {
		p.fail("socket %d: poll for %v tells %v, want %v", s.number, events, got, want)
	}
}

// poll polls some sockets; it returns of how many there was something to tell.
func (p *program) poll(fds []host.PollFD, timeout time.Duration) int {
	p.room.t.Helper()
	end := p.room.log.note(p, 0, "poll", 0, "")
	n, err := p.Poll(fds, timeout)
	var told host.Events
	some := 0
	for _, f := range fds {
		if told |= f.Revents; f.Revents != 0 {
			some++
		}
	}
	end(told.String())
	if err != nil {
		p.fail("poll: %s", name(err))
	}
	if n != some {
		p.fail("poll returned %d, with %d sockets that have something to tell", n, some)
	}
	return n
}
