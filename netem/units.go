package netem

import (
	"math"
	"math/bits"
	"time"
)

// Rate is in bits a second; 0 means without limit.
type Rate int64

// Common rates.
const (
	Kbit Rate = 1000
	Mbit Rate = 1000 * Kbit
	Gbit Rate = 1000 * Mbit
)

// Time returns how long n bytes take on the wire, rounded up to a whole nanosecond; 0 for a rate without limit, and the
// longest Duration (292 years) for whatever takes longer. Adding up the times of many packets adds up the rounding too:
// Bottleneck carries the fractions instead.
func (r Rate) Time(n int) time.Duration {
	if r <= 0 || n <= 0 {
		return 0
	}
	const longest = time.Duration(math.MaxInt64)
	hi, lo := bits.Mul64(uint64(n), bitTime)
	if hi >= uint64(r) {
		return longest
	}
	q, rem := bits.Div64(hi, lo, uint64(r))
	if q >= uint64(longest) {
		return longest
	}
	if rem > 0 {
		q++
	}
	return time.Duration(q)
}

// bitTime is how many nanoseconds a byte takes at one bit a second.
const bitTime = 8 * uint64(time.Second)

// Size is in bytes.
type Size int64

// Common sizes.
const (
	KB  Size = 1000
	KiB Size = 1024
	MB  Size = 1000 * KB
	MiB Size = 1024 * KiB
	GB  Size = 1000 * MB
	GiB Size = 1024 * MiB
)
