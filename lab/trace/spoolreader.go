package trace

import (
	"errors"
	"fmt"
	"io"
)

// A SpoolReader reads packets from a spool, most of which lie a little behind the one before, some a little in front of it.
type SpoolReader struct {
	r       io.ReaderAt
	phrases *phrases
	at      int64 // where buf begins in the file
	buf     []byte
	packet  []byte
}

const (
	windowSize   = 1 << 20 // read at once
	windowMargin = 1 << 17 // how much of that is in front of the packet, for those that were overtaken
)

// ErrNotKept says that a packet's bytes were not kept.
var ErrNotKept = errors.New("they were not kept")

// Read returns the n bytes that Add put at that place, valid until the next call.
func (w *SpoolReader) Read(at int64, n int) ([]byte, error) {
	if at < 0 {
		return nil, ErrNotKept
	}
	if n < 0 || packedSize(n) > windowSize-windowMargin {
		return nil, fmt.Errorf("a packet of %d bytes", n)
	}
	if end := w.at + int64(len(w.buf)); at < w.at || at+int64(packedSize(n)) > end {
		if w.buf == nil {
			w.buf = make([]byte, windowSize)
		}
		w.at = max(0, at-windowMargin)
		k, err := w.r.ReadAt(w.buf[:windowSize], w.at)
		w.buf = w.buf[:k]
		if err != nil && err != io.EOF {
			return nil, err
		}
	}
	if at-w.at > int64(len(w.buf)) {
		return nil, io.ErrUnexpectedEOF
	}
	var err error
	w.packet, err = w.phrases.unpack(w.packet[:0], w.buf[at-w.at:], n)
	return w.packet, err
}
