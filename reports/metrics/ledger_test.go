package metrics_test

import (
	"maps"
	"math"
	"net/netip"
	"slices"
	"testing"
	"time"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// A ledger builds traces by hand. All times are in milliseconds; -1 is never.
type ledger struct{ t trace.Trace }

func newLedger(protocol string) *ledger {
	return &ledger{trace.Trace{
		Protocol: protocol, Data: netem.Forward, QueueMax: -1,
		Client: trace.End{Name: "client"}, Server: trace.End{Name: "server"},
	}}
}

// at converts milliseconds to an instant.
func at(ms int) time.Duration {
	if ms < 0 {
		return trace.Never
	}
	return time.Duration(ms) * time.Millisecond
}

// put adds a packet to the ledger. Places in the order of arrival are given at the end, by trace.
func (l *ledger) put(d netem.Direction, sent, arrived int, fate trace.Fate, h netem.Header) *trace.Packet {
	h.Protocol, h.SrcPort, h.DstPort = netem.UDP, 1000, 80
	if l.t.Protocol == "tcp" {
		h.Protocol = netem.TCP
	}
	if d == netem.Reverse {
		h.SrcPort, h.DstPort = 80, 1000
	}
	l.t.Packets = append(l.t.Packets, trace.Packet{
		Note: &trace.Note{}, ID: uint64(len(l.t.Packets)) + 1, Direction: d, Fate: fate, Header: h, Sent: at(sent), Arrived: at(arrived),
	})
	return &l.t.Packets[len(l.t.Packets)-1]
}

// datagram puts a UDP datagram of 100 bytes on the path, towards the server.
func (l *ledger) datagram(sent, arrived int, fate trace.Fate) *trace.Packet {
	return l.put(netem.Forward, sent, arrived, fate, netem.Header{Kind: netem.KindData, Payload: 100})
}

// call adds a socket call of the client's.
func (l *ledger) call(name, errno string) {
	l.t.Calls = append(l.t.Calls, trace.Call{CallText: &trace.CallText{Host: "client", Name: name, Errno: errno}})
}

// copied adds a copy of the packet with that ID.
func (l *ledger) copied(of uint64, sent, arrived int, fate trace.Fate) *trace.Packet {
	orig := l.t.Packets[of-1]
	p := l.put(orig.Direction, sent, arrived, fate, orig.Header)
	p.Of = of
	return p
}

// segment puts a TCP segment on the path, towards the server.
func (l *ledger) segment(kind netem.Kind, sent, arrived int, seq uint32, payload int, flags netem.Flags, reason string) *trace.Packet {
	fate := trace.Arrived
	if arrived < 0 {
		fate = trace.Lost
	}
	p := l.put(netem.Forward, sent, arrived, fate, netem.Header{Kind: kind, Seq: seq, Payload: payload, Flags: flags, Window: 1000})
	p.Reason = reason
	return p
}

// ack puts an ACK on the path, towards the client.
func (l *ledger) ack(sent, arrived int, ack uint32, window uint16, sack ...[2]uint32) *trace.Packet {
	fate := trace.Arrived
	if arrived < 0 {
		fate = trace.Lost
	}
	p := l.put(netem.Reverse, sent, arrived, fate, netem.Header{Kind: netem.KindACK, Seq: 1, Ack: ack, Flags: netem.FlagACK, Window: window})
	p.SACK = sack
	return p
}

// message adds a message behind those there are. delivered and place are of the first copy.
func (l *ledger) message(size, sent, delivered, copies, place int, intact bool) {
	offset := int64(0)
	if n := len(l.t.Messages); n > 0 {
		offset = l.t.Messages[n-1].Offset + int64(l.t.Messages[n-1].Size)
	}
	l.t.Messages = append(l.t.Messages, trace.Message{
		Number: uint64(len(l.t.Messages)) + 1, Offset: offset, Size: int32(size), Sent: at(sent), Delivered: at(delivered),
		Copies: int32(copies), Place: int32(place), Intact: intact,
	})
}

// sample adds what the client's TCP tells of itself; the MSS is 100.
func (l *ledger) sample(ms int, phase, event string, cwnd, srtt, rto int) *trace.TCPSample {
	l.t.TCP = append(l.t.TCP, trace.TCPSample{
		Connection: &trace.Connection{Host: "client", Local: netip.MustParseAddrPort("10.0.0.1:1000")},
		TCPState:   &trace.TCPState{State: "ESTABLISHED", Phase: phase, Event: event},
		At:         at(ms), Cwnd: cwnd, MSS: 100, SRTT: at(srtt), RTO: at(rto),
	})
	return &l.t.TCP[len(l.t.TCP)-1]
}

// trace gives the arrivals of each direction their places and returns the trace.
func (l *ledger) trace() *trace.Trace {
	for d := netem.Forward; d <= netem.Reverse; d++ {
		var order []*trace.Packet
		for i := range l.t.Packets {
			if p := &l.t.Packets[i]; p.Direction == d && p.Arrived != trace.Never {
				order = append(order, p)
			}
		}
		slices.SortStableFunc(order, func(a, b *trace.Packet) int { return int(a.Arrived - b.Arrived) })
		for i, p := range order {
			p.Place = int32(i + 1)
		}
	}
	return &l.t
}

// checkMetrics compares all metrics; values may differ by what floating point does to the last digits.
func checkMetrics(t *testing.T, got, want map[string]float64) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		v, ok := got[name]
		if !ok {
			t.Errorf("%s is absent, want %v", name, want[name])
		} else if math.Abs(v-want[name]) > 1e-12*math.Abs(want[name]) {
			t.Errorf("%s = %v, want %v", name, v, want[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			t.Errorf("%s = %v, want it absent", name, got[name])
		}
	}
}
