package app

import (
	"bytes"
	"encoding/binary"
)

// Messages are the numbered pieces of one long run of bytes that both ends know beforehand. A message is a header and
// the pattern:
//
//	0   4 bytes  "RLab"
//	4   4 bytes  the number's check: the upper half of (number + 1) * 0x9e3779b97f4a7c15 modulo 2^64, big-endian
//	8   8 bytes  the number, from 1, big-endian; 0 is a request (overUDP)
//	16  …        the pattern, from the place where this byte stands in the run
//
// All are of the same size, save the last, which may be shorter; where it is shorter than its header, it is the
// beginning of it, and its length tells which message it is.
type messages struct {
	total int64 // bytes of all messages, above 0
	size  int   // of each but the last, from headerSize to maxMessage
}

const (
	magic      = "RLab"
	headerSize = 16
	maxMessage = 65507 // what fits in one datagram over IPv4: 65535 less the headers of IP and UDP
)

// count returns how many messages there are.
func (m messages) count() uint64 {
	return uint64((m.total-1)/int64(m.size) + 1)
}

// offset returns where message n begins.
func (m messages) offset(n uint64) int64 { return int64(n-1) * int64(m.size) }

// length returns the size of message n.
func (m messages) length(n uint64) int {
	return int(min(int64(m.size), m.total-m.offset(n)))
}

// put writes message n to the beginning of b, which has room for a header and for the message, and returns its size.
func (m messages) put(b []byte, n uint64) int {
	k := m.length(n)
	putHeader(b, n)
	if k > headerSize {
		copy(b[headerSize:k], patternAt(m.offset(n)+headerSize))
	}
	return k
}

// intact reports whether b is message n, byte for byte.
func (m messages) intact(b []byte, n uint64) bool {
	if len(b) != m.length(n) {
		return false
	}
	if len(b) < headerSize {
		h := make([]byte, headerSize)
		putHeader(h, n)
		return bytes.Equal(b, h[:len(b)])
	}
	got, sound := numberOf(b)
	rest := b[headerSize:]
	return got == n && sound && string(b[:4]) == magic && bytes.Equal(rest, patternAt(m.offset(n) + headerSize)[:len(rest)])
}

// number returns which message a datagram is, though it may be damaged; false if that cannot be told.
func (m messages) number(b []byte) (uint64, bool) {
	if len(b) < headerSize {
		last := m.count()
		return last, len(b) == m.length(last)
	}
	n, sound := numberOf(b)
	return n, sound && n >= 1 && n <= m.count()
}

// putHeader writes the header of message n to the beginning of b.
func putHeader(b []byte, n uint64) {
	copy(b, magic)
	binary.BigEndian.PutUint64(b[8:], n)
	binary.BigEndian.PutUint32(b[4:], check(n))
}

// numberOf reads the number in a header, and whether it agrees with its check.
func numberOf(b []byte) (uint64, bool) {
	n := binary.BigEndian.Uint64(b[8:])
	return n, check(n) == binary.BigEndian.Uint32(b[4:])
}

// check changes with every bit of the number: the factor is odd, and no shift of it has an upper half of all zeros or all
// ones. A CRC would do the same for eight times the cost.
func check(n uint64) uint32 { return uint32((n + 1) * 0x9e3779b97f4a7c15 >> 32) }

// period is the length after which the pattern repeats: a prime, so that what is misplaced by a power of two, or by a
// whole number of messages, does not match; and small enough that making and checking stay within the fastest cache.
const period = 4093

// pattern is the period, and once more as much as the longest message needs.
var pattern = makePattern()

func makePattern() []byte {
	b := make([]byte, period+maxMessage)
	x := uint32(1)
	for i := range b[:period] {
		x = x*1664525 + 1013904223 // the linear congruence of Numerical Recipes; its high bits are the good ones
		b[i] = byte(x >> 24)
	}
	for i := period; i < len(b); i += period {
		copy(b[i:], b[:period])
	}
	return b
}

// patternAt returns the pattern from that place of the run on, at least maxMessage bytes of it.
func patternAt(offset int64) []byte { return pattern[uint64(offset)%period:] }
