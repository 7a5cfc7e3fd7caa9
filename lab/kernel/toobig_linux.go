package kernel

import "reliabilitylab/netem"

// When a router says that a segment was too long, the kernel sends what is on its way again in shorter ones, before the write of that
// message returns (tcp_simple_retransmit, in the state Loss, without a timeout).

// narrows returns the connection whose segment a message of ICMP quotes as too long (RFC 1191 section 4, RFC 4443 section 3.2); nil
// if the packet is no such message, or nobody knows the connection.
func (h *Host) narrows(p *netem.Packet) *connection {
	g := &p.Header
	at := int(g.Transport)
	if g.Kind != netem.KindICMP || at+8 > len(p.Data) {
		return nil
	}
	switch kind, code := p.Data[at], p.Data[at+1]; {
	case g.Protocol == netem.ICMP && kind == 3 && code == 4, g.Protocol == netem.ICMPv6 && kind == 2:
	default:
		return nil
	}
	quote := p.Data[at+8:]
	q := netem.ReadHeader(quote)
	if q.Protocol != netem.TCP || q.Fragment || int(q.Transport)+4 > len(quote) {
		return nil
	}
	var t tuple
	t.sent(&q, quote)
	return h.connections[t]
}
