package netem

import (
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

// Time returns how long n bytes take on the wire, rounded up to a whole nanosecond; 0 for a rate without limit.
func (r Rate) Time(n int) time.Duration {
	if r <= 0 {
		return 0
	}
	hi, lo := bits.Mul64(uint64(n), 8*uint64(time.Second))
	q, rem := bits.Div64(hi, lo, uint64(r)) // hi < r for every n below 2^31 and r >= 8: ns fit in 64 bits
	if rem > 0 {
		q++
	}
	return time.Duration(q)
}

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
