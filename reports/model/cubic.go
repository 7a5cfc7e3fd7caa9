package model

import (
	"math"
	"time"
)

// CUBIC's constants (RFC 9438 section 4.1 and RFC 8312 section 4.5).
const (
	cubicC    = 0.4 // segments/s³
	cubicBeta = 0.7 // what is left of the window after a loss event
)

// CubicWindow returns the mean congestion window in segments that CUBIC reaches where it grows by its cubic function
// (RFC 8312 section 5, equation 5; the same in RFC 9438 section 5):
//
//	[C*(3+β)/(4*(1-β))]^¼ * RTT^¾ / p^¾  =  1.0538 * (RTT/p)^¾,  RTT in seconds
//
// It holds for loss at fixed distances of 1/p packets.
func CubicWindow(p float64, rtt time.Duration) float64 {
	const scale = cubicC * (3 + cubicBeta) / (4 * (1 - cubicBeta))
	x := rtt.Seconds() / p
	return math.Sqrt(math.Sqrt(scale * x * x * x))
}

// RenoWindow returns the mean congestion window in segments of AIMD with increase 1 and decrease ½, which is also what
// CUBIC's Reno-friendly region estimates (RFC 9438 section 4.3, RFC 8312 section 4.2): sqrt(3/(2p)).
func RenoWindow(p float64) float64 { return math.Sqrt(1.5 / p) }

// Cubic returns CUBIC's throughput in packets a second: the greater of its two windows in every round trip. Like Mathis
// it knows no timeouts, so that it is too high above one or two per cent of loss events. B and T0 are not used.
func Cubic(p float64, c Connection) float64 {
	return c.limit(max(CubicWindow(p, c.RTT), RenoWindow(p)) / c.rtt())
}
