package model_test

import (
	"fmt"
	"testing"
	"time"

	"reliabilitylab/reports/model"
)

// The examples of RFC 6349 sections 3.3.1 and 4.
func TestRFC6349(t *testing.T) {
	ms := time.Millisecond
	most := model.MaxTCP(100_000_000, 1500, model.EthernetOverhead, 40)
	for _, c := range []struct {
		name, want, got string
	}{
		{"BDP of a T3 at 25 ms, kB", "138.2", fmt.Sprintf("%.1f", model.BandwidthDelay(44.21e6, 25*ms)/1000)},
		{"BDP of 100 Mbit/s at 2 ms, kB", "25.0", fmt.Sprintf("%.1f", model.BandwidthDelay(100e6, 2*ms)/1000)},
		{"bound of 64 kB at 15 ms, Mbit/s", "34.1", fmt.Sprintf("%.1f", model.WindowBound(64_000, 15*ms)/1e6)},
		{"bound of 16 kB at 10 ms, Mbit/s", "12.8", fmt.Sprintf("%.1f", model.WindowBound(16_000, 10*ms)/1e6)},
		{"most on a T3, Mbit/s", "42.8", fmt.Sprintf("%.1f", model.MaxTCP(44_210_000, 1500, 8, 40)/1e6)},
		{"most on 100 Mbit/s, Mbit/s", "94.9", fmt.Sprintf("%.1f", most/1e6)},
		{"most on 1 Gbit/s, Mbit/s", "949.3", fmt.Sprintf("%.1f", model.MaxTCP(1_000_000_000, 1500, 38, 40)/1e6)}, // 81274 * 11680; the RFC's table cuts it to 949.2
		{"8 s of work in 12 s", "1.500", fmt.Sprintf("%.3f", model.TransferTimeRatio(12*time.Second, 100_000_000, 100e6))},
		{"efficiency of 102,000 bytes, 2,000 of them again", "0.9804", fmt.Sprintf("%.4f", model.Efficiency(102_000, 2_000))}, // 0.98039…; the RFC cuts it to 98.03 %
		{"buffer delay of 32 ms against 25", "0.28", fmt.Sprintf("%.2f", model.BufferDelay(32*ms, 25*ms))},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", c.name, c.got, c.want)
		}
	}
	if want := 8127.0 * 11680; most != want {
		t.Errorf("most on 100 Mbit/s: %v bit/s, want %v", most, want)
	}
}

// RFC 8337 table 1: 2.5 Mbit/s over 50 ms.
func TestTarget(t *testing.T) {
	w := model.TargetWindow(2.5e6, 50*time.Millisecond, 1500, 64)
	if w != 11 || model.TargetRunLength(w) != 363 {
		t.Errorf("window %d, run length %d; want 11 and 363", w, model.TargetRunLength(w))
	}
}

// For run length 363 and errors of 5 %: h1 = h2 = 2.11129, s = 0.00596711, so that h1/s = 353.8; after 1,000 packets the
// lines are at 3.856 and 8.078, after 10,000 at 57.56 and 61.78 defects.
func TestSequentialTest(t *testing.T) {
	test := model.NewSequentialTest(363, 0.05, 0.05)
	if test.Least() != 354 {
		t.Errorf("passes after %d packets without a defect, want 354", test.Least())
	}
	for _, c := range []struct {
		packets, defects int
		want             model.Verdict
	}{
		{353, 0, model.Undecided}, {354, 0, model.Pass},
		{1, 2, model.Undecided}, {1, 3, model.Fail},
		{1000, 3, model.Pass}, {1000, 4, model.Undecided}, {1000, 8, model.Undecided}, {1000, 9, model.Fail},
		{10000, 57, model.Pass}, {10000, 58, model.Undecided}, {10000, 61, model.Undecided}, {10000, 62, model.Fail},
	} {
		if got := test.Judge(c.packets, c.defects); got != c.want {
			t.Errorf("%d defects in %d packets: verdict %v, want %v", c.defects, c.packets, got, c.want)
		}
	}
}
