package netem

import (
	"fmt"
	"testing"
	"time"
)

// TestScript puts packets in a millisecond apart and shows which come out, in which order, by ID; copies are shown as
// their original's, negative, and take an ID of their own (so that 3 is missing where 2 was copied).
func TestScript(t *testing.T) {
	const ack = FlagACK
	data := func(n int) (in [][]byte) {
		for i := range n {
			in = append(in, tcp(ack, 100+10*uint32(i), 10))
		}
		return in
	}
	nth := func(n ...int) (r []Range) {
		for _, k := range n {
			r = append(r, Range{k, k})
		}
		return r
	}
	drop := Do{Drop: true}
	connection := [][]byte{
		tcp(FlagSYN, 99, 0), tcp(FlagSYN, 99, 0), tcp(ack, 100, 0), tcp(ack, 100, 10), tcp(ack, 110, 10),
		tcp(ack, 100, 10), tcp(ack|FlagFIN, 120, 10), tcp(ack|FlagFIN, 130, 0), tcp(FlagRST, 130, 0), tcp(FlagSYN|ack, 5, 0), udp(4), ipv4(ICMP, make([]byte, 8)),
	}
	for _, c := range []struct {
		name  string
		rules []Rule
		in    [][]byte
		want  string
	}{
		{"no rules", nil, data(2), "[1 2]"},
		{"any", []Rule{{Match{}, drop}}, connection, "[]"},
		{"syn", []Rule{{Match{Kind: KindSYN}, drop}}, connection, "[3 4 5 6 7 8 9 10 11 12]"},
		{"second syn", []Rule{{Match{Kind: KindSYN, Nth: nth(2)}, drop}}, connection, "[1 3 4 5 6 7 8 9 10 11 12]"},
		{"syn-ack", []Rule{{Match{Kind: KindSYNACK}, drop}}, connection, "[1 2 3 4 5 6 7 8 9 11 12]"},
		{"ack is bare", []Rule{{Match{Kind: KindACK}, drop}}, connection, "[1 2 4 5 6 7 8 9 10 11 12]"},
		{"data is new", []Rule{{Match{Kind: KindData}, drop}}, connection, "[1 2 3 6 8 9 10 12]"},
		{"data of UDP", []Rule{{Match{Kind: KindData, Protocol: UDP}, drop}}, connection, "[1 2 3 4 5 6 7 8 9 10 12]"},
		{"all of TCP", []Rule{{Match{Protocol: TCP}, drop}}, connection, "[11 12]"},
		{"retransmission", []Rule{{Match{Kind: KindRetransmission}, drop}}, connection, "[1 2 3 4 5 7 8 9 10 11 12]"},
		{"fin, with data or without", []Rule{{Match{Kind: KindFIN}, drop}}, connection, "[1 2 3 4 5 6 9 10 11 12]"},
		{"rst", []Rule{{Match{Kind: KindRST}, drop}}, connection, "[1 2 3 4 5 6 7 8 10 11 12]"},
		{"icmp", []Rule{{Match{Kind: KindICMP}, drop}}, connection, "[1 2 3 4 5 6 7 8 9 10 11]"},

		{"ranges", []Rule{{Match{Kind: KindData, Nth: []Range{{5, 7}, {2, 2}}}, drop}}, data(8), "[1 3 4 8]"},
		{"each rule counts for itself", []Rule{
			{Match{Kind: KindData, Nth: nth(2)}, drop},
			{Match{Kind: KindData, Nth: nth(3)}, drop},
		}, data(4), "[1 4]"},
		{"the first that lists it decides", []Rule{
			{Match{Kind: KindData, Nth: nth(2)}, Do{}},
			{Match{Kind: KindData, Nth: []Range{{1, 3}}}, drop},
		}, data(4), "[2 4]"},

		{"bytes", []Rule{{Match{Bytes: []Range{{15, 21}}}, drop}}, data(4), "[1 4]"},
		{"bytes of UDP", []Rule{{Match{Bytes: []Range{{10, 10}}}, drop}}, [][]byte{udp(5), udp(4), udp(1), udp(3)}, "[1 2 4]"},
		{"bytes again", []Rule{{Match{Bytes: []Range{{1, 10}}}, drop}}, connection, "[1 2 3 5 7 8 9 10 12]"},
		{"segment, first and again", []Rule{{Match{Segments: nth(2)}, drop}}, append(data(3), tcp(ack, 105, 10), tcp(ack, 100, 10), tcp(ack, 110, 10)), "[1 3 5]"},
		{"the first retransmission of segment 1", []Rule{{Match{Kind: KindRetransmission, Segments: nth(1), Nth: nth(1)}, drop}}, append(data(2), data(2)...), "[1 2 4]"},
		{"a retransmission of several", []Rule{{Match{Kind: KindRetransmission, Segments: nth(3)}, drop}}, append(data(4), tcp(ack, 100, 20), tcp(ack, 110, 30)), "[1 2 3 4 5]"},
		{"behind the last that is asked for", []Rule{{Match{Segments: nth(1)}, drop}}, append(data(4), tcp(ack, 120, 20), tcp(ack, 100, 5)), "[2 3 4 5]"},
		{"around the wrap", []Rule{{Match{Segments: nth(2)}, drop}}, [][]byte{tcp(FlagSYN, 0xfffffff0, 0), tcp(ack, 0xfffffff1, 20), tcp(ack, 5, 10), tcp(ack, 15, 10), tcp(ack, 5, 10)}, "[1 2 4]"},
		{"ports used again", []Rule{{Match{Bytes: nth(1)}, drop}}, [][]byte{tcp(FlagSYN, 99, 0), tcp(ack, 100, 10), tcp(FlagSYN, 999, 0), tcp(ack, 1000, 10), tcp(ack, 1010, 10)}, "[1 3 5]"},
		{"no bytes", []Rule{{Match{Bytes: nth(1)}, drop}}, [][]byte{tcp(ack, 100, 0), udp(0), ipv4(ICMP, make([]byte, 8)), tcp(FlagRST, 100, 5)}, "[1 2 3 4]"},
		{"from 2 ms to 4 ms", []Rule{{Match{From: 2 * ms, To: 4 * ms}, drop}}, data(6), "[1 2 5 6]"},
		{"the second from 2 ms on", []Rule{{Match{From: 2 * ms, Nth: nth(2)}, drop}}, data(6), "[1 2 3 5 6]"},
		{"pattern", []Rule{{Match{}, Do{Pattern: pattern(t, "packet,do\n2,drop\n4-5,hold 2\n")}}}, data(9), "[1 3 6 7 4 5 8 9]"},
		{"pattern and rule", []Rule{{Match{}, Do{Pattern: pattern(t, "packet,do\n2,drop\n")}}, {Match{Nth: nth(3)}, drop}}, data(4), "[1 4]"},
		{"pattern in time", []Rule{{Match{Kind: KindData}, Do{Pattern: pattern(t, "time_s,do\n0.001-0.003,drop\n0.003-0.0040,duplicate")}}}, data(5), "[1 4 -4 6]"},

		{"duplicate", []Rule{{Match{Nth: nth(2)}, Do{Duplicate: true}}}, data(3), "[1 2 -2 4]"},
		{"delay", []Rule{{Match{Nth: nth(2)}, Do{Delay: 2500 * time.Microsecond}}}, data(6), "[1 3 4 2 5 6]"},
		{"delays", []Rule{{Match{Nth: nth(1)}, Do{Delay: 5 * ms}}, {Match{Nth: nth(2)}, Do{Delay: ms + ms/2}}}, data(7), "[3 2 4 5 1 6 7]"},
		{"hold for one", []Rule{{Match{Nth: nth(2)}, Do{Hold: 1}}}, data(4), "[1 3 2 4]"},
		{"hold for three", []Rule{{Match{Nth: nth(2)}, Do{Hold: 3}}}, data(6), "[1 3 4 5 2 6]"},
		{"hold two for one: they leave behind it", []Rule{{Match{Nth: nth(1, 2)}, Do{Hold: 1}}}, data(4), "[3 1 2 4]"},
		{"a released one counts for those before it", []Rule{
			{Match{Nth: nth(1)}, Do{Hold: 2}}, {Match{Nth: nth(2)}, Do{Hold: 1}},
		}, data(5), "[3 2 1 4 5]"},
		{"the dead do not count", []Rule{{Match{Nth: nth(1)}, Do{Hold: 2}}, {Match{Nth: nth(2)}, drop}}, data(5), "[3 4 1 5]"},
		{"copies do not count", []Rule{{Match{Nth: nth(1)}, Do{Hold: 2}}, {Match{Nth: nth(2)}, Do{Duplicate: true}}}, data(5), "[2 -2 4 1 5 6]"},
		{"a copy stays behind its original", []Rule{{Match{Nth: nth(1)}, Do{Hold: 1}}, {Match{Nth: nth(2)}, Do{Duplicate: true}}}, data(3), "[2 -2 1 4]"},
		{"the delayed count when they leave", []Rule{
			{Match{Nth: nth(2)}, Do{Hold: 2}}, {Match{Nth: nth(3)}, Do{Delay: 2500 * time.Microsecond}},
		}, data(7), "[1 4 5 2 3 6 7]"},
		{"earlier packets do not count", []Rule{
			{Match{Nth: nth(1)}, Do{Delay: 1500 * time.Microsecond}}, {Match{Nth: nth(2)}, Do{Hold: 1}},
		}, data(4), "[1 3 2 4]"},
	} {
		w := newWorld(1, Script{c.rules})
		for i, b := range c.in {
			w.runTo(time.Duration(i) * ms)
			w.put(b)
		}
		w.run()
		if got := fmt.Sprint(w.ids()); got != c.want {
			t.Errorf("%s: %s came, want %s", c.name, got, c.want)
		}
		for _, e := range w.dead {
			if e.cause != CauseScript {
				t.Errorf("%s: a packet died of %q", c.name, e.cause)
			}
		}
	}
}

// TestScriptTimes: a delay is exact, and nobody is held longer than HoldLimit.
func TestScriptTimes(t *testing.T) {
	w := newWorld(1, Script{[]Rule{{Match{Nth: []Range{{1, 2}}}, Do{Hold: 9}}, {Match{}, Do{Delay: 7 * ms}}}})
	w.put(udp(1))
	w.runTo(ms)
	w.put(udp(1))
	w.put(udp(1))
	w.run()
	got := ""
	for _, e := range w.out {
		got += fmt.Sprintf("%d at %v; ", e.ID, e.at)
	}
	if got != "3 at 8ms; 1 at 5s; 2 at 5.001s; " {
		t.Error(got)
	}
}

// TestScriptFlipsThatBit: bit 1 is the first of the packet, and beyond the last they begin again.
func TestScriptFlipsThatBit(t *testing.T) {
	for bit, want := range map[int]int{1: 0, 9: 1, 37 * 8: 36, 37*8 + 9: 1} {
		w := newWorld(1, Script{[]Rule{{Match{}, Do{Corrupt: true, Bit: bit}}}})
		p := w.put(udp(9)) // 37 bytes
		if n, at := difference(udp(9), p.Data); n != 1 || at != want || p.Sound || p.Harm != CauseScript {
			t.Errorf("bit %d: %d bits differ, in byte %d, sound %v, harm %q", bit, n, at, p.Sound, p.Harm)
		}
	}
}

func TestScriptCorrupts(t *testing.T) {
	w := newWorld(1, Script{[]Rule{{Match{Nth: []Range{{2, 2}}}, Do{Corrupt: true}}}})
	for i := range 3 {
		p := w.put(udp(9))
		n, _ := difference(udp(9), p.Data)
		if hit := i == 1; hit != (n == 1) || hit == p.Sound || hit != (p.Harm == CauseScript) {
			t.Errorf("packet %d: %d bits differ, sound %v, harm %q", i+1, n, p.Sound, p.Harm)
		}
	}
}

// TestScriptBehindCopies: copies are neither counted nor touched.
func TestScriptBehindCopies(t *testing.T) {
	w := newWorld(1, Duplicate{Probability: 1}, Script{[]Rule{{Match{Nth: []Range{{2, 2}}}, Do{Drop: true}}}})
	w.put(udp(1))
	w.put(udp(1)) // its ID is 3
	if got := fmt.Sprint(w.ids()); got != "[1 -1 -3]" {
		t.Errorf("%s came", got)
	}
}
