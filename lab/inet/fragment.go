package inet

// sendFragments sends a transport message that is too long for one packet in several (RFC 791 section 3.2, RFC 8200
// section 4.5): all but the last carry as many bytes as fit, a multiple of 8.
func (h *Host) sendFragments(proto uint8, src, dst addr, body []byte, reason string) {
	overhead := h.ipHeader()
	if h.v6 {
		overhead += headerFragment
	}
	was := h.enter() // body must stay as it is meanwhile
	room := (h.pathMTU(dst) - overhead) &^ 7
	id := h.nextID()
	for at := 0; at < len(body); at += room {
		n := min(room, len(body)-at)
		more := at+n < len(body)
		p := h.c.Pool.Get(overhead + n)
		if h.v6 {
			put6(p.Data, nextFragment, src, dst, headerFragment+n)
			putFragment(p.Data[header6:], proto, at, more, id)
		} else {
			frag := uint16(at / 8)
			if more {
				frag |= flagMF
			}
			put4(p.Data, proto, src, dst, uint16(id), frag)
		}
		copy(p.Data[overhead:], body[at:at+n])
		p.Sound = true
		p.Reason = reason
		h.emit(p, dst)
	}
	h.leave(was)
}

// putFragment writes a fragment header of IPv6.
func putFragment(b []byte, next uint8, at int, more bool, id uint32) {
	b[0], b[1] = next, 0
	field := uint16(at)
	if more {
		field |= 1
	}
	put16(b[2:], field)
	put32(b[4:], id)
}
