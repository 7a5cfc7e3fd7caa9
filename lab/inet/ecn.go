package inet

import "reliabilitylab/lab/tcp"

// The ECN bits of a packet (RFC 3168 section 5): the last two of IPv4's type of service and of IPv6's traffic class.

// setECN writes them into a header in which they were 0. IPv4's checksum is brought up to date (RFC 1624).
func (h *Host) setECN(b []byte, e tcp.ECN) {
	if h.v6 {
		b[1] |= uint8(e) << 4
		return
	}
	b[1] |= uint8(e)
	put16(b[10:], finish(uint64(^get16(b[10:]))+uint64(e)))
}

// ecn returns what a datagram arrived with: CE if one of its fragments did (section 5.3).
func (a *arrival) ecn(v6 bool) tcp.ECN {
	e := codepoint(a.p.Data, v6)
	for _, p := range a.rest {
		e = max(e, codepoint(p.Data, v6)) // CE is the largest
	}
	return e
}

func codepoint(b []byte, v6 bool) tcp.ECN {
	if v6 {
		return tcp.ECN(b[1]>>4) & tcp.CE
	}
	return tcp.ECN(b[1]) & tcp.CE
}
