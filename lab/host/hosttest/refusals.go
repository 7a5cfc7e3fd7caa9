package hosttest

import (
	"syscall"

	"reliabilitylab/lab/host"
)

// refusals are the cases of ports at which nobody is.
var refusals = []test{
	{"connect to a closed port is ECONNREFUSED", cleanPath, refusedStream},          // RFC 9293 section 3.10.7.1; POSIX connect
	{"a port bound but not listening refuses", cleanPath, refusedUnlistened},        // RFC 9293 section 3.10.7.1
	{"a blocked recv hears that the port is closed", cleanPath, refusedRecv},        // RFC 1122 section 4.1.3.3; udp(7)
	{"the next send hears that the port is closed", cleanPath, refusedSend},         // RFC 1122 section 4.1.3.3; udp(7)
	{"an unconnected socket hears of no closed port", cleanPath, refusedUnassigned}, // udp(7): without IP_RECVERR
}

func refusedStream(r *room) {
	r.client(func(p *program) {
		s := p.socket(host.Stream)
		s.connect(r.at(0), syscall.ECONNREFUSED)
		s.close(nil)
	})
	r.run()
}

func refusedUnlistened(r *room) {
	r.server(func(p *program) {
		s := p.socket(host.Stream)
		s.bind(r.at(0), nil)
		client := r.client(func(p *program) {
			s := p.socket(host.Stream)
			s.connect(r.at(0), syscall.ECONNREFUSED)
			s.close(nil)
		})
		p.await(client)
		s.close(nil)
	})
	r.run()
}

func refusedRecv(r *room) {
	r.client(func(p *program) {
		s := p.connected(host.Datagram, 0, host.ReceiveTimeout(r.moment))
		s.send([]byte("anybody?"))
		s.recvFails(syscall.ECONNREFUSED)
		s.recvFails(syscall.EAGAIN) // it is told once
		s.close(nil)
	})
	r.run()
}

func refusedSend(r *room) {
	r.client(func(p *program) {
		s := p.connected(host.Datagram, 0)
		for range 2 {
			s.send([]byte("anybody?"))
			p.pause()
			s.sendFails([]byte("anybody?"), syscall.ECONNREFUSED) // this one was not sent
			p.pause()
		}
		s.close(nil)
	})
	r.run()
}

func refusedUnassigned(r *room) {
	r.client(func(p *program) {
		s := p.socket(host.Datagram)
		s.set(host.ReceiveTimeout(r.moment), nil)
		s.send([]byte("anybody?"), r.at(0))
		s.recvFails(syscall.EAGAIN)
		s.send([]byte("anybody?"), r.at(0))
		s.close(nil)
	})
	r.run()
}
