package kernel

import (
	"encoding/binary"
	"net/netip"

	"reliabilitylab/netem"
)

// The kernel does not say that it throws a damaged packet away, but what it looks at is no secret: lengths, addresses and
// checksums. So a packet that is not known to be sound is looked at here as well, before the kernel gets it all the same.

// damage returns why the host self will throw a packet away, "" if nothing is wrong with it. Of a fragment only the IP
// header can be judged: the checksum behind it is that of a whole datagram.
func damage(b []byte, self netip.Addr) netem.Cause {
	g := netem.ReadHeader(b)
	var src, dst, body []byte
	switch {
	case (g.Version == 6) != self.Is6():
		return CauseMalformed
	case g.Version == 4:
		n, total := int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
		switch {
		case total < n || total > len(b):
			return CauseMalformed
		case add(0, b[:n]) != 0xffff: // RFC 791 section 3.1
			return CauseChecksum
		}
		src, dst, body = b[12:16], b[16:20], b[n:total]
	case g.Version == 6:
		total := 40 + int(binary.BigEndian.Uint16(b[4:]))
		if total > len(b) || int(g.Transport) > total {
			return CauseMalformed
		}
		src, dst, body = b[8:24], b[24:40], b[g.Transport:total]
	default:
		return CauseMalformed
	}
	if at, ok := netip.AddrFromSlice(dst); !ok || at != self {
		return CauseNotMine
	}
	if fragment(&g, b) {
		return ""
	}
	return transportDamage(g.Protocol, src, dst, body)
}

// fragment tells whether a packet is a part of a datagram, be it the first (RFC 791 section 3.1, RFC 8200 section 4.5).
func fragment(g *netem.Header, b []byte) bool {
	switch {
	case g.Fragment:
		return true
	case g.Version == 4:
		return binary.BigEndian.Uint16(b[6:])&0x2000 != 0
	case b[6] == 44: // a fragment header is all that this lab's hosts put between
		return b[43]&1 != 0
	}
	return false
}

// transportDamage is damage of what is behind the IP header.
func transportDamage(p netem.Protocol, src, dst, body []byte) netem.Cause {
	pseudo := add(add(uint32(p)+uint32(len(body)), src), dst) // RFC 9293 section 3.1, RFC 768, RFC 8200 section 8.1
	switch {
	case p == netem.TCP && len(body) < 20, p == netem.UDP && len(body) < 8:
		return CauseMalformed
	case p == netem.ICMP && len(dst) == 4: // RFC 792
		pseudo = 0
	case p == netem.UDP:
		n := int(binary.BigEndian.Uint16(body[4:]))
		switch {
		case n < 8 || n > len(body):
			return CauseMalformed
		case binary.BigEndian.Uint16(body[6:]) != 0:
			pseudo = add(add(uint32(p)+uint32(n), src), dst)
			body = body[:n]
		case len(dst) == 4: // none was made
			return ""
		}
	case p != netem.TCP && p != netem.ICMPv6:
		return CauseNoSocket
	}
	if add(pseudo, body) != 0xffff {
		return CauseChecksum
	}
	return ""
}

// add adds the bytes of b to a sum in ones' complement (RFC 1071). All but the last piece must have an even length.
func add(sum uint32, b []byte) uint32 {
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) > 0 {
		sum += uint32(b[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return sum
}
