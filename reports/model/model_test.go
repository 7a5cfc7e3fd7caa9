package model_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"reliabilitylab/reports/model"
)

// path is the path of the table below: RTT 100 ms, T0 400 ms, no window limit.
func path(b float64) model.Connection {
	return model.Connection{RTT: 100 * time.Millisecond, T0: 400 * time.Millisecond, B: b}
}

// The models' values in packets a second, worked out apart from this code, to one decimal.
func TestThroughputTable(t *testing.T) {
	for _, row := range []struct {
		p                                   float64
		mathis, approx, full, delayed, tfrc string
	}{
		{1e-4, "1224.7", "1223.6", "1221.2", "865.2", "1223.6"},
		{1e-3, "387.3", "383.8", "381.6", "271.4", "383.8"},
		{1e-2, "122.5", "112.3", "111.0", "79.4", "112.3"},
		{0.05, "54.8", "36.9", "37.9", "26.1", "36.9"},
		{0.10, "38.7", "17.7", "21.1", "12.5", "17.7"},
	} {
		for _, c := range []struct {
			name string
			got  float64
			want string
		}{
			{"Mathis, b=1", model.Mathis(row.p, path(1)), row.mathis},
			{"PFTKApprox, b=1", model.PFTKApprox(row.p, path(1)), row.approx},
			{"PFTK, b=1", model.PFTK(row.p, path(1)), row.full},
			{"PFTKApprox, b=2", model.PFTKApprox(row.p, path(2)), row.delayed},
			{"TFRC, b=1", model.TFRC(row.p, path(1)), row.tfrc},
		} {
			if got := fmt.Sprintf("%.1f", c.got); got != c.want {
				t.Errorf("%s at p=%v: %s packets/s, want %s", c.name, row.p, got, c.want)
			}
		}
	}
}

// Mathis' constant is 1.2247 without delayed ACKs and 0.8660 with them.
func TestMathisConstant(t *testing.T) {
	second := model.Connection{RTT: time.Second, B: 1}
	if got := model.Mathis(1, second); fmt.Sprintf("%.4f", got) != "1.2247" {
		t.Errorf("C = %v for b=1, want 1.2247", got)
	}
	second.B = 2
	if got := model.Mathis(1, second); fmt.Sprintf("%.4f", got) != "0.8660" {
		t.Errorf("C = %v for b=2, want 0.8660", got)
	}
}

// The window-limited branch of the full model, worked out apart from this code, and the limit of the approximate one.
func TestWindowLimit(t *testing.T) {
	for _, c := range []struct {
		p, b, wmax float64
		want       string
	}{
		{1e-4, 1, 20, "198.379"},
		{1e-3, 1, 20, "185.077"},
		{1e-2, 1, 20, "110.960"}, // E is below 20: not limited
		{1e-2, 2, 8, "59.608"},
		{0.05, 2, 8, "26.714"},
	} {
		conn := path(c.b)
		conn.Wmax = c.wmax
		if got := fmt.Sprintf("%.3f", model.PFTK(c.p, conn)); got != c.want {
			t.Errorf("PFTK(%v) with b=%v, Wmax=%v: %s, want %s", c.p, c.b, c.wmax, got, c.want)
		}
	}
	conn := path(1)
	conn.Wmax = 20 // 20 packets in 100 ms are 200 a second
	if got := model.PFTKApprox(1e-4, conn); got != 200 {
		t.Errorf("PFTKApprox at its window limit: %v, want 200", got)
	}
}

func TestNoLossAndAllLoss(t *testing.T) {
	limited := path(1)
	limited.Wmax = 20
	for name, f := range map[string]func(float64, model.Connection) float64{
		"PFTK": model.PFTK, "PFTKApprox": model.PFTKApprox, "Cubic": model.Cubic,
	} {
		if got := f(0, path(1)); !math.IsInf(got, 1) {
			t.Errorf("%s(0) = %v, want infinity", name, got)
		}
		if got := f(0, limited); got != 200 {
			t.Errorf("%s(0) with a window of 20: %v, want 200", name, got)
		}
	}
	if got := model.PFTK(1, path(1)); got != 0 {
		t.Errorf("PFTK(1) = %v, want 0", got)
	}
}

// More loss never helps, in any model, over the whole range.
func TestMonotone(t *testing.T) {
	for name, f := range map[string]func(float64, model.Connection) float64{
		"Mathis": model.Mathis, "PFTK": model.PFTK, "PFTKApprox": model.PFTKApprox, "TFRC": model.TFRC, "Cubic": model.Cubic,
	} {
		last := math.Inf(1)
		for i := 1; i < 1000; i++ {
			p := float64(i) / 1000
			got := f(p, path(1))
			if !(got <= last) {
				t.Errorf("%s(%v) = %v, above %v at the loss before", name, p, got, last)
			}
			last = got
		}
	}
}

// RFC 8312 tables 1 and 2, column C = 0.4: windows in segments. The tables take Reno's constant as 1.2 (RFC 3649), so
// only the rows where CUBIC's own growth wins are compared to all digits.
func TestCubicTables(t *testing.T) {
	for _, c := range []struct {
		p    float64
		rtt  time.Duration
		want string
	}{
		{1e-4, 100 * time.Millisecond, "187"}, {1e-5, 100 * time.Millisecond, "1054"}, {1e-6, 100 * time.Millisecond, "5926"},
		{1e-7, 100 * time.Millisecond, "33325"}, {1e-8, 100 * time.Millisecond, "187400"},
		{1e-7, 10 * time.Millisecond, "5926"}, {1e-8, 10 * time.Millisecond, "33325"},
	} {
		if got := fmt.Sprintf("%.0f", model.CubicWindow(c.p, c.rtt)); got != c.want {
			t.Errorf("CUBIC's window at p=%v, RTT %v: %s segments, want %s", c.p, c.rtt, got, c.want)
		}
		if model.RenoWindow(c.p) >= model.CubicWindow(c.p, c.rtt) {
			t.Errorf("p=%v, RTT %v: Reno's window is the larger, RFC 8312 has CUBIC's", c.p, c.rtt)
		}
	}
	for _, p := range []float64{1e-2, 1e-3, 1e-4, 1e-5} { // table 2: here the Reno-friendly window wins
		c := model.Connection{RTT: 10 * time.Millisecond, B: 1}
		if got, want := model.Cubic(p, c), model.Mathis(p, c); math.Abs(got-want) > 1e-9*want {
			t.Errorf("Cubic(%v) at 10 ms: %v packets/s, want Reno's %v", p, got, want)
		}
	}
}

// CUBIC's own term in packets a second at 100 ms, to one decimal; (3.7*0.4/1.2)^¼ = 1.05383 (RFC 8312 prints 1.054).
func TestCubicTerm(t *testing.T) {
	for p, want := range map[float64]string{1e-4: "1874.0", 1e-3: "333.2", 1e-2: "59.3", 0.05: "17.7", 0.1: "10.5"} {
		if got := fmt.Sprintf("%.1f", model.CubicWindow(p, 100*time.Millisecond)/0.1); got != want {
			t.Errorf("CUBIC's term at p=%v: %s packets/s, want %s", p, got, want)
		}
	}
}
