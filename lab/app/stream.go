package app

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"time"
)

// stream sends messages at a constant rate for a while, like a call: message n is due (n-1) * Message * 8 / Rate after
// the beginning, and all that are due before For are sent. A TCP that is stuck makes messages late, not fewer: those
// that are overdue follow at once.
func stream(p Program) (conversation, error) {
	if p.Rate == 0 {
		return nil, errors.New("it needs a rate above 0")
	}
	if p.For <= 0 {
		return nil, errors.New("it needs a duration (for) above 0")
	}
	// The number of messages is For * Rate / (Message * 8), rounded up.
	hi, lo := bits.Mul64(uint64(p.For), uint64(p.Rate))
	each := uint64(p.Message) * 8 * uint64(time.Second)
	if hi >= each {
		return nil, fmt.Errorf("%v at %d bit/s are too many messages to count", p.For, p.Rate)
	}
	count, rest := bits.Div64(hi, lo, each)
	if rest > 0 {
		count++
	}
	if count > uint64(math.MaxInt64/p.Message) {
		return nil, fmt.Errorf("%v at %d bit/s are more bytes than can be counted", p.For, p.Rate)
	}
	return newOneWay(p, int64(count)*int64(p.Message), p.Rate)
}
