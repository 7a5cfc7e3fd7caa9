package model

import "math"

// TFRC returns the rate in packets a second that RFC 5348 section 3.1 allows a flow that wants to be fair to TCP:
//
//	1 / ( R*sqrt(2bp/3) + t_RTO*(3*sqrt(3bp/8)*p*(1+32p²)) )
//
// R is the connection's RTT and t_RTO its T0 (the RFC: 4R, or max(4R, 1 s)); b = 1 is recommended. There is neither PFTK's
// min(1, ·) nor a window limit, so Wmax is not used. Times the segment size it is the RFC's X_Bps.
func TFRC(p float64, c Connection) float64 {
	timeouts := 3 * math.Sqrt(3*c.B*p/8) * p * (1 + float64(32*p*p))
	return 1 / (float64(c.rtt()*math.Sqrt(2*c.B*p/3)) + float64(c.T0.Seconds()*timeouts))
}
