package chart

import (
	"bytes"
	"encoding/csv"
	"math"
	"testing"
	"time"

	"reliabilitylab/lab/trace"
)

// samplesOf makes samples at seconds 0, 1, 2 … of these congestion windows in segments and phases.
func samplesOf(mss int, cwnd []int, phases []string) *trace.Trace {
	c := &trace.Connection{Host: "client"}
	t := &trace.Trace{Protocol: "tcp", Client: trace.End{Name: "client"}, Server: trace.End{Name: "server"}}
	for i := range cwnd {
		t.TCP = append(t.TCP, trace.TCPSample{
			Connection: c, TCPState: &trace.TCPState{Phase: phases[i]}, At: time.Duration(i) * time.Second, Cwnd: cwnd[i] * mss, InFlight: cwnd[i] * mss / 2, MSS: mss,
			SRTT: 50 * time.Millisecond, RTTVar: 10 * time.Millisecond, RTO: 250 * time.Millisecond, SendWnd: 1 << 20,
		})
	}
	return t
}

func TestWindowSeries(t *testing.T) {
	tr := samplesOf(1000, []int{10, 20, 12, 12, 1, 2},
		[]string{"slow start", "slow start", "recovery", "congestion avoidance", "loss", "slow start"})
	tr.TCP[2].Ssthresh, tr.TCP[3].Ssthresh = 12000, 12000
	tr.TCP[4].Event, tr.TCP[4].RTO = "timeout", 2*time.Second
	other := trace.TCPSample{Connection: &trace.Connection{Host: "server"}, TCPState: &trace.TCPState{}, Cwnd: 99000}
	tr.TCP = append([]trace.TCPSample{other}, tr.TCP...)
	s := senderSamples(tr)
	if len(s) != 6 {
		t.Fatalf("%d samples of the sender, want 6", len(s))
	}
	table := windowTable()
	w := windowSeriesOf(Trial{ID: "tcp", Trace: tr}, s, &table)
	if w.top != 20 || len(w.cwnd) != 6 || w.cwnd[1] != (point{1, 20}) || w.flight[0] != (point{0, 5}) {
		t.Errorf("top %v, cwnd %v, in flight %v", w.top, w.cwnd, w.flight)
	}
	if len(w.ssthresh) == 0 || w.ssthresh[0][0] != (point{2, 12}) {
		t.Errorf("ssthresh %v, want none before it is set", w.ssthresh)
	}
	want := []phase{{"slow start", 0, 2e9}, {"recovery", 2e9, 3e9}, {"congestion avoidance", 3e9, 4e9}, {"loss", 4e9, 5e9}, {"slow start", 5e9, 5e9}}
	if len(w.phases) != len(want) {
		t.Fatalf("phases %v", w.phases)
	}
	for i := range want {
		if w.phases[i] != want[i] {
			t.Errorf("phase %d is %v, want %v", i, w.phases[i], want[i])
		}
	}
	if len(w.timeouts) != 1 || w.timeouts[0] != 4*time.Second || len(w.repaired) != 1 || w.repaired[0] != 2*time.Second {
		t.Errorf("timeouts %v, recoveries %v", w.timeouts, w.repaired)
	}
	if math.Abs(w.rtt0[0].Y-0.04) > 1e-12 || math.Abs(w.rtt1[0].Y-0.06) > 1e-12 {
		t.Errorf("band from %v to %v, want 40 to 60 ms", w.rtt0[0].Y, w.rtt1[0].Y)
	}
	// In 11 s the doubled timeout was in force for one: it leaves the picture.
	if top, highest := timesTop(w.rtt1, w.rto, 11); math.Abs(top-0.2875) > 1e-9 || highest != 2 {
		t.Errorf("times up to %v, highest %v; want 1.15 times 250 ms, and 2 s", top, highest)
	}
	// In 5 s that is a fifth of the time: the picture shows it.
	if top, _ := timesTop(w.rtt1, w.rto, 5); math.Abs(top-2.3) > 1e-9 {
		t.Errorf("times up to %v, want 1.15 times 2 s", top)
	}
	if w.bound() {
		t.Error("a window of 1 MiB is said to bind one of 20 kB")
	}
	rows, err := csv.NewReader(bytes.NewReader(table.CSV())).ReadAll()
	if err != nil || len(rows) != 7 {
		t.Fatalf("%d lines, %v", len(rows), err)
	}
	if r := rows[5]; r[1] != "4" || r[2] != "timeout" || r[4] != "1000" || r[5] != "" || r[11] != "2" {
		t.Errorf("the timeout's row is %q", r)
	}
}

// The handshake's samples have no MSS, or one without options: what counts is the last.
func TestWindowSeriesSettlesTheMSS(t *testing.T) {
	tr := samplesOf(1448, []int{10, 10, 10}, []string{"", "slow start", "slow start"})
	tr.TCP[0].MSS = 536
	table := windowTable()
	w := windowSeriesOf(Trial{Trace: tr}, senderSamples(tr), &table)
	if w.mss != 1448 || w.cwnd[2].Y != 10 {
		t.Errorf("MSS %d, cwnd %v", w.mss, w.cwnd)
	}
	for i := range tr.TCP {
		tr.TCP[i].MSS = 0
	}
	if w := windowSeriesOf(Trial{Trace: tr}, senderSamples(tr), &table); w.mss != 0 || w.cwnd[2].Y != 14480 {
		t.Errorf("without an MSS the window is %v, want bytes", w.cwnd)
	}
}

// Before the handshake is over there is no window, and no phase whatever the stack says.
func TestWindowSeriesBeginsWithTheWindow(t *testing.T) {
	tr := samplesOf(1448, []int{0, 0, 10}, []string{"congestion avoidance", "congestion avoidance", "slow start"})
	table := windowTable()
	w := windowSeriesOf(Trial{Trace: tr}, senderSamples(tr), &table)
	if len(w.phases) != 1 || w.phases[0].name != "slow start" || len(w.cwnd) != 1 {
		t.Errorf("phases %v, cwnd %v", w.phases, w.cwnd)
	}
}

func TestWindowOfASimulatedTransfer(t *testing.T) {
	tr := simTCP(oneLost())
	table := windowTable()
	w := windowSeriesOf(tr, senderSamples(tr.Trace), &table)
	if len(w.repaired) != 1 || len(w.timeouts) != 0 || len(w.lost) != 1 {
		t.Errorf("%d recoveries, %d timeouts, %d lost; want 1, 0, 1", len(w.repaired), len(w.timeouts), len(w.lost))
	}
	s := simPath(3 * simMSS)
	s.upload = true
	up := simTCP(s)
	if got := senderSamples(up.Trace); len(got) == 0 || got[0].Host != "server" {
		t.Error("of an upload the sender is not the server")
	}
}

// TestWindowsOneBelowTheOther: of several connections each has its panel, and the points of all are in the table.
func TestWindowsOneBelowTheOther(t *testing.T) {
	one, two := simTCP(oneLost()), simTCP(simPath(300*simMSS))
	one.ID, two.ID = "first", "second"
	d, err := newWindow(Input{Trials: []Trial{one, two}})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(d.Points.CSV())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	points := map[string]int{}
	for _, row := range rows[1:] {
		points[row[0]]++
	}
	if a, b := len(senderSamples(one.Trace)), len(senderSamples(two.Trace)); points["first"] != a || points["second"] != b {
		t.Errorf("points %v, want %d and %d", points, a, b)
	}
	for _, f := range Formats {
		if _, err := Save(d, f); err != nil {
			t.Errorf("%s: %v", f, err)
		}
	}
}

func TestSideBySide(t *testing.T) {
	all := func(*trace.Trace) bool { return true }
	trials := func(protocols ...string) (out []Trial) {
		for i, p := range protocols {
			out = append(out, Trial{ID: string(rune('a' + i)), Protocol: p, Trace: &trace.Trace{}})
		}
		return out
	}
	for _, c := range []struct {
		trials []Trial
		want   string
		more   int
	}{
		{nil, "", 0},
		{trials("udp"), "a", 0},
		{trials("udp", "tcp", "tcp"), "ba", 1},
		{trials("tcp", "tcp", "tcp"), "ab", 1},
		{trials("udp", "udp"), "ab", 0},
	} {
		chosen, more := sideBySide(c.trials, all)
		got := ""
		for _, t := range chosen {
			got += t.ID
		}
		if got != c.want || more != c.more {
			t.Errorf("%v: %q and %d more, want %q and %d", c.trials, got, more, c.want, c.more)
		}
	}
}
