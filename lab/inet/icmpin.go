package inet

import (
	"syscall"

	"reliabilitylab/netem"
)

// The ICMP messages that a host gets: echo requests are answered, errors go to the socket whose packet they quote, and
// nobody here waits for anything else.

// A verdict is what an ICMP error means to a socket. A hard one ends an attempt to connect; a soft one is only remembered
// (RFC 1122 section 4.2.3.9).
type verdict struct {
	err    syscall.Errno
	hard   bool
	tooBig bool // the packet does not fit a link on its way
	mtu    int  // of that link, where the router has said it
}

// icmpIn4 takes a message of ICMP.
func (h *Host) icmpIn4(a *arrival) netem.Cause {
	b := a.body
	if len(b) < headerICMP {
		return CauseMalformed
	}
	if !a.sound && !valid(sum(b)) {
		return CauseChecksum
	}
	var v verdict
	switch b[0] {
	case icmpEcho:
		return h.echo(a, icmpEchoReply)
	case icmpUnreachable:
		switch b[1] {
		case codePort, codeProtocol:
			v = verdict{err: syscall.ECONNREFUSED, hard: true}
		case codeNet:
			v = verdict{err: syscall.ENETUNREACH}
		case codeTooBig:
			v = verdict{err: syscall.EMSGSIZE, tooBig: true, mtu: int(get16(b[6:]))}
		default:
			v = verdict{err: syscall.EHOSTUNREACH}
		}
	case icmpTimeExceeded:
		v = verdict{err: syscall.EHOSTUNREACH}
	case icmpParameter:
		v = verdict{err: syscall.EPROTO}
	default:
		return CauseNoSocket
	}
	return h.icmpErrorIn(a, v)
}

// icmpIn6 takes a message of ICMPv6.
func (h *Host) icmpIn6(a *arrival) netem.Cause {
	b := a.body
	if len(b) < headerICMP {
		return CauseMalformed
	}
	if !a.sound && !valid(sum(b)+pseudo(a.src, a.dst, protoICMPv6, len(b))) {
		return CauseChecksum
	}
	var v verdict
	switch b[0] {
	case icmp6Echo:
		return h.echo(a, icmp6EchoReply)
	case icmp6Unreachable:
		switch b[1] {
		case code6Port:
			v = verdict{err: syscall.ECONNREFUSED, hard: true}
		case code6NoRoute:
			v = verdict{err: syscall.ENETUNREACH}
		case code6Prohibited:
			v = verdict{err: syscall.EACCES}
		default:
			v = verdict{err: syscall.EHOSTUNREACH}
		}
	case icmp6TooBig:
		v = verdict{err: syscall.EMSGSIZE, tooBig: true, mtu: int(min(get32(b[4:]), maxMTU))}
	case icmp6TimeExceeded:
		v = verdict{err: syscall.EHOSTUNREACH}
	case icmp6Parameter:
		v = verdict{err: syscall.EPROTO}
		if b[1] == code6NextHeader {
			v = verdict{err: syscall.ECONNREFUSED, hard: true}
		}
	default:
		return CauseNoSocket
	}
	return h.icmpErrorIn(a, v)
}

// icmpErrorIn brings an error to the socket that sent what is quoted in it.
func (h *Host) icmpErrorIn(a *arrival, v verdict) netem.Cause {
	q, ok := h.quoted(a.body[headerICMP:])
	if !ok {
		return CauseMalformed
	}
	found := false
	switch q.proto {
	case protoUDP:
		found = h.udpError(&q, v)
	case protoTCP:
		found = h.tcpError(&q, v)
	}
	if !found && v.tooBig && (q.proto == protoICMP || q.proto == protoICMPv6) { // an echo reply
		h.narrow(q.dst, v.mtu)
		found = true
	}
	if !found {
		return CauseNoSocket
	}
	h.done(a)
	return ""
}

// A quotation is what an ICMP error tells of the packet it is about, which this host once sent.
type quotation struct {
	src, dst         addr
	proto            uint8
	srcPort, dstPort uint16
	seq              uint32 // of a TCP segment
}

// quoted reads the packet in an ICMP error: its IP header and at least 8 bytes of what is behind it (RFC 792).
func (h *Host) quoted(b []byte) (q quotation, ok bool) {
	if h.v6 {
		if len(b) < header6 || b[0]>>4 != 6 {
			return q, false
		}
		q.src, q.dst, q.proto = from16(b[8:]), from16(b[24:]), b[6]
		b = b[header6:]
		if q.proto == nextFragment && len(b) >= headerFragment && get16(b[2:])&^7 == 0 {
			q.proto = b[0]
			b = b[headerFragment:]
		}
	} else {
		if len(b) < header4 || b[0]>>4 != 4 {
			return q, false
		}
		n := int(b[0]&15) * 4
		if n < header4 || n > len(b) || get16(b[6:])&maskOffset != 0 {
			return q, false
		}
		q.src, q.dst, q.proto = from4(get32(b[12:])), from4(get32(b[16:])), b[9]
		b = b[n:]
	}
	if len(b) < 8 {
		return q, false
	}
	q.srcPort, q.dstPort, q.seq = get16(b), get16(b[2:]), get32(b[4:])
	return q, true
}
