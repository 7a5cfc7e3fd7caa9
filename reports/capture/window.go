package capture

import (
	"errors"
	"fmt"
	"io"
)

// A window reads pieces of a file, most of which lie a little behind the piece before, some a little in front of it.
type window struct {
	r   io.ReaderAt
	at  int64 // where buf begins in the file
	buf []byte
}

const (
	windowSize   = 1 << 20
	windowMargin = 1 << 17 // how much in front of a piece is read with it, for packets that were overtaken
)

var errNotKept = errors.New("they were not kept")

// read returns n bytes from at, valid until the next call.
func (w *window) read(at int64, n int) ([]byte, error) {
	if at < 0 {
		return nil, errNotKept
	}
	if n < 0 || n > windowSize-windowMargin {
		return nil, fmt.Errorf("a packet of %d bytes", n)
	}
	if at < w.at || at+int64(n) > w.at+int64(len(w.buf)) {
		if w.buf == nil {
			w.buf = make([]byte, windowSize)
		}
		w.at = max(0, at-windowMargin)
		k, err := w.r.ReadAt(w.buf[:windowSize], w.at)
		w.buf = w.buf[:k]
		if err != nil && err != io.EOF {
			return nil, err
		}
		if at+int64(n) > w.at+int64(k) {
			return nil, io.ErrUnexpectedEOF
		}
	}
	i := at - w.at
	return w.buf[i : i+int64(n)], nil
}
