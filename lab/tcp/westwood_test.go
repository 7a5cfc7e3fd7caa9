package tcp

import (
	"math"
	"testing"
	"time"
)

// On a path of constant rate the estimate is that rate, and a loss leaves the window at rate times least RTT: what fills the
// path without a queue, whatever the window had grown to.
func TestWestwoodThreshold(t *testing.T) {
	k := &westwood{}
	w := Window{MSS: 1000, Cwnd: 90000, Flight: 90000}
	now := time.Duration(0)
	for i := range 2000 { // 1000 segments a second; the queue adds up to 60 ms to 40
		now += ms
		k.Sample(&w, &Sample{Now: now, Delivered: 1000, RTT: 40*ms + time.Duration(i%600)*ms/10})
	}
	for _, got := range []int{k.Loss(&w, now), k.Timeout(&w, now)} {
		if math.Abs(float64(got)-40000) > 400 {
			t.Errorf("threshold %d, not 1 MB/s times 40 ms", got)
		}
	}
	// After a timeout the least RTT is forgotten.
	k.Sample(&w, &Sample{Now: now + ms, Delivered: 1000, RTT: 70 * ms})
	if got := k.Loss(&w, now); math.Abs(float64(got)-70000) > 700 {
		t.Errorf("threshold %d, not 1 MB/s times 70 ms", got)
	}
	w.Cwnd = 20000
	if got := k.Loss(&w, now); got != 20000 {
		t.Errorf("a loss raises the window to %d", got)
	}
}

// The two filters against their recursions in floating point, an interval a sample.
func TestWestwoodFilter(t *testing.T) {
	k := &westwood{}
	w := Window{MSS: 1000}
	k.Sample(&w, &Sample{Now: 0, RTT: 60 * ms})
	fast, slow, now := 0.0, 0.0, time.Duration(0)
	for i, bytes := range []int{50000, 80000, 10000, 10000, 200000, 0, 50000} {
		now += 100 * ms
		k.Sample(&w, &Sample{Now: now, Delivered: bytes, RTT: 60 * ms})
		rate := float64(bytes) / 0.1
		if i == 0 {
			fast, slow = rate, rate
		} else {
			fast = fast*7/8 + rate/8
			slow = slow*7/8 + fast/8
		}
		if math.Abs(float64(k.slow)-slow) > 10 {
			t.Errorf("interval %d: %d bytes a second, not %.0f", i, k.slow, slow)
		}
	}
}

// Before there is an estimate a loss halves the window.
func TestWestwoodWithoutEstimate(t *testing.T) {
	w := Window{MSS: 1000, Cwnd: 10000, Flight: 10000}
	if got := (&westwood{}).Loss(&w, 0); got != 5000 {
		t.Errorf("threshold %d", got)
	}
}
