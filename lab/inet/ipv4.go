package inet

import "reliabilitylab/netem"

// IPv4 (RFC 791, RFC 1122 section 3.2.1).

// Flags of the fragment field.
const (
	flagDF     = 0x4000
	flagMF     = 0x2000
	maskOffset = 0x1fff
)

// put4 writes a header of 20 bytes before what is in the rest of b. Its checksum is added up from the values, which is
// cheaper than reading them back.
func put4(b []byte, proto uint8, src, dst addr, id, frag uint16) {
	_ = b[19]
	b[0], b[1] = 0x45, 0
	put16(b[2:], uint16(len(b)))
	put16(b[4:], id)
	put16(b[6:], frag)
	b[8], b[9] = hopLimit, proto
	put32(b[12:], src.v4())
	put32(b[16:], dst.v4())
	put16(b[10:], finish(0x4500+uint64(len(b))+uint64(id)+uint64(frag)+hopLimit<<8+uint64(proto)+src.sum()+dst.sum()))
}

// receive4 reads the header of a.p and takes the packet, or returns why not. Options are passed over: none of them
// changes what a host does with a packet for itself (RFC 1122 section 3.2.1.8), and this host answers none.
func (h *Host) receive4(a *arrival, looped bool) netem.Cause {
	b := a.p.Data
	if len(b) < header4 || b[0]>>4 != 4 {
		return CauseMalformed
	}
	n, total := int(b[0]&15)*4, int(get16(b[2:]))
	if n < header4 || total < n || total > len(b) {
		return CauseMalformed
	}
	if !a.sound && !valid(sum(b[:n])) {
		return CauseChecksum
	}
	a.src, a.dst = from4(get32(b[12:])), from4(get32(b[16:]))
	if cause := h.addressed(a, looped); cause != "" {
		return cause
	}
	a.proto = b[9]
	a.body = b[n:total]
	frag := get16(b[6:])
	if frag&(flagMF|maskOffset) == 0 {
		return h.deliver(a)
	}
	key := fragKey{src: a.src, dst: a.dst, id: uint32(get16(b[4:])), proto: a.proto}
	return h.frags.add(key, a, int(frag&maskOffset)*8, frag&flagMF != 0)
}

// addressed tells whether a packet between those addresses is this host's to take: packets for loopback addresses, or
// from them or from this host itself, have no business on the wire (RFC 1122 section 3.2.1.3).
func (h *Host) addressed(a *arrival, looped bool) netem.Cause {
	switch {
	case looped:
		return ""
	case a.dst != h.self:
		return CauseNotMine
	case !a.src.sender() || a.src == h.self || a.src.is4() == h.v6:
		return CauseMalformed
	}
	return ""
}
