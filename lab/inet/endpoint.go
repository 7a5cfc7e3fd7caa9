package inet

import (
	"net/netip"
	"syscall"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/tcp"
)

// An endpoint is this host's end of one TCP connection: a tcp.Conn with addresses, a timer, and the programs that wait
// for it. It begins with a SYN sent (tcpsocket.go) or received (listener.go), and lives until the Conn is CLOSED, which
// may be long after its socket: in FIN-WAIT, in TIME-WAIT.
type endpoint struct {
	h           *Host
	key         flowKey
	local, peer netip.AddrPort
	iss         tcp.Seq
	conn        *tcp.Conn // nil only while it is being made
	bind        *binding
	open        bool          // a socket refers to it
	gone        bool          // CLOSED, and out of all tables
	listener    *listener     // whose SYN queue it is in, or nil
	soft        syscall.Errno // the last ICMP message said so; it explains a timeout (RFC 1122 section 4.2.3.9)
	timer       timer
	wait        waitq
}

// newEndpoint makes an endpoint and puts it into the host's table. Its Conn is the caller's to make, with env.
func (h *Host) newEndpoint(k flowKey, b *binding, iss tcp.Seq) *endpoint {
	e := &endpoint{
		h: h, key: k, bind: b, wait: waitq{s: h.s},
		local: netip.AddrPortFrom(k.local.netip(), k.localPort()), peer: netip.AddrPortFrom(k.peer.netip(), k.peerPort()),
		iss: iss,
	}
	e.timer.init(h.s, e.expire)
	h.tcp.conns[k] = e
	return e
}

func (e *endpoint) env() tcp.Env {
	env := tcp.Env{Output: e.output, Notify: e.wait.wake, Rand: e.h.c.Rand.Sub("tcp").Sub(e.local.String() + e.peer.String()), Pool: e.h.c.Pool}
	if o := e.h.c.Observer; o != nil {
		env.Change = func(info host.TCPInfo) { o.TCP(e.h, e.local, e.peer, info) }
	}
	return env
}

// output sends a segment: one packet, into which header and payload are written once.
func (e *endpoint) output(s *tcp.Segment) {
	s.SrcPort, s.DstPort = e.key.localPort(), e.key.peerPort()
	e.h.sendSegment(e.key.local, e.key.peer, s)
}

// sendSegment sends a segment with its ports. It may not be fragmented, so that a path with a smaller MTU says so (RFC
// 1191 section 3).
func (h *Host) sendSegment(src, dst addr, s *tcp.Segment) {
	n := s.HeaderLen()
	p, b := h.packet(protoTCP, src, dst, n+len(s.Payload)+len(s.More), true)
	s.Put(b)
	if s.ECN != tcp.NotECT {
		h.setECN(p.Data, s.ECN)
	}
	n += copy(b[n:], s.Payload)
	copy(b[n:], s.More)
	p.Unsealed(seal)
	p.Reason = s.Reason
	h.emit(p, dst)
}

// settle looks what the Conn has become; it is called after every call into it, between enter and leave.
func (e *endpoint) settle() {
	state := e.conn.State()
	if l := e.listener; l != nil && state != tcp.SynReceived {
		e.listener = nil
		l.settled(e, state != tcp.Closed)
	}
	if state == tcp.Closed {
		e.close()
		return
	}
	e.timer.set(e.conn.Deadline())
}

// close takes a connection out of the tables that is no more. Its socket may still read what has arrived; a port that the
// program chose stays the socket's.
func (e *endpoint) close() {
	e.timer.set(tcp.Never)
	if !e.gone {
		e.gone = true
		e.h.tcp.remove(e)
	}
	if !e.open || !e.bind.chosen {
		e.h.tcpPorts.release(e.bind)
	}
}

// expire is the timer's.
func (e *endpoint) expire() {
	was := e.h.enter()
	e.conn.Expire(e.h.s.Now())
	e.settle()
	e.h.leave(was)
}

func (e *endpoint) write(b []byte) (int, error) {
	was := e.h.enter()
	n, err := e.conn.Write(e.h.s.Now(), b)
	e.settle()
	e.h.leave(was)
	return n, e.reason(err)
}

// read reads, or with peek only looks.
func (e *endpoint) read(b []byte, peek bool) (int, error) {
	if peek && e.conn.Unread() > 0 {
		return e.conn.Peek(b), nil
	}
	was := e.h.enter()
	n, err := e.conn.Read(e.h.s.Now(), b)
	e.settle()
	e.h.leave(was)
	return n, e.reason(err)
}

// do calls into the Conn.
func (e *endpoint) do(f func(c *tcp.Conn, now time.Duration)) {
	was := e.h.enter()
	f(e.conn, e.h.s.Now())
	e.settle()
	e.h.leave(was)
}

// reason is what a program is told of a failure: for a timeout that ICMP has explained, the explanation.
func (e *endpoint) reason(err error) error {
	if err == syscall.ETIMEDOUT && e.soft != 0 {
		return e.soft
	}
	return err
}

// connecting tells whether the handshake is not over.
func (e *endpoint) connecting() bool {
	s := e.conn.State()
	return s == tcp.SynSent || s == tcp.SynReceived
}
