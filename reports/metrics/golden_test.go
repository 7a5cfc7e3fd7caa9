package metrics_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"reliabilitylab/lab/trace"
	"reliabilitylab/reports/metrics"
)

// RFC 2330 section 11.3's definition on its sample -2, 7, 7, 4, 18, -5, by hand: of six values the 25th percentile is the
// second (2/6 >= 25 %), the 50th the third, the 51st the fourth, the 84th the sixth (5/6 = 83.3 %).
func TestPercentile(t *testing.T) {
	sorted := []int{-5, -2, 4, 7, 7, 18}
	for percent, want := range map[int]int{1: -5, 16: -5, 17: -2, 25: -2, 33: -2, 34: 4, 50: 4, 51: 7, 83: 7, 84: 18, 99: 18, 100: 18} {
		if got, ok := metrics.Percentile(sorted, percent); !ok || got != want {
			t.Errorf("percentile %d: %d, want %d", percent, got, want)
		}
	}
	if _, ok := metrics.Percentile([]int{}, 50); ok {
		t.Error("no values have a percentile")
	}
}

// RFC 3357 sections 5.4.3 and 6.5: packets 2, 5, 7, 9 and 10 of ten are lost.
func TestRFC3357(t *testing.T) {
	lost := make([]bool, 10)
	for _, n := range []int{2, 5, 7, 9, 10} {
		lost[n-1] = true
	}
	p := metrics.Losses(lost)
	check(t, "distances", p.Distance, []int{0, 3, 2, 2, 1})
	check(t, "periods", p.Period, []int{1, 2, 3, 4, 4})
	check(t, "lengths", p.Length, []int{1, 1, 1, 2})
	check(t, "between", p.Between, []int{0, 3, 2, 2})
	if rate, ok := p.Noticeable(2); !ok || rate != 3.0/5 {
		t.Errorf("noticeable rate %v, want 3/5", rate)
	}
	if _, ok := metrics.Losses(make([]bool, 10)).Noticeable(2); ok {
		t.Error("no loss has a noticeable rate")
	}
	// Section 4's example, rrrxrrxxxrxrrxxx from 0: four periods, beginning at packets 3, 6, 10 and 13.
	lost = nil
	for _, c := range "rrrxrrxxxrxrrxxx" {
		lost = append(lost, c == 'x')
	}
	check(t, "lengths", metrics.Losses(lost).Length, []int{1, 3, 1, 3})
	check(t, "a stream that begins with a loss", metrics.Losses([]bool{true, true, false}).Length, []int{2})
}

// RFC 4737 tables 1 to 4. Late is packet number, extent, n, byte offset (100 bytes each), late time in ms.
func TestRFC4737(t *testing.T) {
	type late struct{ number, extent, n, offset, ms int }
	for _, c := range []struct {
		name       string
		sequence   []int
		arrival    []int // ms
		late       []late
		gaps, runs []int
	}{
		{
			"table 1", []int{1, 2, 3, 5, 6, 7, 8, 4, 9, 10}, []int{68, 88, 108, 148, 168, 188, 208, 210, 228, 248},
			[]late{{4, 4, 4, 400, 62}}, nil, []int{7},
		},
		{
			"table 2", []int{1, 2, 3, 4, 7, 5, 6, 8, 9, 10}, []int{68, 88, 108, 128, 188, 189, 190, 208, 228, 248},
			[]late{{5, 1, 1, 100, 1}, {6, 2, 0, 100, 2}}, nil, []int{5, 0},
		},
		{
			"table 3", []int{1, 2, 3, 7, 8, 9, 10, 4, 5, 6, 11}, []int{68, 88, 108, 188, 208, 228, 248, 250, 252, 256, 268},
			[]late{{4, 4, 4, 400, 62}, {5, 5, 0, 400, 64}, {6, 6, 0, 400, 68}}, nil, []int{7, 0, 0},
		},
		{
			"table 4", []int{1, 2, 3, 6, 7, 4, 5, 8, 9, 10, 12, 13, 11, 14, 15, 16}, nil,
			[]late{{4, 2, 2, 200, 0}, {5, 3, 0, 200, 0}, {11, 2, 2, 200, 0}}, []int{7}, []int{5, 0, 5},
		},
		{
			"section 5.3", []int{1, 2, 3, 7, 8, 9, 4, 5, 6}, nil,
			[]late{{4, 3, 3, 300, 0}, {5, 4, 0, 300, 0}, {6, 5, 0, 300, 0}}, nil, []int{6, 0, 0},
		},
	} {
		size := make([]int, len(c.sequence))
		for i := range size {
			size[i] = 100
		}
		r := metrics.Reorder(c.sequence)
		var got []late
		for _, l := range r.Late {
			ms := 0
			if c.arrival != nil {
				ms = c.arrival[l.Index] - c.arrival[l.Index-l.Extent]
			}
			got = append(got, late{l.Number, l.Extent, l.N, l.ByteOffset(c.sequence, size), ms})
		}
		check(t, c.name+": reordered packets", got, c.late)
		check(t, c.name+": gaps", r.Gaps(), c.gaps)
		check(t, c.name+": runs", r.Runs(), c.runs)
		if ratio, ok := r.Ratio(); !ok || ratio != float64(len(c.late))/float64(len(c.sequence)) {
			t.Errorf("%s: ratio %v, want %d/%d", c.name, ratio, len(c.late), len(c.sequence))
		}
	}
	if degree, ok := metrics.Reorder([]int{1, 2, 3, 7, 8, 9, 4, 5, 6}).Degree(3); !ok || degree != 1.0/9 {
		t.Errorf("degree of 3-reordering %v, want 1/9", degree)
	}
	if _, ok := metrics.Reorder(nil).Ratio(); ok {
		t.Error("nothing has a reordered ratio")
	}
}

// RFC 4737 section 4.6.4: 36 packets with three runs of 11, and with runs of 1, 1 and 31.
func TestReorderingFreeRuns(t *testing.T) {
	for _, want := range [][]int{{11, 11, 11}, {1, 1, 31}} {
		var sequence []int
		for k, n := 0, 1; k < 3; k++ { // each run in order, its first number left out and sent behind it
			for i := range want[k] {
				sequence = append(sequence, n+1+i)
			}
			sequence = append(sequence, n)
			n += want[k] + 1
		}
		check(t, "runs", metrics.Reorder(sequence).Runs(), want)
	}
}

// RFC 5236 sections 8a (no loss), 8b (packet 3 lost), 8c (packet 3 twice), and example 5 of section 4 (4 lost, 2 twice).
func TestRFC5236(t *testing.T) {
	for _, c := range []struct {
		name            string
		sequence        []int
		threshold       int
		reorder, buffer []float64
	}{
		{"8a", []int{1, 4, 2, 5, 3, 6, 7, 8}, 4, []float64{0, 0, .125, .125, .5, .125, .125, 0, 0}, []float64{.625, .25, .125, 0, 0}},
		{"8b", []int{1, 2, 4, 5, 6, 7}, 3, []float64{0, 0, 0, 1, 0, 0, 0}, []float64{.5, 1. / 6, 1. / 6, 1. / 6}},
		{"8c", []int{1, 3, 2, 3, 4, 5}, 2, []float64{0, .2, .6, .2, 0}, []float64{.8, .2, 0}},
		{"two, the wrong way round, with no room to spare", []int{2, 1}, 1, []float64{.5, 0, .5}, []float64{.5, .5}},
		{"section 4", []int{1, 2, 5, 3, 6, 2}, 2, []float64{.2, 0, .6, 0, .2}, nil},
	} {
		check(t, c.name+": RD", metrics.ReorderDensity(c.sequence, c.threshold), c.reorder)
		if c.buffer != nil {
			check(t, c.name+": RBD", metrics.BufferDensity(c.sequence, c.threshold), c.buffer)
		}
	}
	if metrics.ReorderDensity(nil, 3) != nil || metrics.BufferDensity(nil, 3) != nil {
		t.Error("nothing has a density")
	}
}

// RFC 5560 section 5.3.
func TestRFC5560(t *testing.T) {
	for _, c := range []struct {
		counts         []int
		fraction, rate float64
	}{
		{[]int{1, 1, 1, 1}, 0, 0}, {[]int{2, 2, 2, 2}, 1, 1}, {[]int{3, 3, 3, 3}, 2, 1}, {[]int{3, 1, 3, 1}, 1, 0.5},
		{[]int{0, 2, 0, 1}, 0.5, 0.5}, // the lost ones do not take part
	} {
		fraction, _ := metrics.DuplicationFraction(c.counts)
		rate, _ := metrics.ReplicatedRate(c.counts)
		if fraction != c.fraction || rate != c.rate {
			t.Errorf("%v: fraction %v, rate %v; want %v and %v", c.counts, fraction, rate, c.fraction, c.rate)
		}
	}
	_, ok1 := metrics.DuplicationFraction([]int{0})
	_, ok2 := metrics.ReplicatedRate([]int{0})
	if ok1 || ok2 {
		t.Error("a lost packet has a duplication")
	}
}

// Four packets sent every 20 ms, delays 68, 84, 68, 100 ms: |D| = 16, 16, 32. J = 1, then 1 + 15/16 = 1.9375, then
// 1.9375 + 30.0625/16 = 3.81640625 ms.
func TestJitter(t *testing.T) {
	sent := ms(0, 20, 40, 60)
	arrived := ms(68, 104, 108, 160)
	if j, ok := metrics.Jitter(sent, arrived); !ok || fmt.Sprintf("%.11f", j) != "0.00381640625" {
		t.Errorf("jitter %v, want 0.00381640625", j)
	}
	if _, ok := metrics.Jitter(sent[:1], arrived[:1]); ok {
		t.Error("one packet has jitter")
	}
}

// The delays of RFC 4737 table 1 in the order of sending: only packet 4 is late, by 82 ms; IPDV as in its column.
func TestDelayVariation(t *testing.T) {
	delay := ms(68, 68, 68, 150, 68, 68)
	check(t, "IPDV", metrics.IPDV(delay), ms(0, 0, 82, -82, 0))
	check(t, "PDV", metrics.PDV(delay), ms(0, 0, 0, 82, 0, 0))
	delay[3] = trace.Never // lost: no variation on either side of it
	check(t, "IPDV beside a loss", metrics.IPDV(delay), ms(0, 0, 0))
	check(t, "PDV beside a loss", metrics.PDV(delay), ms(0, 0, 0, 0, 0))
}

// Wilson's bounds worked out apart from this code. They show why 200 packets cannot tell 1 % from 2 %.
func TestWilson(t *testing.T) {
	for _, c := range []struct {
		k, n int64
		want string
	}{
		{2, 200, "0.002747 0.035722"}, {4, 200, "0.007804 0.050288"}, {0, 10, "0.000000 0.277540"}, {10, 10, "0.722460 1.000000"}, {15, 100, "0.093059 0.232837"},
	} {
		low, high := metrics.Wilson(c.k, c.n)
		if got := fmt.Sprintf("%.6f %.6f", low, high); got != c.want {
			t.Errorf("%d of %d: %s, want %s", c.k, c.n, got, c.want)
		}
	}
}

// ms returns durations in milliseconds.
func ms(values ...int) []time.Duration {
	d := make([]time.Duration, len(values))
	for i, v := range values {
		d[i] = time.Duration(v) * time.Millisecond
	}
	return d
}

func check[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
