package netem

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// TestMark marks packets of both families with each codepoint: CE where the sender takes marks, with one bit changed beside
// IPv4's header checksum, which sums up again; all else stays as it is.
func TestMark(t *testing.T) {
	withTOS := func(tos byte, id uint16) []byte {
		b := tcp(FlagACK, 5, 9)
		b[1] = tos
		binary.BigEndian.PutUint16(b[10:], 0)
		binary.BigEndian.PutUint16(b[4:], id) // moves the sum about
		binary.BigEndian.PutUint16(b[10:], ^sum16(b[:20], 0))
		return b
	}
	withClass := func(class byte) []byte {
		b := ipv6(UDP, udp(9)[20:])
		b[0] |= class >> 4
		b[1] |= class<<4 | 5 // with a flow label
		return b
	}
	for class := range 256 {
		ecn := ECN(class & 3)
		for id := uint16(0); id < 0xff00; id += 0x1234 {
			for _, b := range [][]byte{withTOS(byte(class), id), withClass(byte(class))} {
				was := bytes.Clone(b)
				p := &Packet{Data: b, Sound: true, Header: ReadHeader(b)}
				if p.Header.ECN != ecn {
					t.Fatalf("class %#x of IPv%d reads as %v", class, p.Header.Version, p.Header.ECN)
				}
				marked := Mark(p, CauseLoss)
				changed := ecn == ECT0 || ecn == ECT1
				if marked != (ecn != NotECT) || (p.Marked == CauseLoss) != changed || !p.Sound || p.Harm != "" {
					t.Fatalf("class %#x of IPv%d: marked is %v, by %q", class, p.Header.Version, marked, p.Marked)
				}
				if h := ReadHeader(b); h != p.Header || marked && h.ECN != CE || !marked && h.ECN != NotECT {
					t.Fatalf("class %#x of IPv%d: reads as %v behind it, and is said to be %v", class, h.Version, h.ECN, p.Header.ECN)
				}
				if p.Header.Version == 4 {
					if sum := sum16(b[:20], 0); sum != 0xffff {
						t.Fatalf("class %#x: the header sums up to %#x", class, sum)
					}
					copy(was[10:], b[10:12])
				}
				if n, at := difference(was, b); changed && (n != 1 || at != 1) || !changed && n != 0 {
					t.Fatalf("class %#x of IPv%d: %d bits changed, one in byte %d", class, p.Header.Version, n, at)
				}
			}
		}
	}
	for _, b := range [][]byte{nil, {0x45, 2}, make([]byte, 40)} {
		if p := (&Packet{Data: b, Header: ReadHeader(b)}); Mark(p, CauseLoss) {
			t.Errorf("%v is no IP packet, and is marked", b)
		}
	}
}

// TestMarkUnsealed: marking leaves a checksum that is still to be made alone.
func TestMarkUnsealed(t *testing.T) {
	b := tcp(FlagACK, 5, 9)
	b[1] = byte(ECT0)
	p := &Packet{Data: b, Header: ReadHeader(b)}
	sealed := 0
	p.Unsealed(func(*Packet) { sealed++ })
	if !Mark(p, CauseBurst) || sealed != 0 {
		t.Errorf("sealed %d times", sealed)
	}
	if p.Seal(); sealed != 1 {
		t.Error("and cannot be sealed any more")
	}
}
