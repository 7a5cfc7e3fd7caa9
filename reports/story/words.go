package story

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// clock is an instant: seconds with as many decimals as a reader can follow.
func clock(d time.Duration) string {
	ms := (d + 500*time.Microsecond) / time.Millisecond
	return fmt.Sprintf("%d.%03d s", ms/1000, ms%1000)
}

// span is a length of time, with three digits that count; of seconds with milliseconds, so that it agrees with clock.
func span(d time.Duration) string {
	if d >= 999500*time.Microsecond {
		return strings.TrimRight(strings.TrimRight(strings.TrimSuffix(clock(d), " s"), "0"), ".") + " s"
	}
	unit, name := time.Millisecond, "ms"
	if d < 999500*time.Nanosecond {
		unit, name = time.Microsecond, "µs"
	}
	step := unit / 100
	switch {
	case d >= 100*unit:
		step = unit
	case d >= 10*unit:
		step = unit / 10
	}
	hundredths := int64((d+step/2)/step*step) * 100 / int64(unit)
	text := fmt.Sprintf("%d.%02d", hundredths/100, hundredths%100)
	return strings.TrimRight(strings.TrimRight(text, "0"), ".") + " " + name
}

// numerals are the numbers that are written as words.
var numerals = [...]string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"}

func count(n int) string {
	if n < len(numerals) {
		return numerals[n]
	}
	return strconv.Itoa(n)
}

// upper makes the first letter of a sentence large.
func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// again says that something was sent once more, after it was sent n times.
func again(n int) string {
	if n == 1 {
		return "sent again"
	}
	if n+1 < len(ordinals) {
		return "sent a " + ordinals[n+1] + " time"
	}
	return fmt.Sprintf("sent the %dth time", n+1)
}

var ordinals = [...]string{"", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"}

// arrived says when something arrived after all.
func arrived(there, sent time.Duration) string {
	if sent < time.Millisecond/2 { // the two are the same to the reader
		return fmt.Sprintf(" It arrived at %s.", clock(there))
	}
	return fmt.Sprintf(" It arrived at %s, %s after it was first sent.", clock(there), span(there-sent))
}

// fate says what ended a packet that was not taken.
func (w *teller) fate(p *trace.Packet) string {
	far := "the " + w.host(1-p.Direction)
	if p.Fate == trace.Discarded {
		switch {
		case p.Harm != "" && p.Cause == "checksum":
			return "was damaged on the way, and " + far + " threw it away for its wrong checksum"
		case p.Harm != "":
			return "was damaged on the way, and " + far + " threw it away (" + string(p.Cause) + ")"
		case p.Cause == "socket buffer full":
			return "arrived at a full socket buffer, and " + far + " threw it away"
		case p.Cause == "no socket":
			return "arrived where no socket wanted it"
		case p.Cause == "":
			return "was thrown away by " + far
		}
		return "was thrown away by " + far + " (" + string(p.Cause) + ")"
	}
	if p.Cause == netem.CauseTooBig {
		return w.tooBig(p)
	}
	if p.Lost-p.Sent >= time.Millisecond/2 { // else the two are the same to the reader
		return ended(p.Cause) + " at " + clock(p.Lost)
	}
	return ended(p.Cause)
}

// ended says what the path did to a packet that did not come out of it.
func ended(cause netem.Cause) string {
	switch cause {
	case "", netem.CauseLoss:
		return "was lost"
	case netem.CauseBurst:
		return "was lost in a burst"
	case netem.CauseQueueFull:
		return "found the queue full and was dropped"
	case netem.CauseOutage:
		return "was lost in an outage"
	case netem.CauseScript:
		return "was dropped by the script"
	}
	return "was lost (" + string(cause) + ")"
}

// numbers names segments: "segment 58", "segments 58 to 60".
func numbers(thing string, first, last int) string {
	switch {
	case first == last:
		return fmt.Sprintf("%s %d", thing, first)
	case first+1 == last:
		return fmt.Sprintf("%ss %d and %d", thing, first, last)
	}
	return fmt.Sprintf("%ss %d to %d", thing, first, last)
}
