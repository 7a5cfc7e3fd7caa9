package metrics_test

import (
	"math"
	"testing"
	"time"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
	"reliabilitylab/reports/metrics"
)

// TestJain: Jain's own properties (DEC-TR-301, section 2), and values worked out by hand: of 1, 2, 3 it is 36/42.
func TestJain(t *testing.T) {
	for _, c := range []struct {
		x    []float64
		want float64
	}{
		{[]float64{5}, 1},
		{[]float64{7, 7, 7, 7}, 1},
		{[]float64{3, 0, 0, 0}, 0.25},
		{[]float64{3, 3, 0, 0, 3}, 0.6},
		{[]float64{1, 2, 3}, 36.0 / 42},
		{[]float64{2, 8}, 100.0 / 136},
		{[]float64{2e300, 8e300}, 100.0 / 136}, // independent of the unit
		{[]float64{2e-300, 8e-300}, 100.0 / 136},
	} {
		if got, ok := metrics.Jain(c.x); !ok || math.Abs(got-c.want) > 1e-15 {
			t.Errorf("of %v it is %v, want %v", c.x, got, c.want)
		}
	}
	for _, x := range [][]float64{nil, {0, 0}} {
		if _, ok := metrics.Jain(x); ok {
			t.Errorf("of %v it is defined", x)
		}
	}
}

// TestSharing: three flows, of which the second starts last, at 2 s, and the first has done first, at 5 s. In these three seconds they
// get 100, 400 and no bytes: shares of 1/5, 4/5 and 0, and an index of 500²/(3·(100²+400²)) = 25/51. The one that sends the other
// way has nothing to do with it.
func TestSharing(t *testing.T) {
	const s = time.Second
	got := func(bytes int32, sent, delivered time.Duration) trace.Message {
		return trace.Message{Size: bytes, Sent: sent, Delivered: delivered, Intact: delivered >= 0}
	}
	flows := []trace.Trace{
		{Protocol: "udp", Start: 0, End: 9 * s, Offered: 400, Messages: []trace.Message{
			got(100, 0, s), got(100, s, 2*s-1), got(100, 2*s, 2*s), got(100, 4*s, trace.Never), // lost; then it has done
			{Size: 0, Sent: 5 * s, Delivered: trace.Never},
		}},
		{Protocol: "tcp", Start: 2 * s, End: 9 * s, Offered: 2000, Messages: []trace.Message{
			got(100, 3*s, 4*s), got(300, 3*s, 5*s-1), got(1000, 3*s, 5*s),
			{Size: 50, Sent: 3 * s, Delivered: 4 * s}, // damaged
		}},
		{Protocol: "tcp", Start: s, End: 9 * s, Offered: 100, Messages: []trace.Message{got(100, 3*s, trace.Never)}},
		{Protocol: "tcp", Data: netem.Reverse, Start: 8 * s, End: 9 * s, Offered: 100, Messages: []trace.Message{got(100, 8*s, 9*s)}},
	}
	all := make([]map[string]float64, len(flows))
	var sharing metrics.Sharing
	for i := range flows {
		all[i] = map[string]float64{}
		sharing.Add(&flows[i], all[i])
	}
	sharing.Measure()
	for i, want := range []float64{0.2, 0.8, 0} {
		if m := all[i]; math.Abs(m["goodput_share"]-want) > 1e-15 || math.Abs(m["jain_index"]-25.0/51) > 1e-15 || len(m) != 2 {
			t.Errorf("flow %d: %v", i, m)
		}
	}
	if len(all[3]) != 0 {
		t.Errorf("the other way: %v", all[3])
	}
	for i, want := range []time.Duration{5 * s, 9 * s, 9 * s, 9 * s} {
		if got := metrics.Until(&flows[i]); got != want {
			t.Errorf("flow %d has done at %v, want %v", i, got, want)
		}
	}
}

// TestSharingNothing: flows that are never at it at the same time share nothing, nor does one alone.
func TestSharingNothing(t *testing.T) {
	one := func(start, end time.Duration) *trace.Trace {
		return &trace.Trace{Protocol: "tcp", Start: start, End: end, Offered: 1, Messages: []trace.Message{{Size: 1, Sent: start, Delivered: end, Intact: true}}}
	}
	for _, flows := range [][]*trace.Trace{{one(0, 1)}, {one(0, 1), one(1, 2)}, {one(0, 1), one(2, 3), one(0, 3)}} {
		var sharing metrics.Sharing
		m := map[string]float64{}
		for _, f := range flows {
			sharing.Add(f, m)
		}
		if sharing.Measure(); len(m) > 0 {
			t.Errorf("%d flows: %v", len(flows), m)
		}
	}
}
