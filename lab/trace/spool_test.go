package trace

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

var errNoSpace = syscall.ENOSPC

// TestSpool: everything added is where Add said, across the buffer's edges.
func TestSpool(t *testing.T) {
	s := newSpool(t)
	var at []int64
	piece := func(i int) []byte { return bytes.Repeat([]byte{byte(i), byte(i >> 8)}, 100+i%700) }
	for i := range 2000 {
		at = append(at, s.Add(piece(i)))
	}
	big := bytes.Repeat([]byte("x"), 2*spoolBuffer)
	atBig := s.Add(big)
	atEnd := s.Add([]byte("end"))
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	r := s.Reader()
	check := func(at int64, want []byte) {
		t.Helper()
		if got, err := r.Read(at, len(want)); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("at %d: other bytes than were added (%v)", at, err)
		}
	}
	for i, a := range at {
		check(a, piece(i))
	}
	for i := range at { // in a wild order
		k := i * 7919 % len(at)
		check(at[k], piece(k))
	}
	check(atBig, big)
	check(atEnd, []byte("end"))
	check(s.Size(), nil)
	for _, behind := range []int64{s.Size() - 1, s.Size(), s.Size() + windowSize} {
		if _, err := r.Read(behind, 1); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("behind the end: %v", err)
		}
	}
	if _, err := r.Read(-1, 1); !errors.Is(err, ErrNotKept) {
		t.Errorf("nowhere: %v", err)
	}
	if _, err := r.Read(0, windowSize); err == nil {
		t.Error("a packet larger than the window was read")
	}
}

// TestSpoolRepetition: a program's pattern, cut into packets with headers of their own, takes a fraction of its size, and
// every byte comes back; so does what repeats nothing.
func TestSpoolRepetition(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	noise := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	pattern := noise(4093)
	pattern = append(pattern, pattern...)
	s := newSpool(t)
	var want [][]byte
	var at []int64
	total := 0
	for i := range 3000 {
		b := append(noise(44), pattern[i*1432%4093:][:1432]...)
		if i%100 == 99 {
			b = noise(1476)
		}
		want, at, total = append(want, b), append(at, s.Add(b)), total+len(b)
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	rd := s.Reader()
	for i := range want {
		if got, err := rd.Read(at[i], len(want[i])); err != nil || !bytes.Equal(got, want[i]) {
			t.Fatalf("packet %d comes back otherwise (%v)", i, err)
		}
	}
	// The noise is 44 bytes of each packet, and all of every hundredth: 4 % in all. A step or two more, and the first ones.
	if limit := int64(total / 12); s.Size() > limit {
		t.Errorf("%d bytes take %d, want at most %d", total, s.Size(), limit)
	}
}

// FuzzPhrases: what is packed comes back, whatever it repeats, and takes no more room than promised; and no bytes that
// claim to be packed upset unpack.
func FuzzPhrases(f *testing.F) {
	f.Add([]byte("one packet"), []byte("another packet"), uint8(3))
	f.Add(bytes.Repeat([]byte("0123456789abcdef"), 40), bytes.Repeat([]byte("89abcdef01234567"), 60), uint8(200))
	f.Add(bytes.Repeat([]byte{0}, 70000), bytes.Repeat([]byte{0}, 100), uint8(1))
	f.Fuzz(func(t *testing.T, x, y []byte, shift uint8) {
		var p phrases
		mixed := append(append(bytes.Clone(x), y...), x[min(int(shift), len(x)):]...)
		for _, b := range [][]byte{x, y, mixed, x[min(int(shift), len(x)):], {}} {
			packed := p.pack(nil, b)
			if len(packed) > packedSize(len(b)) {
				t.Fatalf("%d bytes became %d", len(b), len(packed))
			}
			if got, err := p.unpack(nil, append(packed, "what follows"...), len(b)); err != nil || !bytes.Equal(got, b) {
				t.Fatalf("%d bytes come back otherwise (%v)", len(b), err)
			}
		}
		if got, err := p.unpack(nil, y, len(x)); err == nil && len(got) != len(x) {
			t.Fatalf("%d bytes where %d were asked for", len(got), len(x))
		}
	})
}

// TestSpoolLeavesNothing: the file is gone after Close, and one that was there is not touched.
func TestSpoolLeavesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bytes")
	s, err := NewSpool(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is still there (%v)", err)
	}
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewSpool(path); !errors.Is(err, os.ErrExist) {
		t.Errorf("a spool over an existing file: %v", err)
	}
	if b, _ := os.ReadFile(path); string(b) != "mine" {
		t.Errorf("the existing file holds %q now", b)
	}
	if _, err := NewSpool(filepath.Join(path, "below", "a", "file")); err == nil {
		t.Error("a spool in no folder was made")
	}
}

// TestSpoolFullDisk: a write that fails is told by Flush, once and again, and by the recorder's Finish; offsets go on.
func TestSpoolFullDisk(t *testing.T) {
	f, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Skip("this system has no /dev/full")
	}
	s := &Spool{f: f, buf: make([]byte, 0, spoolBuffer)}
	var last int64 = -1
	piece := make([]byte, 1000)
	dice := rand.NewChaCha8([32]byte{})
	for i := range 1000 {
		dice.Read(piece) // nothing repeats
		at := s.Add(piece)
		if at <= last {
			t.Fatalf("piece %d at %d, the one before at %d", i, at, last)
		}
		last = at
	}
	for range 2 {
		if err := s.Flush(); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("Flush: %v, want ENOSPC", err)
		}
	}
	r := NewRecorder(&stubClock{}, Trace{Bytes: s})
	if _, err := r.Finish(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Finish: %v, want ENOSPC", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestSpoolWriteFails: any error of the file comes out, not only a full disk.
func TestSpoolWriteFails(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close() // the next write fails
	s := &Spool{f: w, buf: make([]byte, 0, spoolBuffer)}
	s.Add([]byte("lost"))
	if err := s.Flush(); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("Flush: %v, want EPIPE", err)
	}
	s.Close()
}
