package inet

import "reliabilitylab/netem"

// IPv6 (RFC 8200).

// put6 writes a header of 40 bytes for n bytes behind it.
func put6(b []byte, next uint8, src, dst addr, n int) {
	_ = b[39]
	put32(b, 0x60000000)
	put16(b[4:], uint16(n))
	b[6], b[7] = next, hopLimit
	src.put16(b[8:])
	dst.put16(b[24:])
}

// receive6 reads the header of a.p and takes the packet, or returns why not.
func (h *Host) receive6(a *arrival, looped bool) netem.Cause {
	b := a.p.Data
	if len(b) < header6 || b[0]>>4 != 6 {
		return CauseMalformed
	}
	n := int(get16(b[4:]))
	if header6+n > len(b) {
		return CauseMalformed
	}
	a.src, a.dst = from16(b[8:]), from16(b[24:])
	if cause := h.addressed(a, looped); cause != "" {
		return cause
	}
	a.proto = b[6]
	a.body = b[header6 : header6+n]
	return h.extensions(a, true)
}

// extensions walks the extension headers at the beginning of a.body, and delivers what is behind them. RFC 8200 wants
// each at most once or twice and in an order, and wants a receiver to take them in any order (section 4.1); a fragment
// header is taken only in a packet as it arrived.
func (h *Host) extensions(a *arrival, fragments bool) netem.Cause {
	for {
		switch a.proto {
		default:
			return h.deliver(a)
		case nextNone:
			return CauseNoSocket // section 4.7: what follows is ignored
		case nextHopByHop, nextDestOption, nextRouting:
			if len(a.body) < 8 {
				return CauseMalformed
			}
			n := 8 + int(a.body[1])*8
			if n > len(a.body) {
				return CauseMalformed
			}
			if !known(a.proto, a.body[:n]) {
				return CauseMalformed
			}
			a.proto, a.body = a.body[0], a.body[n:]
		case nextFragment:
			if !fragments || len(a.body) < headerFragment {
				return CauseMalformed
			}
			return h.fragment6(a)
		}
	}
}

// known tells whether an extension header lets the packet be processed: a routing header that is used up (section 4.4),
// or options that may all be skipped when unknown (section 4.2). This host knows no option but padding.
func known(next uint8, b []byte) bool {
	if next == nextRouting {
		return b[3] == 0 // segments left
	}
	for b = b[2:]; len(b) > 0; {
		if b[0] == 0 { // Pad1
			b = b[1:]
			continue
		}
		if b[0]>>6 != 0 || len(b) < 2 || 2+int(b[1]) > len(b) {
			return false
		}
		b = b[2+int(b[1]):]
	}
	return true
}

// fragment6 takes a packet with a fragment header (section 4.5).
func (h *Host) fragment6(a *arrival) netem.Cause {
	b := a.body
	field, id := get16(b[2:]), get32(b[4:])
	a.proto, a.body = b[0], b[headerFragment:]
	if field&^6 == 0 { // whole in itself: not to be mixed with others of that identification (RFC 6946)
		return h.extensions(a, false)
	}
	return h.frags.add(fragKey{src: a.src, dst: a.dst, id: id}, a, int(field&^7), field&1 != 0)
}
