package netem

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"sort"
	"strconv"
	"time"
)

// Rates are the rate of a link as it changes over time. Each holds from its instant until the next one's; the last holds as
// long as the one before it, and then the trace begins again. What is on the wire when the rate changes goes on at the new
// one. A rate of 0 is a link that stands still.
type Rates struct {
	from   []time.Duration // ascending; the first is 0
	rate   []Rate
	period time.Duration // 0: there is but one rate
	mean   Rate
}

// maxTraceRate is the highest rate of a trace.
const maxTraceRate = 1000 * Gbit

// ParseRates reads a CSV file (RFC 4180) with the header time_s,rate_bps: seconds, with at most nine decimals, and whole bits
// a second. The first time is 0 and times ascend. Empty lines and lines that begin with # are left out. Errors begin with
// the line.
func ParseRates(text []byte) (*Rates, error) {
	in := csv.NewReader(bytes.NewReader(text))
	in.Comment, in.FieldsPerRecord, in.ReuseRecord, in.TrimLeadingSpace = '#', -1, true, true
	r := new(Rates)
	for head := true; ; head = false {
		row, err := in.Read()
		if err == io.EOF && !head {
			return r, r.finish()
		}
		var wrong *csv.ParseError
		switch {
		case err == io.EOF:
			return nil, errors.New("line 1: the file is empty; it begins with time_s,rate_bps")
		case errors.As(err, &wrong):
			return nil, fmt.Errorf("line %d: %w", wrong.Line, wrong.Err)
		case err != nil:
			return nil, err
		}
		line, _ := in.FieldPos(0)
		switch {
		case len(row) != 2:
			err = fmt.Errorf("%d columns; there are two, time_s,rate_bps", len(row))
		case head && (row[0] != "time_s" || row[1] != "rate_bps"):
			err = fmt.Errorf("%q, %q are no header; it is time_s,rate_bps", clip([]byte(row[0])), clip([]byte(row[1])))
		case !head:
			err = r.add(row[0], row[1])
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
	}
}

func (r *Rates) add(second, rate string) error {
	at, err := parseSeconds(second)
	if err != nil {
		return err
	}
	bps, err := strconv.ParseUint(rate, 10, 63)
	n := len(r.from)
	switch {
	case errors.Is(err, strconv.ErrRange) || err == nil && bps > uint64(maxTraceRate):
		return fmt.Errorf("%s bit/s is more than 1000 Gbit/s", clip([]byte(rate)))
	case err != nil:
		return fmt.Errorf("%q is no whole number of bits a second", clip([]byte(rate)))
	case n == 0 && at != 0:
		return fmt.Errorf("the first time is %s, not 0", second)
	case n > 0 && at <= r.from[n-1]:
		return fmt.Errorf("%s s is not later than the line before; times ascend", second)
	case n == maxTraceRows:
		return fmt.Errorf("more than %d rates", maxTraceRows)
	}
	r.from, r.rate = append(r.from, at), append(r.rate, Rate(bps))
	return nil
}

// parseSeconds reads a decimal number of seconds exactly.
func parseSeconds(s string) (time.Duration, error) {
	d, scale, point := uint64(0), 0, false
	for i := range len(s) {
		switch c := s[i]; {
		case c == '.' && !point && i > 0 && i < len(s)-1:
			point = true
		case c < '0' || c > '9' || scale == 9:
			return 0, fmt.Errorf("%q is no time in seconds with at most nine decimals", clip([]byte(s)))
		default:
			d = min(10*d+uint64(c-'0'), uint64(maxTraceTime)+1) // beyond, it is later in any case
			if point {
				scale++
			}
		}
	}
	if s == "" {
		return 0, errors.New("the time is empty")
	}
	for ; scale < 9; scale++ {
		d = min(10*d, uint64(maxTraceTime)+1)
	}
	if d > uint64(maxTraceTime) {
		return 0, fmt.Errorf("%s s is later than %v", clip([]byte(s)), maxTraceTime)
	}
	return time.Duration(d), nil
}

// finish checks the whole, and works out what the rows do not say.
func (r *Rates) finish() error {
	n := len(r.from)
	if n == 0 {
		return errors.New("line 2: no rate")
	}
	if n == 1 {
		r.mean = r.rate[0]
	} else {
		r.period = 2*r.from[n-1] - r.from[n-2]
		var hi, lo, carry uint64 // bits times 10^9 of a round
		for i := range r.rate {
			_, until := r.at(r.from[i])
			h, l := bits.Mul64(uint64(r.rate[i]), uint64(until-r.from[i]))
			lo, carry = bits.Add64(lo, l, 0)
			hi += h + carry
		}
		mean, _ := bits.Div64(hi, lo, uint64(r.period))
		r.mean = Rate(mean)
	}
	if r.mean == 0 {
		return errors.New("line 2: hardly anything would ever pass; the rates are 0 on average")
	}
	return nil
}

// Mean is the rate on average, rounded down; it is above 0.
func (r *Rates) Mean() Rate { return r.mean }

// Period is after how long the trace begins again; 0 where it has but one rate.
func (r *Rates) Period() time.Duration { return r.period }

// Pause is the longest time without any rate.
func (r *Rates) Pause() (longest time.Duration) {
	stands := time.Duration(0)
	for i := range 2 * len(r.rate) { // two rounds: it may stand still around the end
		i %= len(r.rate)
		_, until := r.at(r.from[i])
		if stands += until - r.from[i]; r.rate[i] > 0 {
			stands = 0
		}
		longest = max(longest, stands)
	}
	return longest
}

// Carried is how many bytes the link can carry from one instant to another.
func (r *Rates) Carried(from, to time.Duration) (bytes int64) {
	for from < to {
		rate, until := r.at(from)
		until = min(until, to)
		bytes += int64(fraction(uint64(rate), uint64(until-from), bitTime))
		from = until
	}
	return bytes
}

// at returns the rate at an instant, and until when it holds.
func (r *Rates) at(t time.Duration) (rate Rate, until time.Duration) {
	if r.period == 0 {
		return r.rate[0], forever
	}
	begun := t / r.period * r.period
	i := sort.Search(len(r.from), func(i int) bool { return r.from[i] > t-begun }) - 1
	if i+1 == len(r.from) {
		return r.rate[i], begun + r.period
	}
	return r.rate[i], begun + r.from[i+1]
}

// forever is later than anything.
const forever time.Duration = 1<<63 - 1
