package metrics

import (
	"slices"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// duplicateACKs sets
//
//	duplicate_acks   duplicate acknowledgments that the flow's sender took, as RFC 5681 section 2 defines them: (a) it has
//	                 data outstanding, (b) the ACK carries no data, (c) neither SYN nor FIN, (d) it acknowledges what the
//	                 highest ACK so far did, and (e) its window is that of the ACK before. In place of (e), as the section
//	                 allows, its SACK blocks may be news: others than those of the ACK before. Copies made by the path count
func (m values) duplicateACKs(t *trace.Trace, segments []segment) {
	type connection struct {
		una, high int64 // acknowledged; sent so far
		last      *trace.Packet
	}
	connections := map[[2]uint16]*connection{} // by the sender's port and the other
	of := func(from, to uint16) *connection {
		c := connections[[2]uint16{from, to}]
		if c == nil {
			c = &connection{}
			connections[[2]uint16{from, to}] = c
		}
		return c
	}
	var count int64
	next := 0
	for _, p := range acks(t) {
		h := &p.Header
		for ; next < len(segments) && segments[next].sent <= p.Arrived; next++ {
			s := &segments[next]
			sent := &t.Packets[s.row].Header
			c := of(sent.SrcPort, sent.DstPort)
			c.high = max(c.high, s.to-s.base)
		}
		c := of(h.DstPort, h.SrcPort)
		ack := c.una + int64(int32(h.Ack-uint32(c.una)))
		if ack == c.una && c.una < c.high && h.Payload == 0 && h.Flags&(netem.FlagSYN|netem.FlagFIN|netem.FlagRST) == 0 && c.last != nil {
			news := len(p.SACK) > 0 && !slices.Equal(p.SACK, c.last.SACK)
			if h.Window == c.last.Header.Window || news {
				count++
			}
		}
		c.una = max(c.una, ack)
		c.last = p
	}
	m["duplicate_acks"] = float64(count)
}

// acks returns what the flow's sender took from the other side with an ACK in it, in the order of arrival.
func acks(t *trace.Trace) []*trace.Packet {
	at := make([]int32, len(t.Packets)+1) // by place: the packet's row, from 1
	n := 0
	for i := range t.Packets {
		p := &t.Packets[i]
		if p.Direction != t.Data && p.Header.Protocol == netem.TCP && p.Fate == trace.Arrived &&
			p.Header.Flags&netem.FlagACK != 0 && p.Place > 0 && int(p.Place) < len(at) {
			at[p.Place] = int32(i) + 1
			n++
		}
	}
	order := make([]*trace.Packet, 0, n)
	for _, i := range at {
		if i > 0 {
			order = append(order, &t.Packets[i-1])
		}
	}
	return order
}
