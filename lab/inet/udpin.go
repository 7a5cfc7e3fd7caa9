package inet

import "reliabilitylab/netem"

// udpIn takes a datagram: verified, brought to its socket, put into the socket's buffer if there is room.
func (h *Host) udpIn(a *arrival) netem.Cause {
	b := a.body
	if len(b) < headerUDP {
		return CauseMalformed
	}
	n := int(get16(b[4:]))
	if n < headerUDP || n > len(b) {
		return CauseMalformed
	}
	b = b[:n]
	if !a.sound {
		switch {
		case get16(b[6:]) != 0:
			if !valid(pseudo(a.src, a.dst, protoUDP, n) + sum(b)) {
				return CauseChecksum
			}
		case h.v6: // none was made: allowed in IPv4 only (RFC 768, RFC 8200 section 8.1)
			return CauseChecksum
		}
	}
	m := udpMessage{p: a.p, payload: b[headerUDP:], from: a.src, port: get16(b)}
	s := h.udpSocketFor(a.dst, get16(b[2:]), a.src, m.port)
	if s == nil {
		h.portUnreachable(a)
		return CauseNoSocket
	}
	if s.queue.bytes+m.charge() > s.limit {
		return CauseBufferFull
	}
	if len(a.rest) > 0 { // the first fragment's packet carries the whole payload from here on
		a.p.Data = append(a.p.Data[:0], m.payload...)
		m.payload = a.p.Data
		for _, p := range a.rest {
			h.c.Pool.Put(p)
		}
	}
	s.queue.push(m)
	s.wait.wake()
	return ""
}

// udpSocketFor finds the socket for a datagram: the one that fits most closely, with a fixed peer or a bound address
// before any; of equal ones (SO_REUSEADDR) the one that was bound last, as in Linux.
func (h *Host) udpSocketFor(local addr, port uint16, peer addr, peerPort uint16) *udpSocket {
	list := h.udp.at(port)
	var best *udpSocket
	most := 0
	for i := len(list) - 1; i >= 0; i-- {
		s := list[i]
		score := 1
		if s.conn {
			if s.peer != peer || s.peerPort != peerPort {
				continue
			}
			score += 2
		}
		if !s.bind.addr.unspecified() {
			if s.bind.addr != local {
				continue
			}
			score++
		}
		if score > most {
			best, most = s, score
		}
	}
	return best
}

// udpError brings an ICMP error to a socket. As in Linux only a connected socket hears of it, and only of hard ones:
// another could not tell which of its datagrams is meant. That one was too long for a link is one too (EMSGSIZE).
func (h *Host) udpError(q *quotation, v verdict) bool {
	s := h.udpSocketFor(q.src, q.srcPort, q.dst, q.dstPort)
	if s == nil {
		return false
	}
	if v.tooBig {
		h.narrow(q.dst, v.mtu)
	}
	if s.conn && (v.hard || v.tooBig && v.mtu > 0) {
		s.err = v.err
		s.wait.wake()
	}
	return true
}
