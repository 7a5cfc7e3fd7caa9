package story_test

import (
	"net/netip"
	"testing"
	"time"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
	"reliabilitylab/reports/story"
)

// A ledger makes a trace by hand. Segments carry 100 bytes, each is a message; a packet takes 25 ms, and is lost where it
// arrives at -1.
type ledger struct {
	t      trace.Trace
	places [2]int32
}

func newLedger(protocol string) *ledger {
	return &ledger{t: trace.Trace{
		Trial: protocol, Protocol: protocol, QueueMax: -1,
		Client: trace.End{Name: "client", Addr: netip.MustParseAddr("10.0.0.1")},
		Server: trace.End{Name: "server", Addr: netip.MustParseAddr("10.0.0.2")},
	}}
}

func at(ms int) time.Duration { return time.Duration(ms) * time.Millisecond }

// put adds a packet.
func (l *ledger) put(d netem.Direction, sent, arrived int, h netem.Header, n trace.Note) *trace.Packet {
	h.Version, h.Protocol, h.SrcPort, h.DstPort = 4, netem.TCP, 1000, 80
	if l.t.Protocol == "udp" {
		h.Protocol = netem.UDP
	}
	if d == netem.Reverse {
		h.SrcPort, h.DstPort = h.DstPort, h.SrcPort
	}
	p := trace.Packet{
		Note: &n, ID: uint64(len(l.t.Packets) + 1), Header: h, Direction: d, Length: int32(h.Payload + 40),
		Sent: at(sent), Arrived: trace.Never, Fate: trace.Lost, At: -1, AtFar: -1,
	}
	if arrived >= 0 {
		p.Arrived, p.Fate = at(arrived), trace.Arrived
		l.places[d]++
		p.Place = l.places[d]
	}
	l.t.Packets = append(l.t.Packets, p)
	l.t.End = max(l.t.End, p.Sent, p.Arrived)
	return &l.t.Packets[len(l.t.Packets)-1]
}

// data adds the first transmission of a segment and its message, which is delivered then.
func (l *ledger) data(sent, arrived, delivered int) *trace.Packet {
	n := len(l.t.Messages)
	m := trace.Message{Number: uint64(n + 1), Offset: int64(100 * n), Size: 100, Sent: at(sent), Delivered: trace.Never}
	if delivered >= 0 {
		m.Delivered, m.Copies, m.Intact = at(delivered), 1, true
	}
	l.t.Messages = append(l.t.Messages, m)
	h := netem.Header{Kind: netem.KindData, Flags: netem.FlagACK, Payload: 100, Seq: uint32(1 + 100*n), Ack: 1}
	if l.t.Protocol == "udp" {
		h = netem.Header{Kind: netem.KindData, Payload: 100, Seq: uint32(n + 1)}
	}
	return l.put(netem.Forward, sent, arrived, h, trace.Note{Reason: "new"})
}

// again adds a retransmission of the n-th segment.
func (l *ledger) again(sent, arrived, n int, reason string) *trace.Packet {
	return l.put(netem.Forward, sent, arrived, netem.Header{
		Kind: netem.KindRetransmission, Flags: netem.FlagACK, Payload: 100, Seq: uint32(1 + 100*(n-1)), Ack: 1,
	}, trace.Note{Reason: reason})
}

// ack adds an ACK that waits for the n-th segment, and has those from..to beyond, if from is not 0.
func (l *ledger) ack(sent, arrived, n, from, to int) *trace.Packet {
	note := trace.Note{Reason: "ack"}
	if from > 0 {
		note.SACK = [][2]uint32{{uint32(1 + 100*(from-1)), uint32(1 + 100*to)}}
	}
	return l.put(netem.Reverse, sent, arrived, netem.Header{Kind: netem.KindACK, Flags: netem.FlagACK, Seq: 1, Ack: uint32(1 + 100*(n-1))}, note)
}

// reply adds a router's ICMP about the packet in the n-th row.
func (l *ledger) reply(sent, arrived, n int) {
	p := l.put(netem.Reverse, sent, arrived, netem.Header{}, trace.Note{Reason: netem.ReasonTooBig, Cause: netem.CauseLoss})
	p.Header = netem.Header{Version: 4, Protocol: netem.ICMP, Kind: netem.KindICMP}
	p.Of = l.t.Packets[n-1].ID
}

// sample adds what the client's TCP says of itself.
func (l *ledger) sample(ms int, state, event string, rto int) {
	l.t.TCP = append(l.t.TCP, trace.TCPSample{
		Connection: &trace.Connection{Host: "client", Local: netip.MustParseAddrPort("10.0.0.1:1000")},
		TCPState:   &trace.TCPState{State: state, Event: event}, At: at(ms), RTO: at(rto),
	})
}

// waits adds what the client's TCP waits for, with a round trip of 50 ms.
func (l *ledger) waits(ms int, why string, window int) {
	l.t.TCP = append(l.t.TCP, trace.TCPSample{
		Connection: &trace.Connection{Host: "client", Local: netip.MustParseAddrPort("10.0.0.1:1000")},
		TCPState:   &trace.TCPState{State: "ESTABLISHED", Waits: why}, At: at(ms), SendWnd: window, SRTT: at(50),
	})
}

// tells demands the stories, word for word.
func (l *ledger) tells(t *testing.T, want ...string) []story.Story {
	t.Helper()
	all := story.Of(&l.t)
	for i := range max(len(all), len(want)) {
		got, w := "nothing", "nothing"
		if i < len(all) {
			got = all[i].Text
		}
		if i < len(want) {
			w = want[i]
		}
		if got != w {
			t.Errorf("story %d:\n%s\nwant\n%s", i+1, got, w)
		}
	}
	return all
}
