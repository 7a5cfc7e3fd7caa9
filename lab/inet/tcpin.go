package inet

import (
	"time"

	"reliabilitylab/lab/tcp"
	"reliabilitylab/netem"
)

// flowKey names a connection in this host: both addresses and both ports.
type flowKey struct {
	local, peer addr
	ports       uint64 // local << 16 | peer
}

func newFlowKey(local addr, localPort uint16, peer addr, peerPort uint16) flowKey {
	return flowKey{local, peer, uint64(localPort)<<16 | uint64(peerPort)}
}

func (k *flowKey) localPort() uint16 { return uint16(k.ports >> 16) }
func (k *flowKey) peerPort() uint16  { return uint16(k.ports) }

// A tcpTable is the connections and listeners of a host.
type tcpTable struct {
	conns     map[flowKey]*endpoint
	last      *endpoint // the one that the last segment was for; nil if it is gone
	listeners perPort[*listener]
	iss       netem.Stream
	seg       tcp.Segment // the segment that has arrived
}

func (t *tcpTable) init(iss netem.Stream) {
	t.conns = map[flowKey]*endpoint{}
	t.iss = iss
}

func (t *tcpTable) find(k flowKey) *endpoint {
	if t.last != nil && t.last.key == k {
		return t.last
	}
	e := t.conns[k]
	if e != nil {
		t.last = e
	}
	return e
}

func (t *tcpTable) remove(e *endpoint) {
	delete(t.conns, e.key)
	if t.last == e {
		t.last = nil
	}
}

// listener finds who listens at an address: a listener at that very address before one at any.
func (t *tcpTable) listener(a addr, port uint16) *listener {
	var found *listener
	for _, l := range t.listeners.at(port) {
		if l.bind.addr == a {
			return l
		}
		if l.bind.addr.unspecified() {
			found = l
		}
	}
	return found
}

// initialSequence chooses a connection's first sequence number: a hash of its addresses and ports with the host's secret,
// and a clock of 4 µs on top, so that a later connection of the same name begins behind an earlier one (RFC 9293 section
// 3.4.1, RFC 6528).
func (t *tcpTable) initialSequence(k flowKey, now time.Duration) tcp.Seq {
	s := t.iss
	x := s.At(s.At(k.local.hi, k.local.lo), s.At(k.peer.hi, k.peer.lo))
	return tcp.Seq(s.At(x, k.ports)) + tcp.Seq(now/(4*time.Microsecond))
}

// tcpIn takes a segment: verified, brought to its connection or listener, or answered with RST (RFC 9293 section 3.10.7).
func (h *Host) tcpIn(a *arrival) netem.Cause {
	if !a.sound && !valid(pseudo(a.src, a.dst, protoTCP, len(a.body))+sum(a.body)) {
		return CauseChecksum
	}
	s := &h.tcp.seg
	if s.Parse(a.body) != nil {
		return CauseMalformed
	}
	s.ECN = a.ecn(h.v6)
	k := newFlowKey(a.dst, s.DstPort, a.src, s.SrcPort)
	e := h.tcp.find(k)
	var l *listener
	if s.Flags&(netem.FlagACK|netem.FlagSYN|netem.FlagRST) == netem.FlagSYN && (e == nil || e.conn.Reopens(s)) {
		l = h.tcp.listener(a.dst, s.DstPort)
	}
	if e != nil && l == nil {
		// As Linux: while the accept queue is full, the ACK that would complete a handshake is not heard, and the
		// connection stays in SYN-RECEIVED, where SYN-ACK is sent again.
		if l := e.listener; l != nil && l.full() && s.Flags&(netem.FlagACK|netem.FlagSYN|netem.FlagRST) == netem.FlagACK {
			return CauseBacklog
		}
		e.conn.Deliver(h.s.Now(), s)
		e.settle()
		h.done(a)
		return ""
	}
	if l != nil {
		if !l.syn(k, s, h.reopened(k, e)) {
			return CauseBacklog
		}
		h.done(a)
		return ""
	}
	if r, ok := tcp.Reset(s); ok {
		r.SrcPort, r.DstPort = s.DstPort, s.SrcPort
		h.sendSegment(a.dst, a.src, &r)
	}
	return CauseNoSocket
}

// reopened returns the first sequence number of a connection that a SYN opens. One of the same name that is in TIME-WAIT makes
// way for it, and is so far behind that none of its segments can be taken for the new one's (as in Linux).
func (h *Host) reopened(k flowKey, old *endpoint) tcp.Seq {
	if old == nil {
		return h.tcp.initialSequence(k, h.s.Now())
	}
	old.conn.Fail(h.s.Now(), nil)
	old.settle()
	return old.conn.Next() + 65535 + 2
}

// tcpError brings an ICMP error to a connection. A hard one ends it while it is connecting, if the message quotes the SYN
// that it sent; otherwise it is remembered (RFC 1122 section 4.2.3.9, RFC 5927 sections 4 and 5). "Fragmentation needed"
// and "packet too big" make its segments smaller, if they say how small. Each connection finds that out for itself: what
// the host remembers of a path (pathmtu.go) is for datagrams; in Linux all share it.
func (h *Host) tcpError(q *quotation, v verdict) bool {
	e := h.tcp.find(newFlowKey(q.src, q.srcPort, q.dst, q.dstPort))
	if e == nil {
		return false
	}
	switch {
	case v.tooBig:
		if v.mtu > 0 {
			e.conn.TooBig(h.s.Now(), tcp.Seq(q.seq), max(v.mtu, h.leastPathMTU())-h.ipHeader()-20)
			e.settle()
		}
	case v.hard && e.conn.State() == tcp.SynSent && tcp.Seq(q.seq) == e.iss:
		e.conn.Fail(h.s.Now(), v.err)
		e.settle()
	case !v.hard:
		e.soft = v.err
	}
	return true
}
