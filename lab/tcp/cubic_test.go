package tcp

import (
	"math"
	"testing"
	"time"
)

// A periodic is the model of RFC 9438 section 5 and of Mathis et al.: every ACK takes one segment, ACKs come evenly over
// the round trip, one segment in `every` is lost, and a loss costs no time.
type periodic struct {
	w       Window
	control Congestion
	rtt     time.Duration
	every   int
}

func newPeriodic(name string, cwnd int, rtt time.Duration, every int) *periodic {
	return &periodic{w: Window{MSS: 1000, Cwnd: cwnd * 1000, Ssthresh: cwnd * 1000}, control: newCongestion(name), rtt: rtt, every: every}
}

// run takes that many losses and returns the average window in segments, over time.
func (p *periodic) run(losses int) float64 {
	w := &p.w
	area, begun := 0.0, w.Clock
	for range losses {
		for range p.every {
			w.Flight = w.Cwnd
			p.control.Ack(w, Ack{Now: w.Clock, Bytes: w.MSS, RTT: p.rtt, SRTT: p.rtt, Limited: true})
			step := p.rtt * time.Duration(w.MSS) / time.Duration(w.Cwnd)
			w.Clock += step
			area += float64(w.Cwnd) * step.Seconds()
		}
		p.lose()
	}
	return area / (w.Clock - begun).Seconds() / float64(w.MSS)
}

func (p *periodic) lose() {
	w := &p.w
	w.Flight = w.Cwnd
	w.Ssthresh = p.control.Loss(w, w.Clock)
	w.Cwnd, w.grown = w.Ssthresh, 0
}

// The average windows of RFC 9438's tables 1 and 2, for C = 0.4: where the Reno-friendly region rules, what Reno has
// (sqrt(1.5/p), which the RFC rounds down to 12, 38, 120 …), else figure 6. Its model is a cycle from beta W_max to
// W_max, so it begins with a loss there. The band is 4 %, but 10 % where the two regions meet: there the window is the larger
// of both at each moment.
func TestCubicResponseFunction(t *testing.T) {
	for _, c := range []struct {
		rtt        time.Duration
		every      int
		want, band float64
	}{
		{100 * ms, 1e2, 12.25, 0.05}, {100 * ms, 1e3, 38.73, 0.10}, {100 * ms, 1e4, 187, 0.02}, {100 * ms, 1e5, 1054, 0.02},
		{10 * ms, 1e2, 12.25, 0.05}, {10 * ms, 1e3, 38.73, 0.02}, {10 * ms, 1e4, 122.5, 0.02}, {10 * ms, 1e5, 387.3, 0.02},
	} {
		p := newPeriodic("cubic", int(c.want*4/3.7), c.rtt, c.every)
		p.lose()
		p.run(10)
		got := p.run(10)
		t.Logf("RTT %v, a loss in %d segments: %.1f segments on average, the RFC says %v", c.rtt, c.every, got, c.want)
		if math.Abs(got-c.want) > c.band*c.want {
			t.Errorf("RTT %v, a loss in %d segments: %.1f segments on average, the RFC says %v", c.rtt, c.every, got, c.want)
		}
	}
}

// In the Reno-friendly region a CUBIC and a Reno that lose the same share have the same average window (section 4.3).
func TestCubicIsFriendlyToReno(t *testing.T) {
	for _, every := range []int{200, 1000, 5000} {
		r, c := newPeriodic("reno", 40, 5*ms, every), newPeriodic("cubic", 40, 5*ms, every)
		r.run(20)
		c.run(20)
		reno, cubic := r.run(20), c.run(20)
		t.Logf("a loss in %d segments: reno %.2f, cubic %.2f segments", every, reno, cubic)
		if math.Abs(cubic-reno) > 0.04*reno {
			t.Errorf("a loss in %d segments: reno %.2f, cubic %.2f segments", every, reno, cubic)
		}
	}
}

// Equations 1 and 2 in seconds and segments, by floating point: the window follows W_cubic through the concave and the
// convex region, and reaches W_max after K.
func TestCubicCurve(t *testing.T) {
	const rtt = 100 * ms
	p := newPeriodic("cubic", 1000, rtt, 0)
	w := &p.w
	w.Flight = w.Cwnd
	w.Ssthresh = p.control.Loss(w, 0)
	w.Cwnd = w.Ssthresh
	if w.Cwnd != 700*w.MSS {
		t.Fatalf("beta: %d of 1000 segments", w.Cwnd/w.MSS)
	}
	k := math.Cbrt((1000 - 700) / 0.4)
	for w.Clock < 15*time.Second {
		p.control.Ack(w, Ack{Bytes: w.MSS, RTT: rtt, SRTT: rtt, Limited: true})
		w.Clock += rtt * time.Duration(w.MSS) / time.Duration(w.Cwnd)
		d := w.Clock.Seconds() - k
		// The window trails the target, a round trip ahead, by a part of what the function rises in one.
		low, high := 0.4*math.Pow(d-rtt.Seconds(), 3)+1000-1.5, 0.4*math.Pow(d+rtt.Seconds(), 3)+1000+1.5
		if got := float64(w.Cwnd) / 1000; got < low || got > high {
			t.Fatalf("at %v the window is %.1f segments, not between %.1f and %.1f", w.Clock, got, low, high)
		}
	}
	c := p.control.(*cubic)
	if math.Abs(c.k.Seconds()-k) > 1e-5 {
		t.Errorf("K is %v, not %.6f s", c.k, k)
	}
}

// rise is exact to the byte: against floating point where that is exact enough, and at its ends.
func TestCubicRise(t *testing.T) {
	for _, c := range []struct {
		mss  int
		d    time.Duration
		want int
	}{
		{1000, 0, 0}, {1000, time.Second, 400}, {1448, 10 * time.Second, 579200}, {8, 300 * time.Second, 86400000},
		{65483, 300 * time.Second, 707216400000}, {65483, time.Hour, 707216400000}, {1448, 1500*ms + 999, 1954},
	} {
		if got := rise(c.mss, c.d); got != c.want {
			t.Errorf("in %v a window of segments of %d rises by %d, not %d", c.d, c.mss, got, c.want)
		}
	}
}

// Fast convergence (section 4.7): lost before the last maximum, W_max is 0.85 of the window, else the window.
func TestCubicFastConvergence(t *testing.T) {
	w := Window{MSS: 1000, Cwnd: 100000, Flight: 100000}
	c := &cubic{}
	for _, step := range []struct{ cwnd, max int }{{100000, 100000}, {90000, 76500}, {80000, 80000}, {80000, 80000}} {
		w.Cwnd, w.Flight = step.cwnd, step.cwnd
		if ssthresh := c.Loss(&w, 0); c.max != step.max || c.prior != step.cwnd || ssthresh != step.cwnd*7/10 {
			t.Errorf("lost at %d: W_max %d, cwnd_prior %d, ssthresh %d", step.cwnd, c.max, c.prior, ssthresh)
		}
	}
	w.Cwnd, w.Flight = 2000, 2000
	if got := c.Loss(&w, 0); got != 2000 {
		t.Errorf("ssthresh %d, less than two segments", got)
	}
}

// After a timeout, and after a first slow start without a loss, congestion avoidance begins at the bottom of the curve:
// K = 0, W_max the window there is (sections 4.8 and 4.10).
func TestCubicFirstEpoch(t *testing.T) {
	for _, timeout := range []bool{false, true} {
		w := Window{MSS: 1000, Cwnd: 50000, Flight: 50000, Ssthresh: 50000, Clock: time.Second}
		c := &cubic{}
		if timeout {
			w.Ssthresh = c.Timeout(&w, 0)
			w.Cwnd = w.Ssthresh
		}
		want := w.Cwnd
		c.Ack(&w, Ack{Bytes: 1000, SRTT: 100 * ms, Limited: true})
		if c.k != 0 || c.max != want || c.start != time.Second {
			t.Errorf("timeout %v: K %v, W_max %d, begun at %v", timeout, c.k, c.max, c.start)
		}
	}
}

// Undo gives back W_max, K, the epoch and W_est (section 4.9): the window goes on as if nothing had been.
func TestCubicUndo(t *testing.T) {
	a, b := newPeriodic("cubic", 300, 100*ms, 2000), newPeriodic("cubic", 300, 100*ms, 2000)
	a.run(3)
	b.run(3)
	ack := func(p *periodic) {
		p.control.Ack(&p.w, Ack{Bytes: 1000, SRTT: 100 * ms, Limited: true})
		p.w.Clock += ms
	}
	for range 1000 {
		ack(a)
		ack(b)
	}
	kept := b.w
	b.w.Flight = b.w.Cwnd
	b.control.Loss(&b.w, 0)
	b.w.Cwnd = kept.Cwnd
	b.control.Undo(&b.w)
	for range 1000 {
		ack(a)
		ack(b)
		if a.w.Cwnd != b.w.Cwnd {
			t.Fatalf("%d after the undo, %d without the loss", b.w.Cwnd, a.w.Cwnd)
		}
	}
}

// Time in which the program has nothing to send does not count (section 5.8): after two minutes of it the window grows
// as it would have without.
func TestCubicIdle(t *testing.T) {
	grown := func(idle time.Duration) int {
		s := established(t, 100*ms, "", func(c *Config) { c.Congestion, c.InitialWindow = "cubic", 30 })
		s.c.SetSendBuffer(1 << 20)
		s.c.w.Ssthresh = 20000
		at := 1
		round := func() { // a window, and the ACKs for it 100 ms later
			s.write(60000 - (s.c.out.n))
			s.after(100 * ms)
			for end := int(s.c.nxt); at < end; {
				at = min(at+1000, end)
				s.in(ackOf(at))
			}
			s.sent = nil
		}
		for range 10 {
			round()
		}
		s.write(60000 - s.c.out.n)
		for at < int(s.c.nxt) || s.c.unsent() > 0 {
			s.after(100 * ms)
			at = int(s.c.nxt)
			s.in(ackOf(at))
			s.sent = nil
		}
		s.c.cfg.InitialWindow = 1000 // or the window would be taken back: that is another test's
		before := s.c.w.Cwnd
		s.after(idle)
		for range 3 {
			round()
		}
		return s.c.w.Cwnd - before
	}
	if short, long := grown(0), grown(2*time.Minute); long > short+1000 || short == 0 {
		t.Errorf("the window grows by %d, after two minutes of nothing by %d", short, long)
	}
}
