package metrics_test

import (
	"testing"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
	"reliabilitylab/reports/metrics"
)

// RFC 5681 section 2, one condition after the other: three segments go out at 0 ms, an ACK of the first comes at 50 ms
// (window 1000), and then, at 60 ms, one more ACK.
func TestDuplicateACKs(t *testing.T) {
	plain := func(p *trace.Packet) {}
	for _, c := range []struct {
		name   string
		change func(*trace.Packet)
		want   float64
	}{
		{"the same again", plain, 1},
		{"it acknowledges more", func(p *trace.Packet) { p.Header.Ack = 201 }, 0},
		{"it acknowledges less", func(p *trace.Packet) { p.Header.Ack = 1 }, 0},
		{"it carries data", func(p *trace.Packet) { p.Header.Payload = 10 }, 0},
		{"it carries FIN", func(p *trace.Packet) { p.Header.Flags |= netem.FlagFIN }, 0},
		{"it carries SYN", func(p *trace.Packet) { p.Header.Flags |= netem.FlagSYN }, 0},
		{"it is a reset", func(p *trace.Packet) { p.Header.Flags |= netem.FlagRST }, 0},
		{"it offers another window", func(p *trace.Packet) { p.Header.Window = 999 }, 0},
		{"it offers another window, and has news of SACK", func(p *trace.Packet) {
			p.Header.Window, p.SACK = 999, [][2]uint32{{201, 301}}
		}, 1},
		{"the host threw it away", func(p *trace.Packet) { p.Fate = trace.Discarded }, 0},
		{"it has no ACK", func(p *trace.Packet) { p.Header.Flags = 0 }, 0},
	} {
		l := newLedger("tcp")
		for i := range 3 {
			l.segment(netem.KindData, 0, 25, uint32(1+100*i), 100, netem.FlagACK, "new")
		}
		l.ack(25, 50, 101, 1000)
		c.change(l.ack(35, 60, 101, 1000))
		if got := metrics.Of(l.trace())["duplicate_acks"]; got != c.want {
			t.Errorf("%s: %v duplicates, want %v", c.name, got, c.want)
		}
	}
}

// An ACK that comes twice while nothing is outstanding is no duplicate, though more is sent later.
func TestNothingOutstanding(t *testing.T) {
	l := newLedger("tcp")
	l.segment(netem.KindData, 0, 25, 1, 100, netem.FlagACK, "new")
	l.ack(25, 50, 101, 1000)
	l.ack(25, 51, 101, 1000)
	l.segment(netem.KindData, 60, 85, 101, 100, netem.FlagACK, "new")
	if got := metrics.Of(l.trace())["duplicate_acks"]; got != 0 {
		t.Errorf("%v duplicates, want none", got)
	}
}

// A handshake ends with the SYN-ACK that the host took: not with one that it threw away, nor, where both ends open at
// once, with its own.
func TestHandshake(t *testing.T) {
	const syn, ack = netem.FlagSYN, netem.FlagACK
	l := newLedger("tcp")
	l.segment(netem.KindSYN, 10, 60, 0, 0, syn, "new")
	l.put(netem.Reverse, 20, 70, trace.Arrived, netem.Header{Kind: netem.KindSYN, Flags: syn})
	l.put(netem.Reverse, 60, 80, trace.Discarded, netem.Header{Kind: netem.KindSYNACK, Flags: syn | ack, Ack: 1})
	l.put(netem.Forward, 70, 90, trace.Arrived, netem.Header{Kind: netem.KindSYNACK, Flags: syn | ack, Ack: 1})
	if s, ok := metrics.Of(l.trace())["handshake_s"]; ok {
		t.Errorf("handshake_s = %v before there was one", s)
	}
	l.put(netem.Reverse, 100, 150, trace.Arrived, netem.Header{Kind: netem.KindSYNACK, Flags: syn | ack, Ack: 1})
	l.put(netem.Reverse, 110, 140, trace.Arrived, netem.Header{Kind: netem.KindSYNACK, Flags: syn | ack, Ack: 1}) // overtakes it
	if s := metrics.Of(l.trace())["handshake_s"]; s != .13 {
		t.Errorf("handshake_s = %v, want 0.13", s)
	}
}

// Means are over the time in which data was sent; a copy that the path makes later is not sent. One burst at one instant
// has the values of that instant.
func TestMeansOverTime(t *testing.T) {
	l := newLedger("tcp")
	l.segment(netem.KindData, 100, 150, 1, 100, netem.FlagACK, "new")
	l.sample(0, "slow start", "ack", 300, 80, 280)
	l.sample(150, "slow start", "ack", 700, 90, 290)
	if m := metrics.Of(l.trace()); m["cwnd_mean_segments"] != 3 || m["srtt_mean_s"] != .08 {
		t.Errorf("one burst: window %v, SRTT %v; want 3 and 0.08", m["cwnd_mean_segments"], m["srtt_mean_s"])
	}
	l.segment(netem.KindData, 200, 250, 101, 100, netem.FlagACK, "new")
	l.copied(1, 500, 550, trace.Arrived)
	if m := metrics.Of(l.trace()); m["cwnd_mean_segments"] != 5 || m["srtt_mean_s"] != .085 {
		t.Errorf("two bursts: window %v, SRTT %v; want 5 and 0.085", m["cwnd_mean_segments"], m["srtt_mean_s"])
	}
}

// Every reason that a sender may have for sending again counts where it belongs; what it sends for the first time does not.
func TestReasons(t *testing.T) {
	for reason, name := range map[string]string{
		"timeout": "retransmissions_rto", "after timeout": "retransmissions_rto",
		"fast retransmit": "retransmissions_fast", "rack": "retransmissions_fast", "reordering timer": "retransmissions_fast", "partial ack": "retransmissions_fast", "unsacked hole": "retransmissions_fast",
		"rescue": "retransmissions_fast", "tail loss probe": "retransmissions_tlp", "packet too big": "retransmissions_mtu", "window probe": "",
	} {
		l := newLedger("tcp")
		l.segment(netem.KindData, 0, -1, 1, 100, netem.FlagACK, "new")
		l.segment(netem.KindRetransmission, 100, 150, 1, 100, netem.FlagACK, reason)
		l.segment(netem.KindData, 200, 250, 101, 100, netem.FlagACK, reason) // new data
		m := metrics.Of(l.trace())
		for _, kind := range []string{"retransmissions_rto", "retransmissions_fast", "retransmissions_tlp", "retransmissions_mtu"} {
			want := 0.
			if kind == name {
				want = 1
			}
			if m[kind] != want {
				t.Errorf("%q: %s = %v, want %v", reason, kind, m[kind], want)
			}
		}
	}
}

// One that was sent again and nobody knows why leaves no counts by reason, where a made-up zero would stand otherwise.
func TestUnknownReason(t *testing.T) {
	l := newLedger("tcp")
	l.segment(netem.KindData, 0, -1, 1, 100, netem.FlagACK, "new")
	l.segment(netem.KindRetransmission, 100, -1, 1, 100, netem.FlagACK, "timeout")
	l.segment(netem.KindRetransmission, 200, 250, 1, 100, netem.FlagACK, "")
	m := metrics.Of(l.trace())
	for _, kind := range []string{"retransmissions_rto", "retransmissions_fast", "retransmissions_tlp", "retransmissions_mtu"} {
		if v, ok := m[kind]; ok {
			t.Errorf("%s = %v, want none", kind, v)
		}
	}
	if m["retransmissions"] != 2 {
		t.Errorf("retransmissions = %v, want 2", m["retransmissions"])
	}
}
