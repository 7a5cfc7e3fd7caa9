package inet

import (
	"fmt"
	"testing"
)

// naive adds 16-bit words as RFC 1071 section 4.1 writes it down, one after the other.
func naive(b []byte) uint16 {
	s := uint32(0)
	for ; len(b) > 1; b = b[2:] {
		s += uint32(b[0])<<8 | uint32(b[1])
		s = s>>16 + s&0xffff
	}
	if len(b) > 0 {
		s += uint32(b[0]) << 8
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}

// The numbers of RFC 1071 section 3: 00 01 f2 03 f4 f5 f6 f7 add up to ddf2.
func TestChecksumOfRFC1071(t *testing.T) {
	b := []byte{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}
	if got := fold(sum(b)); got != 0xddf2 {
		t.Errorf("sum %04x, want ddf2", got)
	}
	if got := finish(sum(b)); got != 0x220d {
		t.Errorf("checksum %04x, want 220d", got)
	}
	if whole := append(b, 0x22, 0x0d); !valid(sum(whole)) {
		t.Error("the checksum does not verify")
	}
}

// Carries are where a fast checksum goes wrong: all lengths and alignments, of ones (a carry in every add) and of bytes
// that differ.
func TestChecksumOfEveryLength(t *testing.T) {
	buf := make([]byte, 8+300)
	for _, fill := range []func(i int) byte{
		func(int) byte { return 0xff }, func(int) byte { return 0 }, func(i int) byte { return byte(i*167 + i>>3) },
		func(i int) byte { return byte(-(i & 1)) }, func(i int) byte { return 0xff - byte(i&63>>5) },
	} {
		for i := range buf {
			buf[i] = fill(i)
		}
		for at := range 8 {
			for n := range 300 {
				if b := buf[at : at+n]; fold(sum(b)) != naive(b) {
					t.Fatalf("sum of %x: %04x, want %04x", b, fold(sum(b)), naive(b))
				}
			}
		}
	}
}

func FuzzChecksum(f *testing.F) {
	f.Add([]byte{1, 2, 3}, 1)
	f.Add(make([]byte, 200), 64)
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		if fold(sum(b)) != naive(b) {
			t.Fatalf("sum of %x: %04x, want %04x", b, fold(sum(b)), naive(b))
		}
		if cut = cut &^ 1; cut >= 0 && cut <= len(b) { // pieces of even length add up
			x, want := fold(sum(b[:cut])+sum(b[cut:])), naive(b)
			if x != want && !(x|want == 0xffff && x&want == 0) { // 0 has two forms
				t.Fatalf("in two pieces %04x, want %04x", x, want)
			}
		}
	})
}

func BenchmarkChecksum(b *testing.B) {
	for _, n := range []int{20, 64, 576, 1472} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			buf := make([]byte, n)
			for i := range buf {
				buf[i] = byte(i * 31)
			}
			b.SetBytes(int64(n))
			for b.Loop() {
				sum(buf)
			}
		})
	}
}
