package netem

import "math"

// LinuxRate returns how often Linux's netem really hits a packet (loses, duplicates, corrupts or reorders it) when it is told to
// with probability p and correlation rho, in the long run. Its random numbers x(n) = (1-rho) U(n) + rho x(n-1), U uniform from
// 0 to 1, are not uniform: they gather around 1/2, and the probability of x <= p collapses where p is small. For a p below 10^-9
// it is 0. For reading only: the last digits may differ from machine to machine.
//
// The distribution function of x in the long run solves F(t) = rho/(1-rho) ∫ F(s) ds over s from (t-(1-rho))/rho to t/rho, and
// F(1-t) = 1 - F(t). It is found by putting a guess into the right side again and again, on points whose logarithms are
// evenly spaced, so that the tail, which is made of products of ever smaller numbers, keeps its relative precision. With rho
// above 0.9 x is a mean of so many numbers that it is normal for all practical purposes.
func LinuxRate(p, rho Probability) float64 {
	switch {
	case !(p > 0) || rho >= 1:
		return max(0, float64(p))
	case p >= 1 || rho <= 0:
		return min(1, float64(p))
	case p < 1e-9:
		return 0
	case p > 0.5:
		return 1 - LinuxRate(1-p, rho)
	case rho > 0.9:
		return normalAverage(float64(p), float64(rho))
	}
	return newAverage(float64(p), float64(rho)).solve(float64(p))
}

// normalAverage is the probability of t and less under the normal distribution with x's mean and deviation.
func normalAverage(t, rho float64) float64 {
	deviation := math.Sqrt((1 - rho) / (12 * (1 + rho)))
	return 0.5 * math.Erfc((0.5-t)/(math.Sqrt2*deviation))
}

// An average is the distribution function of netem's correlated numbers, at points from 1/2 downwards.
type average struct {
	rho        float64
	f, g       []float64 // F at the points, and its integral from 0 to them
	high, back []weight  // where the integral's ends lie for each point: (t/rho), ((t-(1-rho))/rho)
}

// ratio is that of the points' distances from 0, one to the next.
const ratio = 0.996

// newAverage makes points down to where all is negligible beside F(p), and of F a first guess.
func newAverage(p, rho float64) *average {
	a := &average{rho: rho}
	for t := 0.5; t > p/100; t *= ratio {
		a.f = append(a.f, normalAverage(t, rho))
		a.high = append(a.high, weigh(t/rho))
		a.back = append(a.back, weigh((t-(1-rho))/rho))
	}
	a.g = make([]float64, len(a.f)+1)
	return a
}

func (a *average) solve(p float64) float64 {
	for range 20 + int(math.Log(1e-7)/math.Log(a.rho)) { // each round forgets all of the guess but rho of it
		a.integrate()
		for i := range a.f {
			a.f[i] = max(0, a.rho/(1-a.rho)*(a.at(a.high[i])-a.at(a.back[i])))
		}
	}
	w := weigh(p)
	return float64(a.f[w.i]*(1-w.part)) + float64(a.f[min(w.i+1, len(a.f)-1)]*w.part)
}

// integrate makes g of f, by trapezes from the last point up; below that it takes F for 0.
func (a *average) integrate() {
	t := 0.5 * math.Pow(ratio, float64(len(a.f)-1))
	for i := len(a.f) - 2; i >= 0; i-- {
		up := t / ratio
		a.g[i] = a.g[i+1] + float64((up-t)*0.5*(a.f[i]+a.f[i+1]))
		t = up
	}
}

// A weight says where the integral of F from 0 to s is to be had: plus itself, and between points i and i+1.
type weight struct {
	plus float64
	i    int // -1: nothing but plus
	part float64
}

// weigh uses that the integral to s > 1/2 is s - 1/2 and that to 1-s, since F(1-t) = 1 - F(t).
func weigh(s float64) (w weight) {
	if s > 0.5 {
		w.plus = s - 0.5
		s = 1 - s
	}
	if s <= 0 {
		w.i = -1
		return w
	}
	i, part := math.Modf(math.Log(2*s) / math.Log(ratio))
	w.i, w.part = int(i), part
	return w
}

// at returns the integral of F up to where w says.
func (a *average) at(w weight) float64 {
	if w.i < 0 || w.i >= len(a.g)-1 {
		return w.plus
	}
	return w.plus + float64(a.g[w.i]*(1-w.part)) + float64(a.g[w.i+1]*w.part)
}
