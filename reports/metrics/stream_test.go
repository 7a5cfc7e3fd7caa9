package metrics_test

import (
	"testing"
	"time"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
	"reliabilitylab/reports/metrics"
)

// Sequence numbers wrap after 4 GiB: five segments of 1 GiB each, of which the fifth begins at 2^32+1, written 1. It is
// sent again though it had arrived; message 5, all of it, waited from 60 to 100 ms.
func TestSequenceNumbersWrap(t *testing.T) {
	const gib = 1 << 30
	l := newLedger("tcp")
	l.segment(netem.KindSYN, 0, 5, 0, 0, netem.FlagSYN, "new")
	for i := range 5 {
		seq := uint32(uint64(i)*gib + 1)
		l.segment(netem.KindData, 10*i, 10*i+20, seq, gib, netem.FlagACK, "new")
		l.message(gib, 10*i, 100, 1, i+1, true)
	}
	l.segment(netem.KindRetransmission, 70, 90, 1, gib, netem.FlagACK, "timeout")
	m := metrics.Of(l.trace())
	for name, want := range map[string]float64{
		"retransmissions": 1, "spurious_retransmissions": 1, "hol_wait_p99_s": .08, "hol_wait_p50_s": .06,
	} {
		if m[name] != want {
			t.Errorf("%s = %v, want %v", name, m[name], want)
		}
	}
}

// A retransmission is spurious only if all of it had been sent in segments that arrive, whole or in parts.
func TestSpurious(t *testing.T) {
	for _, c := range []struct {
		name     string
		arrived  [3]int // of 100 bytes each, sent first
		copied   int    // when a copy of the second arrives
		spurious float64
	}{
		{"all arrived", [3]int{50, 50, 50}, -1, 1},
		{"all arrive, one of them after the retransmission", [3]int{50, 500, 50}, -1, 1},
		{"one was lost", [3]int{50, -1, 50}, -1, 0},
		{"one was lost, its copy arrives", [3]int{50, -1, 50}, 90, 1},
	} {
		l := newLedger("tcp")
		for i, arrived := range c.arrived {
			l.segment(netem.KindData, i, arrived, uint32(1+100*i), 100, netem.FlagACK, "new")
		}
		if c.copied >= 0 {
			l.copied(2, 5, c.copied, trace.Arrived)
		}
		l.segment(netem.KindRetransmission, 100, 150, 51, 200, netem.FlagACK, "timeout") // cut anew: from the middle of the first
		if got := metrics.Of(l.trace())["spurious_retransmissions"]; got != c.spurious {
			t.Errorf("%s: %v spurious, want %v", c.name, got, c.spurious)
		}
	}
}

// Attempts on other ports that were given up are not the flow's stream: their SYN is no part of it.
func TestEarlierAttempt(t *testing.T) {
	l := newLedger("tcp")
	l.segment(netem.KindSYN, 0, -1, 0, 0, netem.FlagSYN, "new").Header.SrcPort = 999
	l.segment(netem.KindSYN, 100, 150, 0, 0, netem.FlagSYN, "new")
	l.segment(netem.KindData, 200, 250, 1, 100, netem.FlagACK, "new")
	l.message(100, 200, 250, 1, 1, true)
	m := metrics.Of(l.trace())
	if m["retransmissions"] != 0 || m["segments_sent"] != 3 {
		t.Errorf("%v retransmissions of %v segments, want 0 of 3", m["retransmissions"], m["segments_sent"])
	}
	if wait, ok := m["hol_wait_p50_s"]; !ok || wait != 0 {
		t.Errorf("hol_wait_p50_s = %v, %v; want 0", wait, ok)
	}
}

// What is sent again in each of several connections counts, and the same numbers in two of them are not the same bytes: the second's SYN is
// thrown away and sent again, and its data once more although they had come; of its ACKs one is a duplicate.
func TestTwoConnections(t *testing.T) {
	l := newLedger("tcp")
	on := func(port uint16, p *trace.Packet) { p.Header.SrcPort = port }
	on(1001, l.segment(netem.KindSYN, 0, 50, 0, 0, netem.FlagSYN, "new"))
	on(1002, l.segment(netem.KindSYN, 10, -1, 0, 0, netem.FlagSYN, "new"))
	on(1001, l.segment(netem.KindData, 100, 150, 1, 100, netem.FlagACK, "new"))
	on(1002, l.segment(netem.KindSYN, 1010, 1060, 0, 0, netem.FlagSYN, "timeout"))
	on(1002, l.segment(netem.KindData, 1110, 1160, 1, 100, netem.FlagACK, "new"))
	on(1002, l.segment(netem.KindRetransmission, 1310, 1360, 1, 100, netem.FlagACK, "timeout"))
	for _, acked := range []struct {
		port uint16
		ack  uint32
	}{{1002, 1}, {1001, 101}, {1002, 1}} {
		l.ack(1370, 1420, acked.ack, 1000).Header.DstPort = acked.port
	}
	l.message(100, 100, 150, 1, 1, true)
	l.message(100, 1110, 1160, 1, 2, true)
	m := metrics.Of(l.trace())
	for name, want := range map[string]float64{"retransmissions": 2, "retransmissions_rto": 2, "spurious_retransmissions": 1, "segments_sent": 6, "duplicate_acks": 1} {
		if m[name] != want {
			t.Errorf("%s = %v, want %v", name, m[name], want)
		}
	}
}

// A message in fragments is complete with the last of them.
func TestFragments(t *testing.T) {
	l := newLedger("udp")
	l.datagram(0, 60, trace.Arrived)
	l.datagram(0, 50, trace.Arrived).Header.Fragment = true
	l.datagram(1, 55, trace.Arrived)
	l.datagram(1, -1, trace.Lost).Header.Fragment = true
	l.message(200, 0, 80, 1, 1, true)
	l.message(200, 1, -1, 0, 0, false)
	if got := metrics.Of(l.trace())["hol_wait_p50_s"]; got != .02 {
		t.Errorf("waited %v s, want 0.02: from 60 to 80 ms", got)
	}
}

// A message is complete with whichever copy comes first.
func TestCopyComesFirst(t *testing.T) {
	l := newLedger("udp")
	l.datagram(0, 80, trace.Arrived)
	l.copied(1, 0, 60, trace.Arrived)
	l.message(100, 0, 90, 2, 1, true)
	if got := metrics.Of(l.trace())["hol_wait_p50_s"]; got != .03 {
		t.Errorf("waited %v s, want 0.03: from 60 to 90 ms", got)
	}
}

// Where the ledger does not show how a message came, its wait is unknown and not made up.
func TestUnknownWaits(t *testing.T) {
	for name, build := range map[string]func() *ledger{
		"a stream whose beginning is not on record": func() *ledger {
			l := newLedger("tcp")
			l.segment(netem.KindData, 0, 50, 101, 100, netem.FlagACK, "new")
			return l
		},
		"a datagram of another size": func() *ledger {
			l := newLedger("udp")
			l.datagram(0, 50, trace.Arrived)
			return l
		},
		"a fragment that never arrived": func() *ledger {
			l := newLedger("udp")
			l.datagram(0, -1, trace.Lost)
			l.datagram(0, 50, trace.Arrived).Header.Fragment = true
			return l
		},
	} {
		l := build()
		l.message(200, 0, 80, 1, 1, true)
		if wait, ok := metrics.Of(l.trace())["hol_wait_p50_s"]; ok {
			t.Errorf("%s: waited %v s", name, wait)
		}
	}
}

// Packets are sent every 10 ms with an RTT of 100 ms. Lost are those sent at 0, 50 and 100 ms (one event: 0 + 100 >= 100)
// and at 110, 200 and 210 ms (another).
func TestIndications(t *testing.T) {
	l := newLedger("tcp")
	lost := map[int]bool{0: true, 50: true, 100: true, 110: true, 200: true, 210: true}
	for i := range 30 {
		arrived := 10*i + 50
		if lost[10*i] {
			arrived = -1
		}
		l.segment(netem.KindData, 10*i, arrived, uint32(1+100*i), 100, netem.FlagACK, "new")
	}
	l.segment(netem.KindData, 290, -1, 3001, 100, netem.FlagACK, "new").Fate = trace.InFlight
	l.sample(0, "slow start", "ack", 1000, 100, 300)
	l.sample(200, "loss", "timeout", 1000, 100, 600)
	l.sample(240, "loss", "timeout", 1000, 100, 1200)
	l.sample(250, "loss", "ack", 1000, 100, 330) // a new measurement: no backoff any more
	i, ok := metrics.IndicationsOf(l.trace())
	// RTO: 300 ms for 200 ms, then backed off, then 330 ms for 40 ms: 73200/240 = 305 ms
	want := metrics.Indications{Packets: 30, Lost: 6, Events: 2, RTT: 100 * time.Millisecond, T0: 305 * time.Millisecond}
	if !ok || i != want {
		t.Errorf("%+v, want %+v", i, want)
	}
	if i.Rate() != 2./30 {
		t.Errorf("p = %v, want 2/30", i.Rate())
	}
	if i, ok := metrics.IndicationsOf(tcpTrial()); !ok || i.Packets != 8 || i.Lost != 1 || i.Events != 1 ||
		i.RTT.Round(time.Microsecond) != 108571*time.Microsecond || i.T0.Round(time.Microsecond) != 308571*time.Microsecond {
		t.Errorf("%+v: want 1 event in 8 packets, RTT 38/350 s and T0 108/350 s", i)
	}
	l.t.TCP = nil
	if _, ok := metrics.IndicationsOf(&l.t); ok {
		t.Error("a sender that told nothing has an RTT")
	}
}
