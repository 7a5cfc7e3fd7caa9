package netem

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// lostRuns puts n datagrams through a stage and returns how many died, and in how many runs.
func lostRuns(seed uint64, s Stage, n int) (lost, runs int) {
	w := newWorld(seed, s)
	b := udp(0)
	for range n {
		w.put(b)
	}
	last := uint64(0)
	for _, e := range w.dead {
		if last == 0 || e.Number != last+1 {
			runs++
		}
		last = e.Number
	}
	return len(w.dead), runs
}

// TestLossCorrelation: however large the correlation, as many are lost, in runs of 1/((1-p)(1-rho)) packets. The fates form a
// two-state chain of eigenvalue rho, so N·var = p(1-p) (1+rho)/(1-rho).
func TestLossCorrelation(t *testing.T) {
	n := 200000
	if testing.Short() {
		n = 50000
	}
	for _, c := range []struct{ p, rho float64 }{{.01, 0}, {.01, .25}, {.1, .5}, {.5, .9}, {.02, .97}} {
		lost, runs := lostRuns(3, Loss{Probability: Probability(c.p), Correlation: Probability(c.rho)}, n)
		name := fmt.Sprintf("loss %g correlation %g", c.p, c.rho)
		checkMean(t, name, float64(lost)/float64(n), c.p, math.Sqrt(c.p*(1-c.p)*(1+c.rho)/(1-c.rho)/float64(n)))
		r := (1 - c.p) * (1 - c.rho)
		checkMean(t, name+": run", float64(lost)/float64(runs), 1/r, math.Sqrt((1-r)/(r*r)/float64(runs)))
	}
}

// TestCorrelationIsBurst: the fates have the moments of the Gilbert model with P = p(1-rho) and R = (1-p)(1-rho).
func TestCorrelationIsBurst(t *testing.T) {
	const n = 200000
	p, rho := 0.05, 0.6
	lost, runs := lostRuns(8, Loss{Probability: 0.05, Correlation: 0.6}, n)
	bLost, bRuns := lostRuns(8, Burst{P: Probability(p * (1 - rho)), R: Probability((1 - p) * (1 - rho)), Bad: 1}, n)
	one := math.Sqrt(p * (1 - p) * (1 + rho) / (1 - rho) / n)
	checkMean(t, "loss less Burst's", float64(lost-bLost)/n, 0, math.Sqrt2*one)
	r := (1 - p) * (1 - rho)
	checkMean(t, "run less Burst's", float64(lost)/float64(runs)-float64(bLost)/float64(bRuns), 0, math.Sqrt(2*(1-r)/(r*r)/float64(runs)))
}

// TestCorrelationOfAll: duplicates, damage and reordering meet the same law.
func TestCorrelationOfAll(t *testing.T) {
	const n, p, rho = 60000, 0.2, 0.5
	error := math.Sqrt(p * (1 - p) * (1 + rho) / (1 - rho) / n)
	b := udp(1)
	w := newWorld(4, Duplicate{Probability: p, Correlation: rho})
	for range n {
		w.put(b)
	}
	checkMean(t, "duplicates", float64(w.copies)/n, p, error)
	w = newWorld(4, Corrupt{Probability: p, Correlation: rho, FixChecksum: true})
	harmed, together, where := 0, 0, map[byte]int{}
	last := false
	for range n {
		q := w.put(udp(1))
		if q.Harm != "" {
			if harmed++; last {
				together++
			}
			where[q.Data[28]]++
		}
		last = q.Harm != ""
	}
	checkMean(t, "damage", float64(harmed)/n, p, error)
	checkMean(t, "damage behind damage", float64(together)/float64(harmed), p+rho*(1-p), math.Sqrt(.6*.4/float64(harmed)))
	for _, k := range where { // the bit is every packet's own: eight of them
		checkRatio(t, "a bit", k, harmed, 1.0/8)
	}
	w = newWorld(4, Reorder{Pick: Pick{Probability: p, Correlation: rho}, Delay: time.Hour})
	for range n {
		w.put(b)
	}
	checkMean(t, "reordering", float64(n-len(w.out))/n, p, error)
}

// TestDelayCorrelation: each delay has the distribution without correlation, and delays k packets apart correlate by rho^k.
func TestDelayCorrelation(t *testing.T) {
	const n, rho = 100000, 0.8
	of := Delay{Base: 10 * ms, Jitter: 2 * ms, Distribution: Normal, Correlation: rho}.draw(NewStream(5))
	x := make([]float64, n)
	mean, square, fresh := 0.0, 0.0, 0
	for i := range x {
		p := &Packet{Number: uint64(i + 1), Header: Header{Kind: KindData}}
		p.Dice = dice(ClassData, p.Number)
		x[i] = float64(of(p)-10*ms) / float64(2*ms)
		mean += x[i] / n
		square += x[i] * x[i] / n
		if i == 0 || x[i] != x[i-1] {
			fresh++
		}
	}
	longer := math.Sqrt((1 + rho) / (1 - rho) / n)
	checkMean(t, "mean", mean, 0, longer)
	checkMean(t, "square", square, 1, math.Sqrt2*longer)
	checkMean(t, "new delays", float64(fresh)/n, 1-rho, math.Sqrt(rho*(1-rho)/n)+1.0/4096)
	for _, k := range []int{1, 2, 5} {
		sum := 0.0
		for i := k; i < n; i++ {
			sum += x[i] * x[i-k] / float64(n-k)
		}
		checkMean(t, fmt.Sprintf("correlation %d apart", k), sum, math.Pow(rho, float64(k)), math.Sqrt2*longer)
	}
}

// TestCorrelationNests: a packet that meets its own draws meets those that it would meet without correlation.
func TestCorrelationNests(t *testing.T) {
	r := NewStream(6)
	without := correlated(r, 0)
	own := 0
	for _, rho := range []Probability{0.3, 0.9} {
		with := correlated(r, rho)
		previous := uint64(0)
		for n := uint64(1); n < 1000; n++ {
			p := &Packet{Number: n, Dice: dice(ClassOther, n)}
			p.Header.Kind = KindACK
			switch got := with(p); got {
			case without(p):
				own++
			case previous:
			default:
				t.Fatalf("packet %d meets neither its own draw nor that before it", n)
			}
			previous = with(p)
		}
	}
	if own < 600 || own > 1000 { // 800 of 1998, with a deviation of 18
		t.Errorf("%d packets met their own draws", own)
	}
}

// TestMemoryAnyOrder compares the look back with a walk forward, for packets in any order with any missing.
func TestMemoryAnyOrder(t *testing.T) {
	const n = 2000
	for _, rho := range []Probability{.1, .9, .999, 1} {
		r := NewStream(9)
		walk := newMemory(r, rho)
		want := make([]uint64, n+1)
		for i := uint64(1); i <= n; i++ {
			want[i] = dice(ClassOther, i)
			if i > 1 && rho.Hit(walk.own.At(want[i], 0)) {
				want[i] = want[i-1]
			}
		}
		m := newMemory(r, rho)
		order := NewStream(2)
		for i := uint64(0); i < 3*n; i++ {
			at := 1 + Below(order.At(i, 0), n)
			if i < n && i%3 != 0 { // for a while mostly forward
				at = i + 1
			}
			if got := m.at(ClassOther, at); got != want[at] {
				t.Fatalf("correlation %g: packet %d meets another's draws than it should", rho, at)
			}
		}
	}
}
