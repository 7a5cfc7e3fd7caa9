package metrics_test

import (
	"net/netip"
	"testing"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
	"reliabilitylab/reports/metrics"
	"reliabilitylab/scenarios"
)

// sessionOf makes a session of a trial: more is said on other ports and over other protocols, before, between and after.
func sessionOf(t *trace.Trace) *trace.Trace {
	other := func(id uint64, protocol netem.Protocol, port uint16, sent int, h netem.Header) trace.Packet {
		h.Protocol, h.SrcPort, h.DstPort = protocol, port, 80
		return trace.Packet{
			Note: &trace.Note{}, ID: id, Header: h, Direction: netem.Forward, Fate: trace.Lost, Sent: at(sent), Arrived: trace.Never,
		}
	}
	s := *t
	s.Protocol, s.Messages, s.Packets = trace.Any, nil, nil
	n := uint64(len(t.Packets))
	s.Packets = append(s.Packets,
		other(n+1, netem.ICMP, 0, 0, netem.Header{Kind: netem.KindICMP}),
		other(n+2, netem.TCP, 999, 0, netem.Header{Kind: netem.KindData, Flags: netem.FlagACK, Seq: 1, Payload: 90}))
	for i, p := range t.Packets {
		s.Packets = append(s.Packets, p)
		if i == 4 {
			s.Packets = append(s.Packets, other(n+3, netem.UDP, 1000, 1000, netem.Header{Kind: netem.KindData, Payload: 9000}))
		}
	}
	s.Packets = append(s.Packets,
		other(n+4, netem.TCP, 999, 9000, netem.Header{Kind: netem.KindRetransmission, Flags: netem.FlagACK, Seq: 1, Payload: 90}))
	for i := range s.Packets {
		p := &s.Packets[i]
		p.Length = int32(p.Header.Payload) + 40
		p.Place *= 2 // others arrived between
	}
	s.TCP = append([]trace.TCPSample{{
		Connection: &trace.Connection{Host: "client", Local: netip.MustParseAddrPort("10.0.0.1:999"), Peer: netip.MustParseAddrPort("10.0.0.2:80")},
		TCPState:   &trace.TCPState{Phase: "recovery", Event: "timeout"}, At: 1, Cwnd: 77, MSS: 100, SRTT: at(77),
	}}, t.TCP...)
	for i := range s.TCP[1:] {
		c := *s.TCP[i+1].Connection
		c.Peer = netip.MustParseAddrPort("10.0.0.2:80")
		s.TCP[i+1].Connection = &c
	}
	return &s
}

// TestSessionsTCPIsTheBusiestConnections: a trial's TCP has the same metrics where it is the busiest connection of a session.
func TestSessionsTCPIsTheBusiestConnections(t *testing.T) {
	alone, session := metrics.Of(tcpTrial()), metrics.Of(sessionOf(tcpTrial()))
	seen := 0
	for _, m := range scenarios.Metrics {
		got, ok := session[m.Name]
		want, defined := alone[m.Name]
		switch m.Group {
		case "tcp":
			if got != want || ok != defined {
				t.Errorf("%s = %v (%v), alone %v (%v)", m.Name, got, ok, want, defined)
			}
			if ok {
				seen++
			}
		case "program":
			if ok {
				t.Errorf("%s = %v: a session has no messages", m.Name, got)
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d metrics of TCP", seen)
	}
}

// TestSessionsWireIsAllPackets: whatever a packet carries, it counts once, in the direction of the data alone.
func TestSessionsWireIsAllPackets(t *testing.T) {
	l := newLedger(trace.Any)
	for _, p := range []struct {
		protocol      netem.Protocol
		sent, arrived int
		h             netem.Header
	}{
		{netem.ICMP, 0, 20, netem.Header{Kind: netem.KindICMP}},
		{netem.TCP, 1, 21, netem.Header{Kind: netem.KindSYN, Flags: netem.FlagSYN}},
		{netem.TCP, 30, -1, netem.Header{Kind: netem.KindData, Flags: netem.FlagACK, Seq: 1, Payload: 10}},
		{netem.UDP, 40, 62, netem.Header{Kind: netem.KindData, Payload: 10}}, // overtaken
		{netem.TCP, 41, 61, netem.Header{Kind: netem.KindACK, Flags: netem.FlagACK}},
		{netem.TCP, 70, 95, netem.Header{Kind: netem.KindRetransmission, Flags: netem.FlagACK, Seq: 1, Payload: 10}},
	} {
		fate := trace.Arrived
		if p.arrived < 0 {
			fate = trace.Lost
		}
		got := l.put(netem.Forward, p.sent, p.arrived, fate, p.h)
		got.Header.Protocol, got.Length = p.protocol, 50
	}
	l.put(netem.Reverse, 0, -1, trace.Lost, netem.Header{}).Length = 50
	m := metrics.Of(l.trace())
	for name, want := range map[string]float64{
		"packets_sent": 6, "packets_arrived": 5, "packets_lost": 1, "loss_ratio": 1. / 6, "loss_burst_mean": 1,
		"reordered_ratio": 1. / 4, // without the retransmission
		"owd_min_s":       .02, "owd_p50_s": .02, "owd_p99_s": .025,
		"segments_sent": 4, "retransmissions": 1,
	} {
		if got, ok := m[name]; !ok || got != want {
			t.Errorf("%s = %v (%v), want %v", name, got, ok, want)
		}
	}
}
