package netem

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
)

const ms = time.Millisecond

// TestDelay: exact delays, in all ways of holding packets.
func TestDelay(t *testing.T) {
	for _, d := range []Delay{{Base: 25 * ms}, {Base: 25 * ms, KeepOrder: true}, {Base: 0}, {Base: -5 * ms}} {
		w := newWorld(1, d)
		for i := range time.Duration(100) {
			w.runTo(i * ms)
			w.put(udp(0))
			w.put(udp(0))
		}
		w.run()
		for i, e := range w.out {
			sent := time.Duration(i/2) * ms
			if want := sent + max(0, d.Base); e.ID != uint64(i+1) || e.at != want {
				t.Fatalf("%+v: packet %d came as number %d at %v, want %v", d, e.ID, i+1, e.at, want)
			}
		}
	}
}

// TestDelayMoments compares mean and variance with the distributions': uniform within ±s has variance s²/3. The table of
// the normal distribution stops at 3.67 s, which takes 0.0006 from its variance of 1; so much more is allowed.
func TestDelayMoments(t *testing.T) {
	const n = 100000
	for _, c := range []struct {
		of                            Distribution
		mean, variance, kurtosis, cut float64 // in units of the jitter
	}{
		{Uniform, 0, 1.0 / 3, 9.0 / 5, 0},
		{Normal, 0, 1, 3, 0.0006},
	} {
		w := newWorld(4, Delay{Base: 100 * ms, Jitter: 10 * ms, Distribution: c.of})
		for range n {
			w.put(udp(0))
		}
		w.run()
		var sum, squares float64
		for _, e := range w.out {
			x := float64(e.at-100*ms) / float64(10*ms)
			sum += x
			squares += x * x
			if c.of == Uniform && (x < -1 || x >= 1) {
				t.Fatalf("uniform delay %v is out of 100ms ± 10ms", e.at)
			}
		}
		mean, variance := sum/n, squares/n-sum/n*sum/n
		checkMean(t, c.of.String()+": mean", mean, c.mean, math.Sqrt(c.variance/n))
		checkMean(t, c.of.String()+": variance", variance, c.variance-c.cut/2, c.variance*math.Sqrt((c.kurtosis-1)/n)+c.cut/2/tail)
	}
}

// TestDelayOrder: with KeepOrder nothing is overtaken and nobody leaves before his own delay; without, jitter reorders, by
// exactly the instants drawn.
func TestDelayOrder(t *testing.T) {
	for _, d := range []Distribution{Uniform, Normal, Pareto, ParetoNormal} {
		for _, keep := range []bool{true, false} {
			w := newWorld(8, Delay{Base: 5 * ms, Jitter: 5 * ms, Distribution: d, KeepOrder: keep})
			sent := map[uint64]time.Duration{}
			for i := range time.Duration(5000) {
				w.runTo(i * ms / 4)
				p := w.put(udp(0))
				sent[p.ID] = w.now
			}
			w.run()
			inOrder := slices.IsSortedFunc(w.out, func(a, b event) int { return int(a.ID) - int(b.ID) })
			if len(w.out) != 5000 || inOrder != keep {
				t.Errorf("%v, KeepOrder %v: %d came, in order %v", d, keep, len(w.out), inOrder)
			}
			if !slices.IsSortedFunc(w.out, func(a, b event) int { return int(a.at - b.at) }) {
				t.Errorf("%v, KeepOrder %v: time runs backwards", d, keep)
			}
			for _, e := range w.out {
				own := max(0, 5*ms+sample(d, nil, w.env.Rand.Sub("stage").Draw(e.Packet, 0), 5*ms))
				if delay := e.at - sent[e.ID]; delay < own || !keep && delay != own {
					t.Fatalf("%v, KeepOrder %v: packet %d took %v, its own delay is %v", d, keep, e.ID, delay, own)
				}
			}
		}
	}
}

// TestSchedule: packets leave by (instant, order), many of them at the same instant.
func TestSchedule(t *testing.T) {
	clock := new(testClock)
	var got []appointment
	s := newSchedule(clock, func(p *Packet, order uint64) { got = append(got, appointment{clock.now, order, p}) })
	want := map[uint64]time.Duration{}
	for i := range uint64(3000) {
		if i == 1500 {
			clock.runTo(5 * ms)
		}
		d := time.Duration(Below(NewStream(3).At(i, 0), 10)) * ms
		want[i] = clock.now + d
		s.add(&Packet{}, i, d)
	}
	clock.run()
	for i := range got {
		if got[i].due != want[got[i].order] || i > 0 && !got[i-1].before(&got[i]) {
			t.Fatalf("number %d left as %d-th at %v, due at %v", got[i].order, i, got[i].due, want[got[i].order])
		}
	}
	if len(got) != 3000 {
		t.Errorf("%d of 3000 left", len(got))
	}
}

// TestDelayAsksOnce: a stage that keeps the order has one call of the clock pending, however many packets it holds.
func TestDelayAsksOnce(t *testing.T) {
	w := newWorld(1, Delay{Base: 10 * ms, Jitter: ms, KeepOrder: true})
	for range 100 {
		w.put(udp(0))
		if len(w.calls) != 1 {
			t.Fatalf("%d calls are pending", len(w.calls))
		}
	}
	w.run()
	if w.asked > 100 || len(w.out) != 100 {
		t.Errorf("%d calls for %d packets", w.asked, len(w.out))
	}
}

// TestTables holds each value of the tables against the distribution function: the value's midpoint of probability must
// lie within half a step of the table's scale.
func TestTables(t *testing.T) {
	normalCDF := func(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }
	paretoCDF := func(x float64) float64 { return 1 - math.Pow(0.75*x+1.5, -3) }
	for _, c := range []struct {
		name string
		t    *[4096]int16
		cdf  func(float64) float64
	}{{"normal", &normalTable, normalCDF}, {"pareto", &paretoTable, paretoCDF}} {
		for i, v := range c.t {
			q := (float64(i) + 0.5) / 4096
			if lo, hi := c.cdf((float64(v)-0.501)/8192), c.cdf((float64(v)+0.501)/8192); q < lo || q > hi && v != math.MaxInt16 {
				t.Fatalf("%s table[%d] is %d: its probability is within %.6f to %.6f, want %.6f", c.name, i, v, lo, hi, q)
			}
		}
		if !slices.IsSorted(c.t[:]) {
			t.Errorf("the %s table falls somewhere", c.name)
		}
	}
	for i, v := range paretoNormalTable {
		// Four values are rounded, each by at most a half, that of the mixture times four and of Pareto times three.
		if d := 4*int(v) - int(normalTable[i]) - 3*int(paretoTable[i]); d < -4 || d > 4 {
			t.Fatalf("paretonormal table[%d] is %d, which is no mixture of %d and %d", i, v, normalTable[i], paretoTable[i])
		}
	}
}

// TestSample: exact values of the arithmetic, and no overflow for a jitter of a day.
func TestSample(t *testing.T) {
	first, last := uint64(0), uint64(math.MaxUint64)
	for _, c := range []struct {
		d      Distribution
		draw   uint64
		jitter time.Duration
		want   time.Duration
	}{
		{Uniform, first, 10, -10}, {Uniform, last, 10, 9}, {Uniform, 1 << 63, 10, 0},
		{Pareto, last, 8192, 32767}, {Pareto, last, 1, 4}, {Pareto, last, 24 * time.Hour, 24 * time.Hour / 8192 * 32767},
		{Normal, first, 8192, time.Duration(normalTable[0])}, {Normal, last, 8192, -time.Duration(normalTable[0])},
	} {
		got := sample(c.d, nil, c.draw, c.jitter)
		if diff := got - c.want; diff < -32767 || diff > 32767 || c.jitter < time.Hour && diff != 0 {
			t.Errorf("%v of draw %#x with jitter %v is %v, want %v", c.d, c.draw, c.jitter, got, c.want)
		}
	}
}

func TestParseDistribution(t *testing.T) {
	for _, d := range []Distribution{Uniform, Normal, Pareto, ParetoNormal} {
		if got, err := ParseDistribution(d.String()); got != d || err != nil {
			t.Errorf("ParseDistribution(%q) is %v, %v", d, got, err)
		}
	}
	if _, err := ParseDistribution("gauss"); fmt.Sprint(err) != `distribution "gauss" is none of uniform, normal, pareto, paretonormal` {
		t.Errorf("ParseDistribution of nonsense says %v", err)
	}
}

// TestReorder: the chosen packets leave exactly Delay later, and the ratio of RFC 4737 section 4.1 is Probability. A packet
// whose next ten are chosen too is not overtaken; that is less than 1e-10 of them.
func TestReorder(t *testing.T) {
	const n, p = 100000, 0.05
	w := newWorld(6, Reorder{Pick: Pick{Probability: p}, Delay: 10*ms + ms/2})
	for i := range time.Duration(n) {
		w.runTo(i * ms)
		w.put(udp(0))
	}
	w.run()
	reordered, expected := 0, uint64(0)
	for _, e := range w.out {
		sent := time.Duration(e.Number-1) * ms
		if e.Number < expected {
			reordered++
			if e.at != sent+10*ms+ms/2 {
				t.Fatalf("packet %d was held back %v", e.Number, e.at-sent)
			}
			continue
		}
		expected = e.Number + 1
	}
	if len(w.out) != n {
		t.Errorf("%d of %d came", len(w.out), n)
	}
	checkRatio(t, "reordered ratio", reordered, n, p)
	w = newWorld(6, Reorder{Pick: Pick{Probability: 1}})
	w.put(udp(0))
	if len(w.out) != 1 {
		t.Error("Reorder without Delay holds packets")
	}
}

func TestDuplicate(t *testing.T) {
	const n, p = 100000, 0.02
	w := newWorld(6, Duplicate{Probability: p}, Duplicate{Probability: 0})
	for range n {
		w.put(udp(0))
	}
	checkRatio(t, "duplicates", w.copies, n, p)
	for i, e := range w.out {
		if e.Of != 0 && w.out[i-1].ID != e.Of {
			t.Fatalf("a copy of %d follows %d", e.Of, w.out[i-1].ID)
		}
	}
	w = newWorld(6, Duplicate{Probability: 1}, Duplicate{Probability: 1})
	w.put(udp(0))
	if got := w.ids(); !slices.Equal(got, []int{1, -1, -1}) || w.out[1].Dice == w.out[2].Dice || w.out[1].Dice == w.out[0].Dice {
		t.Errorf("two stages made %v with dice %x %x %x, want the original and two copies with dice of their own", got, w.out[0].Dice, w.out[1].Dice, w.out[2].Dice)
	}
}
