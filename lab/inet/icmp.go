package inet

import (
	"time"

	"reliabilitylab/netem"
)

// The ICMP messages that a host sends: errors about packets that it could not use, and echo replies (RFC 792, RFC 1122
// section 3.2.2, RFC 4443).

// Types and codes, of ICMP and of ICMPv6.
const (
	icmpEchoReply       = 0
	icmpUnreachable     = 3
	icmpEcho            = 8
	icmpTimeExceeded    = 11
	icmpParameter       = 12
	codeNet             = 0
	codeProtocol        = 2
	codePort            = 3
	codeTooBig          = 4
	codeReassembly      = 1 // of time exceeded, in both
	icmp6Unreachable    = 1
	icmp6TooBig         = 2
	icmp6TimeExceeded   = 3
	icmp6Parameter      = 4
	icmp6Echo           = 128
	icmp6EchoReply      = 129
	code6NoRoute        = 0
	code6Prohibited     = 1
	code6Port           = 4
	code6NextHeader     = 1 // of parameter problem: unrecognized next header
	headerICMP          = 8
	icmpLongest         = 576  // an ICMP error, with its IP header (RFC 1812 section 4.3.2.3)
	icmp6Longest        = 1280 // RFC 4443 section 2.4 (c)
	icmpErrorsPerSecond = 1000 // and this many at once: Linux's net.ipv4.icmp_msgs_per_sec and icmp_msgs_burst
	icmpErrorsAtOnce    = 50
)

// portUnreachable answers a datagram for which there is no socket.
func (h *Host) portUnreachable(a *arrival) {
	if h.v6 {
		h.icmpError(a, icmp6Unreachable, code6Port, 0, "port unreachable")
		return
	}
	h.icmpError(a, icmpUnreachable, codePort, 0, "port unreachable")
}

// protocolUnreachable answers a packet of a protocol that this host does not have. What ICMPv6 says instead points at the
// field in doubt; only where no extension header stands before it is its place known here: byte 6.
func (h *Host) protocolUnreachable(a *arrival) {
	if h.v6 {
		h.icmpError(a, icmp6Parameter, code6NextHeader, 6, "protocol unreachable")
		return
	}
	h.icmpError(a, icmpUnreachable, codeProtocol, 0, "protocol unreachable")
}

// timeExceeded tells the sender that its datagram stayed incomplete; a holds the first fragment.
func (h *Host) timeExceeded(a *arrival) {
	if h.v6 {
		h.icmpError(a, icmp6TimeExceeded, codeReassembly, 0, "reassembly time exceeded")
		return
	}
	h.icmpError(a, icmpTimeExceeded, codeReassembly, 0, "reassembly time exceeded")
}

// icmpError sends an error about a datagram, which stays the caller's; info is the message's second word. It quotes the
// IP packet, or the first fragment, as far as the longest message allows. No error is sent about an ICMP error (RFC 1122
// section 3.2.2, RFC 4443 section 2.4 (e)); multicast, and sources that name no single host, have been kept out by
// addressed, and of fragments callers pass on the first alone.
func (h *Host) icmpError(a *arrival, kind, code uint8, info uint32, reason string) {
	if len(a.body) > 0 && h.isICMPError(a.proto, a.body[0]) || !h.icmp.allow(h.s.Now()) {
		return
	}
	a.p.Seal()
	quote := a.p.Data
	longest := icmp6Longest - header6 - headerICMP
	if h.v6 {
		quote = quote[:header6+int(get16(quote[4:]))]
	} else {
		quote = quote[:get16(quote[2:])]
		longest = icmpLongest - header4 - headerICMP
	}
	longest = min(longest, h.c.MTU-h.ipHeader()-headerICMP)
	quote = quote[:min(len(quote), longest)]
	h.sendICMP(a.dst, a.src, kind, code, info, quote, reason)
}

// isICMPError tells errors from ICMP's questions and answers.
func (h *Host) isICMPError(proto, kind uint8) bool {
	switch {
	case proto == protoICMPv6:
		return kind < 128 // RFC 4443 section 2.1
	case proto == protoICMP:
		return kind == icmpUnreachable || kind == 4 || kind == 5 || kind == icmpTimeExceeded || kind == icmpParameter
	}
	return false
}

// sendICMP makes and sends a message: a header of type, code and info, and behind it data.
func (h *Host) sendICMP(src, dst addr, kind, code uint8, info uint32, data []byte, reason string) {
	h.body = append(h.body[:0], kind, code, 0, 0, byte(info>>24), byte(info>>16), byte(info>>8), byte(info))
	h.body = append(h.body, data...)
	s := sum(h.body)
	proto := protoICMP
	if h.v6 {
		proto = protoICMPv6
		s += pseudo(src, dst, proto, len(h.body))
	}
	put16(h.body[2:], finish(s))
	h.send(proto, src, dst, h.body, reason)
}

// An icmpLimit is a bucket of tokens (RFC 4443 section 2.4 (f), RFC 1812 section 4.3.2.8). The zero value is full.
type icmpLimit struct {
	spent int           // of the tokens that fit the bucket
	since time.Duration // when spent was last brought up to date
}

func (l *icmpLimit) allow(now time.Duration) bool {
	const each = time.Second / icmpErrorsPerSecond
	back := min(int64((now-l.since)/each), int64(l.spent))
	l.spent -= int(back)
	if l.since += time.Duration(back) * each; l.spent == 0 {
		l.since = now
	}
	if l.spent == icmpErrorsAtOnce {
		return false
	}
	l.spent++
	return true
}

// echo answers an echo request with the same data; a reply that is too long for a packet is fragmented.
func (h *Host) echo(a *arrival, reply uint8) netem.Cause {
	h.sendICMP(a.dst, a.src, reply, 0, get32(a.body[4:]), a.body[headerICMP:], "echo reply")
	h.done(a)
	return ""
}
