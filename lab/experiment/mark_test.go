package experiment

import (
	"fmt"
	"testing"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
	"reliabilitylab/reports/metrics"
)

// TestMarksInsteadOfLosses: where every twentieth packet of new data is marked instead of lost, a TCP with ECN slows down and sends
// nothing again; UDP, which takes no marks, loses the same ones; and so does TCP without ECN.
func TestMarksInsteadOfLosses(t *testing.T) {
	for _, ip := range []string{"4", "6"} {
		const path = "path: {rate: 10Mbit, delay: 20ms, queue: 500p, forward: {loss: {every: 20, ecn: true}}}\nflows: [{name: f, size: 1MiB, tcp: {ecn: %v}}]\nip: %s\n"
		with := collect(t, parse(t, fmt.Sprintf(path, true, ip)), Options{})
		without := collect(t, parse(t, fmt.Sprintf(path, false, ip)), Options{})
		count := func(tr *trace.Trace) (marked, lost int) {
			for _, p := range tr.Packets {
				if p.Direction != netem.Forward || p.Header.Kind != netem.KindData {
					continue
				}
				if p.Fate == trace.Lost {
					lost++
				}
				if p.Marked != "" {
					marked++
					if p.Marked != netem.CauseLoss || p.Fate != trace.Arrived || p.Header.ECN != netem.ECT0 || p.Harm != "" {
						t.Errorf("IPv%s: packet %d, sent as %v, is marked by %q and %v", ip, p.ID, p.Header.ECN, p.Marked, p.Fate)
					}
				}
			}
			return marked, lost
		}
		packets := (1<<20 + 1447) / 1448 / 20 // of 1448 bytes, the timestamps' 12 taken off; IPv6 has 20 bytes less
		if ip == "6" {
			packets = (1<<20 + 1427) / 1428 / 20
		}
		for _, c := range []struct {
			trial        *Trial
			marked, lost int
		}{{with[0], packets, 0}, {with[1], 0, packets}, {without[0], 0, packets}} {
			marked, lost := count(c.trial.Trace)
			if d := marked - c.marked + lost - c.lost; marked > 0 != (c.marked > 0) || lost > 0 != (c.lost > 0) || d < -1 || d > 1 {
				t.Errorf("IPv%s, %s: %d marked and %d lost, want %d and %d", ip, c.trial.ID, marked, lost, c.marked, c.lost)
			}
		}
		m := metrics.Of(with[0].Trace)
		if m["retransmissions"] != 0 || m["delivered_ratio"] != 1 || m["cwnd_mean_segments"] > 30 {
			t.Errorf("IPv%s: %v sent again, %v delivered, a window of %v on average", ip, m["retransmissions"], m["delivered_ratio"], m["cwnd_mean_segments"])
		}
		if a, b := m["goodput_bps"], metrics.Of(without[0].Trace)["goodput_bps"]; a < b {
			t.Errorf("IPv%s: %v bit/s with marks, %v with losses", ip, a, b)
		}
	}
}
