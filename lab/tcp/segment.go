package tcp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"reliabilitylab/netem"
)

// Seq is a sequence number; comparisons are modulo 2^32 (RFC 9293 section 3.4).
type Seq uint32

// Less reports whether a comes before b.
func (a Seq) Less(b Seq) bool { return int32(a-b) < 0 }

// LessEq reports whether a comes before b or is b.
func (a Seq) LessEq(b Seq) bool { return int32(a-b) <= 0 }

// Block is a run of sequence numbers, Right excluded.
type Block struct{ Left, Right Seq }

// meet returns what lies in both blocks; where nothing does, its Right is not behind its Left.
func (b Block) meet(c Block) Block {
	if b.Left.Less(c.Left) {
		b.Left = c.Left
	}
	if c.Right.Less(b.Right) {
		b.Right = c.Right
	}
	return b
}

// A Segment is one TCP segment. Its slices belong to whoever made it and are valid only during the call that passes it.
type Segment struct {
	SrcPort, DstPort uint16
	Seq, Ack         Seq
	Flags            netem.Flags
	Window           uint16 // as on the wire: unscaled
	Urgent           uint16
	Options          Options
	Payload          []byte
	More             []byte // the rest of the payload, where the send buffer wraps around; nil in a parsed segment
	Reason           string // why it is sent; "" in a parsed segment
	ECN              ECN    // of the IP header
}

// Options are the options that this TCP knows (RFC 9293 section 3.2, RFC 7323, RFC 2018).
type Options struct {
	MSS           uint16 // 0: absent
	HasScale      bool
	Scale         uint8
	SACKPermitted bool
	HasTimestamps bool
	TSVal, TSEcr  uint32
	Blocks        int // how many of SACK are in use
	SACK          [4]Block
}

// MaxHeader is the longest TCP header.
const MaxHeader = 60

// Len returns the sequence space the segment takes: its payload, and one each for SYN and FIN.
func (s *Segment) Len() int {
	n := len(s.Payload) + len(s.More)
	if s.Flags&netem.FlagSYN != 0 {
		n++
	}
	if s.Flags&netem.FlagFIN != 0 {
		n++
	}
	return n
}

// End returns the sequence number behind the segment.
func (s *Segment) End() Seq { return s.Seq + Seq(s.Len()) }

// HeaderLen returns the bytes of the header with its options, a multiple of four.
func (s *Segment) HeaderLen() int { return 20 + s.Options.len() }

// len is the room the options take: each begins at a multiple of four bytes, padded in front, as most stacks do; only
// SACK-permitted stands in the padding of the timestamps.
func (o *Options) len() int {
	n := 0
	if o.MSS != 0 {
		n += 4
	}
	if o.HasTimestamps {
		n += 12
	} else if o.SACKPermitted {
		n += 4
	}
	if o.HasScale {
		n += 4
	}
	if o.Blocks > 0 {
		n += 4 + 8*o.Blocks
	}
	return n
}

// Put writes the header, HeaderLen bytes of it, with a checksum of zero. The payload is the caller's to copy.
func (s *Segment) Put(b []byte) {
	n := s.HeaderLen()
	binary.BigEndian.PutUint16(b[0:], s.SrcPort)
	binary.BigEndian.PutUint16(b[2:], s.DstPort)
	binary.BigEndian.PutUint32(b[4:], uint32(s.Seq))
	binary.BigEndian.PutUint32(b[8:], uint32(s.Ack))
	b[12] = byte(n / 4 << 4)
	b[13] = byte(s.Flags)
	binary.BigEndian.PutUint16(b[14:], s.Window)
	b[16], b[17] = 0, 0
	binary.BigEndian.PutUint16(b[18:], s.Urgent)
	s.Options.put(b[20:n])
}

func (o *Options) put(b []byte) {
	if o.MSS != 0 {
		b[0], b[1] = optMSS, 4
		binary.BigEndian.PutUint16(b[2:], o.MSS)
		b = b[4:]
	}
	if o.SACKPermitted || o.HasTimestamps {
		b[0], b[1] = optNOP, optNOP
		if o.SACKPermitted {
			b[0], b[1] = optSACKPermitted, 2
		}
		b = b[2:]
		if o.HasTimestamps {
			b[0], b[1] = optTimestamps, 10
			binary.BigEndian.PutUint32(b[2:], o.TSVal)
			binary.BigEndian.PutUint32(b[6:], o.TSEcr)
			b = b[10:]
		} else {
			b[0], b[1] = optNOP, optNOP
			b = b[2:]
		}
	}
	if o.HasScale {
		b[0], b[1], b[2], b[3] = optNOP, optScale, 3, o.Scale
		b = b[4:]
	}
	if o.Blocks > 0 {
		b[0], b[1], b[2], b[3] = optNOP, optNOP, optSACK, byte(2+8*o.Blocks)
		b = b[4:]
		for _, k := range o.SACK[:o.Blocks] {
			binary.BigEndian.PutUint32(b, uint32(k.Left))
			binary.BigEndian.PutUint32(b[4:], uint32(k.Right))
			b = b[8:]
		}
	}
}

// Option kinds (IANA, TCP Option Kind Numbers).
const (
	optEnd           = 0
	optNOP           = 1
	optMSS           = 2
	optScale         = 3
	optSACKPermitted = 4
	optSACK          = 5
	optTimestamps    = 8
)

var errShort = errors.New("tcp: header longer than the segment")

// Parse reads a segment from b, header and payload; the checksum is the caller's to verify. Unknown options are skipped
// (RFC 9293 section 3.1, MUST-6); one of an impossible length ends the reading of options, and the segment counts without
// the rest of them (MUST-7). Payload is a part of b.
func (s *Segment) Parse(b []byte) error {
	if len(b) < 20 {
		return errShort
	}
	n := int(b[12]>>4) * 4
	if n < 20 || n > len(b) {
		return errShort
	}
	*s = Segment{
		SrcPort: binary.BigEndian.Uint16(b), DstPort: binary.BigEndian.Uint16(b[2:]),
		Seq: Seq(binary.BigEndian.Uint32(b[4:])), Ack: Seq(binary.BigEndian.Uint32(b[8:])),
		Flags: netem.Flags(b[13]), Window: binary.BigEndian.Uint16(b[14:]), Urgent: binary.BigEndian.Uint16(b[18:]),
		Payload: b[n:],
	}
	s.Options.Parse(b[20:n])
	return nil
}

// Parse reads the options of a header.
func (o *Options) Parse(b []byte) {
	for len(b) > 0 {
		switch b[0] {
		case optEnd:
			return
		case optNOP:
			b = b[1:]
			continue
		}
		if len(b) < 2 || int(b[1]) < 2 || int(b[1]) > len(b) {
			return
		}
		v := b[2:b[1]]
		switch {
		case b[0] == optMSS && len(v) == 2:
			o.MSS = binary.BigEndian.Uint16(v)
		case b[0] == optScale && len(v) == 1:
			o.HasScale, o.Scale = true, min(v[0], 14) // RFC 7323 section 2.3
		case b[0] == optSACKPermitted && len(v) == 0:
			o.SACKPermitted = true
		case b[0] == optTimestamps && len(v) == 8:
			o.HasTimestamps = true
			o.TSVal, o.TSEcr = binary.BigEndian.Uint32(v), binary.BigEndian.Uint32(v[4:])
		case b[0] == optSACK && len(v)%8 == 0 && len(v) <= 32:
			o.Blocks = len(v) / 8
			for i := range o.Blocks {
				o.SACK[i] = Block{Seq(binary.BigEndian.Uint32(v[8*i:])), Seq(binary.BigEndian.Uint32(v[8*i+4:]))}
			}
		}
		b = b[b[1]:]
	}
}

var flagNames = [...]string{"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"}

// String prints the segment as the step scripts of the tests do: "SYN,ACK seq 0 ack 1 win 65535 len 0".
func (s *Segment) String() string {
	var f []string
	for i, n := range flagNames {
		if s.Flags&(1<<i) != 0 {
			f = append(f, n)
		}
	}
	t := fmt.Sprintf("%s seq %d ack %d win %d len %d", strings.Join(f, ","), s.Seq, s.Ack, s.Window, len(s.Payload)+len(s.More))
	for _, k := range s.Options.SACK[:s.Options.Blocks] {
		t += fmt.Sprintf(" sack %d-%d", k.Left, k.Right)
	}
	return t
}
