package trace

import (
	"fmt"
	"io"
	"os"
)

// A Spool keeps packets' bytes in a file, so that a million packets need no memory. It is written first and read later.
type Spool struct {
	f   *os.File
	buf []byte // not yet written
	at  int64  // where buf begins in the file
	err error  // the first error; it is kept, and all later writes are dropped
}

// NewSpool makes a spool in a new file at path. Close removes it.
func NewSpool(path string) (*Spool, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return &Spool{f: f, buf: make([]byte, 0, 1<<18)}, nil
}

// Add appends b and returns where it begins. Errors (a full disk) come out of Flush.
func (s *Spool) Add(b []byte) int64 {
	if len(s.buf)+len(b) > cap(s.buf) {
		s.write()
	}
	at := s.at + int64(len(s.buf))
	s.buf = append(s.buf, b...)
	return at
}

func (s *Spool) write() {
	if s.err == nil {
		_, s.err = s.f.Write(s.buf)
	}
	s.at += int64(len(s.buf))
	s.buf = s.buf[:0]
}

// Flush writes what is still in memory and returns the first error of any write.
func (s *Spool) Flush() error {
	s.write()
	if s.err != nil {
		return fmt.Errorf("keep the packets' bytes: %w", s.err)
	}
	return nil
}

// Reader reads the spool from its beginning; call Flush first.
func (s *Spool) Reader() io.ReaderAt { return s.f }

// Close forgets everything: the file is removed.
func (s *Spool) Close() error {
	err := s.f.Close()
	if e := os.Remove(s.f.Name()); err == nil {
		err = e
	}
	return err
}
