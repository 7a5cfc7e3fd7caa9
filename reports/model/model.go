// Package model is what theory says of TCP: throughput from loss rate and round-trip time (Mathis, PFTK, RFC 5348,
// CUBIC's response function), the bounds of RFC 6349 and the targets of RFC 8337. A measurement goes in, as symbols of
// the papers; a number to compare with comes out. Nothing here knows packets or traces.
//
// The loss rate p of all throughput models is the rate of loss EVENTS: of packets lost within one round-trip time only
// the first counts, for the sender reacts once to all of them (RFC 5348 section 5.2). With bursty loss it is far below
// the ratio of lost packets; metrics.Indications measures it.
package model

import (
	"math"
	"time"
)

// A Connection is what the models know of a connection besides its loss.
type Connection struct {
	RTT  time.Duration // mean round-trip time
	T0   time.Duration // mean retransmission timeout before any backoff; Mathis and CUBIC do not use it
	B    float64       // packets that one ACK acknowledges: 2 with delayed ACKs; 1 without them, or where growth counts bytes (RFC 3465)
	Wmax float64       // the largest window the receiver allows, packets; 0: without limit
}

// rtt returns the round-trip time in seconds.
func (c Connection) rtt() float64 { return c.RTT.Seconds() }

// limit bounds a rate in packets a second by Wmax/RTT.
func (c Connection) limit(rate float64) float64 {
	if c.Wmax > 0 {
		return min(rate, c.Wmax/c.rtt())
	}
	return rate
}

// Mathis returns the throughput in packets a second by the square-root law of Mathis, Semke, Mahdavi and Ott (1997):
//
//	(1/RTT) * C/sqrt(p),  C = sqrt(3/(2b))
//
// It assumes periodic loss, recovery by SACK, and neither timeouts nor a window limit: good below one or two per cent of
// loss events; at 5 % it is half above PFTK, at 10 % more than twice. Without loss it is infinite.
func Mathis(p float64, c Connection) float64 {
	return math.Sqrt(1.5/(c.B*p)) / c.rtt()
}
