package model

import (
	"math"
	"time"
)

// TargetWindow returns RFC 8337's target_window_size (section 5.2), the mean window in packets that a rate needs: rate in
// bits a second; mtu and headers in bytes.
func TargetWindow(rate float64, rtt time.Duration, mtu, headers int) int {
	return int(math.Ceil(BandwidthDelay(rate, rtt) / float64(mtu-headers)))
}

// TargetRunLength returns RFC 8337's reference target_run_length (section 5.2): how many packets must get through between
// losses for Reno with delayed ACKs to hold a window of w packets. It is conservative on purpose.
func TargetRunLength(w int) int { return 3 * w * w }

// Verdict is what a sequential test says.
type Verdict int

// The verdicts.
const (
	Undecided Verdict = iota // measure on
	Pass                     // H0: at most one defect in run length packets
	Fail                     // H1: at least one in a quarter of it
)

// A SequentialTest is the sequential probability ratio test of RFC 8337 section 7.2 (Wald): it decides, from as few packets as
// can be, whether losses are as rare as one in run length packets or as frequent as four.
type SequentialTest struct {
	h1, h2, s float64
}

// NewSequentialTest returns a test with chances alpha of failing a good path and beta of passing a bad one (0.05 is the
// RFC's example). runLength must be above 4.
func NewSequentialTest(runLength int, alpha, beta float64) SequentialTest {
	p0 := 1 / float64(runLength)
	p1 := 4 / float64(runLength)
	k := math.Log(p1 * (1 - p0) / (p0 * (1 - p1)))
	return SequentialTest{
		h1: math.Log((1-alpha)/beta) / k,
		h2: math.Log((1-beta)/alpha) / k,
		s:  math.Log((1-p0)/(1-p1)) / k,
	}
}

// Judge returns the verdict after so many packets and defects.
func (t SequentialTest) Judge(packets, defects int) Verdict {
	d, line := float64(defects), float64(t.s*float64(packets))
	switch {
	case d <= line-t.h1:
		return Pass
	case d >= line+t.h2:
		return Fail
	}
	return Undecided
}

// Least returns after how many packets without any defect the test passes: h1/s, rounded up.
func (t SequentialTest) Least() int { return int(math.Ceil(t.h1 / t.s)) }
