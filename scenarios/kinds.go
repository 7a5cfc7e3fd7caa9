package scenarios

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"reliabilitylab/netem"
)

// The kinds of values that keys have, with their limits.

var (
	rate        = kind[netem.Rate]{"a rate, such as 10Mbit", ParseRate}
	probability = kind[netem.Probability]{"a probability, such as 2% or 0.02", ParseProbability}
	yesOrNo     = kind[bool]{"true or false", readBool}
	ranges      = kind[Range]{"a number or a range of numbers, such as 3 or 7-9", readRange}
	pathQueue   = kind[Queue]{"a number of packets, such as 100p, or a size, such as 64KiB", readQueue}
	line        = kind[string]{"a line of text", func(s string) (string, error) { return text(s, 200, true) }}
	paragraphs  = kind[string]{"a text", func(s string) (string, error) { return text(s, 1<<16, false) }}
	word        = kind[string]{"a name", readName}
	seedNumber  = kind[uint64]{"a whole number", readSeed}
)

// definite is a rate that has a limit.
var definite = kind[netem.Rate]{"a rate, such as 8Mbit", func(s string) (netem.Rate, error) {
	r, err := ParseRate(s)
	if err == nil && r == 0 {
		return 0, errors.New("a program cannot send without limit; write a rate, such as 8Mbit")
	}
	return r, err
}}

func readBool(s string) (bool, error) {
	switch s {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	switch strings.ToLower(s) {
	case "yes", "on", "y", "true":
		return false, fmt.Errorf("%s is written true", s)
	case "no", "off", "n", "false":
		return false, fmt.Errorf("%s is written false", s)
	}
	return false, fmt.Errorf("%q is neither true nor false", s)
}

// whole is a whole number from min to max.
func whole(what string, min, max int) kind[int] {
	return kind[int]{what, func(s string) (int, error) {
		v, err := strconv.Atoi(s)
		switch {
		case errors.Is(err, strconv.ErrRange):
			return 0, fmt.Errorf("%s is out of all range; it is %s from %d to %d", s, what, min, max)
		case err != nil:
			return 0, fmt.Errorf("%q is not a whole number; it is %s from %d to %d", s, what, min, max)
		case v < min:
			return 0, fmt.Errorf("%d is too small; it is %s from %d to %d", v, what, min, max)
		case v > max:
			return 0, fmt.Errorf("%d is too large; it is %s from %d to %d", v, what, min, max)
		}
		return v, nil
	}}
}

// span is a duration from min to max.
func span(min, max time.Duration) kind[time.Duration] {
	return kind[time.Duration]{"a duration, such as 25ms", func(s string) (time.Duration, error) {
		v, err := ParseDuration(s)
		switch {
		case err != nil:
			return 0, err
		case v < min:
			return 0, fmt.Errorf("%s is too short; the least is %v", s, min)
		case v > max:
			return 0, fmt.Errorf("%s is too long; the most is %v", s, max)
		}
		return v, nil
	}}
}

// bytes is a size from min to max.
func bytesOf(min, max netem.Size) kind[netem.Size] {
	return kind[netem.Size]{"a size, such as 5MiB", func(s string) (netem.Size, error) {
		v, err := ParseSize(s)
		switch {
		case err != nil:
			return 0, err
		case v < min:
			return 0, fmt.Errorf("%s is too small; the least is %s", s, FormatSize(min))
		case v > max:
			return 0, fmt.Errorf("%s is too large; the most is %s", s, FormatSize(max))
		}
		return v, nil
	}}
}

// length is a size that is used as a number of bytes.
func length(min, max int) kind[int] {
	size := bytesOf(netem.Size(min), netem.Size(max))
	return kind[int]{"a number of bytes, such as 1448", func(s string) (int, error) {
		v, err := size.read(s)
		return int(v), err
	}}
}

// now lists the words that this version can run.
func now(words ...string) []string { return words }

// oneOf is one word of several.
func oneOf(choices ...[]string) kind[string] {
	have := slices.Concat(choices...)
	return kind[string]{"one of " + strings.Join(have, ", "), func(s string) (string, error) {
		if contains(have, s) {
			return s, nil
		}
		if near, ok := Nearest(s, have); ok {
			return "", fmt.Errorf("%q is unknown; did you mean %s?", s, near)
		}
		return "", fmt.Errorf("%q is unknown; there %s", s, isAre(have))
	}}
}

// maxOrdinal is the highest number of a packet that can be named.
const maxOrdinal = 1_000_000_000

func readRange(s string) (Range, error) {
	a, b, isRange := strings.Cut(s, "-")
	if !isRange {
		b = a
	}
	n := whole("a packet's number", 1, maxOrdinal)
	from, err := n.read(strings.TrimSpace(a))
	if err != nil {
		return Range{}, err
	}
	to, err := n.read(strings.TrimSpace(b))
	if err != nil {
		return Range{}, err
	}
	if to < from {
		return Range{}, fmt.Errorf("%s runs backwards; write %d-%d", s, to, from)
	}
	return Range{from, to}, nil
}

// readQueue reads the length of a queue, in packets or in bytes.
func readQueue(s string) (Queue, error) {
	if s == "unlimited" {
		return Queue{}, nil
	}
	if n, ok := strings.CutSuffix(s, "p"); ok {
		packets, err := whole("a number of packets", 1, 10_000_000).read(strings.TrimSpace(n))
		return Queue{Packets: packets}, err
	}
	if _, err := strconv.Atoi(s); err == nil {
		return Queue{}, fmt.Errorf("%s of what? Write %sp for packets or %sB for bytes", s, s, s)
	}
	size, err := bytesOf(68, 16*netem.GiB).read(s)
	if err != nil {
		return Queue{}, fmt.Errorf("%w; a queue is a number of packets, such as 100p, or a size, such as 64KiB", err)
	}
	return Queue{Bytes: size}, nil
}

func text(s string, max int, single bool) (string, error) {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		return "", errors.New("the text is empty")
	case len(s) > max:
		return "", fmt.Errorf("the text has %d bytes; the most is %d", len(s), max)
	case single && strings.ContainsAny(s, "\n\r"):
		return "", errors.New("the text has several lines; it must be one")
	case !utf8.ValidString(s):
		return "", errors.New("the text is not UTF-8")
	}
	return s, nil
}

// maxName is the longest name: it becomes a part of file names.
const maxName = 64

func readName(s string) (string, error) {
	if s == "" || len(s) > maxName {
		return "", fmt.Errorf("%q: a name has 1 to %d characters", s, maxName)
	}
	for i, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		case i > 0 && (r == '-' || r == '_'):
		default:
			return "", fmt.Errorf("%q: a name begins with a letter or digit and has letters, digits, - and _", s)
		}
	}
	return s, nil
}

func readSeed(s string) (uint64, error) {
	v, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a seed: a whole number from 0 to %d", s, uint64(math.MaxUint64))
	}
	return v, nil
}
