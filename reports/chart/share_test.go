package chart

import (
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// sharedTrial sends a packet of 1250 bytes, 10,000 bits, every gap from from to to; each takes 20 ms.
func sharedTrial(id, protocol string, gap, from, to time.Duration) Trial {
	t := &trace.Trace{Trial: id, Flow: id, Protocol: protocol, Start: from, End: 4 * time.Second}
	for at := from; at < to; at += gap {
		arrived := at + 20*time.Millisecond
		t.Offered += 1198
		t.Messages = append(t.Messages, trace.Message{Size: 1198, Sent: at, Delivered: arrived, Intact: true})
		t.Packets = append(t.Packets, trace.Packet{Note: &trace.Note{}, ID: uint64(len(t.Packets) + 1), Length: 1250, Sent: at, Arrived: arrived, Fate: trace.Arrived})
	}
	return Trial{ID: id, Label: id + " " + strings.ToUpper(protocol), Protocol: protocol, Trace: t}
}

// shared is three flows on a path of 10 Mbit/s, of 6, 3 and, for the second half, 1 Mbit/s; and one that goes the other way.
func shared() Input {
	const ms, us = time.Millisecond, time.Microsecond
	in := Input{Scenario: madeScenario(8 * netem.Mbit), Trials: []Trial{
		sharedTrial("near", "tcp", 10_000*us/6, 0, 4*time.Second),
		sharedTrial("far", "tcp", 10_000*us/3, 0, 4*time.Second),
		sharedTrial("call", "udp", 10*ms, 2*time.Second, 4*time.Second),
		sharedTrial("back", "udp", 10*ms, 0, 4*time.Second),
	}}
	in.Scenario.Together = true
	in.Trials[3].Trace.Data = netem.Reverse
	for i, v := range []float64{0.6, 0.3, 0.1} { // what each has in the second half, in tenths: 100/(3*(36+9+1))
		in.Trials[i].Metrics = map[string]float64{"goodput_share": v, "jain_index": 100. / 138}
	}
	return in
}

// TestShareSeries: in the first half 6 and 3 Mbit/s, an index of 81/90; in the second 6, 3 and 1, one of 100/138, within a packet a bin.
func TestShareSeries(t *testing.T) {
	s := shareSeriesOf(shared())
	if len(s.flows) != 3 || s.bin != 100*time.Millisecond || len(s.index) != 41 {
		t.Fatalf("%d flows, bins of %v, %d of them", len(s.flows), s.bin, len(s.index))
	}
	for b, v := range s.index[1:40] {
		want := 81. / 90
		if b+1 >= 20 {
			want = 100. / 138
		}
		if b+1 != 20 && math.Abs(v-want) > 0.02 { // the call comes 20 ms into its first bin
			t.Errorf("bin %d has an index of %.3f, want %.3f", b+1, v, want)
		}
		for i, mbit := range []float64{6, 3, 1} {
			if i == 2 && b+1 <= 20 {
				continue
			}
			if got := s.flows[i].rate[b+1] / 1e6; math.Abs(got-mbit) > 0.101 { // a packet is 0.1 Mbit/s of a bin
				t.Errorf("bin %d of %s has %v Mbit/s, want %v", b+1, s.flows[i].trial.ID, got, mbit)
			}
		}
	}
}

// TestShareNeedsCompany: flows that are alone on their paths, or one flow alone, or none of which anything arrived, have no such chart.
func TestShareNeedsCompany(t *testing.T) {
	alone := shared()
	alone.Scenario.Together = false
	one := shared()
	one.Trials = one.Trials[:1]
	nothing := shared()
	for i := range nothing.Trials {
		nothing.Trials[i].Trace = &trace.Trace{}
	}
	for name, in := range map[string]Input{"alone": alone, "one": one, "nothing": nothing, "unknown": {Trials: shared().Trials}} {
		if d, err := newShare(in); d != nil || err != nil {
			t.Errorf("%s: %v, %v", name, d, err)
		}
	}
}

func TestShareGolden(t *testing.T) {
	d, err := newShare(shared())
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "share.csv", d.Points.CSV())
	golden(t, "share.txt", []byte(d.Title+"\n"+d.Caption+"\n"))
	if runtime.GOARCH != "amd64" {
		return // see TestGolden
	}
	svg, err := Save(d, "svg")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "share.svg", svg)
}

// TestShareOfMany draws a hundred flows, and one bin, without a word too many.
func TestShareOfMany(t *testing.T) {
	in := shared()
	in.Trials = nil
	for i := range 100 {
		in.Trials = append(in.Trials, sharedTrial("f", []string{"tcp", "udp"}[i%2], 100*time.Millisecond, time.Duration(i)*time.Millisecond, time.Second))
	}
	for _, in := range []Input{in, {Scenario: in.Scenario, Trials: []Trial{sharedTrial("a", "tcp", time.Second, 0, 1), sharedTrial("b", "tcp", time.Second, 0, 1)}}} {
		d, err := newShare(in)
		if err != nil || d == nil {
			t.Fatalf("%v, %v", d, err)
		}
		if len(d.Caption) > 200 {
			t.Errorf("a caption of %d bytes: %s", len(d.Caption), d.Caption)
		}
		if _, err := Save(d, "png"); err != nil {
			t.Error(err)
		}
	}
}
