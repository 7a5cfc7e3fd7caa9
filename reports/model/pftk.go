package model

import "math"

// PFTKApprox returns the throughput in packets a second by the approximate model of Padhye, Firoiu, Towsley and Kurose
// (Modeling TCP Throughput, SIGCOMM 1998):
//
//	min( Wmax/RTT, 1 / ( RTT*sqrt(2bp/3) + T0*min(1, 3*sqrt(3bp/8))*p*(1+32p²) ) )
//
// Unlike Mathis it knows timeouts and the window limit. It holds for Reno in congestion avoidance: transfers long
// against slow start. Without loss it is Wmax/RTT, or infinite.
func PFTKApprox(p float64, c Connection) float64 {
	timeouts := min(1, 3*math.Sqrt(3*c.B*p/8)) * p * (1 + float64(32*p*p))
	spent := float64(c.rtt()*math.Sqrt(2*c.B*p/3)) + float64(c.T0.Seconds()*timeouts)
	return c.limit(1 / spent)
}

// PFTK returns the throughput in packets a second by the full model of the same paper. Without loss it is Wmax/RTT, or
// infinite; at p = 1 nothing gets through.
//
//	E = (2+b)/(3b) + sqrt( 8(1-p)/(3bp) + ((2+b)/(3b))² )            the mean window, packets, when it is unlimited
//	Q(w) = min(1, (1-(1-p)³)(1+(1-p)³(1-(1-p)^(w-3))) / (1-(1-p)^w))  the chance that a loss indication is a timeout
//	f(p) = 1 + p + 2p² + 4p³ + 8p⁴ + 16p⁵ + 32p⁶                      T0*f(p)/(1-p) is the mean time of timeouts in a row
//
//	E < Wmax:  ( (1-p)/p + E + Q(E)/(1-p) )       / ( RTT(bE/2+1) + Q(E)*T0*f(p)/(1-p) )
//	else:      ( (1-p)/p + Wmax + Q(Wmax)/(1-p) ) / ( RTT(b*Wmax/8 + (1-p)/(p*Wmax) + 2) + Q(Wmax)*T0*f(p)/(1-p) )
func PFTK(p float64, c Connection) float64 {
	if p <= 0 {
		return c.limit(math.Inf(1))
	}
	if p >= 1 {
		return 0
	}
	k := (2 + c.B) / (3 * c.B)
	window := k + math.Sqrt(float64(8*(1-p)/(3*c.B*p))+float64(k*k))
	rounds := float64(c.B*window/2) + 1
	if c.Wmax > 0 && window >= c.Wmax {
		window = c.Wmax
		rounds = float64(c.B*window/8) + (1-p)/(p*window) + 2
	}
	q := timeoutShare(p, window)
	sent := (1-p)/p + window + q/(1-p)
	spent := float64(c.rtt()*rounds) + float64(q*c.T0.Seconds()*backoff(p)/(1-p))
	return sent / spent
}

// timeoutShare is PFTK's Q: the probability that a loss in a window of w packets is found by timeout and not by three
// duplicate ACKs. In a window of three packets or fewer it always is.
func timeoutShare(p, w float64) float64 {
	if w <= 3 {
		return 1
	}
	cube := (1 - p) * (1 - p) * (1 - p)
	above := (1 - cube) * (1 + float64(cube*(1-math.Pow(1-p, w-3))))
	return min(1, above/(1-math.Pow(1-p, w)))
}

// backoff is PFTK's f.
func backoff(p float64) float64 {
	sum, term := 1.0, p
	for range 6 {
		sum += term
		term *= 2 * p
	}
	return sum
}
