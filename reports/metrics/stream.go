package metrics

import (
	"slices"
	"time"

	"reliabilitylab/netem"
)

// A segment is one transmission of a part of the sequence space by the flow's sender: of bytes of the stream, of SYN or
// of FIN, each of which takes one number (RFC 9293 section 3.4). A pure ACK takes none and is not a segment here.
type segment struct {
	row      int32         // its row in the ledger
	again    bool          // some of it was sent before
	from, to int64         // relative sequence numbers, to excluded: SYN is 0, the stream's first byte 1; they do not wrap
	base     int64         // what is added to them, so that connections are apart
	sent     time.Duration // when it was put on the path
	taken    time.Duration // when the far host first took it, or trace.Never
}

// apart is how far the connections of a trial are from each other in the sequence space, so that what is sent again in one is not taken for
// another's. The first that carries data keeps its numbers.
const apart = 1 << 40

// segments returns the sender's segments in the order of sending, of all its connections, whether they came to be or not.
func (w *wire) segments() []segment {
	type stream struct{ base, high int64 } // high: what was sent so far, SYN and FIN included
	streams := map[[2]uint16]*stream{}     // by ports
	var first *stream                      // the first that carries data
	segments := make([]segment, 0, len(w.all))
	of := make([]*stream, 0, len(w.all))
	for i := range w.all {
		s := &w.all[i]
		h := &w.packets[s.row].Header
		length := int64(h.Payload)
		if h.Flags&netem.FlagSYN != 0 {
			length++
		}
		if h.Flags&netem.FlagFIN != 0 {
			length++
		}
		if length == 0 {
			continue
		}
		ports := [2]uint16{h.SrcPort, h.DstPort}
		c := streams[ports]
		if c == nil {
			c = &stream{base: int64(len(streams)+1) * apart}
			streams[ports] = c
		}
		if first == nil && h.Payload > 0 {
			first = c
			c.base = 0
		}
		from := c.high + int64(int32(h.Seq-uint32(c.high)))
		segments = append(segments, segment{row: s.row, again: from < c.high, from: from, to: from + length, sent: s.sent, taken: s.taken})
		of = append(of, c)
		c.high = max(c.high, from+length)
	}
	for i := range segments {
		s := &segments[i]
		s.base = of[i].base
		s.from, s.to = s.from+s.base, s.to+s.base
	}
	return segments
}

// cuts are the places in the sequence space where some segment begins or ends, in ascending order. Between two of them
// lies a piece: every segment holds a piece whole or not at all.
type cuts []int64

func cutsOf(segments []segment) cuts {
	c := make(cuts, 0, len(segments)+1)
	add := func(at int64) {
		if len(c) == 0 || c[len(c)-1] != at {
			c = append(c, at)
		}
	}
	for i := range segments {
		add(segments[i].from)
		add(segments[i].to)
	}
	slices.Sort(c)
	return slices.Compact(c)
}

// pieces returns how many pieces there are; piece k is from c[k] to c[k+1].
func (c cuts) pieces() int { return max(0, len(c)-1) }

// at returns the piece that begins at a place where a segment begins.
func (c cuts) at(from int64) int {
	k, _ := slices.BinarySearch(c, from)
	return k
}
