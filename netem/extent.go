package netem

import "sort"

// Where a packet's payload stands in its flow: what a Script that names bytes or segments asks. A flow is one direction of a
// connection, or of a pair of UDP ports. Bytes are counted from 1, the first behind the SYN; in UDP each datagram's follow those of
// the one before it. Segments are the flow's packets of new data, counted from 1: a retransmission carries the segments whose bytes it has,
// whatever its own bounds are.

// An extent is what a packet carries: bytes and segments, both ends included. It carries none of what ends before it begins.
type extent struct{ bytes, segments Range }

// extents knows the flows of one direction.
type extents struct {
	of       map[flowKey]*flowExtent
	segments int // the highest segment that anybody asks for
}

type flowExtent struct {
	first uint32 // the sequence number of the SYN
	syn   bool   // first is known
	next  uint32 // the sequence number behind the highest byte so far,
	high  int    // which is this one
	begin []int  // the first byte of each segment, as far as anybody asks; and of the one behind
}

// note returns what p carries, and remembers it. Of a fragment behind the first nobody knows.
func (x *extents) note(p *Packet) (e extent) {
	h := &p.Header
	e = extent{Range{1, 0}, Range{1, 0}}
	if h.Fragment || h.Kind == KindRST || h.Protocol != TCP && h.Protocol != UDP {
		return e
	}
	k := flowKey{h.flow(p.Data), h.SrcPort, h.DstPort}
	q, known := x.of[k]
	if !known {
		q = new(flowExtent)
		x.of[k] = q
	}
	seq := h.Seq
	if h.Flags&FlagSYN != 0 && h.Protocol == TCP {
		seq++
		if !q.syn || q.first != h.Seq {
			*q = flowExtent{first: h.Seq, syn: true, next: seq}
		}
	} else if !known {
		q.next = seq
	}
	if h.Payload == 0 && h.Protocol == TCP {
		return e
	}
	from := q.high + 1
	if h.Protocol == TCP {
		from += int(int32(seq - q.next))
	}
	e.bytes = Range{from, from + h.Payload - 1}
	if h.Kind == KindData && len(q.begin) <= x.segments {
		q.begin = append(q.begin, from)
	}
	if e.bytes.To > q.high {
		q.next += uint32(e.bytes.To - q.high)
		q.high = e.bytes.To
	}
	// The segments whose first byte is not behind the packet's last one, from the last that begins at its first one or before.
	e.segments.To = sort.SearchInts(q.begin, max(from, e.bytes.To)+1)
	e.segments.From = max(1, sort.SearchInts(q.begin, from+1))
	return e
}

// meets tells whether two ranges, of which the first is as sorted returns them, have a number in common.
func meets(ranges []Range, r Range) bool {
	i := sort.Search(len(ranges), func(i int) bool { return ranges[i].To >= r.From })
	return r.From <= r.To && i < len(ranges) && ranges[i].From <= r.To
}
