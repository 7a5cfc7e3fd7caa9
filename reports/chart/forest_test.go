package chart

import (
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// forestOf is what CUBIC does beside Reno, roughly, and something of everything that a row can be.
func forestOf() *Forest {
	nan, inf := math.NaN(), math.Inf(1)
	return &Forest{A: "reno", B: "cubic", Title: "Two percent of loss: cubic beside reno", Words: "change with the same dice, 10 seeds, and its 95% interval", Rows: []ForestRow{
		{"TCP latency p50", "tcp", "578 ms → 441 ms", -0.186, -0.52, -0.12, true},
		{"TCP goodput", "tcp", "1.59 Mbit/s → 1.84 Mbit/s", 0.15, 0.1, 0.35, true},
		{"UDP loss", "udp", "2.2 % → 2.3 %", 0.04, -0.03, 0.08, false},
		{"TCP timeouts", "tcp", "0 → 3", inf, 0.2, inf, true},
		{"TCP completion", "tcp", "9.1 s → never", inf, nan, nan, false},
		{"TCP queue delay p99", "tcp", "8.64 ms → 42.9 ms", nan, -0.4, 0.4, true},
		{"go-back-N goodput", "go-back-n", "1 Mbit/s → 0 bit/s", -1, -1, -0.2, true},
	}}
}

func TestForestGolden(t *testing.T) {
	d := forestOf().Draw()
	layOut(t, "forest", d)
	if runtime.GOARCH != "amd64" {
		return // as TestGolden
	}
	svg, err := Save(d, "svg")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "compare.svg", svg)
}

// TestForestLayouts draws what reaches far, what hardly differs, and more rows than there is room for.
func TestForestLayouts(t *testing.T) {
	if (&Forest{}).Draw() != nil {
		t.Error("a chart of nothing")
	}
	far, near, many := forestOf(), forestOf(), forestOf()
	far.Rows = append(far.Rows, ForestRow{"TCP retransmissions", "tcp", "1 → 40", 39, 12, 80, true})
	for i := range near.Rows {
		near.Rows[i].Change, near.Rows[i].Low, near.Rows[i].High = 0, 0, 0
	}
	for len(many.Rows) < 30 {
		many.Rows = append(many.Rows, ForestRow{"upload selective repeat head-of-line wait p99", "tcp", "1,234 Mbit/s → 1,234 Mbit/s", 0.1, 0.05, 0.2, true})
	}
	for name, f := range map[string]*Forest{"far": far, "near": near, "many": many} {
		l := layOut(t, name, f.Draw())
		factors := slices.ContainsFunc(l.texts, func(text laidText) bool { return strings.Contains(text.words, "times as much cubic has as reno") })
		if factors != (name == "far") {
			t.Errorf("%s: factors: %v", name, factors)
		}
	}
}
