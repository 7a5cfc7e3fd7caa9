package chart

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
	"reliabilitylab/scenarios"
)

// queuedTrial is eight packets with data, one a millisecond, and a queue that grows to 3 and falls again.
func queuedTrial(protocol string) Trial {
	const ms = time.Millisecond
	t := &trace.Trace{Trial: protocol, Protocol: protocol}
	for _, q := range [][2]int{{1, 1}, {2, 2}, {3, 3}, {6, 2}, {9, 0}} {
		t.Queue = append(t.Queue, trace.QueueLength{At: time.Duration(q[0]) * ms, Packets: int32(q[1])},
			trace.QueueLength{At: time.Duration(q[0]) * ms, Packets: 50, Direction: netem.Reverse})
	}
	for i, p := range []struct {
		waited int
		fate   trace.Fate
		note   trace.Note
	}{
		{0, trace.Arrived, trace.Note{}},
		{1, trace.Arrived, trace.Note{}},
		{4, trace.Lost, trace.Note{Cause: netem.CauseCoDel}},            // at 6 ms
		{0, trace.Lost, trace.Note{Cause: netem.CauseQueueFull}},        // at 3 ms
		{3, trace.Arrived, trace.Note{Marked: netem.CauseCoDel}},        // at 7 ms
		{2, trace.Lost, trace.Note{Cause: netem.CauseLoss}},             // behind the queue, which it left at 7 ms
		{9, trace.InFlight, trace.Note{}},                               // nobody knows
		{2, trace.Lost, trace.Note{Marked: "pie", Cause: "queue full"}}, // at 9 ms, twice unlucky: a drop
	} {
		note := p.note
		t.Packets = append(t.Packets, trace.Packet{
			Note: &note, ID: uint64(i + 1), Fate: p.fate, Sent: time.Duration(i) * ms, Arrived: 99 * ms, Waited: time.Duration(p.waited) * ms,
			Header: netem.Header{Payload: 1448},
		})
	}
	return Trial{ID: protocol, Label: strings.ToUpper(protocol), Protocol: protocol, Trace: t}
}

func TestQueueSeries(t *testing.T) {
	table := newTable("trial", "item", "time_s", "packets", "id", "wait_s", "cause")
	q := queueSeriesOf(queuedTrial("udp"), &table)
	got := fmt.Sprint(q.length, q.waits, q.full, q.early, q.marked, q.longest, q.median, q.end)
	want := "[{0 0} {0.001 1} {0.002 2} {0.003 3} {0.006 2} {0.009 0}] " +
		"[{0 0} {0.002 0.001} {0.007 0.003} {0.007 0.002}] [{0.003 3} {0.009 0}] [{0.006 2}] [{0.007 2}] 3 1ms 0.009"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if mean := 18. / 9; q.mean < mean-1e-9 || q.mean > mean+1e-9 { // 1 ms of 1, 1 of 2, 3 of 3, 3 of 2
		t.Errorf("the mean is %v, want %v", q.mean, mean)
	}
	rows := string(table.CSV())
	for _, row := range []string{
		"udp,queue,0.003,3,,,\n", "udp,sent,0.002,2,2,0.001,\n", "udp,dropped,0.006,2,3,0.004,codel\n", "udp,marked,0.007,2,5,0.003,codel\n",
		"udp,sent,0.007,2,6,0.002,\n", "udp,dropped,0.009,0,8,0.002,queue full\n",
	} {
		if !strings.Contains(rows, row) {
			t.Errorf("no row %s in\n%s", row, rows)
		}
	}
	if table.Rows != 5+7 {
		t.Errorf("%d rows", table.Rows)
	}
}

// TestQueueLayout draws one to five trials, with all that a legend can have: nothing overlaps. Without a queue there is no chart.
func TestQueueLayout(t *testing.T) {
	way := scenarios.Way{Rate: 10 * netem.Mbit, Queue: scenarios.Queue{Packets: 3, Discipline: "codel", Target: 2 * time.Millisecond}}
	s := &scenarios.Scenario{Path: scenarios.Path{Forward: way, Reverse: way}}
	for n := range 6 {
		in := Input{Scenario: s}
		for i := range n {
			trial := queuedTrial([]string{"tcp", "udp"}[i%2])
			trial.Label = []string{"TCP", "UDP", "a rather long name of a trial", "d", "e"}[i]
			in.Trials = append(in.Trials, trial)
		}
		d, err := newQueue(in)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			if d != nil {
				t.Error("a chart of no trials")
			}
			continue
		}
		l := layOut(t, fmt.Sprint(n, " trials"), d)
		words := ""
		for _, w := range l.texts {
			words += w.words + "\n"
		}
		columns := min(n, 3)
		if n > 3 {
			columns = 2
		}
		if got := strings.Count(words, "Packets waiting\n"); got != columns {
			t.Errorf("%d trials: %d columns", n, got)
		}
		for _, w := range []string{"dropped, the queue was full", "dropped early", "marked (ECN)", "limit, 3 packets", "target, 2 ms", "CoDel queue of 3 packets"} {
			if !strings.Contains(words, w) {
				t.Errorf("%d trials: nothing says %q", n, w)
			}
		}
	}
	idle := queuedTrial("tcp")
	idle.Trace.Queue = nil
	if d, _ := newQueue(Input{Trials: []Trial{idle}}); d != nil {
		t.Error("a chart of a path without a queue")
	}
}

// TestCapacity: what a bottleneck can carry is one step of a rate, and the mean of each bin of a trace.
func TestCapacity(t *testing.T) {
	rates, err := netem.ParseRates([]byte("time_s,rate_bps\n0,1000000\n1.5,3000000\n2,0\n4,1000000\n"))
	if err != nil {
		t.Fatal(err)
	}
	opportunities, err := netem.ParseOpportunities([]byte("500\n1000\n1500\n1501\n2000\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		way  scenarios.Way
		want string
		rows string
	}{
		{scenarios.Way{Rate: 5}, "[{0 5}] 5", "bottleneck,0,3.5,5\n"},
		{scenarios.Way{Trace: scenarios.LinkTrace{Rates: rates}}, "[{0 1e+06} {1 2e+06} {2 0} {3 0}] 2e+06", "bottleneck,1,2,2000000\n"},
		{scenarios.Way{Trace: scenarios.LinkTrace{Opportunities: opportunities}}, "[{0 24000} {1 36000} {2 24000} {3 36000}] 36000", "bottleneck,3,3.5,36000\n"},
	} {
		got := capacityOf(c.way, 3500*time.Millisecond, time.Second)
		if s := fmt.Sprint(got.steps, got.top); s != c.want {
			t.Errorf("got %s, want %s", s, c.want)
		}
		table := newTable("series", "bin_begin_s", "bin_end_s", "bits_per_s")
		got.list(&table, 3500*time.Millisecond, time.Second)
		if !strings.Contains(string(table.CSV()), c.rows) {
			t.Errorf("no row %s in\n%s", c.rows, table.CSV())
		}
	}
}

// TestTraceCharts draws the usual run over a trace: the throughput's bottleneck is one that changes, and no straight line says what is
// ideal for TCP.
func TestTraceCharts(t *testing.T) {
	in := madePair()
	rates, err := netem.ParseRates([]byte("time_s,rate_bps\n0,5000000\n1,20000000\n"))
	if err != nil {
		t.Fatal(err)
	}
	in.Scenario.Path.Forward.Trace = scenarios.LinkTrace{File: "a/b.csv", Rates: rates}
	in.Scenario.Path.Forward.Rate = rates.Mean()
	d, err := newThroughput(in)
	if err != nil {
		t.Fatal(err)
	}
	l := layOut(t, "trace", d)
	words := ""
	for _, w := range l.texts {
		words += w.words + "\n"
	}
	if !strings.Contains(words, "bottleneck, mean 12.5 Mbit/s\n") || !strings.Contains(words, "rate by b.csv") {
		t.Errorf("the picture says\n%s", words)
	}
	if r := in.idealRate(in.Trials[0].Trace); r != 0 {
		t.Errorf("TCP's ideal rate is %d", r)
	}
}
