package tcp

import (
	"math"
	"testing"
	"time"
)

// Alpha (RFC 8257 section 3.3) against the recursion in floating point: windows of ten segments, of which some are marked.
func TestDCTCPAlpha(t *testing.T) {
	d := &dctcp{alpha: dctcpOne}
	want, una := 1.0, Seq(0)
	d.Sample(nil, &Sample{Next: 10000})
	for window, marks := range []int{0, 0, 10, 3, 0, 0, 0, 7, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1} {
		for k := range 10 {
			una += 1000
			d.Sample(nil, &Sample{Delivered: 1000, Una: una, Next: una + 10000, Echo: k < marks})
		}
		want = want*15/16 + float64(marks)/10/16
		if got := float64(d.alpha) / dctcpOne; math.Abs(got-want) > 1e-4 {
			t.Errorf("after window %d alpha is %.5f, not %.5f", window, got, want)
		}
	}
}

// An echo lowers the window by half of alpha, to two segments at least; a loss halves it (section 3.5).
func TestDCTCPReduction(t *testing.T) {
	for _, c := range []struct{ alpha, cwnd, want int }{
		{dctcpOne, 100000, 50000}, {dctcpOne / 2, 100000, 75000}, {dctcpOne / 10, 100000, 95001}, {0, 100000, 100000}, {dctcpOne, 3000, 2000},
	} {
		d := &dctcp{alpha: c.alpha}
		w := Window{MSS: 1000, Cwnd: c.cwnd, Flight: c.cwnd}
		if got := d.Echo(&w); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
		if got := d.Loss(&w, 0); got != max(c.cwnd/2, 2000) {
			t.Errorf("loss at %d: %d", c.cwnd, got)
		}
	}
}

// At a bottleneck that marks what finds more than 20 segments before it, DCTCP uses all of the path, loses nothing, and keeps the
// queue around the mark.
func TestDCTCPQueue(t *testing.T) {
	b := &bottleneck{segment: ms / 4, limit: 1000, markAt: 20, settled: 4 * time.Second}
	used := b.through(t, "dctcp", 20*ms, 4*time.Second)
	t.Logf("dctcp: %.3f of the path; %v", used, b)
	sum, high := 0, 0
	for _, q := range b.queued {
		sum, high = sum+q, max(high, q)
	}
	mean := float64(sum) / float64(len(b.queued))
	if used < 0.99 || b.lost > 0 || mean < 5 || mean > 25 || high > 45 {
		t.Errorf("%.3f of the path used, %.1f in the queue on average, at most %d, %d lost", used, mean, high, b.lost)
	}
}
