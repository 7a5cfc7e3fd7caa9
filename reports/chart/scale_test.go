package chart

import (
	"math"
	"strings"
	"testing"
)

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		axis   axis
		n      int
		title  string
		labels string
	}{
		{axis{Label: "Time", Unit: second, Max: 20}, 11, "Time (s)", "0 2 4 6 8 10 12 14 16 18 20"},
		{axis{Label: "Time", Unit: second, Max: 0.1199}, 7, "Time (ms)", "0 20 40 60 80 100"},
		{axis{Label: "Time", Unit: second, Max: 1e-5}, 5, "Time (µs)", "0 2 4 6 8 10"},
		{axis{Label: "Time", Unit: second, Min: 2.22, Max: 2.59}, 8, "Time (s)", "2.25 2.3 2.35 2.4 2.45 2.5 2.55"},
		{axis{Label: "Got", Unit: byteU, Max: 5.4 * (1 << 20)}, 6, "Got (MiB)", "0 1 2 3 4 5"},
		{axis{Label: "Got", Unit: byteU, Max: 1000}, 4, "Got (B)", "0 500 1000"},
		{axis{Label: "Rate", Unit: bitRate, Max: 1.08e7}, 6, "Rate (Mbit/s)", "0 2 4 6 8 10"},
		{axis{Label: "Share", Unit: ratio, Max: 1.03}, 6, "Share (%)", "0 20 40 60 80 100"},
		{axis{Label: "N", Max: 2.9}, 9, "N", "0 1 2"},
		{axis{Label: "N", Max: 120000}, 3, "N", "0 50,000 100,000"},
		{axis{Label: "Time", Unit: second, Min: 0.02, Max: 3, Log: true}, 9, "Time", "20 ms 50 ms 100 ms 200 ms 500 ms 1 s 2 s"},
		{axis{Label: "Time", Unit: second, Min: 1e-3, Max: 10, Log: true}, 6, "Time", "1 ms 10 ms 100 ms 1 s 10 s"},
	} {
		ts, title := c.axis.settled().ticks(c.n)
		var labels []string
		for _, x := range ts {
			labels = append(labels, x.Label)
			if p := c.axis.place(x.Value); p < -1e-6 || p > 1+1e-6 {
				t.Errorf("%+v: the mark %s lies outside, at %g", c.axis, x.Label, p)
			}
		}
		if got := strings.Join(labels, " "); got != c.labels || title != c.title {
			t.Errorf("%+v: %q %q, want %q %q", c.axis, title, got, c.title, c.labels)
		}
	}
}

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		unit unit
		v    float64
		want string
	}{
		{second, 0.0247, "24.7 ms"}, {second, 0, "0 s"}, {second, 1.5e-6, "1.5 µs"}, {second, 0.9999, "1 s"}, {second, 75, "75 s"},
		{byteU, 5 << 20, "5 MiB"}, {byteU, 1023, "1023 B"}, {byteU, 1536, "1.5 KiB"},
		{bitRate, 1e7, "10 Mbit/s"}, {bitRate, 999, "999 bit/s"}, {bitRate, 2.5e9, "2.5 Gbit/s"},
		{ratio, 0.02, "2%"}, {ratio, 0.0177, "1.77%"}, {ratio, 1, "100%"},
		{count, 1234, "1234"}, {count, 12345, "12,345"}, {count, -1234567, "−1,234,567"},
		{count, math.NaN(), "undefined"}, {second, math.Inf(1), "undefined"},
	} {
		if got := c.unit.format(c.v); got != c.want {
			t.Errorf("format(%g) = %q, want %q", c.v, got, c.want)
		}
	}
}

// TestSettledAxes proves that whatever range is asked for can be drawn: marks without end, or none, or a division by zero
// would show here.
func TestSettledAxes(t *testing.T) {
	odd := []float64{0, 1, -1, 1e-300, 1e300, 5e-324, math.NaN(), math.Inf(1), math.Inf(-1), 7, 1e9 + 1, 1e9}
	for _, low := range odd {
		for _, high := range odd {
			for _, u := range []unit{count, second, byteU, bitRate, ratio} {
				for _, log := range []bool{false, true} {
					a := axis{Label: "x", Unit: u, Min: low, Max: high, Log: log}.settled()
					if !(a.Max > a.Min) || math.IsInf(a.Max, 0) || log && a.Min <= 0 {
						t.Fatalf("[%g, %g] log %v settled to [%g, %g]", low, high, log, a.Min, a.Max)
					}
					ts, _ := a.ticks(8)
					if len(ts) > 30 {
						t.Errorf("[%g, %g] log %v: %d marks", low, high, log, len(ts))
					}
					for _, v := range odd {
						if p := a.place(v); !math.IsNaN(v) && !math.IsInf(v, 0) && math.IsNaN(p) {
							t.Errorf("[%g, %g] log %v: %g has no place", low, high, log, v)
						}
					}
				}
			}
		}
	}
}
