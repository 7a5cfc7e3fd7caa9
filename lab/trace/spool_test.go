package trace

import (
	"bytes"
	"errors"
	"io"
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
	check := func(at int64, want []byte) {
		t.Helper()
		got := make([]byte, len(want))
		if _, err := s.Reader().ReadAt(got, at); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("at %d: other bytes than were added (%v)", at, err)
		}
	}
	for i, a := range at {
		check(a, piece(i))
	}
	check(atBig, big)
	check(atEnd, []byte("end"))
	if s.Size() != atEnd+3 {
		t.Errorf("size %d, want %d", s.Size(), atEnd+3)
	}
	if n, err := s.Reader().ReadAt(make([]byte, 1), s.Size()); n != 0 || err != io.EOF {
		t.Errorf("behind the end: %d, %v", n, err)
	}
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
	for i := range 1000 {
		if at := s.Add(make([]byte, 1000)); at != int64(i)*1000 {
			t.Fatalf("piece %d at %d", i, at)
		}
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
