package metrics_test

import (
	"testing"

	"reliabilitylab/netem"
	"reliabilitylab/reports/metrics"
)

// Data goes out from 100 to 1000 ms. Until 250 the program has nothing more (150 ms), until 400 cwnd is full (150), until 450 Nagle
// waits (50), until 600 the receiver's window is full and until 750 it is shut (300), until 900 a timeout is repaired (150), and until
// 1000 the sender paces (100).
func TestLimits(t *testing.T) {
	l := newLedger("tcp")
	l.segment(netem.KindData, 100, 150, 1, 100, netem.FlagACK, "new")
	l.segment(netem.KindData, 1000, 1050, 101, 100, netem.FlagACK, "new")
	say := func(ms int, waits string) { l.sample(ms, "", "ack", 100, 0, 0).Waits = waits }
	say(50, "program")
	for _, s := range []struct {
		at    int
		waits string
	}{{250, "cwnd"}, {400, "nagle"}, {450, "window"}, {600, "zero window"}, {750, "timeout"}, {900, "pacing"}, {1100, "program"}} {
		say(s.at, s.waits)
	}
	l.sample(300, "", "ack", 100, 0, 0).TCPState.Waits = "program" // the other end's does not count
	l.t.TCP[len(l.t.TCP)-1].Connection.Host = "server"
	m := metrics.Of(l.trace())
	if m["limited_cwnd_s"] != .3 || m["limited_window_s"] != .3 || m["limited_sender_s"] != .3 {
		t.Errorf("cwnd %v, window %v, sender %v; want 0.3 each", m["limited_cwnd_s"], m["limited_window_s"], m["limited_sender_s"])
	}
	l.t.TCP[2].TCPState.Waits = "" // from 400 to 450 nobody knows
	for name := range metrics.Of(l.trace()) {
		switch name {
		case "limited_cwnd_s", "limited_window_s", "limited_sender_s":
			t.Errorf("%s is there though a part of the time is not known", name)
		}
	}
}

// Where the sender says nothing at all, nothing is measured.
func TestNoLimits(t *testing.T) {
	l := newLedger("tcp")
	l.segment(netem.KindData, 100, 150, 1, 100, netem.FlagACK, "new")
	if _, ok := metrics.Of(l.trace())["limited_cwnd_s"]; ok {
		t.Error("a sender that says nothing was limited by cwnd")
	}
}
