package chart

import (
	"bytes"
	"math"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/plot/vg"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

const ms = time.Millisecond

// refused is a client that connects to a port at which nobody listens: the SYN takes 25 ms, and so does the RST.
func refused() Trial {
	s := simPath(0)
	s.begin("tcp")
	s.call("client", "socket", "AF_INET, SOCK_STREAM, 0", 0, 1, 0, 0)
	syn := s.tcpHeader(netem.Forward, netem.KindSYN, netem.FlagSYN, 0, 0, 0)
	rst := s.tcpHeader(netem.Reverse, netem.KindRST, netem.FlagRST|netem.FlagACK, 0, 1, 0)
	syn.ID, syn.Fate, syn.Arrived, syn.Lost = 1, trace.Arrived, 25*ms, trace.Never
	rst.ID, rst.Fate, rst.Sent, rst.Arrived, rst.Lost = 2, trace.Arrived, 25*ms, 50*ms, trace.Never
	rst.Note = &trace.Note{Reason: "no connection"}
	s.t.Packets = []trace.Packet{syn, rst}
	s.t.Calls = append(s.t.Calls, trace.Call{
		CallText: &trace.CallText{Host: "client", Name: "connect", Text: "10.0.0.2:81", Errno: "ECONNREFUSED"}, Socket: 1, Result: -1, Return: 50 * ms,
	})
	s.now = 50 * ms
	s.call("client", "close", "", 0, 0, 50*ms, 50*ms)
	s.t.End = 50 * ms
	return Trial{ID: "tcp", Label: "TCP", Protocol: "tcp", Trace: s.t}
}

func printed(t *testing.T, whole bool, trial Trial) string {
	t.Helper()
	var b bytes.Buffer
	if err := (SocketsText{Whole: whole}).Print(&b, trial); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// squeezed is the text without its layout, a line a line.
func squeezed(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		out = append(out, strings.Join(strings.Fields(strings.Trim(line, "\n")), " "))
	}
	return out
}

func TestSocketsRefused(t *testing.T) {
	got := squeezed(printed(t, false, refused()))
	want := []string{
		"TCP: 3 calls and 2 packets",
		"time (ms) client 10.0.0.1 | | server 10.0.0.2",
		"0.000 socket(AF_INET, SOCK_STREAM, 0) = 1 | |",
		"0.000 connect(1, 10.0.0.2:81) … | |",
		"0.000 | -- SYN seq 0 --------------------------> 25.000 |",
		"25.000 | 50.000 <------------------------ RST seq 0 -- |",
		"50.000 … connect = ECONNREFUSED, after 50 ms | |",
		"50.000 close(1) = 0 | |",
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || !sameShafts(got[i], want[i]) {
			t.Fatalf("line %d:\n got %q\nwant %q", i+1, got[min(i, len(got)-1)], want[min(i, len(want)-1)])
		}
	}
}

// sameShafts compares two lines but for how long the arrows are.
func sameShafts(a, b string) bool {
	short := func(s string) string {
		for strings.Contains(s, "---") {
			s = strings.ReplaceAll(s, "---", "--")
		}
		return s
	}
	return short(a) == short(b)
}

// placed lays a trial's lanes out as the picture has them.
func placed(trial Trial) *lanes {
	l := newLanes(newDialogue(trial, false))
	l.place(vg.Rectangle{Max: vg.Point{X: 800, Y: 400}})
	return l
}

// connect's bar reaches from above the SYN's tail to the height at which the answer's head is.
func TestConnectSpansTheHandshake(t *testing.T) {
	for name, trial := range map[string]Trial{"refused": refused(), "clean": simTCP(simPath(5 * simMSS))} {
		l := placed(trial)
		var connect *socketCall
		for i := range l.calls {
			if l.calls[i].Name == "connect" {
				connect = &l.calls[i]
			}
		}
		top, bottom, c, _ := l.span(func(e *socketEvent) bool { return e.call == connect }, connect.Begin, connect.end)
		if c != (cut{}) {
			t.Fatalf("%s: connect is cut", name)
		}
		syn, answer := &l.packets[0], &l.packets[1]
		synTop, synBottom, _, _ := l.span(func(e *socketEvent) bool { return e.packet == syn }, 0, 25*ms)
		ansTop, ansBottom, _, _ := l.span(func(e *socketEvent) bool { return e.packet == answer }, 25*ms, 50*ms)
		if !(top >= synTop && synTop > synBottom && synBottom >= ansTop && ansTop > ansBottom && ansBottom >= bottom) {
			t.Errorf("%s: connect from %v to %v, SYN %v to %v, answer %v to %v: not in this order", name, top, bottom, synTop, synBottom, ansTop, ansBottom)
		}
	}
}

// A second passes between the two SYN (RFC 6298 section 2.1), and connect blocks all the while.
func TestSocketsOfALostSYN(t *testing.T) {
	s := simPath(12 * simMSS)
	s.synLost = 1
	l := placed(simTCP(s))
	var notes []string
	for _, r := range l.rows {
		if r.note != "" && !r.gap {
			notes = append(notes, r.note)
		}
	}
	if strings.Join(notes, "; ") != "1.000 s later" {
		t.Errorf("pauses %q, want one of 1.000 s", notes)
	}
	text := printed(t, false, l.trial)
	for _, want := range []string{"SYN seq 0, dropped by the script -----x", "SYN seq 0, timeout --", "… connect = 0, after 1.05 s"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text does not say %q:\n%s", want, text)
		}
	}
}

// Of a long transfer there is the beginning, the end, and what is no data in between; nothing is told twice or out of order.
func TestSocketsExcerpt(t *testing.T) {
	for _, k := range situations() {
		for _, trial := range k.in.Trials {
			l := placed(trial)
			// Two gaps and three pauses with room for a cross are the most that the kept rows can be apart by.
			if n := len(l.rows); n > mostRows+8 {
				t.Errorf("%s, %s: %d rows", k.name, trial.ID, n)
			}
			for i := 1; i < len(l.rows); i++ {
				if l.rows[i].y >= l.rows[i-1].y || l.rows[i].at < l.rows[i-1].at && !l.rows[i].gap {
					t.Errorf("%s, %s: row %d at %v, %v stands after %v, %v", k.name, trial.ID, i, l.rows[i].at, l.rows[i].y, l.rows[i-1].at, l.rows[i-1].y)
				}
			}
			calls, packets := 0, 0
			for i := range l.calls {
				calls += l.calls[i].n
			}
			for i := range l.packets {
				packets += l.packets[i].n
			}
			own := 0
			for i := range trial.Trace.Packets {
				if belongs(trial.Trace, &trial.Trace.Packets[i]) {
					own++
				}
			}
			if calls != len(trial.Trace.Calls) || packets != own {
				t.Errorf("%s, %s: %d calls and %d packets, want %d and %d", k.name, trial.ID, calls, packets, len(trial.Trace.Calls), own)
			}
			if got := strings.Count(printed(t, true, trial), "\n"); got < calls+packets+2 {
				t.Errorf("%s, %s: %d lines of %d calls and %d packets", k.name, trial.ID, got, calls, packets)
			}
			if got := strings.Count(printed(t, false, trial), "\n"); got > mostPrinted+3 {
				t.Errorf("%s, %s: %d lines, though not all was asked for", k.name, trial.ID, got)
			}
		}
	}
}

// Words of calls, as in C with the socket first; what a call tells when it returns stands with its result.
func TestSocketWords(t *testing.T) {
	call := func(name, text string, size, result int32, errno string) socketCall {
		return socketCall{Call: &trace.Call{
			CallText: &trace.CallText{Host: "h", Name: name, Text: text, Errno: errno}, Socket: 2, Size: size, Result: result, Return: ms,
		}, n: 1, end: ms}
	}
	for _, k := range []struct {
		c            socketCall
		made, result string
	}{
		{call("accept", "10.0.0.1:40000", 0, 3, ""), "accept(2)", "= 3, from 10.0.0.1:40000"},
		{call("recv", "10.0.0.1:40000", 100, 40, ""), "recv(2, 100)", "= 40, from 10.0.0.1:40000"},
		{call("recv", "MSG_PEEK, 10.0.0.1:40000", 100, 40, ""), "recv(2, 100, MSG_PEEK)", "= 40, from 10.0.0.1:40000"},
		{call("recv", "MSG_DONTWAIT", 100, -1, "EAGAIN"), "recv(2, 100, MSG_DONTWAIT)", "= EAGAIN"},
		{call("send", "10.0.0.1:40000", 100, 100, ""), "send(2, 100, 10.0.0.1:40000)", "= 100"},
		{call("poll", "{1 POLLIN}, 1s → {1 POLLIN}", 0, 1, ""), "poll(2, {1 POLLIN}, 1s)", "= 1: {1 POLLIN}"},
		{call("getsockopt", "SO_ERROR → ECONNREFUSED", 0, 0, ""), "getsockopt(2, SO_ERROR)", "= 0: ECONNREFUSED"},
		{call("close", "", 0, 0, ""), "close(2)", "= 0"},
	} {
		if got := k.c.words()[0]; got != k.made {
			t.Errorf("%s is written %q, want %q", k.c.Name, got, k.made)
		}
		if got := k.c.result(); got != k.result {
			t.Errorf("%s returns %q, want %q", k.c.Name, got, k.result)
		}
	}
}

// A call that never returns has a bar down to the end of the picture, and says so.
func TestSocketsBlockedForEver(t *testing.T) {
	trial := refused()
	calls := trial.Trace.Calls
	calls[1].CallText = &trace.CallText{Host: "client", Name: "connect", Text: netip.MustParseAddrPort("10.0.0.2:81").String()}
	calls[1].Result, calls[1].Return = 0, trace.Never
	l := placed(trial)
	_, bottom, c, _ := l.span(func(e *socketEvent) bool { return e.call != nil && e.call.Name == "connect" }, 0, math.MaxInt64)
	if bottom != l.inside.Min.Y || !c.bottom {
		t.Errorf("connect ends at %v, want the picture's end, %v", bottom, l.inside.Min.Y)
	}
	if text := printed(t, false, trial); !strings.Contains(text, "connect(1, 10.0.0.2:81) never returns") {
		t.Errorf("the text does not say that connect never returns:\n%s", text)
	}
}

func TestSocketsGolden(t *testing.T) {
	trial := simTCP(simPath(5 * simMSS))
	d, err := newSockets(Input{Trials: []Trial{trial}})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "sockets.csv", d.Points.CSV())
	golden(t, "sockets.txt", []byte(printed(t, false, trial)))
	if runtime.GOARCH != "amd64" {
		return // as in TestGolden
	}
	svg, err := Save(d, "svg")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "sockets.svg", svg)
}
