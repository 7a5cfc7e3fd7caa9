package trace

import (
	"encoding/binary"

	"reliabilitylab/netem"
)

// numbering turns sequence numbers into relative ones as rows are opened, in the order of the ledger.
type numbering struct {
	connections map[ports]*origins
	recent      ports // the key of last
	last        *origins
	datagrams   [2]uint32
}

// ports are a connection's, the client's first.
type ports struct{ client, server uint16 }

// origins are the initial sequence numbers of a connection, by direction.
type origins struct {
	isn   [2]uint32
	known [2]bool
}

// udp returns the next datagram's number.
func (n *numbering) udp(d netem.Direction) uint32 {
	n.datagrams[d]++
	return n.datagrams[d]
}

// tcp makes the row's numbers and those of its SACK relative. Where a direction began without SYN, its first number counts as 1, as Wireshark
// has it.
func (n *numbering) tcp(row *Packet, sack [][2]uint32) {
	h, d := &row.Header, row.Direction
	o := n.find(h, d)
	syn := h.Flags&netem.FlagSYN != 0
	switch {
	case syn && (!o.known[d] || o.isn[d] != h.Seq): // a new connection, perhaps on the ports of an old one
		o.isn[d], o.known[d] = h.Seq, true
		if h.Flags&netem.FlagACK == 0 {
			o.known[1-d] = false
		}
	case !o.known[d]:
		o.isn[d] = h.Seq - 1
		o.known[d] = h.Flags&netem.FlagRST == 0
	}
	h.Seq -= o.isn[d]
	if h.Flags&netem.FlagACK == 0 {
		h.Ack = 0
		return
	}
	if !o.known[1-d] {
		o.isn[1-d], o.known[1-d] = h.Ack-1, true
	}
	h.Ack -= o.isn[1-d]
	for i := range sack {
		sack[i][0] -= o.isn[1-d]
		sack[i][1] -= o.isn[1-d]
	}
}

func (n *numbering) find(h *netem.Header, d netem.Direction) *origins {
	k := ports{h.SrcPort, h.DstPort}
	if d == netem.Reverse {
		k = ports{h.DstPort, h.SrcPort}
	}
	if n.last != nil && n.recent == k {
		return n.last
	}
	o := n.connections[k]
	if o == nil {
		if n.connections == nil {
			n.connections = map[ports]*origins{}
		}
		o = &origins{}
		n.connections[k] = o
	}
	n.recent, n.last = k, o
	return o
}

// readOptions reads the options of a TCP segment (RFC 9293 section 3.2, RFC 7323, RFC 2018) and returns its SACK blocks; it
// stops at a malformed one.
func readOptions(o *TCPOptions, p *netem.Packet) (sack [][2]uint32) {
	t := p.Data[p.Header.Transport:]
	if len(t) < 20 || int(t[12]>>4)*4 > len(t) || t[12]>>4 <= 5 {
		return nil
	}
	for b := t[20 : int(t[12]>>4)*4]; len(b) > 0; {
		switch b[0] {
		case 0:
			return sack
		case 1:
			b = b[1:]
			continue
		}
		if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
			return sack
		}
		v := b[2:b[1]]
		switch {
		case b[0] == 3 && len(v) == 1:
			o.WindowScale = int8(min(v[0], 14)) // RFC 7323 section 2.3
		case b[0] == 8 && len(v) == 8:
			o.TSVal, o.TSEcr = binary.BigEndian.Uint32(v), binary.BigEndian.Uint32(v[4:])
		case b[0] == 5 && len(v) > 0 && len(v)%8 == 0:
			sack = make([][2]uint32, len(v)/8)
			for i := range sack {
				sack[i] = [2]uint32{binary.BigEndian.Uint32(v[8*i:]), binary.BigEndian.Uint32(v[8*i+4:])}
			}
		}
		b = b[b[1]:]
	}
	return sack
}
