package inet

import (
	"slices"

	"reliabilitylab/lab/tcp"
)

// A listener is what listen(2) makes of a socket, with Linux's two queues: connections whose handshake is under way, and
// complete ones that wait for Accept. A full accept queue (more than backlog waiting) drops SYNs, and ACKs that would
// complete a handshake, without a word; the peers try again.
type listener struct {
	s       *tcpSocket
	bind    *binding
	backlog int
	half    []*endpoint // SYN-RECEIVED
	ready   []*endpoint // in the order of completion
	wait    waitq
}

const (
	maxBacklog  = 4096 // Linux's net.core.somaxconn
	maxHalfOpen = 1024 // where Linux begins to answer with SYN cookies, this host drops
)

// setBacklog takes what listen(2) got; a negative one is the most there is, as in Linux.
func (l *listener) setBacklog(n int) {
	if n < 0 {
		n = maxBacklog
	}
	l.backlog = min(n, maxBacklog)
}

// full tells whether the accept queue takes no more.
func (l *listener) full() bool { return len(l.ready) > l.backlog }

// syn opens a connection for a SYN, or returns false if there is no room. iss is its first sequence number.
func (l *listener) syn(k flowKey, s *tcp.Segment, iss tcp.Seq) bool {
	if l.full() || len(l.half) >= maxHalfOpen {
		return false
	}
	h := l.s.h
	b := &binding{addr: k.local, port: k.localPort(), reuse: l.bind.reuse}
	h.tcpPorts.add(b)
	e := h.newEndpoint(k, b, iss)
	e.listener = l
	l.half = append(l.half, e)
	e.conn = tcp.Accept(l.s.cfg, e.env(), h.s.Now(), e.iss, s)
	l.s.prepare(e.conn)
	e.settle()
	return true
}

// settled moves a connection that has left SYN-RECEIVED out of the SYN queue, and into the accept queue if it lives.
func (l *listener) settled(e *endpoint, lives bool) {
	if i := slices.Index(l.half, e); i >= 0 {
		l.half = slices.Delete(l.half, i, i+1)
	}
	if lives {
		e.open = true
		l.ready = append(l.ready, e)
		l.wait.wake()
	}
}

// close ends the listener: complete connections are reset; those under way are forgotten, and their ACKs will be answered
// with RST (as Linux's inet_csk_listen_stop).
func (l *listener) close() {
	h := l.s.h
	removeFrom(&h.tcp.listeners, l.bind.port, l)
	for _, e := range l.half {
		e.listener = nil
		e.close()
	}
	was := h.enter()
	for _, e := range l.ready {
		e.open = false
		e.conn.Abort(h.s.Now())
		e.settle()
	}
	l.half, l.ready = nil, nil
	h.leave(was)
	l.wait.wake()
}
