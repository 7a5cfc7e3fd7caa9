package hosttest

import (
	"syscall"
	"time"

	"reliabilitylab/lab/host"
)

// shutting are the cases of shutdown for reading, of SO_LINGER, and of getpeername.
var shutting = []test{
	{"a socket shut for reading ends its recv", anyPath, shutRead},        // POSIX shutdown; Linux: what comes can be read
	{"shutdown wakes a recv that waits", anyPath, shutReadWakes},          // Linux tcp_recvmsg
	{"data to a socket shut both ways is reset", cleanPath, shutBoth},     // RFC 1122 section 4.2.2.13; Linux tcp_rcv_state_process
	{"a listener that is shut down refuses", cleanPath, shutListener},     // Linux inet_shutdown
	{"a datagram socket shut for reading", cleanPath, shutReadDatagram},   // Linux udp_recvmsg
	{"shutdown of an unknown kind is EINVAL", anyPath, shutUnknown},       // POSIX shutdown
	{"a connection closed at both ends has no peer", cleanPath, bothShut}, // POSIX getpeername, shutdown: ENOTCONN
	{"who the peer is", anyPath, peerName},                                // POSIX getpeername
	{"SO_LINGER of 0 resets", anyPath, lingerReset},                       // socket(7); RFC 9293 section 3.9.1, ABORT
	{"SO_LINGER waits until all is acknowledged", cleanPath, lingerWaits}, // socket(7); POSIX close
	{"SO_LINGER gives up in time", cleanPath, lingerGivesUp},              // socket(7); Linux: close is 0 all the same
	{"SO_LINGER does not wait for nothing", anyPath, lingerNothing},       // socket(7)
}

func shutRead(r *room) {
	r.joined(func(p *program, s *socket) {
		s.shutdown(host.ShutRead, nil)
		s.expectEnd()
		s.send([]byte("go on")) // the other half is open
		p.polls(s, host.PollIn, -1, host.PollIn)
		got := []byte{}
		for len(got) < len("late") {
			b := s.recv(100)
			if got = append(got, b...); len(b) == 0 {
				p.Sleep(time.Millisecond)
			}
		}
		s.same(got, []byte("late"))
		s.expectEnd()
	}, func(p *program, s *socket) {
		s.expect([]byte("go on"))
		s.send([]byte("late"))
		s.expectEnd()
	})
}

func shutReadWakes(r *room) {
	r.joined(func(p *program, s *socket) {
		r.client(func(p *program) {
			p.pause()
			s.by(p).shutdown(host.ShutRead, nil)
		})
		s.expectEnd()
	}, func(p *program, s *socket) {
		s.expectEnd()
	})
}

func shutBoth(r *room) {
	r.joined(func(p *program, s *socket) {
		s.shutdown(host.ShutBoth, nil)
		s.expectEnd()
		s.sendFails([]byte("x"), syscall.EPIPE)
		p.pause()
		p.pause()
		s.recvFails(syscall.ECONNRESET) // what came then
		s.close(nil)
	}, func(p *program, s *socket) {
		s.expectEnd()
		p.pause()
		s.send([]byte("unwanted"))
		p.pause()
		s.sendFails([]byte("x"), syscall.EPIPE)
		s.close(nil)
	})
}

func shutListener(r *room) {
	r.server(func(p *program) {
		l := p.listener(0, 1)
		waiting := r.server(func(p *program) { l.by(p).acceptFails(syscall.EINVAL) })
		p.pause()
		l.shutdown(host.ShutWrite, nil) // of no account
		l.shutdown(host.ShutRead, nil)
		l.acceptFails(syscall.EINVAL)
		p.await(waiting)
		client := r.client(func(p *program) {
			s := p.socket(host.Stream)
			s.connect(r.at(0), syscall.ECONNREFUSED)
			s.close(nil)
		})
		p.await(client)
		l.listen(1, nil) // at the port that it was bound to
		r.client(func(p *program) { p.connected(host.Stream, 0).finish() })
		l.accept().finish()
		l.close(nil)
	})
	r.run()
}

func shutReadDatagram(r *room) {
	r.apart(func(p *program, s *socket) {
		s.shutdown(host.ShutRead, syscall.ENOTCONN) // but done
		s.expectEnd()
		s.recvFailsWith(host.DontWait, syscall.EAGAIN) // which is no end
		s.connect(r.at(0), nil)
		s.shutdown(host.ShutRead, nil)
		s.send([]byte("go on"))
		p.pause()
		s.expect([]byte("what comes can be heard"))
		s.expectEnd()
	}, func(p *program, s *socket) {
		_, client := s.recvFrom(100)
		s.send([]byte("what comes can be heard"), client)
	})
}

func shutUnknown(r *room) {
	r.joined(func(p *program, s *socket) {
		s.shutdown(3, syscall.EINVAL)
		s.send([]byte("still open"))
	}, func(p *program, s *socket) {
		s.expectAll([]byte("still open"))
	})
}

func bothShut(r *room) {
	r.joined(func(p *program, s *socket) {
		s.closeWrite(nil)
		s.expectEnd()
		p.pause()
		s.expectPeer(nowhere) // in TIME_WAIT
		s.closeWrite(syscall.ENOTCONN)
		s.close(nil)
	}, func(p *program, s *socket) {
		s.expectEnd()
		s.closeWrite(nil)
		p.pause()
		s.expectPeer(nowhere) // closed
		s.closeWrite(syscall.ENOTCONN)
		s.close(nil)
	})
}

func peerName(r *room) {
	r.joined(func(p *program, s *socket) {
		for _, k := range kinds {
			other := p.socket(k)
			other.expectPeer(nowhere)
			other.bind(p.ephemeral(), nil)
			other.expectPeer(nowhere)
			if k == host.Datagram {
				other.connect(r.at(1), nil)
				other.expectPeer(r.at(1))
			}
			other.close(nil)
			other.expectPeer(nowhere)
		}
		s.expectPeer(r.at(0))
		text, _ := s.local().MarshalText()
		s.send(text)
	}, func(p *program, s *socket) {
		text, _ := s.PeerAddr().MarshalText()
		s.expectAll(text)
	})
}

func lingerReset(r *room) {
	r.joined(func(p *program, s *socket) {
		s.set(host.Linger{On: true}, nil)
		s.send([]byte("x"))
		s.expectAll([]byte("y"))
		s.close(nil)
	}, func(p *program, s *socket) {
		s.expectAll([]byte("x"))
		s.send([]byte("y"))
		s.recvFails(syscall.ECONNRESET)
		s.close(nil)
	})
}

// unread runs a client that sends more than a server that does not read has room for, and closes; then the server reads it.
func unread(r *room, linger time.Duration, client func(p *program, s *socket), server func(p *program)) {
	all := numbered(200_000, 1)
	r.server(func(p *program) {
		l := p.listener(0, 1, host.ReceiveBuffer(16<<10))
		done := r.client(func(p *program) {
			s := p.connected(host.Stream, 0, host.SendBuffer(256<<10), host.Linger{On: true, Time: linger})
			s.send(all)
			client(p, s)
		})
		s := l.accept()
		server(p)
		s.expectAll(all)
		s.expectEnd()
		s.close(nil)
		p.await(done)
		l.close(nil)
	})
	r.run()
}

func lingerWaits(r *room) {
	var closed, reading time.Duration
	unread(r, 10*time.Second, func(p *program, s *socket) {
		s.close(nil)
		closed = p.Now()
	}, func(p *program) {
		p.pause()
		reading = p.Now()
	})
	if closed < reading {
		r.fail("close with SO_LINGER returned at %v, though nothing was read before %v", closed, reading)
	}
}

func lingerGivesUp(r *room) {
	var gone mark
	unread(r, time.Second, func(p *program, s *socket) {
		begin := p.Now()
		s.close(nil)
		p.took(begin, time.Second)
		gone.set()
	}, func(p *program) {
		p.until(&gone) // what was sent still comes
	})
}

func lingerNothing(r *room) {
	var closed, waited time.Duration
	r.joined(func(p *program, s *socket) {
		s.set(host.Linger{On: true, Time: time.Minute}, nil)
		s.send([]byte("x"))
		s.expectAll([]byte("y"))
		s.closeWrite(nil)
		s.expectEnd()
		begin := p.Now()
		s.close(nil)
		closed, waited = p.Now(), p.Now()-begin
	}, func(p *program, s *socket) {
		s.expectAll([]byte("x"))
		s.send([]byte("y"))
		s.expectEnd()
		s.close(nil)
	})
	if waited > 30*time.Second {
		r.fail("close at %v waited %v though both ends had closed", closed, waited)
	}
}
