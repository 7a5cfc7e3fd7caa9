package trace

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"time"
)

// Fields of the CSV files, both ways. The readers take exactly what the writers make, and an empty field where the
// writers leave zero out.

// number is any integer a row holds.
type number interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

// integer is a column of a whole number.
func integer[T any, N number](name string, at func(*T) *N) column[T] {
	return column[T]{name,
		func(b []byte, row *T) []byte { return appendInteger(b, *at(row)) },
		func(row *T, f []byte) error { return parseInteger(at(row), f) }}
}

// sparse is a column of a whole number that is mostly 0, which is left out.
func sparse[T any, N number](name string, at func(*T) *N) column[T] {
	return column[T]{name,
		func(b []byte, row *T) []byte {
			if n := *at(row); n != 0 {
				return appendInteger(b, n)
			}
			return b
		},
		func(row *T, f []byte) error {
			if len(f) == 0 {
				return nil
			}
			return parseInteger(at(row), f)
		}}
}

// instant is a column of a time in seconds; Never is left out.
func instant[T any](name string, at func(*T) *time.Duration) column[T] {
	return column[T]{name,
		func(b []byte, row *T) []byte { return appendSeconds(b, *at(row)) },
		func(row *T, f []byte) (err error) {
			*at(row), err = parseSeconds(f)
			return err
		}}
}

// text is a column of words, of which there are few different ones.
func text[T any, S ~string](name string, s *shared, at func(*T) *S) column[T] {
	return column[T]{name,
		func(b []byte, row *T) []byte { return appendText(b, string(*at(row))) },
		func(row *T, f []byte) error {
			*at(row) = S(s.word(f))
			return nil
		}}
}

// flag is a column of "true" or nothing.
func flag[T any](name string, at func(*T) *bool) column[T] {
	return column[T]{name,
		func(b []byte, row *T) []byte {
			if *at(row) {
				return append(b, "true"...)
			}
			return b
		},
		func(row *T, f []byte) error {
			if *at(row) = string(f) == "true"; !*at(row) && len(f) > 0 {
				return fmt.Errorf("%q is neither true nor empty", clip(f))
			}
			return nil
		}}
}

func appendInteger[N number](b []byte, n N) []byte {
	if n > 0 && uint64(n) > math.MaxInt64 {
		return strconv.AppendUint(b, uint64(n), 10)
	}
	return strconv.AppendInt(b, int64(n), 10)
}

// parseInteger reads a decimal number that fits.
func parseInteger[N number](n *N, f []byte) error {
	digits, negative := f, len(f) > 0 && f[0] == '-'
	if negative {
		digits = f[1:]
	}
	var u uint64
	for _, c := range digits {
		if c < '0' || c > '9' || u > math.MaxUint64/10 {
			return errNumber(f)
		}
		v := u*10 + uint64(c-'0')
		if v < u*10 {
			return errNumber(f)
		}
		u = v
	}
	if len(digits) == 0 || negative && u > 1<<63 {
		return errNumber(f)
	}
	v := N(u)
	if negative {
		v = N(-u)
		if v > 0 || int64(v) != int64(-u) {
			return errNumber(f)
		}
	} else if v < 0 || uint64(v) != u {
		return errNumber(f)
	}
	*n = v
	return nil
}

func errNumber(f []byte) error { return fmt.Errorf("%q is no whole number, or too large", clip(f)) }

// appendSeconds appends a time in seconds with nine decimals; nothing for Never.
func appendSeconds(b []byte, d time.Duration) []byte {
	if d < 0 {
		return b
	}
	b = strconv.AppendInt(b, int64(d/time.Second), 10)
	b = append(b, ".000000000"...)
	for i, n := len(b)-1, d%time.Second; n > 0; i, n = i-1, n/10 {
		b[i] = byte('0' + n%10)
	}
	return b
}

// parseSeconds reads a time in seconds with nine decimals; nothing is Never.
func parseSeconds(f []byte) (time.Duration, error) {
	if len(f) == 0 {
		return Never, nil
	}
	point := len(f) - 10
	if point < 1 || point > 10 || f[point] != '.' {
		return 0, errSeconds(f)
	}
	var n uint64 // at most 19 digits: they fit
	for i, c := range f {
		if i == point {
			continue
		}
		if c < '0' || c > '9' {
			return 0, errSeconds(f)
		}
		n = n*10 + uint64(c-'0')
	}
	if n > math.MaxInt64 {
		return 0, errSeconds(f)
	}
	return time.Duration(n), nil
}

func errSeconds(f []byte) error {
	return fmt.Errorf("%q is no time in seconds with nine decimals, such as 1.500000000", clip(f))
}

// clip keeps an error message short.
func clip(f []byte) []byte { return f[:min(len(f), 40)] }

// shared holds what many rows of the files have in common, each once.
type shared struct {
	words       map[string]string
	texts       map[CallText]*CallText
	connections map[Connection]*Connection
	states      states
	notes       notes
}

// word returns the one string that reads so.
func (s *shared) word(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if w, ok := s.words[string(b)]; ok {
		return w
	}
	if s.words == nil {
		s.words = map[string]string{}
	}
	w := string(b)
	s.words[w] = w
	return w
}

var errAddress = errors.New("no address with a port, such as 10.0.0.1:80")

// parseAddress reads an address with its port; nothing is the zero AddrPort.
func parseAddress(f []byte) (netip.AddrPort, error) {
	if len(f) == 0 {
		return netip.AddrPort{}, nil
	}
	a, err := netip.ParseAddrPort(string(f))
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%q: %w", clip(f), errAddress)
	}
	return a, nil
}

func appendAddress(b []byte, a netip.AddrPort) []byte {
	if !a.IsValid() {
		return b
	}
	return a.AppendTo(b)
}
