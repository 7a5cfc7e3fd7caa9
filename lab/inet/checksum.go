package inet

import (
	"encoding/binary"
	"math/bits"

	"reliabilitylab/netem"
)

// The Internet checksum (RFC 1071): the ones' complement of the ones' complement sum of 16-bit words. A sum is carried
// unfolded in a uint64 whose value modulo 65535 is what counts, so pieces (pseudo header, header, payload) are simply
// added; finish folds and complements. Every piece but the last must have an even length.

// sum adds the bytes of b as big-endian 16-bit words, an odd last byte as the high half of a word. The result is below
// 65536. It adds 64 bits at a time (RFC 1071 section 2, items B and C: byte order and word size do not matter to the
// sum), in two chains so that the processor can do both at once.
func sum(b []byte) uint64 {
	var x, y, cx, cy uint64
	for len(b) >= 64 {
		w := b[:64]
		x, cx = bits.Add64(x, binary.LittleEndian.Uint64(w[0:]), cx)
		x, cx = bits.Add64(x, binary.LittleEndian.Uint64(w[8:]), cx)
		x, cx = bits.Add64(x, binary.LittleEndian.Uint64(w[16:]), cx)
		x, cx = bits.Add64(x, binary.LittleEndian.Uint64(w[24:]), cx)
		y, cy = bits.Add64(y, binary.LittleEndian.Uint64(w[32:]), cy)
		y, cy = bits.Add64(y, binary.LittleEndian.Uint64(w[40:]), cy)
		y, cy = bits.Add64(y, binary.LittleEndian.Uint64(w[48:]), cy)
		y, cy = bits.Add64(y, binary.LittleEndian.Uint64(w[56:]), cy)
		b = b[64:]
	}
	for len(b) >= 8 {
		x, cx = bits.Add64(x, binary.LittleEndian.Uint64(b), cx)
		b = b[8:]
	}
	var last uint64 // the bytes that are left, less than 8
	for i, c := range b {
		last |= uint64(c) << (8 * i)
	}
	x, cx = bits.Add64(x, last, cx)
	x, cx = bits.Add64(x, y, cx)
	x, cx = bits.Add64(x, cy, cx) // the last carries: cx and cy are 0 or 1
	x, cx = bits.Add64(x, 0, cx)
	x += cx
	return uint64(bits.ReverseBytes16(fold(x)))
}

// fold brings a sum down to 16 bits, adding the carries back in.
func fold(s uint64) uint16 {
	s = s>>32 + s&0xffffffff
	s = s>>16 + s&0xffff // below 2^33/2^16 + 2^16
	s = s>>16 + s&0xffff
	s = s>>16 + s&0xffff
	return uint16(s)
}

// finish turns a sum into the checksum to be written into a header.
func finish(s uint64) uint16 { return ^fold(s) }

// valid tells whether a sum over something that contains its own checksum is right.
func valid(s uint64) bool { return fold(s) == 0xffff }

// seal puts the transport checksum into a packet of UDP or TCP that this host made whole: there is nothing between its IP
// header and the transport's, whose checksum is 0 so far.
func seal(p *netem.Packet) {
	b := p.Data
	var src, dst addr
	var proto uint8
	if b[0]>>4 == 6 {
		src, dst, proto, b = from16(b[8:]), from16(b[24:]), b[6], b[header6:]
	} else {
		src, dst, proto, b = from4(get32(b[12:])), from4(get32(b[16:])), b[9], b[header4:]
	}
	if proto == protoUDP {
		sealUDP(b, src, dst)
	} else {
		put16(b[16:], finish(pseudo(src, dst, proto, len(b))+sum(b)))
	}
}

// pseudo is the sum of the pseudo header of TCP and UDP (RFC 9293 section 3.1, RFC 768) and of everything above IPv6
// (RFC 8200 section 8.1). n is the length of the transport header and what is behind it.
func pseudo(src, dst addr, proto uint8, n int) uint64 {
	return src.sum() + dst.sum() + uint64(proto) + uint64(n)
}
