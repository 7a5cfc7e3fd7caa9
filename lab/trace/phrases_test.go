package trace

import (
	"encoding/binary"
	"testing"
)

// programPackets are packets as the lab's programs send them over UDP: headers, and a message of 1448 bytes of the pattern
// (lab/app: a header of 16 bytes, then a period of 4093 bytes from the message's place on).
func programPackets(n int) [][]byte {
	pattern := make([]byte, 2*4093)
	x := uint32(1)
	for i := range 4093 {
		x = x*1664525 + 1013904223
		pattern[i] = byte(x >> 24)
	}
	copy(pattern[4093:], pattern)
	packets := make([][]byte, n)
	for i := range packets {
		b := ipv4(17, 1476, 40000, 5000)
		binary.BigEndian.PutUint16(b[4:], uint16(i))
		binary.BigEndian.PutUint64(b[36:], uint64(i+1))
		binary.BigEndian.PutUint32(b[32:], uint32(i+1)*2654435761)
		copy(b[44:], pattern[(i*1448+16)%4093:])
		packets[i] = b
	}
	return packets
}

// BenchmarkPack packs what a program sends; written/op is how many bytes of a packet's 1476 go to the file.
func BenchmarkPack(b *testing.B) {
	packets := programPackets(64)
	var p phrases
	var to []byte
	n := 0
	b.SetBytes(1476)
	b.ReportAllocs()
	for i := range b.N {
		to = p.pack(to[:0], packets[i%len(packets)])
		n += len(to)
	}
	b.ReportMetric(float64(n)/float64(b.N), "written/op")
}
