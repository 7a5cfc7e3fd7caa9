package trace

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Limits of what is read.
const (
	maxRecord  = 1 << 16 // bytes of one line
	maxColumns = 256
	maxRows    = 1 << 27
)

// records reads the records of a CSV file (RFC 4180): fields between commas, quoted where they hold a comma, a quote
// (doubled) or a line's end.
type records struct {
	r      *bufio.Reader
	line   int // where the last record begins, from 1
	lines  int // read so far
	long   []byte
	fields [][]byte
}

func newRecords(r io.Reader) *records { return &records{r: bufio.NewReaderSize(r, maxRecord)} }

var (
	errLong  = fmt.Errorf("the line is longer than %d bytes", maxRecord)
	errQuote = errors.New("a quote that is opened is not closed, or one stands inside a field without quotes")
	errWide  = fmt.Errorf("more than %d fields", maxColumns)
)

// next returns the fields of the next record, valid until the call after it; io.EOF behind the last.
func (r *records) next() ([][]byte, error) {
	r.line = r.lines + 1
	b, err := r.r.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		return nil, errLong
	}
	if err == io.EOF && len(b) == 0 {
		return nil, io.EOF
	}
	if err != nil && err != io.EOF {
		return nil, err
	}
	r.lines++
	if bytes.IndexByte(b, '"') >= 0 {
		return r.quoted(b)
	}
	b = trimEnd(b)
	r.fields = r.fields[:0]
	for {
		i := bytes.IndexByte(b, ',')
		if i < 0 {
			break
		}
		if len(r.fields) == maxColumns {
			return nil, errWide
		}
		r.fields = append(r.fields, b[:i])
		b = b[i+1:]
	}
	r.fields = append(r.fields, b)
	return r.fields, nil
}

// quoted splits a record in which quotes stand; its first line is b.
func (r *records) quoted(b []byte) ([][]byte, error) {
	r.long = append(r.long[:0], b...)
	for bytes.Count(r.long, []byte{'"'})%2 != 0 {
		more, err := r.r.ReadSlice('\n')
		if err == bufio.ErrBufferFull || len(r.long)+len(more) > maxRecord {
			return nil, errLong
		}
		if err == io.EOF && len(more) == 0 {
			return nil, errQuote
		}
		if err != nil && err != io.EOF {
			return nil, err
		}
		r.lines++
		r.long = append(r.long, more...)
	}
	b = trimEnd(r.long)
	r.fields = r.fields[:0]
	for {
		if len(r.fields) == maxColumns {
			return nil, errWide
		}
		var field []byte
		var err error
		field, b, err = cutField(b)
		if err != nil {
			return nil, err
		}
		r.fields = append(r.fields, field)
		if len(b) == 0 {
			return r.fields, nil
		}
		b = b[1:]
	}
}

// cutField returns the first field of b, its quotes undone in place, and what follows: nothing, or a comma and the rest.
func cutField(b []byte) (field, rest []byte, err error) {
	if len(b) == 0 || b[0] != '"' {
		i := bytes.IndexByte(b, ',')
		if i < 0 {
			i = len(b)
		}
		if bytes.IndexByte(b[:i], '"') >= 0 {
			return nil, nil, errQuote
		}
		return b[:i], b[i:], nil
	}
	n := 0
	for i := 1; i < len(b); i++ {
		if b[i] == '"' {
			if i+1 == len(b) || b[i+1] == ',' {
				return b[:n], b[i+1:], nil
			}
			if b[i+1] != '"' {
				return nil, nil, errQuote
			}
			i++
		}
		b[n] = b[i]
		n++
	}
	return nil, nil, errQuote
}

func trimEnd(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == '\n' {
		b = b[:n-1]
	}
	if n := len(b); n > 0 && b[n-1] == '\r' {
		b = b[:n-1]
	}
	return b
}

// appendText appends a field, quoted where it must be. A lone carriage return is quoted too: at a line's end it would be
// lost.
func appendText(b []byte, s string) []byte {
	plain := true
	for i := 0; i < len(s); i++ {
		if c := s[i]; c == ',' || c == '"' || c == '\n' || c == '\r' {
			plain = false
			break
		}
	}
	if plain {
		return append(b, s...)
	}
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		if s[i] == '"' {
			b = append(b, '"')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}
