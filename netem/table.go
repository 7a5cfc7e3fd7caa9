package netem

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// The limits of a table of a distribution; that of values is tc's.
const (
	MaxTable     = 16384   // values
	MaxTableText = 1 << 20 // bytes of its file
)

// ParseTable reads a table of a distribution as iproute2's maketable writes it: whole numbers from -32768 to 32767 with blanks
// and line ends between them; lines that begin with # are comments. An error says in which line.
func ParseTable(text []byte) (Table, error) {
	if len(text) > MaxTableText {
		return nil, fmt.Errorf("the table has more than %d bytes", MaxTableText)
	}
	var t Table
	number := 0
	for line := range bytes.Lines(text) {
		number++
		if line[0] == '#' {
			continue
		}
		for field := range bytes.FieldsSeq(line) {
			v, err := strconv.ParseInt(string(field[:min(len(field), 20)]), 10, 16)
			switch {
			case len(t) == MaxTable:
				return nil, fmt.Errorf("line %d: more than %d values", number, MaxTable)
			case errors.Is(err, strconv.ErrRange):
				return nil, fmt.Errorf("line %d: %s is not from -32768 to 32767", number, clip(field))
			case err != nil:
				return nil, fmt.Errorf("line %d: %q is no whole number", number, clip(field))
			}
			t = append(t, int16(v))
		}
	}
	if len(t) == 0 {
		return nil, errors.New("the table has no values")
	}
	return t, nil
}

// clip shortens what is shown of a wrong value.
func clip(b []byte) []byte { return b[:min(len(b), 40)] }
