package chart

import (
	"testing"
	"time"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// A life is a ledger that a test of connections writes.
type life struct{ t trace.Trace }

// sent adds a segment from a client's port, or to it, that takes 10 ms.
func (l *life) sent(ms int, d netem.Direction, port uint16, kind netem.Kind, flags netem.Flags, fate trace.Fate) {
	h := netem.Header{Protocol: netem.TCP, Kind: kind, Flags: flags, SrcPort: port, DstPort: 80}
	if d == netem.Reverse {
		h.SrcPort, h.DstPort = 80, port
	}
	at := time.Duration(ms) * time.Millisecond
	p := trace.Packet{Note: &trace.Note{Cause: netem.Cause("backlog full")}, Direction: d, Header: h, Fate: fate, Sent: at, Arrived: at + 10*time.Millisecond}
	l.t.Packets = append(l.t.Packets, p)
}

// called adds a call of the server's.
func (l *life) called(ms int, socket int32, name, text, errno string) {
	at := time.Duration(ms) * time.Millisecond
	c := trace.Call{CallText: &trace.CallText{Host: "server", Name: name, Text: text, Errno: errno}, Socket: socket, Begin: at, Return: at}
	if errno != "" {
		c.Result = -1
	}
	l.t.Calls = append(l.t.Calls, c)
}

// The first client is open after a SYN that was thrown away, waits for accept, and closes last; the second is refused while nobody listens,
// and its place in the picture is that of a third, which is still asking at the end.
func TestConnectionsOfATrial(t *testing.T) {
	const syn, ack, fin, rst = netem.FlagSYN, netem.FlagACK, netem.FlagFIN, netem.FlagRST
	l := &life{trace.Trace{Protocol: "tcp", Client: trace.End{Name: "client"}, Server: trace.End{Name: "server"}, End: 3 * time.Second}}
	l.called(0, 1, "bind", "10.0.0.2:80", "EADDRINUSE")
	l.called(0, 1, "listen", "1", "")
	l.sent(0, netem.Forward, 1001, netem.KindSYN, syn, trace.Discarded)
	l.sent(1000, netem.Forward, 1001, netem.KindSYN, syn, trace.Arrived)
	l.sent(1010, netem.Reverse, 1001, netem.KindSYNACK, syn|ack, trace.Arrived)
	l.called(1500, 1, "accept", "10.0.0.1:1001", "")
	l.called(1600, 1, "close", "", "")
	l.sent(1700, netem.Reverse, 1001, netem.KindFIN, fin|ack, trace.Arrived)
	l.sent(1720, netem.Forward, 1001, netem.KindFIN, fin|ack, trace.Arrived)
	l.sent(1650, netem.Forward, 1002, netem.KindSYN, syn, trace.Discarded)
	l.sent(1660, netem.Reverse, 1002, netem.KindRST, rst|ack, trace.Arrived)
	l.sent(2000, netem.Forward, 1003, netem.KindSYN, syn, trace.Arrived)

	p := portLifeOf(Trial{ID: "tcp", Label: "TCP", Protocol: "tcp", Trace: &l.t})
	const ms = time.Millisecond
	if len(p.rows) != 2 || len(p.rows[0]) != 2 || len(p.rows[1]) != 1 || p.more != 0 {
		t.Fatalf("rows of %v, want two connections in the first, one in the second", p.rows)
	}
	equal(t, "the server", p.server, []stay{{"listening", 0, 1600 * ms}, {"TIME_WAIT", 1730 * ms, 61730 * ms}})
	equal(t, "the first connection", p.rows[0][0].stays(), []stay{{"asked for", 0, 1020 * ms}, {"open", 1020 * ms, 1500 * ms}, {"accepted", 1500 * ms, 1730 * ms}})
	equal(t, "its crosses", p.rows[0][0].crosses(), []stay{{what: "SYN discarded: backlog full"}})
	equal(t, "the refused", p.rows[1][0].crosses(), []stay{{what: "refused", from: 1670 * ms}})
	equal(t, "the third", p.rows[0][1].stays(), []stay{{"asked for", 2000 * ms, 2010 * ms}})
	if len(p.failed) != 1 || p.failed[0].Errno != "EADDRINUSE" {
		t.Errorf("failed calls: %v", p.failed)
	}

	d, err := newConnections(Input{Trials: []Trial{p.trial}})
	if err != nil || d == nil || d.Points.Rows != 10 {
		t.Errorf("the chart: %v, %v", d, err)
	}
	l.t.Packets = l.t.Packets[1:5] // one connection is no chart
	if d, err := newConnections(Input{Trials: []Trial{p.trial}}); d != nil || err != nil {
		t.Errorf("of one connection there is a chart: %v, %v", d, err)
	}
}

func equal(t *testing.T, what string, got, want []stay) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %v, want %v", what, got, want)
		return
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
}
