package experiment

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"reliabilitylab/reports/metrics"
	"reliabilitylab/reports/model"
	"reliabilitylab/scenarios"
)

// TestRenoAgainstPFTK holds Reno's goodput to the full model of Padhye, Firoiu, Towsley and Kurose, with the loss-event
// rate, the round-trip time and the timeout that were measured in the same transfer; b = 1, since growth counts the
// bytes acknowledged (RFC 3465). Median of five seeds, within 30 %. `go test -v` prints the table.
func TestRenoAgainstPFTK(t *testing.T) {
	if testing.Short() {
		t.Skip("long transfers; go test without -short runs them")
	}
	linux := map[string]string{"1%": "3.4", "2%": "2.3", "5%": "1.2"} // Mbit/s, 4 MiB, one seed, on such a path
	t.Logf("Reno, 100 Mbit/s, 50 ms RTT; median of 5 seeds; Mbit/s\n%8s %10s %8s %8s %8s %8s %8s %8s %8s", "loss", "p events", "RTT ms", "T0 ms", "goodput", "PFTK", "ratio", "Mathis", "Linux")
	for _, c := range []struct{ loss, size string }{{"0.5%", "48MiB"}, {"1%", "32MiB"}, {"2%", "16MiB"}, {"5%", "8MiB"}} {
		s := parse(t, fmt.Sprintf(`
duration: 3600s
path: {rate: 100Mbit, delay: 25ms, queue: 1000p, forward: {loss: %s}}
flows: [{name: file, app: transfer, protocol: tcp, size: %s, tcp: {congestion: reno}}]
sweep: {repeat: 5}
`, c.loss, c.size))
		type result struct{ goodput, pftk, mathis, p, rtt, t0, ratio float64 }
		var results []result
		for _, trial := range collect(t, s, Options{}) {
			m := metrics.Of(trial.Trace)
			in, ok := metrics.IndicationsOf(trial.Trace)
			if !ok || m["delivered_ratio"] != 1 {
				t.Fatalf("loss %s, %s: not all was delivered (%v)", c.loss, trial.ID, m["delivered_ratio"])
			}
			conn := model.Connection{RTT: in.RTT, T0: in.T0, B: 1}
			r := result{goodput: m["goodput_bps"], p: in.Rate(), rtt: in.RTT.Seconds(), t0: in.T0.Seconds()}
			r.pftk = 1448 * 8 * model.PFTK(r.p, conn)
			r.mathis = 1448 * 8 * model.Mathis(r.p, conn)
			r.ratio = r.goodput / r.pftk
			results = append(results, r)
		}
		slices.SortFunc(results, func(a, b result) int { return int(1e9 * (a.ratio - b.ratio)) })
		r := results[len(results)/2]
		known := linux[c.loss]
		if known == "" {
			known = "–"
		}
		t.Logf("%8s %10.5f %8.1f %8.0f %8.2f %8.2f %8.2f %8.2f %8s", c.loss, r.p, 1e3*r.rtt, 1e3*r.t0, r.goodput/1e6, r.pftk/1e6, r.ratio, r.mathis/1e6, known)
		if r.ratio < 0.7 || r.ratio > 1.3 {
			t.Errorf("loss %s: goodput is %.2f of PFTK's", c.loss, r.ratio)
		}
	}
}

// TestLossSlowsTCPDown: more loss never means more goodput, beyond what seeds explain.
func TestLossSlowsTCPDown(t *testing.T) {
	before := 1e12
	for _, loss := range []string{"0%", "0.5%", "1%", "2%", "4%", "8%"} {
		s := parse(t, "path: {rate: 50Mbit, delay: 20ms, queue: 500p}\nduration: 600s\nflows: [{name: file, app: transfer, protocol: tcp, size: 2MiB}]\nsweep: {repeat: 9}\n",
			scenarios.Setting{Key: "path.forward.loss", Value: loss})
		var times []time.Duration
		for _, trial := range collect(t, s, Options{}) {
			m := trial.Trace.Messages
			times = append(times, m[len(m)-1].Delivered)
		}
		slices.Sort(times)
		goodput := float64(2<<20*8) / times[len(times)/2].Seconds()
		if goodput > before {
			t.Errorf("median goodput at %s loss is %.2f Mbit/s, more than at less loss (%.2f)", loss, goodput/1e6, before/1e6)
		}
		before = goodput
	}
}
