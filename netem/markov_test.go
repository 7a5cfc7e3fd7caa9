package netem

import (
	"fmt"
	"math"
	"testing"
)

// deviation is the standard error of the share of time that a stationary chain spends where f is 1, after n steps:
// n·var = Σ over lags of the covariance, from the powers of the transition matrix.
func deviation(matrix [4][4]float64, pi, f [4]float64, n int) float64 {
	mean := 0.0
	for s := range pi {
		mean += pi[s] * f[s]
	}
	variance := mean * (1 - mean)
	v := f // f k steps on, given the state now
	for range 5000 {
		var next [4]float64
		for s := range next {
			for to := range next {
				next[s] += matrix[s][to] * v[to]
			}
		}
		v = next
		lag := -mean * mean
		for s := range pi {
			lag += pi[s] * f[s] * v[s]
		}
		variance += 2 * lag
	}
	return math.Sqrt(variance / float64(n))
}

// TestMarkov compares loss and the lengths of runs with the closed forms.
func TestMarkov(t *testing.T) {
	n := 300000
	if testing.Short() {
		n = 60000
	}
	for _, c := range []struct{ p13, p31, p32, p23, p14 float64 }{
		{.01, .25, 0, 1, 0}, // Gilbert's
		{.005, .2, .1, .4, .003},
		{.05, .3, .3, .5, .02},
		{.3, .7, 0, 1, 0}, // independent losses
		{.001, .05, .2, .3, .01},
	} {
		m := Markov{P13: Probability(c.p13), P31: Probability(c.p31), P32: Probability(c.p32), P23: Probability(c.p23), P14: Probability(c.p14)}
		lost, runs := lostRuns(3, m, n)
		want := (c.p13*c.p23 + c.p14*c.p23*c.p31) / (c.p31*c.p23 + c.p13*c.p23 + c.p13*c.p32 + c.p14*c.p31*c.p23)
		pi := [4]float64{1, c.p13 / c.p31 * c.p32 / c.p23, c.p13 / c.p31, c.p14}
		sum := pi[0] + pi[1] + pi[2] + pi[3]
		for s := range pi {
			pi[s] /= sum
		}
		if math.Abs(pi[2]+pi[3]-want) > 1e-12 {
			t.Fatalf("%+v: the balance equations give %g, the formula %g", c, pi[2]+pi[3], want)
		}
		matrix := [4][4]float64{
			{1 - c.p13 - c.p14, 0, c.p13, c.p14}, {0, 1 - c.p23, c.p23, 0}, {c.p31, c.p32, 1 - c.p31 - c.p32, 0}, {1, 0, 0, 0},
		}
		checkMean(t, fmt.Sprintf("%+v: loss", c), float64(lost)/float64(n), want, deviation(matrix, pi, [4]float64{0, 0, 1, 1}, n))
		// A run is alone with probability a, else as long as the stay in state 3.
		a := pi[3] / (pi[3] + pi[2]*(c.p31+c.p32))
		r := c.p31 + c.p32
		mean := a + (1-a)/r
		square := a + (1-a)*(2-r)/(r*r)
		checkMean(t, fmt.Sprintf("%+v: run", c), float64(lost)/float64(runs), mean, math.Sqrt((square-mean*mean)/float64(runs)))
	}
}

// TestMarkovStates walks through all transitions that are certain: 1 to 3 to 2 to 3 …, 1 to 4 to 1, 1 to 3 to 1.
func TestMarkovStates(t *testing.T) {
	for _, c := range []struct {
		m    Markov
		want string
	}{
		{Markov{P13: 1, P32: 1, P23: 1}, "[1 3 5]"},
		{Markov{P14: 1}, "[1 3 5]"},
		{Markov{P13: 1, P31: 1}, "[1 3 5]"},
		{Markov{P13: 1, P32: 1}, "[1]"}, // 2 for ever
		{Markov{P13: 1}, "[1 2 3 4 5 6]"},
		{Markov{P31: 1, P32: 0, P23: 1}, "[]"},
	} {
		w := newWorld(1, c.m)
		for range 6 {
			w.put(udp(0))
		}
		if got := fmt.Sprint(w.deaths()); got != c.want {
			t.Errorf("%+v lost %s, want %s", c.m, got, c.want)
		}
		for _, e := range w.dead {
			if e.cause != CauseBurst {
				t.Errorf("a packet died of %q", e.cause)
			}
		}
	}
}

// TestMarkovAnyOrder compares the look back with a walk forward.
func TestMarkovAnyOrder(t *testing.T) {
	const n = 2000
	for _, m := range []Markov{{P13: .01, P31: .2, P32: .1, P23: .4, P14: .01}, {P13: 1, P31: 1, P23: 1}, {P14: .5}, {P13: .5, P32: .5, P23: .5}} {
		s := NewStream(9)
		state := make([]uint8, n+1)
		state[0] = 1
		for i := uint64(1); i <= n; i++ {
			state[i] = m.after(state[i-1], s.At(dice(ClassOther, i), 0))
		}
		var k markovChain
		r := NewStream(2)
		for i := uint64(0); i < 3*n; i++ {
			at := 1 + Below(r.At(i, 0), n)
			if i < n && i%3 != 0 {
				at = i + 1
			}
			if got := k.behind(&m, s, ClassOther, at); got != state[at] {
				t.Fatalf("%+v: state %d behind packet %d, want %d", m, got, at, state[at])
			}
		}
	}
}

// TestLoseOrMark: with ECN the packets that would be lost are marked, where they take marks, and no others.
func TestLoseOrMark(t *testing.T) {
	capable := udp(0)
	capable[1] = byte(ECT0)
	for _, c := range []struct {
		lose, mark Stage
		cause      Cause
	}{
		{Loss{Probability: .3}, Loss{Probability: .3, ECN: true}, CauseLoss},
		{LossEvery{N: 3}, LossEvery{N: 3, ECN: true}, CauseLoss},
		{LossAt{Ranges: []Range{{2, 4}}}, LossAt{Ranges: []Range{{2, 4}}, ECN: true}, CauseLoss},
		{Burst{P: .2, R: .3, Bad: 1}, Burst{P: .2, R: .3, Bad: 1, ECN: true}, CauseBurst},
		{Markov{P13: .2, P31: .3}, Markov{P13: .2, P31: .3, ECN: true}, CauseBurst},
	} {
		lost, marked := newWorld(5, c.lose), newWorld(5, c.mark)
		for i := range 40 {
			lost.put(udp(0))
			b := udp(0)
			if i%2 == 0 {
				b = append([]byte(nil), capable...)
			}
			marked.put(b)
		}
		fate := map[int]bool{}
		for _, id := range lost.deaths() {
			fate[id] = true
		}
		if len(fate) == 0 {
			t.Errorf("%+v loses nothing", c.lose)
		}
		for _, e := range marked.out {
			if hit := fate[int(e.ID)]; (e.Marked == c.cause) != hit || hit != (e.Header.ECN == CE) || hit && e.ID%2 == 0 {
				t.Errorf("%+v: packet %d passes with mark %q", c.mark, e.ID, e.Marked)
			}
		}
		for _, e := range marked.dead {
			if !fate[int(e.ID)] || e.ID%2 != 0 || e.cause != c.cause {
				t.Errorf("%+v: packet %d dies of %q", c.mark, e.ID, e.cause)
			}
		}
		if len(marked.out)+len(marked.dead) != 40 {
			t.Errorf("%+v: %d out, %d dead", c.mark, len(marked.out), len(marked.dead))
		}
	}
}
