package netem

import (
	"bytes"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"
)

// A Pattern says what happens to packets by their numbers, or by the instants at which they come, as KauNet's pattern files do. What it
// does not name, and all behind its end, passes.
type Pattern struct {
	timed bool   // positions are instants in nanoseconds, and the last is not in the range; else numbers from 1
	rows  []fate // in ascending order
}

type fate struct {
	from, to int64
	do       Do
}

// The limits of patterns.
const (
	MaxPatternText = 16 << 20      // bytes of a file
	maxPatternRows = 1 << 20       // and its lines
	maxPatternTime = time.Hour     // that a packet can be delayed
	maxPatternHold = 1_000_000     // packets that one can wait for
	maxPatternBit  = 65535 * 8     // of a packet
	maxPatternAt   = 1_000_000_000 // the highest number of a packet
	patternPacket  = "packet,do"   // the header of a pattern of numbers
	patternTime    = "time_s,do"   // and of one of instants
	patternFates   = "drop, duplicate, corrupt, corrupt BIT, delay TIME or hold PACKETS"
)

// ParsePattern reads a pattern: a header line, packet,do or time_s,do, and lines of a position and what to do there. A position is a
// number or a range of them (7 or 8-12), counted from 1; or a range of seconds with at most nine decimals, the last not included
// (1.5-2). They ascend. To do is: drop, duplicate, corrupt (a random bit), corrupt 77 (the packet's 77th bit, from 1),
// delay 20ms, hold 3 (until so many later packets have passed). Empty lines, and those that begin with #, are left out. Errors begin
// with the line.
func ParsePattern(text []byte) (*Pattern, error) {
	if len(text) > MaxPatternText {
		return nil, fmt.Errorf("the pattern has more than %d bytes", MaxPatternText)
	}
	p := new(Pattern)
	number, head := 0, true
	for line := range bytes.Lines(text) {
		number++
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		if err := p.line(string(line[:min(len(line), 200)]), head); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		head = false
	}
	if head {
		return nil, fmt.Errorf("line 1: the pattern is empty; it begins with %s or %s", patternPacket, patternTime)
	}
	return p, nil
}

func (p *Pattern) line(line string, head bool) error {
	if head {
		p.timed = line == patternTime
		if !p.timed && line != patternPacket {
			return fmt.Errorf("%q is no header; it is %s or %s", clip([]byte(line)), patternPacket, patternTime)
		}
		return nil
	}
	position, do, ok := strings.Cut(line, ",")
	if !ok {
		return fmt.Errorf("%q has no comma; a line is a position, a comma, and what to do: %s", clip([]byte(line)), patternFates)
	}
	var f fate
	var err error
	if p.timed {
		f.from, f.to, err = parseStretch(strings.TrimSpace(position))
	} else {
		f.from, f.to, err = parseNumbers(strings.TrimSpace(position))
	}
	if err != nil {
		return err
	}
	if f.do, err = parseDo(strings.TrimSpace(do)); err != nil {
		return err
	}
	n := len(p.rows)
	switch {
	case n == maxPatternRows:
		return fmt.Errorf("more than %d lines", maxPatternRows)
	case n > 0 && (f.from < p.rows[n-1].to || !p.timed && f.from == p.rows[n-1].to):
		return fmt.Errorf("%s is not behind the line before; positions ascend", clip([]byte(position)))
	}
	p.rows = append(p.rows, f)
	return nil
}

// parseNumbers reads 7 or 8-12.
func parseNumbers(s string) (from, to int64, err error) {
	a, b, isRange := strings.Cut(s, "-")
	if !isRange {
		b = a
	}
	for _, end := range []struct {
		text string
		into *int64
	}{{a, &from}, {b, &to}} {
		*end.into, err = strconv.ParseInt(strings.TrimSpace(end.text), 10, 64)
		if err != nil || *end.into < 1 || *end.into > maxPatternAt {
			return 0, 0, fmt.Errorf("%q is no number of a packet, such as 7, and no range, such as 8-12, from 1 to %d", clip([]byte(s)), maxPatternAt)
		}
	}
	if to < from {
		return 0, 0, fmt.Errorf("%s runs backwards", clip([]byte(s)))
	}
	return from, to, nil
}

// parseStretch reads 1.5-2.
func parseStretch(s string) (from, to int64, err error) {
	a, b, isRange := strings.Cut(s, "-")
	if !isRange {
		return 0, 0, fmt.Errorf("%q is no stretch of time; write from when to when in seconds, such as 1.5-2", clip([]byte(s)))
	}
	begin, err := parseSeconds(strings.TrimSpace(a))
	if err != nil {
		return 0, 0, err
	}
	end, err := parseSeconds(strings.TrimSpace(b))
	if err == nil && end <= begin {
		err = fmt.Errorf("%s ends where it begins, or before", clip([]byte(s)))
	}
	return int64(begin), int64(end), err
}

func parseDo(s string) (do Do, err error) {
	what, much, given := strings.Cut(s, " ")
	much = strings.TrimSpace(much)
	whole := func(most int) (n int) {
		n, err = strconv.Atoi(much)
		if err != nil || n < 1 || n > most {
			err = fmt.Errorf("%s: %q is no whole number from 1 to %d", what, clip([]byte(much)), most)
		}
		return n
	}
	switch {
	case what == "drop" && !given:
		do.Drop = true
	case what == "duplicate" && !given:
		do.Duplicate = true
	case what == "corrupt":
		if do.Corrupt = true; given {
			do.Bit = whole(maxPatternBit)
		}
	case what == "hold" && given:
		do.Hold = whole(maxPatternHold)
	case what == "delay" && given:
		if do.Delay, err = time.ParseDuration(much); err != nil || do.Delay < time.Microsecond || do.Delay > maxPatternTime {
			err = fmt.Errorf("delay: %q is no time from 1µs to %v, such as 20ms", clip([]byte(much)), maxPatternTime)
		}
	default:
		err = errors.New("there is nothing to do; it is " + patternFates)
		if s != "" {
			err = fmt.Errorf("%q is nothing to do; it is %s", clip([]byte(s)), patternFates)
		}
	}
	return do, err
}

// Timed tells whether the positions are instants.
func (p *Pattern) Timed() bool { return p.timed }

// Rows is how many lines the pattern has, and Delay the longest time for which it can keep a packet.
func (p *Pattern) Rows() int { return len(p.rows) }

// Delay is the longest time for which the pattern keeps a packet.
func (p *Pattern) Delay() (longest time.Duration) {
	for i := range p.rows {
		longest = max(longest, p.rows[i].do.Delay)
		if p.rows[i].do.Hold > 0 {
			longest = max(longest, HoldLimit)
		}
	}
	return longest
}

// at returns what happens to the n-th packet, which comes now; false if nothing does.
func (p *Pattern) at(n uint64, now time.Duration) (Do, bool) {
	where := int64(n)
	if p.timed {
		where = int64(now) + 1 // the range's last instant is not in it
	}
	i := sort.Search(len(p.rows), func(i int) bool { return p.rows[i].to >= where })
	if i == len(p.rows) || p.rows[i].from > where || p.timed && p.rows[i].from >= where {
		return Do{}, false
	}
	return p.rows[i].do, true
}
