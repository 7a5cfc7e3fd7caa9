package kernel

import (
	"math/bits"
	"time"
)

// never is the instant that does not come.
const never = time.Duration(1<<63 - 1)

// A Lateness counts how much later than due things happened, in classes at most 1/16 wide. The zero value is empty.
type Lateness struct {
	n     int
	max   time.Duration
	count [60 * 16]int
}

// Note counts one thing that happened d after it was due.
func (l *Lateness) Note(d time.Duration) {
	d = max(0, d)
	l.n++
	l.max = max(l.max, d)
	l.count[class(d)]++
}

// N returns how many were counted, Max the latest of them.
func (l *Lateness) N() int             { return l.n }
func (l *Lateness) Max() time.Duration { return l.max }

// Percentile returns the lateness that p per cent did not exceed, rounded up to the end of its class; 0 if none was counted.
func (l *Lateness) Percentile(p int) time.Duration {
	rest := (l.n*p + 99) / 100 // the rank
	for i, n := range l.count {
		if rest -= n; n > 0 && rest <= 0 {
			return min(top(i), l.max)
		}
	}
	return 0
}

// class returns d's class: below 16 ns each value has its own, and then each power of two has 16.
func class(d time.Duration) int {
	if d < 16 {
		return int(d)
	}
	e := bits.Len64(uint64(d)) - 5
	return 16*e + int(uint64(d)>>e)
}

// top returns the last value of a class.
func top(class int) time.Duration {
	if class < 32 {
		return time.Duration(class)
	}
	e := class/16 - 1
	return time.Duration(class%16+17)<<e - 1
}
