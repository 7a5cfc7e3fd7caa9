package netem

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Opportunities are when a link may deliver, as mahimahi's link traces have it: at each instant up to 1500 bytes, and what is
// not used then is lost. Several small packets may share an opportunity, and a packet may need several. Behind the last one
// the trace begins again, its length being the last instant. A packet that comes at the instant of an opportunity is too late
// for it.
type Opportunities struct {
	at []time.Duration // ascending; the last above 0
}

// opportunity is what one of them carries, in bytes on the wire.
const opportunity = 1500

// The limits of link traces.
const (
	maxTraceRows = 4_000_000
	maxTraceTime = 24 * time.Hour
)

// ParseOpportunities reads mahimahi's format: a line an opportunity, with its time in whole milliseconds, in ascending order.
// Empty lines and lines that begin with # are left out. Errors begin with the line.
func ParseOpportunities(text []byte) (*Opportunities, error) {
	o := new(Opportunities)
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		ms, err := strconv.ParseUint(line, 10, 63)
		at := time.Duration(min(ms, uint64(maxTraceTime/time.Millisecond)+1)) * time.Millisecond
		switch {
		case errors.Is(err, strconv.ErrRange) || err == nil && at > maxTraceTime:
			return nil, fmt.Errorf("line %d: %s ms is later than %v", n, clip([]byte(line)), maxTraceTime)
		case err != nil:
			return nil, fmt.Errorf("line %d: %q is no whole number of milliseconds", n, clip([]byte(line)))
		case len(o.at) > 0 && at < o.at[len(o.at)-1]:
			return nil, fmt.Errorf("line %d: %s ms stands behind %d ms; times ascend", n, line, o.at[len(o.at)-1].Milliseconds())
		case len(o.at) == maxTraceRows:
			return nil, fmt.Errorf("line %d: more than %d opportunities", n, maxTraceRows)
		}
		o.at = append(o.at, at)
	}
	switch {
	case len(o.at) == 0:
		return nil, errors.New("line 1: no opportunity; a line is a time in milliseconds at which 1500 bytes can be delivered")
	case o.Period() == 0:
		return nil, fmt.Errorf("line %d: all opportunities are at 0 ms; the last says how long the trace is", n)
	}
	return o, nil
}

// Period is after how long the trace begins again.
func (o *Opportunities) Period() time.Duration { return o.at[len(o.at)-1] }

// Mean is the rate on average, rounded down: what the link carries if every opportunity is used.
func (o *Opportunities) Mean() Rate {
	return Rate(fraction(uint64(len(o.at)), opportunity*bitTime, uint64(o.Period())))
}

// Pause is the longest time without an opportunity.
func (o *Opportunities) Pause() time.Duration {
	longest := o.at[0]
	for i := 1; i < len(o.at); i++ {
		longest = max(longest, o.at[i]-o.at[i-1])
	}
	return longest
}

// after returns the instant of the first opportunity after now, and how many there are at it.
func (o *Opportunities) after(now time.Duration) (at time.Duration, n int) {
	period := o.Period()
	begun := now / period * period
	first, _ := slices.BinarySearch(o.at, now-begun+1)
	last, _ := slices.BinarySearch(o.at, o.at[first]+1)
	at, n = begun+o.at[first], last-first
	if o.at[first] == period { // the first of the next round
		again, _ := slices.BinarySearch(o.at, 1)
		n += again
	}
	return at, n
}

// Carried is how many bytes the link can carry behind an instant, until another one and at it.
func (o *Opportunities) Carried(behind, until time.Duration) int64 {
	return int64(o.count(until)-o.count(behind)) * opportunity
}

// count is how many opportunities there are until an instant and at it.
func (o *Opportunities) count(t time.Duration) int {
	period := o.Period()
	n, _ := slices.BinarySearch(o.at, t%period+1)
	return int(t/period)*len(o.at) + n
}
