package netem

import (
	"fmt"
	"math"
	"testing"
)

// TestBurst compares loss and the lengths of bursts with the closed forms. Losses are correlated, so the loss's standard
// error is that of a two-state chain: N·var = m(1-m) + 2 (bad-good)² π(1-π) λ/(1-λ) with λ = 1-p-r.
func TestBurst(t *testing.T) {
	n := 200000
	if testing.Short() {
		n = 50000
	}
	b := udp(0)
	for _, c := range []Burst{
		{P: 0.01, R: 0.25, Bad: 1, Good: 0},
		{P: 0.001, R: 0.05, Bad: 1, Good: 0},
		{P: 0.02, R: 0.1, Bad: 0.5, Good: 0.01},
		{P: 0.7, R: 0.8, Bad: 1, Good: 0},
		{P: 0.3, R: 0.7, Bad: 1, Good: 0}, // p + r = 1: independent losses
	} {
		w := newWorld(3, c)
		for range n {
			w.put(b)
		}
		p, r, bad, good := float64(c.P), float64(c.R), float64(c.Bad), float64(c.Good)
		pi, lambda := p/(p+r), 1-p-r
		mean := bad*pi + good*(1-pi)
		variance := mean*(1-mean) + 2*(bad-good)*(bad-good)*pi*(1-pi)*lambda/(1-lambda)
		checkMean(t, fmt.Sprintf("%+v: loss", c), float64(len(w.dead))/float64(n), mean, math.Sqrt(variance/float64(n)))
		if bad == 1 && good == 0 {
			runs, last := 0, uint64(0)
			for _, e := range w.dead {
				if e.Number != last+1 || last == 0 {
					runs++
				}
				last = e.Number
			}
			checkMean(t, fmt.Sprintf("%+v: burst", c), float64(len(w.dead))/float64(runs), 1/r, math.Sqrt((1-r)/(r*r)/float64(runs)))
		}
	}
}

// TestBurstSojourn measures how long the chain stays in each state, where losses do not show it.
func TestBurstSojourn(t *testing.T) {
	const n = 200000
	b := Burst{P: 0.02, R: 0.2, Bad: 0.5}
	var k chain
	var packets, stays [2]float64
	was := -1
	for i := uint64(1); i <= n; i++ {
		state := 0
		if k.meets(b, NewStream(5), ClassData, i) {
			state = 1
		}
		packets[state]++
		if state != was {
			stays[state]++
		}
		was = state
	}
	for state, leave := range []float64{0.02, 0.2} {
		checkMean(t, fmt.Sprintf("stay in state %d", state), packets[state]/stays[state], 1/leave, math.Sqrt((1-leave)/(leave*leave)/stays[state]))
	}
}

// TestBurstEntryState: the fate is decided by the state a packet meets, and the first packet meets the good one. With
// P = R = 1 the states alternate, so exactly the even packets are lost.
func TestBurstEntryState(t *testing.T) {
	w := newWorld(1, Burst{P: 1, R: 1, Bad: 1})
	for range 6 {
		w.put(udp(0))
	}
	if got := fmt.Sprint(w.deaths()); got != "[2 4 6]" || w.dead[0].cause != CauseBurst {
		t.Errorf("lost %s, want [2 4 6]", got)
	}
}

// TestBurstAnyOrder compares the chain's look back with a walk forward, for packets in any order with any missing.
func TestBurstAnyOrder(t *testing.T) {
	const n = 2000
	for _, b := range []Burst{{P: 0.01, R: 0.1}, {P: 0.6, R: 0.9}, {P: 1, R: 1}, {P: 0, R: 0.5}, {P: 0.4, R: 0.6}, {P: 0.001, R: 0}} {
		s := NewStream(9)
		state := make([]bool, n+1) // the state that packet i meets
		for i := uint64(1); i < n; i++ {
			state[i+1] = b.after(state[i], s.At(dice(ClassOther, i), burstState))
		}
		var k chain
		r := NewStream(2)
		for i := uint64(0); i < 3*n; i++ {
			at := 1 + Below(r.At(i, 0), n)
			if i < n && i%3 != 0 { // for a while mostly forward
				at = i + 1
			}
			if got := k.meets(b, s, ClassOther, at); got != state[at] {
				t.Fatalf("%+v: packet %d meets bad=%v, want %v", b, at, got, state[at])
			}
		}
	}
}
