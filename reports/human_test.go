package reports

import (
	"math"
	"testing"

	"reliabilitylab/scenarios"
)

// All that is wanted here was written down by hand.

func TestHuman(t *testing.T) {
	for _, c := range []struct {
		v    float64
		unit scenarios.Unit
		want string
	}{
		{0, scenarios.Ratio, "0 %"},
		{1, scenarios.Ratio, "100 %"},
		{0.5, scenarios.Ratio, "50 %"},
		{0.02554, scenarios.Ratio, "2.55 %"},
		{0.97446, scenarios.Ratio, "97.4 %"},
		{0.99949, scenarios.Ratio, "99.9 %"},
		{0.9997, scenarios.Ratio, "99.97 %"},    // not all came: that must not read 100 %
		{0.999996, scenarios.Ratio, "99.999 %"}, // nor this
		{0.99999999999, scenarios.Ratio, "99.999 %"},
		{0.000012, scenarios.Ratio, "0.0012 %"},
		{1e-14, scenarios.Ratio, "0.000000000001 %"}, // not nothing
		{1.5, scenarios.Ratio, "150 %"},
		{math.Copysign(0, -1), scenarios.Ratio, "0 %"},

		{0, scenarios.Seconds, "0 s"},
		{9.26, scenarios.Seconds, "9.26 s"},
		{59.96, scenarios.Seconds, "60 s"},
		{1234.5, scenarios.Seconds, "1,234 s"}, // to even
		{0.0262, scenarios.Seconds, "26.2 ms"},
		{0.9994, scenarios.Seconds, "999 ms"},
		{0.9996, scenarios.Seconds, "1 s"}, // and not 1000 ms
		{0.0009996, scenarios.Seconds, "1 ms"},
		{25e-6, scenarios.Seconds, "25 µs"},
		{3e-9, scenarios.Seconds, "3 ns"},
		{0.25e-9, scenarios.Seconds, "0.25 ns"},

		{7.7e6, scenarios.BitRate, "7.7 Mbit/s"},
		{1812345, scenarios.BitRate, "1.81 Mbit/s"},
		{999999, scenarios.BitRate, "1 Mbit/s"},
		{64000, scenarios.BitRate, "64 kbit/s"},
		{950, scenarios.BitRate, "950 bit/s"},
		{0.5, scenarios.BitRate, "0.5 bit/s"},
		{1e11, scenarios.BitRate, "100 Gbit/s"},

		{0, scenarios.Bytes, "0 B"},
		{1023, scenarios.Bytes, "1,023 B"},
		{1024, scenarios.Bytes, "1 KiB"},
		{2097152, scenarios.Bytes, "2 MiB"},
		{1.5 * (1 << 30), scenarios.Bytes, "1.5 GiB"},
		{1048575, scenarios.Bytes, "1 MiB"}, // and not 1,024 KiB

		{46, scenarios.Segments, "46"},
		{1495, scenarios.Packets, "1,495"},
		{1234567, scenarios.Count, "1,234,567"},
		{1.0344, scenarios.Packets, "1.03"},
		{9.996, scenarios.Packets, "10"},
		{99.96, scenarios.Packets, "99.96"},
		{1234.5, scenarios.Packets, "1,234"},
		{0.05, scenarios.Packets, "0.05"},
	} {
		if got := Human(c.v, c.unit); got != c.want {
			t.Errorf("Human(%v, %s) = %q, want %q", c.v, c.unit, got, c.want)
		}
	}
}

func TestGrouped(t *testing.T) {
	for in, want := range map[string]string{
		"0": "0", "999": "999", "1000": "1,000", "-100": "-100", "-1000": "-1,000", "1234567.25": "1,234,567.25", "123456": "123,456",
	} {
		if got := grouped(in); got != want {
			t.Errorf("grouped(%s) = %s, want %s", in, got, want)
		}
	}
}

func TestWords(t *testing.T) {
	want := map[string]string{
		"delivered_ratio": "delivered", "in_order_ratio": "in order", "completion_s": "completion", "goodput_bps": "goodput",
		"hol_wait_p99_s": "head-of-line wait p99", "owd_p50_s": "one-way delay p50", "packets_sent": "packets sent",
		"n3_reordered_ratio": "3-reordered", "queue_max_packets": "queue max", "srtt_mean_s": "smoothed RTT mean",
		"cwnd_mean_segments": "congestion window mean", "handshake_s": "handshake", "loss_ratio": "loss",
	}
	for in, want := range want {
		if _, ok := scenarios.MetricNamed(in); !ok {
			t.Errorf("there is no metric %s", in)
		}
		if got := (scenarios.Metric{Name: in}).Words(); got != want {
			t.Errorf("Words of %s = %q, want %q", in, got, want)
		}
	}
	seen := map[string]string{}
	for _, m := range scenarios.Metrics {
		if other, ok := seen[m.Words()]; ok {
			t.Errorf("%s and %s are both called %q", m.Name, other, m.Words())
		}
		seen[m.Words()] = m.Name
	}
}
