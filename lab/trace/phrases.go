package trace

import (
	"encoding/binary"
	"io"
	"math"
	"math/bits"
)

// Packing, in the manner of LZ77 (Ziv, Lempel 1977) with a window that stands still: the first bytes of the spool are the
// phrases; a packet is written as new bytes and as pieces of them. A piece is named only after it has been compared with the
// packet byte for byte, and phrases never change once learned, so what comes out is what went in.
//
// A packed packet is a row of steps, each of
//
//	0   2 bytes  how many new bytes there are
//	2   2 bytes  how many bytes are repeated then,
//	4   2 bytes  and from which place among the phrases on
//	6   …        the new bytes
//
// little-endian, until its length, which its reader knows, is reached.

// phrases are the bytes that may be repeated.
type phrases struct {
	b     []byte
	place []uint16 // by the hash of eight bytes: where in b they stand, from 1; 0 if nowhere
}

const (
	phrasesSize = 1 << 14 // several times the period of the programs' pattern
	placeBits   = 15
	stepSize    = 6  // bytes of a step besides its new bytes
	leastRepeat = 32 // what is shorter is written anew
	stride      = 16 // the distance of the places where a repetition is looked for; what of it was passed over is taken back
)

// packedSize is the most that a packet of n bytes takes: each repetition saves more than its step costs.
func packedSize(n int) int { return n + stepSize*(n/math.MaxUint16+1) }

// pack appends b, packed.
func (p *phrases) pack(to, b []byte) []byte {
	fresh := 0 // from here on nothing is written yet
	for i := 0; i+leastRepeat <= len(b); {
		from, n, back := p.find(b, i, fresh)
		if n < leastRepeat {
			i += stride
			continue
		}
		to = step(to, b[fresh:i-back], n, from)
		i += n - back
		fresh = i
	}
	if fresh < len(b) {
		to = step(to, b[fresh:], 0, 0)
	}
	p.learn(b)
	return to
}

// step appends one step; one with more new bytes than fit becomes several.
func step(to, fresh []byte, repeated, from int) []byte {
	for len(fresh) > math.MaxUint16 {
		to = step(to, fresh[:math.MaxUint16], 0, 0)
		fresh = fresh[math.MaxUint16:]
	}
	to = binary.LittleEndian.AppendUint16(to, uint16(len(fresh)))
	to = binary.LittleEndian.AppendUint16(to, uint16(repeated))
	to = binary.LittleEndian.AppendUint16(to, uint16(from))
	return append(to, fresh...)
}

// find looks for the bytes at b[i] among the phrases: n bytes from b[i-back] on are those at from, where back is less than
// a stride and reaches not in front of b[least].
func (p *phrases) find(b []byte, i, least int) (from, n, back int) {
	if p.place == nil {
		return 0, 0, 0
	}
	at := int(p.place[hash(b[i:])]) - 1
	if at < 0 {
		return 0, 0, 0
	}
	n = common(b[i:], p.b[at:])
	if n == 0 {
		return 0, 0, 0
	}
	for back < min(stride-1, i-least, at) && b[i-back-1] == p.b[at-back-1] {
		back++
	}
	return at - back, n + back, back
}

// common returns how many bytes x and y have in common at their beginning.
func common(x, y []byte) int {
	n := min(len(x), len(y))
	x, y = x[:n], y[:n]
	i := 0
	for i+256 <= n && string(x[i:i+256]) == string(y[i:i+256]) {
		i += 256
	}
	for i+64 <= n && string(x[i:i+64]) == string(y[i:i+64]) {
		i += 64
	}
	for ; i+8 <= n; i += 8 {
		if d := binary.LittleEndian.Uint64(x[i:]) ^ binary.LittleEndian.Uint64(y[i:]); d != 0 {
			return i + bits.TrailingZeros64(d)/8
		}
	}
	for i < n && x[i] == y[i] {
		i++
	}
	return i
}

// learn adds bytes to the phrases while there is room.
func (p *phrases) learn(b []byte) {
	b = b[:min(len(b), phrasesSize-len(p.b))]
	if len(b) < leastRepeat {
		return
	}
	if p.place == nil {
		p.b = make([]byte, 0, phrasesSize)
		p.place = make([]uint16, 1<<placeBits)
	}
	at := len(p.b)
	p.b = append(p.b, b...)
	for i := range len(b) - 7 {
		if place := &p.place[hash(b[i:])]; *place == 0 { // the first of equal ones has the most behind it
			*place = uint16(at + i + 1)
		}
	}
}

// hash is of the first eight bytes of b.
func hash(b []byte) uint32 {
	return uint32(binary.LittleEndian.Uint64(b) * 0x9e3779b97f4a7c15 >> (64 - placeBits))
}

// unpack appends the n bytes of the packet that stands at the beginning of b.
func (p *phrases) unpack(to, b []byte, n int) ([]byte, error) {
	for n > 0 {
		if len(b) < stepSize {
			return to, io.ErrUnexpectedEOF
		}
		fresh, repeated := int(binary.LittleEndian.Uint16(b)), int(binary.LittleEndian.Uint16(b[2:]))
		from := int(binary.LittleEndian.Uint16(b[4:]))
		b = b[stepSize:]
		if fresh+repeated == 0 || fresh+repeated > n || fresh > len(b) || from+repeated > len(p.b) {
			return to, io.ErrUnexpectedEOF
		}
		to = append(to, b[:fresh]...)
		to = append(to, p.b[from:from+repeated]...)
		b = b[fresh:]
		n -= fresh + repeated
	}
	return to, nil
}
