package capture

import (
	"encoding/binary"
	"strconv"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// Of the pcapng format (draft-ietf-opsawg-pcapng, section 4.3 and 3.5).
const (
	blockEnhancedPacket = 6
	optEnd              = 0
	optComment          = 1
	optFlags            = 2 // epb_flags; bits 0 and 1: 1 inbound, 2 outbound
	optPacketID         = 5 // epb_packetid: one packet has one number in all files
	inbound, outbound   = 1, 2
)

// appendPacket appends the enhanced packet block of a packet that the host sent or got, on interface 0.
func appendPacket(b []byte, p *trace.Packet, arrived bool, data []byte) []byte {
	le := binary.LittleEndian
	start := len(b)
	at, way := uint64(p.Sent), uint32(outbound)
	if arrived {
		at, way = uint64(p.Arrived), inbound
	}
	b = le.AppendUint32(b, blockEnhancedPacket)
	b = le.AppendUint32(b, 0) // the block's length, known below
	b = le.AppendUint32(b, 0) // interface
	b = le.AppendUint32(b, uint32(at>>32))
	b = le.AppendUint32(b, uint32(at))
	b = le.AppendUint32(b, uint32(len(data)))
	b = le.AppendUint32(b, uint32(p.Length))
	b = append(b, data...)
	b = pad(b, len(data))

	b = le.AppendUint16(b, optComment)
	b = le.AppendUint16(b, 0)
	text := len(b)
	b = appendComment(b, p)
	if n := min(len(b)-text, 1<<16-1); n > 0 {
		b = b[:text+n]
		le.PutUint16(b[text-2:], uint16(n))
		b = pad(b, n)
	} else {
		b = b[:text-4]
	}
	b = le.AppendUint32(b, optFlags|4<<16)
	b = le.AppendUint32(b, way)
	b = le.AppendUint32(b, optPacketID|8<<16)
	b = le.AppendUint64(b, p.ID)
	b = le.AppendUint32(b, optEnd)

	n := uint32(len(b) - start + 4)
	le.PutUint32(b[start+4:], n)
	return le.AppendUint32(b, n)
}

// pad appends zeros to what is n bytes long, up to a multiple of four.
func pad(b []byte, n int) []byte { return append(b, 0, 0, 0)[:len(b)+(4-n&3)&3] }

// appendComment appends why the packet was sent, if not for the ordinary reason, and what became of it, if it did not
// simply arrive: "fast retransmit; lost: queue full". Nothing for most packets.
func appendComment(b []byte, p *trace.Packet) []byte {
	c := comment{b, len(b)}
	if p.Of != 0 {
		about := "copy of packet "
		if p.Reply() {
			about = p.Reason + ": a router about packet "
		}
		c.add(about)
		c.b = strconv.AppendUint(c.b, p.Of, 10)
	} else if p.Reason != "" && p.Reason != "new" && p.Header.Kind != netem.KindACK {
		c.add(p.Reason)
	}
	switch p.Harm {
	case "":
	case netem.CauseCorrupt:
		c.add("corrupt: bit flipped")
	case netem.CauseMended:
		c.add("corrupt: bit flipped, checksum mended")
	default:
		c.add(string(p.Harm))
	}
	if p.Marked != "" {
		c.add("marked CE instead of dropped: ", string(p.Marked))
	}
	switch p.Fate {
	case trace.Lost:
		c.add("lost: ", string(p.Cause))
	case trace.Discarded:
		c.add("discarded: ", string(p.Cause))
	case trace.InFlight:
		c.add("still on its way when the trial ended")
	}
	return c.b
}

// A comment is made of parts with semicolons between them.
type comment struct {
	b     []byte
	start int
}

func (c *comment) add(words ...string) {
	if len(c.b) > c.start {
		c.b = append(c.b, "; "...)
	}
	for _, w := range words {
		c.b = append(c.b, w...)
	}
}
