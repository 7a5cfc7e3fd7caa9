package netem

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
)

// TestExponential holds the integer logarithm against the floating one and the draws against their distribution.
func TestExponential(t *testing.T) {
	const mean = time.Second
	for _, c := range []struct {
		draw uint64
		want float64 // in means
	}{
		{math.MaxUint64, 0}, {1<<63 - 1, math.Ln2}, {1<<62 - 1, 2 * math.Ln2}, {3<<62 - 1, -math.Log(0.75)}, {0, 64 * math.Ln2}, {99, 64*math.Ln2 - math.Log(100)},
		{1<<40 - 1, 24 * math.Ln2}, {math.MaxUint64 - 1<<30, 0x1p-34},
	} {
		if got := float64(exponential(c.draw, mean)) / float64(mean); math.Abs(got-c.want) > 2e-9 {
			t.Errorf("exponential(%d) is %.12f means, want %.12f", c.draw, got, c.want)
		}
	}
	const n = 200000
	r := NewStream(1)
	sum, square := 0.0, 0.0
	below := [4]int{}
	marks := [4]float64{0.01, 0.5, 1, 3}
	for i := range uint64(n) {
		draw := r.At(i, 0)
		x := float64(exponential(draw, time.Hour)) / float64(time.Hour)
		if want := -math.Log((float64(draw>>11) + 0.5) / (1 << 53)); math.Abs(x-want) > 1e-10+1e-9*want+1e-15/math.Exp(-want) {
			t.Fatalf("exponential(%d) is %.15f, want %.15f", draw, x, want)
		}
		sum += x
		square += x * x
		for k, m := range marks {
			if x < m {
				below[k]++
			}
		}
	}
	checkMean(t, "mean", sum/n, 1, 1/math.Sqrt(n))
	checkMean(t, "mean square", square/n, 2, math.Sqrt(20./n)) // E x⁴ = 24
	for k, m := range marks {
		checkRatio(t, fmt.Sprintf("below %v means", m), below[k], n, 1-math.Exp(-m))
	}
}

// TestSpells compares the loss of packets at a steady pace with the closed form. Losses d apart are correlated by
// exp(-d/τ), so the standard error is that of Burst's chain with λ = exp(-d/τ).
func TestSpells(t *testing.T) {
	n := 200000
	if testing.Short() {
		n = 50000
	}
	for _, c := range []Spells{
		{MeanGood: 90 * ms, MeanBad: 10 * ms, Bad: 1},
		{MeanGood: 20 * ms, MeanBad: 30 * ms, Bad: .5, Good: .05},
		{MeanGood: ms / 4, MeanBad: ms / 4, Bad: 1},
		{MeanGood: 3 * ms, MeanBad: 0, Bad: 1, Good: .25},
		{MeanGood: 0, MeanBad: ms, Bad: .3},
	} {
		w := newWorld(3, c)
		for i := range n {
			w.now = time.Duration(i) * ms
			w.put(udp(0))
		}
		good, bad := float64(c.MeanGood), float64(c.MeanBad)
		pi := bad / (good + bad)
		lambda := 0.0
		if good > 0 && bad > 0 {
			lambda = math.Exp(-float64(ms) * (good + bad) / (good * bad))
		}
		b, g := float64(c.Bad), float64(c.Good)
		mean := b*pi + g*(1-pi)
		variance := mean*(1-mean) + 2*(b-g)*(b-g)*pi*(1-pi)*lambda/(1-lambda)
		checkMean(t, fmt.Sprintf("%+v: loss", c), float64(len(w.dead))/float64(n), mean, math.Sqrt(variance/float64(n)))
	}
}

// TestWeather measures the spells themselves: how long they are, and how often it is bad at 0.
func TestWeather(t *testing.T) {
	const n = 50000
	w := newWeather(NewStream(5), 50*ms, 20*ms)
	var lasted [2]float64
	for range 2 * n {
		began, state := w.until, 1-w.state
		w.bad(w.until)
		lasted[state] += float64(w.until-began) / float64(ms)
	}
	checkMean(t, "good spell in ms", lasted[0]/n, 50, 50/math.Sqrt(n))
	checkMean(t, "bad spell in ms", lasted[1]/n, 20, 20/math.Sqrt(n))
	atFirst := 0
	for seed := range uint64(n) {
		atFirst += newWeather(NewStream(seed), 50*ms, 20*ms).state
	}
	checkRatio(t, "bad at 0", atFirst, n, 2./7)
}

// TestSameWeather: the spells are where they are, however many packets there are, and in both directions; what a packet draws in a
// spell is its direction's.
func TestSameWeather(t *testing.T) {
	when := func(direction string, s Stage, every time.Duration) (lost []time.Duration) {
		w := newWorldOf(7, nil)
		w.env.Rand = w.env.Rand.Sub(direction)
		port := Pipe{{"entry", Entry{}}, {"stage", s}}.Attach(w.env, func(*Packet) {})
		for ; w.now < 2*time.Second; w.now += every {
			died := len(w.dead)
			port(&Packet{Data: udp(0)})
			if len(w.dead) > died && w.now%(4*ms) == 0 {
				lost = append(lost, w.now)
			}
		}
		return lost
	}
	for _, s := range []Stage{Spells{MeanGood: 100 * ms, MeanBad: 50 * ms, Bad: 1}, Flap{100 * ms, time.Second, 100 * ms, 50 * ms, true}} {
		want := when("forward", s, ms)
		if len(want) < 20 {
			t.Fatalf("%+v: only %d losses", s, len(want))
		}
		if !slices.Equal(when("forward", s, 4*ms), want) || !slices.Equal(when("reverse", s, 2*ms), want) {
			t.Errorf("%+v: more packets, or those of the other direction, meet other weather", s)
		}
	}
	half := Spells{MeanGood: 100 * ms, MeanBad: 50 * ms, Bad: .5}
	if slices.Equal(when("forward", half, 4*ms), when("reverse", half, 4*ms)) {
		t.Error("packets of both directions have the same dice")
	}
}

// TestFlap: up for 3 ms, down for 2, from 10 ms on until 22.
func TestFlap(t *testing.T) {
	w := newWorld(1, Flap{From: 10 * ms, To: 22 * ms, Up: 3 * ms, Down: 2 * ms})
	for i := range time.Duration(30) {
		w.runTo(i * ms)
		w.put(udp(0)) // its ID is i + 1
	}
	w.runTo(30 * ms)
	if got := fmt.Sprint(w.deaths()); got != "[14 15 19 20]" || w.dead[0].cause != CauseOutage {
		t.Errorf("lost %s of %q", got, w.dead[0].cause)
	}
	w = newWorld(1, Flap{To: time.Hour, Up: ms, Down: 3 * ms, Random: true})
	const n = 100000
	for i := range n {
		w.now = time.Duration(i) * ms
		w.put(udp(0))
	}
	lambda := math.Exp(-4. / 3)
	checkMean(t, "random flap: loss", float64(len(w.dead))/n, .75, math.Sqrt(.75*.25*(1+lambda)/(1-lambda)/n))
	if w.out[0].ID != 1 {
		t.Error("the link does not begin up")
	}
}
