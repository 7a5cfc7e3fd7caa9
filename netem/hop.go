package netem

import (
	"encoding/binary"
	"net/netip"
)

// Hop is a router whose next link takes packets of at most MTU bytes. A longer one ends here (CauseTooBig), and its sender is
// told, with the MTU that would do: "fragmentation needed" of ICMP (RFC 792, RFC 1191 section 4), "packet too big" of ICMPv6
// (RFC 4443 section 3.2). Either quotes the packet as far as an error may be long. The message goes out at Env.Reply.
//
// It fragments nothing. IPv6's routers may not (RFC 8200 section 5); of IPv4 it treats packets that could be fragmented as
// those with DF, as if their sender had asked for path-MTU discovery, which all modern ones do.
//
// No error is sent about an error, or about a fragment behind the first (RFC 1122 section 3.2.2). As in Linux these two messages
// have no limit of rate: discovery depends on them.
type Hop struct {
	MTU    int        // bytes of the longest IP packet that passes
	IPv4   netip.Addr // the router's address: the source of its messages. Without one of the packet's family nobody is told
	IPv6   netip.Addr
	Silent bool // nobody is told: the message is never made, or lost at once
}

// ReasonTooBig is why a Hop's router sends a packet.
const ReasonTooBig = "packet too big"

// Attach implements Stage.
func (h Hop) Attach(env Env, next Port) Port {
	var message []byte
	return func(p *Packet) {
		if len(p.Data) <= h.MTU {
			next(p)
			return
		}
		if !h.Silent && env.Reply != nil {
			if message = h.tell(message[:0], p); len(message) > 0 {
				env.Reply(p, message, ReasonTooBig)
			}
		}
		env.Drop(p, CauseTooBig)
	}
}

// The lengths of what a router sends: an ICMP error with its IP header (RFC 1812 section 4.3.2.3), one of ICMPv6 (RFC 4443 section
// 2.4 (c)), and the headers.
const (
	errorLongest4 = 576
	errorLongest6 = 1280
	errorHeader   = 8
	ipv4Header    = 20
	ipv6Header    = 40
)

// tell appends to b, which is empty, the message about p; nothing where none may be sent.
func (h *Hop) tell(b []byte, p *Packet) []byte {
	g := &p.Header
	if g.Fragment || g.Kind == KindICMP && isError(g, p.Data) {
		return b
	}
	p.Seal()
	switch {
	case g.Version == 4 && h.IPv4.Is4():
		return h.tell4(b, p.Data)
	case g.Version == 6 && h.IPv6.Is6():
		return h.tell6(b, p.Data)
	}
	return b
}

// isError tells ICMP's errors from its questions and answers: in ICMPv6 the types below 128 (RFC 4443 section 2.1).
func isError(g *Header, packet []byte) bool {
	if int(g.Transport) >= len(packet) {
		return true // of what cannot be read it could be one
	}
	switch kind := packet[g.Transport]; g.Protocol {
	case ICMPv6:
		return kind < 128
	default:
		return kind == 3 || kind == 4 || kind == 5 || kind == 11 || kind == 12 // RFC 1122 section 3.2.2
	}
}

// tell4 is type 3, code 4; the next link's MTU is the last 16 bits of the header (RFC 1191 section 4).
func (h *Hop) tell4(b, packet []byte) []byte {
	quote := packet[:min(len(packet), errorLongest4-ipv4Header-errorHeader)]
	n := ipv4Header + errorHeader + len(quote)
	src := h.IPv4.As4()
	b = append(b, 0x45, 0xc0, byte(n>>8), byte(n), 0, 0, 0, 0, 64, byte(ICMP), 0, 0) // precedence 6: RFC 1812 section 4.3.2.5
	b = append(b, src[:]...)
	b = append(b, packet[12:16]...)
	b = append(b, 3, 4, 0, 0, 0, 0, byte(h.MTU>>8), byte(h.MTU))
	b = append(b, quote...)
	binary.BigEndian.PutUint16(b[10:], ^onesSum(0, b[:ipv4Header]))
	binary.BigEndian.PutUint16(b[ipv4Header+2:], ^onesSum(0, b[ipv4Header:]))
	return b
}

// tell6 is type 2, code 0; the MTU is all of the header's second word. The checksum covers the pseudo header of RFC 8200 section 8.1.
func (h *Hop) tell6(b, packet []byte) []byte {
	quote := packet[:min(len(packet), errorLongest6-ipv6Header-errorHeader)]
	n := errorHeader + len(quote)
	src := h.IPv6.As16()
	b = append(b, 0x60, 0, 0, 0, byte(n>>8), byte(n), byte(ICMPv6), 64)
	b = append(b, src[:]...)
	b = append(b, packet[8:24]...)
	b = append(b, 2, 0, 0, 0, byte(h.MTU>>24), byte(h.MTU>>16), byte(h.MTU>>8), byte(h.MTU))
	b = append(b, quote...)
	pseudo := onesSum(uint32(n)+uint32(ICMPv6), b[8:ipv6Header])
	binary.BigEndian.PutUint16(b[ipv6Header+2:], ^onesSum(uint32(pseudo), b[ipv6Header:]))
	return b
}

// onesSum adds the 16-bit words of b to s in one's complement (RFC 1071); behind an odd end stands a zero.
func onesSum(s uint32, b []byte) uint16 {
	for ; len(b) > 1; b = b[2:] {
		s += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) > 0 {
		s += uint32(b[0]) << 8
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}
