package app

import (
	"bytes"
	"encoding/hex"
	"testing"
)

// The check is from outside: python3 -c 'print(hex((57 + 1) * 0x9e3779b97f4a7c15 % 2**64 >> 32))'.
func TestHeaderOnTheWire(t *testing.T) {
	h := make([]byte, headerSize)
	putHeader(h, 57)
	if got, want := hex.EncodeToString(h), "524c6162d89194060000000000000039"; got != want {
		t.Errorf("header of message 57 is\n%s, want\n%s", got, want)
	}
}

func TestMessagesCoverTheRun(t *testing.T) {
	for _, c := range []struct {
		total int64
		size  int
		count uint64
		last  int
	}{
		{1, 16, 1, 1},
		{16, 16, 1, 16},
		{17, 16, 2, 1},
		{1448 * 3, 1448, 3, 1448},
		{1448*3 + 15, 1448, 4, 15},
		{5 << 20, 1448, 3621, 1120},             // 5242880 = 3620 * 1448 + 1120
		{1 << 62, 65507, 70399896475604, 62183}, // by Python
	} {
		m := messages{c.total, c.size}
		if m.count() != c.count || m.length(c.count) != c.last {
			t.Errorf("%d bytes by %d: %d messages, the last of %d bytes, want %d and %d",
				c.total, c.size, m.count(), m.length(m.count()), c.count, c.last)
		}
		if m.offset(c.count)+int64(c.last) != c.total {
			t.Errorf("%d bytes by %d: the last message ends at %d", c.total, c.size, m.offset(c.count)+int64(c.last))
		}
	}
}

func TestMessagesDiffer(t *testing.T) {
	m := messages{100 * 1448, 1448}
	a, b := make([]byte, 1448), make([]byte, 1448)
	for n := uint64(1); n <= 100; n++ {
		m.put(a, n)
		for k := uint64(1); k <= 100; k++ {
			if m.put(b, k); m.intact(b, n) != (n == k) {
				t.Fatalf("message %d taken for message %d: %v", k, n, n != k)
			}
			if n != k && bytes.Equal(a[headerSize:], b[headerSize:]) {
				t.Fatalf("messages %d and %d have the same pattern", n, k)
			}
		}
	}
}

// Whatever bit is flipped, the message is not intact, and is never taken for another one.
func TestEveryFlippedBitIsSeen(t *testing.T) {
	m := messages{3*200 + 5, 200}
	buf := make([]byte, 200)
	for n := uint64(1); n <= 4; n++ {
		b := buf[:m.put(buf, n)]
		if got, known := m.number(b); got != n || !known || !m.intact(b, n) {
			t.Fatalf("message %d unharmed: number %d, known %v, intact %v", n, got, known, m.intact(b, n))
		}
		for bit := range len(b) * 8 {
			b[bit/8] ^= 1 << (bit % 8)
			got, known := m.number(b)
			if m.intact(b, n) || known && got != n {
				t.Errorf("message %d, bit %d flipped: intact %v, taken for %d", n, bit, m.intact(b, n), got)
			}
			inNumber := len(b) >= headerSize && bit >= 4*8 && bit < headerSize*8
			if known == inNumber {
				t.Errorf("message %d, bit %d flipped: number known: %v", n, bit, known)
			}
			b[bit/8] ^= 1 << (bit % 8)
		}
	}
}

func TestWrongLengthIsNotIntact(t *testing.T) {
	m := messages{1000, 200}
	b := make([]byte, 300)
	m.put(b, 2)
	for n := range len(b) {
		if got := m.intact(b[:n], 2); got != (n == 200) {
			t.Errorf("message 2 cut at %d: intact %v", n, got)
		}
	}
}

func BenchmarkPut(b *testing.B) {
	m := messages{1 << 40, 1448}
	buf := make([]byte, 1448)
	b.SetBytes(1448)
	b.ReportAllocs()
	n := uint64(0)
	for b.Loop() {
		n++
		m.put(buf, n)
	}
}

func BenchmarkIntact(b *testing.B) {
	m := messages{1 << 40, 1448}
	buf := make([]byte, 64*1448)
	for n := range 64 {
		m.put(buf[n*1448:], uint64(n+1))
	}
	b.SetBytes(1448)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if d := buf[n*1448:][:1448]; !m.intact(d, uint64(n+1)) {
			b.Fatal(n)
		}
		n = (n + 1) % 64
	}
}
