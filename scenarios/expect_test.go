package scenarios

import (
	"fmt"
	"strings"
	"testing"
)

func TestEval(t *testing.T) {
	measured := map[string]float64{
		"tcp.delivered_ratio": 1, "udp.delivered_ratio": 0.98, "tcp.goodput_bps": 2e6, "udp.goodput_bps": 8e6,
		"tcp.latency_p99_s": 0.2, "udp.loss_ratio": 0.02, "tcp.timeouts": 3, "tcp.recoveries": 3, "tcp.bytes_sent": 65536,
		"loss=0.5%_r2_file-tcp.timeouts": 7,
	}
	lookup := func(trial, metric string) (float64, bool) {
		v, ok := measured[trial+"."+metric]
		return v, ok
	}
	for _, c := range []struct {
		text        string
		ok          bool
		left, right float64
	}{
		{"tcp.delivered_ratio == 1", true, 1, 1},
		{"tcp.delivered_ratio != 1", false, 1, 1},
		{"udp.delivered_ratio < 1", true, 0.98, 1},
		{"udp.delivered_ratio >= 98%", true, 0.98, 0.98},
		{"udp.loss_ratio > 0.01", true, 0.02, 0.01},
		{"udp.loss_ratio <= 1%", false, 0.02, 0.01},
		{"tcp.latency_p99_s < 200ms", false, 0.2, 0.2},
		{"tcp.latency_p99_s <= 200ms", true, 0.2, 0.2},
		{"tcp.goodput_bps == 2Mbit", true, 2e6, 2e6},
		{"tcp.goodput_bps < udp.goodput_bps", true, 2e6, 8e6},
		{"tcp.goodput_bps >= 0.25 * udp.goodput_bps", true, 2e6, 2e6},
		{"tcp.bytes_sent == 64KiB", true, 65536, 65536},
		{"tcp.timeouts == tcp.recoveries", true, 3, 3},
		{"loss=0.5%_r2_file-tcp.timeouts > 6", true, 7, 6},
	} {
		e, err := ParseExpect(c.text)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		ok, left, right, err := e.Eval(lookup)
		if err != nil || ok != c.ok || left != c.left || right != c.right {
			t.Errorf("%s is %v (%v, %v), %v; want %v (%v, %v)", c.text, ok, left, right, err, c.ok, c.left, c.right)
		}
		if got := fmt.Sprintf("%s %s %s", e.Left, e.Op, e.Right); got != c.text {
			t.Errorf("%s is kept as %s", c.text, got)
		}
	}
	for _, text := range []string{"tcp.handshake_s < 1s", "tcp.timeouts < tcp.duplicate_acks"} {
		e, err := ParseExpect(text)
		if err != nil {
			t.Fatal(err)
		}
		if ok, _, _, err := e.Eval(lookup); ok || err == nil || !strings.Contains(err.Error(), "is undefined in this run") {
			t.Errorf("%s, undefined, is %v, %v", text, ok, err)
		}
	}
	if _, _, _, err := (Expect{}).Eval(lookup); err == nil {
		t.Error("the zero expectation is met")
	}
}

func TestExpectNamesTrials(t *testing.T) {
	text := "flows: [{name: file}, {name: my_call, app: stream, protocol: udp}]\nexpect: ['%s.delivered_ratio == 1']"
	for _, c := range []struct {
		trial string
		ok    bool
	}{
		{"tcp", true}, {"file-tcp", true}, {"file.udp", true}, {"my_call-udp", true}, {"my_call-tcp", false}, {"call-udp", false},
		{"r2_file-tcp", true}, {"loss=1%_file-udp", true}, {"tpc", false}, {"file", false}, {"-tcp", false},
	} {
		_, err := Parse("x.yaml", []byte(fmt.Sprintf(text, c.trial)))
		if c.ok != (err == nil) {
			t.Errorf("%s: %v", c.trial, err)
		}
	}
}
