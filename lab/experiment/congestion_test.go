package experiment

import (
	"fmt"
	"slices"
	"testing"

	"reliabilitylab/lab/tcp"
	"reliabilitylab/lab/trace"
	"reliabilitylab/reports/metrics"
	"reliabilitylab/scenarios"
)

// The congestion controls that scenarios accept for the lab's stack are those that it has, of all that Linux knows.
func TestScenariosKnowTheCongestionControls(t *testing.T) {
	var have []string
	for _, c := range tcp.Congestions {
		have = append(have, c.Name)
	}
	for _, name := range append(have, "bbr", "bic", "cdg", "cubic", "dctcp", "highspeed", "htcp", "hybla", "illinois", "lp", "nv", "scalable",
		"vegas", "veno", "westwood", "yeah") {
		_, err := scenarios.Parse("test.yaml", []byte(fmt.Sprintf("flows: [{app: transfer, tcp: {congestion: %s}}]", name)))
		if got := slices.Contains(have, name); got != (err == nil) {
			t.Errorf("lab/tcp has %s: %v; a scenario with it: %v", name, got, err)
		}
	}
}

// transfer runs a scenario of one TCP flow.
func transfer(t *testing.T, text string) (*trace.Trace, map[string]float64) {
	t.Helper()
	trial := collect(t, parse(t, text), Options{})[0]
	m := metrics.Of(trial.Trace)
	if m["delivered_ratio"] != 1 {
		t.Fatalf("%s: %v was delivered", text, m["delivered_ratio"])
	}
	return trial.Trace, m
}

// On a whole path, host to host: of Vegas' packets alpha to beta are at the bottleneck (1.2 ms each), the one being sent among
// them, and none is lost; Reno's fill the queue.
func TestVegasOnAPath(t *testing.T) {
	const path = `
path: {rate: 10Mbit, delay: 20ms, queue: 60p}
duration: 60s
flows: [{app: transfer, protocol: tcp, size: 24MiB, tcp: {congestion: %s, delayed_ack: 0s}}]
`
	_, m := transfer(t, fmt.Sprintf(path, "vegas"))
	queued := (m["owd_p50_s"] - 0.020) / 0.0012
	t.Logf("vegas: %.2f packets at the bottleneck, %v lost", queued, m["packets_lost"])
	if queued < 2 || queued > 4.1 || m["packets_lost"] > 0 {
		t.Errorf("Vegas: %.2f packets at the bottleneck, %v lost", queued, m["packets_lost"])
	}
	if _, r := transfer(t, fmt.Sprintf(path, "reno")); r["owd_p99_s"] < 0.020+55*0.0012 || r["packets_lost"] == 0 {
		t.Errorf("Reno: 99 %% of the packets take at most %v s, %v lost", r["owd_p99_s"], r["packets_lost"])
	}
}

// settledWindow is the mean of the congestion window over time in congestion avoidance, in segments, behind the first
// so many recoveries.
func settledWindow(tr *trace.Trace, after int) float64 {
	area, span, recoveries := 0.0, 0.0, 0
	var last *trace.TCPSample
	for i := range tr.TCP {
		s := &tr.TCP[i]
		if s.Host != "client" {
			continue
		}
		if last != nil && last.Phase == "congestion avoidance" && recoveries >= after {
			d := (s.At - last.At).Seconds()
			area += float64(float64(last.Cwnd)/float64(last.MSS)) * d
			span += d
		}
		if s.Phase == "recovery" && last != nil && last.Phase != "recovery" {
			recoveries++
		}
		last = s
	}
	return area / span
}

// CUBIC's average window with one packet lost in every so many, against RFC 9438's tables 1 and 2, for a whole connection with
// its recoveries and delayed ACKs: within 15 %.
func TestCubicOnAPath(t *testing.T) {
	if testing.Short() {
		t.Skip("long transfers; go test without -short runs them")
	}
	for _, c := range []struct {
		delay, every, size string
		want               float64
	}{{"50ms", "1000", "60MiB", 38.73}, {"50ms", "10000", "600MiB", 187}, {"5ms", "1000", "60MiB", 38.73}, {"5ms", "10000", "600MiB", 122.5}} {
		tr, _ := transfer(t, fmt.Sprintf(`
path: {delay: %s, forward: {loss: {every: %s}}}
duration: 1h
flows: [{app: transfer, protocol: tcp, size: %s, tcp: {congestion: cubic}}]
`, c.delay, c.every, c.size))
		got := settledWindow(tr, 15)
		t.Logf("delay %s, a loss in %s: %.1f segments, the RFC says %v", c.delay, c.every, got, c.want)
		if got < 0.85*c.want || got > 1.15*c.want {
			t.Errorf("delay %s, a loss in %s: %.1f segments on average, the RFC says %v", c.delay, c.every, got, c.want)
		}
	}
}
