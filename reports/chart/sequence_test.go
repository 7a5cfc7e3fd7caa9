package chart

import (
	"bytes"
	"encoding/csv"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/plot/vg"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// simPath is the path of these tests: 10 Mbit/s and 25 ms each way.
func simPath(size int) *sim {
	return &sim{rate: 10_000_000, delay: 25 * time.Millisecond, size: size}
}

func simTCP(s *sim) Trial { return Trial{ID: "tcp", Label: "TCP", Protocol: "tcp", Trace: s.tcp()} }

// simUDP sends a datagram every 1.5 ms, a little slower than the link.
func simUDP(s *sim) Trial {
	return Trial{ID: "udp", Label: "UDP", Protocol: "udp", Trace: s.udp(1500 * time.Microsecond)}
}

type situation struct {
	name string
	in   Input
}

// situations are those in which the charts must look well.
func situations() []situation {
	pair := func(make func() *sim) Input { return Input{Trials: []Trial{simTCP(make()), simUDP(make())}} }
	percent := func() *sim {
		s := simPath(3600 * simMSS)
		s.lose, s.queue = oneIn(50), 120*time.Millisecond
		return s
	}
	return []situation{
		{"one-lost", pair(oneLost)},
		{"lost-syn", pair(func() *sim { s := simPath(12 * simMSS); s.synLost = 1; return s })},
		{"percent", pair(percent)},
		{"mixed", pair(func() *sim {
			s := simPath(200 * simMSS)
			s.copyAt, s.harmAt, s.late = map[int]bool{14: true}, map[int]bool{20: true}, map[int]time.Duration{17: 9 * time.Millisecond}
			return s
		})},
		{"clean", Input{Trials: []Trial{simTCP(simPath(5 * simMSS))}}},
		{"marked", Input{Trials: []Trial{marked()}}},
		{"upload", Input{Trials: []Trial{simTCP(func() *sim { s := percent(); s.upload = true; return s }())}}},
	}
}

// oneLost is a transfer of 60 segments that loses the fourth.
func oneLost() *sim { s := simPath(60 * simMSS); s.lose = only(netem.CauseScript, 4); return s }

// connectionCharts makes the three charts of connections; those with nothing to show are absent.
func connectionCharts(t testing.TB, in Input) map[string]*Drawing {
	t.Helper()
	out := map[string]*Drawing{}
	for _, c := range All {
		if c.Name != "sequence" && c.Name != "time-sequence" && c.Name != "window" {
			continue
		}
		d, err := c.New(in)
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		if d != nil {
			out[c.Name] = d
		}
	}
	return out
}

func (l *ladder) saying(text string) bool {
	return slices.ContainsFunc(l.labels, func(b label) bool { return b.text == text })
}

func (l *ladder) count(is func(*arrow) bool) int {
	n := 0
	for i := range l.arrows {
		if is(&l.arrows[i]) {
			n++
		}
	}
	return n
}

// The segment is lost at 50 ms; the third duplicate ACK comes a round trip later, and the repair another.
func TestLadderOfOneLostSegment(t *testing.T) {
	l := layLadders([]Trial{simTCP(oneLost())}, "x")[0]
	if n := l.count(func(a *arrow) bool { return a.ending == endCross }); n != 1 {
		t.Errorf("%d crosses, want 1", n)
	}
	if n := l.count(func(a *arrow) bool { return a.role == roleRetransmission }); n != 1 {
		t.Errorf("%d arrows of retransmissions, want 1", n)
	}
	for _, want := range []string{
		"SYN seq 0", "SYN-ACK seq 0 ack 1", "DATA 4345:5793", "dropped by the script", "DATA 4345:5793, fast retransmit",
		"ACK 4345 (dup 1)", "ACK 4345 (dup 2)", "ACK 4345 (dup 3)",
	} {
		if !l.saying(want) {
			t.Errorf("no label says %q", want)
		}
	}
	if l.scene.whole || l.scene.about != "around the first loss" || l.scene.from != 0 {
		t.Errorf("scene %+v, want the start up to the repair of the first loss", l.scene)
	}
	if r := l.scene.to; r < 200*time.Millisecond || r > 230*time.Millisecond {
		t.Errorf("the scene ends at %v, want behind the ACK of the repair at about 205 ms", r)
	}
}

// marked is a transfer of 60 segments whose sixth is marked on the way; the receiver echoes the mark (ECE) until the sender says that
// it has slowed down (CWR), RFC 3168 section 6.1.
func marked() Trial {
	tr := simTCP(simPath(60 * simMSS))
	data, echoed, slowed := 0, time.Duration(trace.Never), time.Duration(trace.Never) // when the mark, its echo and CWR arrived
	var mark time.Duration = trace.Never
	for i := range tr.Trace.Packets {
		p := &tr.Trace.Packets[i]
		switch {
		case p.Header.Kind == netem.KindData:
			if data++; data == 6 {
				p.Marked, mark = netem.CauseCoDel, p.Arrived
			}
			if echoed != trace.Never && p.Sent >= echoed && slowed == trace.Never {
				p.Header.Flags |= netem.FlagCWR
				slowed = p.Arrived
			}
		case p.Header.Kind == netem.KindACK && p.Direction == netem.Reverse && mark != trace.Never && p.Sent >= mark && (slowed == trace.Never || p.Sent < slowed):
			p.Header.Flags |= netem.FlagECE
			if echoed == trace.Never {
				echoed = p.Arrived
			}
		}
	}
	return tr
}

// TestLadderOfAMark: the scene is about the mark, from the packet that got it until its sender has slowed down; only the first echo is pointed
// out.
func TestLadderOfAMark(t *testing.T) {
	tr := marked()
	l := layLadders([]Trial{tr}, "x")[0]
	if l.scene.about != "around the first mark" {
		t.Errorf("the scene is %s", l.scene.about)
	}
	if n := l.count((*arrow).marked); n != 1 {
		t.Errorf("%d marks, want 1", n)
	}
	if n := l.count(func(a *arrow) bool { return a.signal }); n != 2 {
		t.Errorf("%d arrows of ECE and CWR, want 2", n)
	}
	words := ""
	for i := range l.labels {
		words += l.labels[i].text + "; "
	}
	for _, want := range []string{"DATA 7241:8689, marked", ", ECE; ", ", CWR; "} {
		if strings.Count(words, want) != 1 {
			t.Errorf("%q stands not once in %s", want, words)
		}
	}
	for i := range tr.Trace.Packets {
		if p := &tr.Trace.Packets[i]; p.Header.Flags&netem.FlagCWR != 0 && p.Header.Flags&netem.FlagSYN == 0 && p.Arrived > l.scene.to {
			t.Errorf("the scene ends at %v, CWR arrives at %v", l.scene.to, p.Arrived)
		}
	}
	table := windowTable()
	if w := windowSeriesOf(tr, senderSamples(tr.Trace), &table); len(w.marked) != 1 || len(w.lost) != 0 {
		t.Errorf("the window chart has %d marks and %d losses, want 1 and 0", len(w.marked), len(w.lost))
	}
}

// RFC 6298 section 2.1: the first timeout is 1 s, so the second SYN leaves at 1.000 s.
func TestLadderOfALostSYN(t *testing.T) {
	s := simPath(12 * simMSS)
	s.synLost = 1
	l := layLadders([]Trial{simTCP(s)}, "x")[0]
	if len(l.time.breaks) != 1 {
		t.Fatalf("%d time breaks, want 1", len(l.time.breaks))
	}
	if b := l.time.breaks[0]; laterInWords(b.idle) != "1.000 s" || b.top-b.bottom != breakHeight {
		t.Errorf("the break says %q and is %v high", laterInWords(b.idle), b.top-b.bottom)
	}
	if !l.saying("SYN seq 0, timeout") {
		t.Error("the second SYN does not say why it was sent")
	}
	var connect *callMark
	for i := range l.calls {
		if l.calls[i].call.Name == "connect" {
			connect = &l.calls[i]
		}
	}
	if connect == nil || connect.label.text != "connect(10.0.0.2:80) = 0" {
		t.Fatalf("connect is not labelled: %+v", connect)
	}
	if b := connect.bars[0]; b.top-b.bottom < breakHeight {
		t.Errorf("connect blocks for 1.05 s, its bar is %v high", b.top-b.bottom)
	}
}

// No label stands on another, on a cross, or outside of the picture. The boxes are compared by points on a fine grid, not
// by the function that placed them.
func TestLabelsStandApart(t *testing.T) {
	for _, s := range situations() {
		chosen, _ := sideBySide(s.in.Trials, hasPackets)
		for _, l := range layLadders(chosen, "x") {
			labels := slices.Clone(l.labels)
			for _, m := range l.calls {
				if m.label.text != "" {
					labels = append(labels, m.label)
				}
			}
			if len(labels) < 8 {
				t.Errorf("%s: only %d labels", s.name, len(labels))
			}
			for i, a := range labels {
				for _, p := range gridOf(a.box) {
					if p.X < l.room.Min.X || p.X > l.room.Max.X || p.Y < l.room.Min.Y-6 || p.Y > l.room.Max.Y {
						t.Fatalf("%s: %q leaves the ladder at %v", s.name, a.text, p)
					}
					for _, b := range labels[:i] {
						if holds(b.box, p) {
							t.Fatalf("%s: %q stands on %q", s.name, a.text, b.text)
						}
					}
					for k := range l.arrows {
						if x := &l.arrows[k]; x.ending == endCross && math.Hypot(float64(p.X-x.to.X), float64(p.Y-x.to.Y)) < 5 {
							t.Fatalf("%s: %q stands on a cross", s.name, a.text)
						}
					}
				}
			}
		}
	}
}

// gridOf returns points all over a box, a tenth of a point inside its edges.
func gridOf(b box) []vg.Point {
	var out []vg.Point
	for i := range 41 {
		for j := range 13 {
			x, y := (b.w-0.2)*(vg.Length(i)/40-0.5), (b.h-0.2)*(vg.Length(j)/12-0.5)
			out = append(out, vg.Point{X: b.at.X + x*b.cos - y*b.sin, Y: b.at.Y + x*b.sin + y*b.cos})
		}
	}
	return out
}

func holds(b box, p vg.Point) bool {
	d := p.Sub(b.at)
	return math.Abs(float64(d.X*b.cos+d.Y*b.sin)) < float64(b.w)/2 && math.Abs(float64(d.Y*b.cos-d.X*b.sin)) < float64(b.h)/2
}

func TestBoxes(t *testing.T) {
	at := func(x, y vg.Length, degrees float64) box {
		return newBox(vg.Point{X: x, Y: y}, 10, 2, degrees*math.Pi/180)
	}
	for _, k := range []struct {
		a, b box
		want bool
	}{
		{at(0, 0, 0), at(9, 0, 0), true},
		{at(0, 0, 0), at(11, 0, 0), false},
		{at(0, 0, 0), at(0, 3, 0), false},
		{at(0, 0, 0), at(0, 3, 90), true},      // the upright one reaches from -2 to 8
		{at(0, 0, 45), at(4, 0, 45), false},    // parallel, 4 sin 45° = 2.83 apart, 2 high
		{at(0, 0, 45), at(2.5, 0, 45), true},   // 1.77 apart
		{at(0, 0, 0), at(5.5, 6.1, 90), false}, // the upright one begins at 1.1, above the other's top at 1
		{at(0, 0, 0), at(5.5, -5.5, 90), true}, // its upper end, at -0.5, stands in the corner
		{at(0, 0, 30), at(6, 3.6, 30), true},   // one behind the other along 30°, 7 apart, 10 long
		{at(0, 0, 30), at(9, 5.2, 30), false},  // 10.4 apart
	} {
		if got := k.a.overlaps(k.b); got != k.want {
			t.Errorf("%v and %v overlap: %v, want %v", k.a.at, k.b.at, got, k.want)
		}
		if got := k.b.overlaps(k.a); got != k.want {
			t.Errorf("%v and %v overlap: %v, want %v", k.b.at, k.a.at, got, k.want)
		}
	}
	b := at(0, 0, 90) // from -5 to 5 in y, from -1 to 1 in x
	for _, k := range []struct {
		p, q vg.Point
		want bool
	}{
		{vg.Point{X: -9}, vg.Point{X: 9}, true},
		{vg.Point{X: -9, Y: 4}, vg.Point{X: 9, Y: 4}, true},
		{vg.Point{X: -9, Y: 6}, vg.Point{X: 9, Y: 6}, false},
		{vg.Point{X: -9}, vg.Point{X: -2}, false},
		{vg.Point{X: 0, Y: 1}, vg.Point{X: 0, Y: 2}, true},
	} {
		if got := b.crossed(k.p, k.q); got != k.want {
			t.Errorf("the line from %v to %v crosses: %v, want %v", k.p, k.q, got, k.want)
		}
	}
}

func TestTimelineNeverTurnsBack(t *testing.T) {
	dice := netem.NewStream(3)
	for n := range uint64(200) {
		var busy []period
		at := time.Duration(0)
		for i := range uint64(30) {
			at += time.Duration(netem.Below(dice.At(n, 3*i), 20e6))
			if netem.Below(dice.At(n, 3*i+1), 10) == 0 {
				at += time.Duration(netem.Below(dice.At(n, 3*i+2), 5e9))
			}
			busy = append(busy, period{at, at + 25e6, at + 25e6})
		}
		l := newTimeline(0, at+30e6, busy, 50e6, 300, 10)
		if got := l.y(0); got != 300 {
			t.Fatalf("n=%d: begins at %v", n, got)
		}
		if got := l.y(at + 30e6); math.Abs(float64(got-10)) > 1e-6 {
			t.Fatalf("n=%d: ends at %v", n, got)
		}
		last := vg.Length(301)
		for k := range time.Duration(2000) {
			y := l.y(k * (at + 30e6) / 2000)
			if y > last {
				t.Fatalf("n=%d: turns back at step %d", n, k)
			}
			last = y
		}
		for _, b := range l.breaks {
			for _, p := range busy {
				if p.from < b.to && p.to > b.from {
					t.Fatalf("n=%d: the break %v to %v cuts a packet's way, %v to %v", n, b.from, b.to, p.from, p.to)
				}
			}
		}
	}
}

// A long trial is shown in part: what is drawn stays few, and the subtitle says how few.
func TestLadderOfManyPackets(t *testing.T) {
	s := simPath(15_000 * simMSS)
	s.lose, s.queue = oneIn(50), 120*time.Millisecond
	l := layLadders([]Trial{simTCP(s)}, "x")[0]
	if n := len(l.arrows); n < 24 || n > 250 {
		t.Errorf("%d arrows", n)
	}
	words := excerptsInWords([]*ladder{l})
	if !strings.HasPrefix(words, "Around the first loss   ·   TCP: ") || !strings.HasSuffix(words, " of "+packets(len(s.t.Packets))) {
		t.Errorf("the subtitle says %q", words)
	}
	if n := l.count(func(a *arrow) bool { return a.role == roleRetransmission }); n == 0 {
		t.Error("the repair is not in the picture")
	}
}

func TestSequenceTable(t *testing.T) {
	d := connectionCharts(t, Input{Trials: []Trial{simTCP(oneLost()), simUDP(oneLost())}})["sequence"]
	rows, err := csv.NewReader(bytes.NewReader(d.Points.CSV())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != d.Points.Rows+1 {
		t.Errorf("%d lines, want %d and one of names", len(rows), d.Points.Rows)
	}
	find := func(text string) []string {
		for _, r := range rows {
			if r[5] == text {
				return r
			}
		}
		return nil
	}
	// Sent when the handshake is over: twice 25 ms and 52 bytes at 10 Mbit/s.
	lost := find("DATA 4345:5793")
	if lost == nil || lost[6] != "0.0500832" || lost[7] != "" || lost[8] != "lost" || lost[9] != "script" || lost[4] != "client" {
		t.Errorf("the lost segment is %q", lost)
	}
	if r := find("connect(10.0.0.2:80)"); r == nil || r[1] != "call" || r[6] != "0" {
		t.Errorf("connect is %q", r)
	}
	if r := find("datagram 4, 1448 B"); r == nil || r[0] != "udp" || r[8] != "lost" {
		t.Errorf("the lost datagram is %q", r)
	}
}

// Sequence numbers go on beyond 4 GiB, and duplicates are counted as RFC 5681 says.
func TestNumberer(t *testing.T) {
	packet := func(d netem.Direction, k netem.Kind, f netem.Flags, seq, ack uint32, n int) *trace.Packet {
		h := netem.Header{Protocol: netem.TCP, Kind: k, Flags: f, Seq: seq, Ack: ack, Payload: n, SrcPort: 1, DstPort: 2}
		if d == netem.Reverse {
			h.SrcPort, h.DstPort = 2, 1
		}
		return &trace.Packet{Note: &trace.Note{}, Direction: d, Header: h}
	}
	n := newNumberer()
	n.read(packet(netem.Forward, netem.KindSYN, netem.FlagSYN, 0, 0, 0))
	var r numbered
	const step = 1 << 29
	for i := range 9 { // 4.5 GiB
		r = n.read(packet(netem.Forward, netem.KindData, netem.FlagACK, uint32(1+i*step), 1, step))
	}
	if r.seq != 8*step+1 || r.end != 9*step+1 || r.again {
		t.Errorf("the ninth segment is %+v", r)
	}
	dup := func() int { return n.read(packet(netem.Reverse, netem.KindACK, netem.FlagACK, 1, 1, 0)).dup }
	ack := n.read(packet(netem.Reverse, netem.KindACK, netem.FlagACK, 1, 1, 0)) // 8*step+1 is 1 modulo 2^32
	if ack.ack != 8*step+1 || ack.dup != 0 {
		t.Errorf("the ACK is %+v", ack)
	}
	if a, b, c := dup(), dup(), dup(); a != 1 || b != 2 || c != 3 {
		t.Errorf("duplicates %d %d %d, want 1 2 3", a, b, c)
	}
	if r := n.read(packet(netem.Reverse, netem.KindACK, netem.FlagACK, 1, step+1, 0)); !r.repairs || r.dup != 0 {
		t.Errorf("the ACK behind three duplicates is %+v", r)
	}
	if dup := n.read(packet(netem.Reverse, netem.KindACK, netem.FlagACK, 1, step+1, 0)).dup; dup != 0 {
		t.Errorf("an ACK with nothing under way is duplicate %d", dup)
	}
	if r := n.read(packet(netem.Forward, netem.KindSYN, netem.FlagSYN, 0, 0, 0)); r.seq != 0 || r.again {
		t.Errorf("a new connection on old ports begins with %+v", r)
	}
	if r := n.read(packet(netem.Forward, netem.KindSYN, netem.FlagSYN, 0, 0, 0)); !r.again {
		t.Errorf("the same SYN once more is %+v", r)
	}
}

// Traces with little or nothing in them make a chart or none, and never a panic.
func TestConnectionChartsOfLittle(t *testing.T) {
	empty := func(protocol string) Input {
		return Input{Trials: []Trial{{ID: "x", Label: "X", Protocol: protocol, Trace: &trace.Trace{Protocol: protocol}}}}
	}
	if n := len(connectionCharts(t, Input{})) + len(connectionCharts(t, empty("tcp"))) + len(connectionCharts(t, empty("udp"))); n != 0 {
		t.Errorf("%d charts of nothing", n)
	}
	little := map[string]*trace.Trace{}
	for _, n := range []int{1, 2, 3} {
		for _, s := range []struct {
			name string
			t    *trace.Trace
		}{{"tcp", simPath(simMSS).tcp()}, {"udp", simPath(3 * simMSS).udp(0)}} {
			s.t.Packets, s.t.Calls, s.t.TCP = s.t.Packets[:n], nil, s.t.TCP[:min(n-1, len(s.t.TCP))]
			little[s.name+strings.Repeat("'", n)] = s.t
		}
	}
	dead := simPath(4 * simMSS)
	dead.lose = func(int) netem.Cause { return netem.CauseOutage }
	little["dead"] = dead.udp(0)
	flying := simPath(simMSS).tcp()
	for i := range flying.Packets {
		flying.Packets[i].Fate, flying.Packets[i].Arrived = trace.InFlight, trace.Never
	}
	little["flying"] = flying
	for name, tr := range little {
		for chart, d := range connectionCharts(t, Input{Trials: []Trial{{ID: name, Label: name, Protocol: tr.Protocol, Trace: tr}}}) {
			for _, f := range Formats {
				if _, err := Save(d, f); err != nil {
					t.Errorf("%s of %s as %s: %v", chart, name, f, err)
				}
			}
		}
	}
}

// The same traces make the same bytes, and drawing twice changes nothing.
func TestConnectionChartsRepeat(t *testing.T) {
	for _, s := range situations()[:4] {
		one, two := connectionCharts(t, s.in), connectionCharts(t, s.in)
		for name, d := range one {
			if !bytes.Equal(d.Points.CSV(), two[name].Points.CSV()) {
				t.Errorf("%s of %s: the tables differ", name, s.name)
			}
			a, err := Save(d, "svg")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Save(d, "pdf"); err != nil {
				t.Fatal(err)
			}
			for _, d := range []*Drawing{d, two[name]} {
				if b, _ := Save(d, "svg"); !bytes.Equal(a, b) {
					t.Errorf("%s of %s: the pictures differ", name, s.name)
				}
			}
		}
	}
}

// A router's message begins where the packet ends that it is about, and arrives like any other; it is no copy.
func TestLadderOfAReply(t *testing.T) {
	tr := simTCP(oneLost()).Trace
	lost := slices.IndexFunc(tr.Packets, func(p trace.Packet) bool { return p.Fate == trace.Lost })
	p := tr.Packets[lost]
	reply := trace.Packet{
		Note: &trace.Note{Reason: netem.ReasonTooBig}, ID: 10_000, Of: p.ID, Header: netem.Header{Version: 4, Protocol: netem.ICMP, Kind: netem.KindICMP},
		Direction: 1 - p.Direction, Fate: trace.Arrived, Sent: p.Sent, Arrived: p.Sent + 25*time.Millisecond, Length: 576,
	}
	tr.Packets = slices.Insert(tr.Packets, lost+1, reply)
	l := layLadders([]Trial{{Label: "x", Trace: tr}}, "x")[0]
	cross := slices.IndexFunc(l.arrows, func(a arrow) bool { return a.ending == endCross })
	icmp := slices.IndexFunc(l.arrows, func(a arrow) bool { return a.packet.Reply() })
	if cross < 0 || icmp < 0 {
		t.Fatalf("%d arrows, without a cross or a reply", len(l.arrows))
	}
	a, b := &l.arrows[cross], &l.arrows[icmp]
	if math.Abs(float64(a.to.X-b.from.X)) > 1e-6 || math.Abs(float64(a.to.Y-b.from.Y)) > 1 || b.role != roleControl {
		t.Errorf("the packet ends at %v, the reply, role %d, begins at %v", a.to, b.role, b.from)
	}
	if b.to.X != l.inside.Min.X || b.to.Y >= b.from.Y {
		t.Errorf("it goes from %v to %v, and not down to the client", b.from, b.to)
	}
}
