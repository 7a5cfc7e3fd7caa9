package trace

import (
	"errors"
	"fmt"
	"os"
)

// A Spool keeps packets' bytes in a file, so that a million packets need no memory. It is written first and read later.
// What a packet has in common with the first ones it does not write again (see phrases): for the lab's programs, which all
// send one pattern, that is nearly all of it.
type Spool struct {
	f       *os.File
	named   bool   // the file still has its name
	buf     []byte // not yet written
	at      int64  // where buf begins in the file
	err     error  // the first error; it is kept, and all later writes are dropped
	phrases phrases
}

// spoolBuffer is how many bytes go to the file at once. Small enough to stay in a processor's cache.
const spoolBuffer = 1 << 18

// NewSpool makes a spool in a new file at path. Where the system allows it the file loses its name at once, so that even
// a killed process leaves nothing behind; in any case Close removes it.
func NewSpool(path string) (*Spool, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("keep the packets' bytes: %w", err)
	}
	named := os.Remove(path) != nil // not every system removes open files
	return &Spool{f: f, named: named, buf: make([]byte, 0, spoolBuffer)}, nil
}

// Add appends b and returns where it is. Errors (a full disk) come out of Flush.
func (s *Spool) Add(b []byte) int64 {
	if len(s.buf)+packedSize(len(b)) > cap(s.buf) {
		s.write()
	}
	at := s.Size()
	s.buf = s.phrases.pack(s.buf, b)
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

// Size is how many bytes the file has when all is written.
func (s *Spool) Size() int64 { return s.at + int64(len(s.buf)) }

// Reader reads the spool; call Flush first.
func (s *Spool) Reader() *SpoolReader { return &SpoolReader{r: s.f, phrases: &s.phrases} }

// Close forgets everything: the file is removed.
func (s *Spool) Close() error {
	err := s.f.Close()
	if s.named {
		err = errors.Join(err, os.Remove(s.f.Name()))
	}
	return err
}
