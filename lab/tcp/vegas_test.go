package tcp

import (
	"testing"
	"time"
)

// Vegas keeps alpha to beta segments in the queue of a bottleneck and loses none, on short paths and long ones, where Reno
// fills it.
func TestVegasQueue(t *testing.T) {
	for _, c := range []struct{ rtt, settled time.Duration }{{20 * ms, 4 * time.Second}, {100 * ms, 12 * time.Second}} {
		b := &bottleneck{segment: ms, limit: 100, settled: c.settled}
		used := b.through(t, "vegas", c.rtt, 2*time.Second)
		t.Logf("vegas, %v: %.3f of the path; %v", c.rtt, used, b)
		for _, q := range b.queued {
			if q < vegasAlpha-1 || q > vegasBeta+1 { // a segment more or less: the one being sent
				t.Errorf("RTT %v: %d segments in the queue", c.rtt, q)
				break
			}
		}
		if used < 0.99 || b.lost > 0 {
			t.Errorf("RTT %v: %.3f of the path used, %d lost", c.rtt, used, b.lost)
		}
	}
	r := &bottleneck{segment: ms, limit: 100}
	if r.through(t, "reno", 20*ms, 4*time.Second); r.lost == 0 {
		t.Error("Reno loses nothing: the bottleneck is none")
	}
}

// The end of a round trip, by hand: the path takes 100 ms, the window is 20 segments.
func TestVegasAdjusts(t *testing.T) {
	for _, c := range []struct {
		min            time.Duration
		slow           bool
		samples        int
		cwnd, ssthresh int
	}{
		{109 * ms, false, 10, 21000, 10000}, // 1.8 in the queue: less than alpha
		{110 * ms, false, 10, 20000, 10000},
		{120 * ms, false, 10, 20000, 10000},
		{121 * ms, false, 10, 19000, 10000}, // 4.2: more than beta
		{105 * ms, true, 10, 21000, Unlimited},
		{106 * ms, true, 10, 19867, 18867}, // 1.2: more than gamma; 20000 * 100/106, and a segment
		{150 * ms, false, 2, 20000, 10000}, // too few samples: as Reno, which grows by a segment in 20
	} {
		v := &vegas{base: 100 * ms, min: c.min, samples: c.samples, begun: true, end: 1000}
		w := Window{MSS: 1000, Cwnd: 20000, Ssthresh: 10000}
		if c.slow {
			w.Ssthresh = Unlimited
		}
		v.Ack(&w, Ack{Bytes: 1000, Una: 2000, Next: 22000, Limited: true})
		if w.Cwnd != c.cwnd || w.Ssthresh != c.ssthresh {
			t.Errorf("%+v: cwnd %d, ssthresh %d", c, w.Cwnd, w.Ssthresh)
		}
		if v.end != 22000 || v.samples != 0 || v.min != 0 {
			t.Errorf("%+v: no new round trip", c)
		}
	}
}

// The window does not grow where the program leaves it unused; it shrinks all the same. After a loss a round trip begins anew.
func TestVegasUnused(t *testing.T) {
	w := Window{MSS: 1000, Cwnd: 20000, Ssthresh: 10000, Flight: 20000}
	for _, c := range []struct {
		min  time.Duration
		want int
	}{{100 * ms, 20000}, {130 * ms, 19000}} {
		v := &vegas{base: 100 * ms, min: c.min, samples: 10, begun: true, end: 1000}
		v.Ack(&w, Ack{Bytes: 1000, Una: 2000, Next: 22000})
		if w.Cwnd != c.want {
			t.Errorf("cwnd %d, want %d", w.Cwnd, c.want)
		}
		if got := v.Loss(&w, 0); got != w.Cwnd/2 || v.begun {
			t.Errorf("a loss makes %d of %d", got, w.Cwnd)
		}
	}
}
