package scenarios

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"reliabilitylab/netem"
)

// TestImpairmentKeys: every key of the impairments goes where it belongs, table file included.
func TestImpairmentKeys(t *testing.T) {
	s, err := Load("testdata/describe/impairments.yaml")
	if err != nil {
		t.Fatal(err)
	}
	ms := time.Millisecond
	forward := Way{
		Rate: 2_000_000, Overhead: netem.Overhead{Packet: 8, Cell: 48, CellOverhead: 5}, Queue: Queue{Packets: 100, MTU: 1500, Discipline: "fifo"},
		Loss:    Loss{Random: 0.01, Correlation: 0.25, ECN: true},
		Corrupt: Corrupt{Probability: 0.001, Correlation: 0.5}, Duplicate: Duplicate{0.005, 0.1},
		Reorder: Reorder{Probability: 0.2, Correlation: 0.5, Gap: 4, Delay: 10 * ms, Ahead: true},
		Delay: Delay{
			Base: 20 * ms, Jitter: 4 * ms, Distribution: "measured.dist", Correlation: 0.75, KeepOrder: true,
			Table: netem.Table{-8192, -8192, -8192, 0, 0, 0, 0, 4096, 4096, 16384},
		},
		Slot: Slot{Base: 900 * time.Microsecond, Jitter: 100 * time.Microsecond, Distribution: "uniform", Packets: 32, Bytes: 64000},
	}
	reverse := Way{
		Rate: 2_000_000, Overhead: netem.Overhead{Packet: 38}, Queue: Queue{Packets: 100, MTU: 1500, Discipline: "fifo"},
		Loss:    Loss{Markov: &Markov{P13: 0.01, P31: 0.2, P32: 0.1, P23: 0.4, P14: 0.005}},
		Reorder: Reorder{Probability: 1, Gap: 5, Delay: 3 * ms}, Delay: forward.Delay,
		Slot: Slot{Base: 2 * ms, Jitter: ms / 2, Distribution: "normal"},
	}
	if !reflect.DeepEqual(s.Path, Path{1500, forward, reverse}) {
		t.Errorf("got\n%+v\nwant\n%+v", s.Path, Path{1500, forward, reverse})
	}
	forward.Slot, forward.Overhead, forward.Reorder = Slot{Base: 5 * ms, Distribution: "uniform"}, netem.Overhead{Packet: 18}, Reorder{Delay: 10 * ms}
	forward.Delay = Delay{Base: 30 * ms, Distribution: "uniform", KeepOrder: true}
	forward.Loss = Loss{Markov: &Markov{P13: 0.02, P31: 0.98, P23: 1}} // tc's defaults
	if !reflect.DeepEqual(*s.Timeline[0].Forward, forward) {
		t.Errorf("got\n%+v\nwant\n%+v", *s.Timeline[0].Forward, forward)
	}
}

// TestTableFile: a table is read beside the scenario that names it, by Load and at each point of a sweep, and not by Parse; an
// error says where it was named.
func TestTableFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	write("good.dist", "# measured\n1 2 3\n")
	write("bad.dist", "1\n2.5\n")
	scenario := func(table string) string {
		return "path: {delay: {base: 9ms, jitter: 1ms, distribution: " + table + "}}\nflows: [{name: f}]\nsweep: {vary: {path.delay.base: [9ms, 10ms]}}\n"
	}
	s, err := Load(write("s.yaml", scenario("./good.dist")))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range s.Points() {
		at, err := s.At(p)
		if err != nil || !reflect.DeepEqual(at.Path.Reverse.Delay.Table, netem.Table{1, 2, 3}) {
			t.Errorf("%v: %v, %v", p, at.Path.Reverse.Delay.Table, err)
		}
	}
	if s, err := Load(write("s.yaml", scenario(filepath.Join(dir, "good.dist")))); err != nil || len(s.Path.Forward.Delay.Table) != 3 {
		t.Errorf("by its whole path: %v", err)
	}
	if s, err := Parse("s.yaml", []byte(scenario("missing.dist"))); err != nil || s.Path.Forward.Delay.Table != nil || s.Path.Forward.Delay.Distribution != "missing.dist" {
		t.Errorf("Parse: %v", err)
	}
	for table, want := range map[string]string{
		"missing.dist": "s.yaml:1:54: path.delay.distribution: read the table: open", "bad.dist": `line 2: "2.5" is no whole number`, "./": "is a directory",
	} {
		_, err := Load(write("s.yaml", scenario(table)))
		var all Errors
		if !errors.As(err, &all) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", table, err, want)
		}
	}
}

// TestMeanLoss compares the models' means and bursts with sums over the chains' states, made by stepping the probabilities of
// the states until they settle.
func TestMeanLoss(t *testing.T) {
	close := func(name string, got, want float64) {
		if d := got - want; d > 1e-9 || d < -1e-9 {
			t.Errorf("%s is %.12g, want %.12g", name, got, want)
		}
	}
	for _, l := range []Loss{
		{Random: 0.02}, {Random: 0.01, Correlation: 0.25}, {Random: 0.3, Correlation: 0.9}, {Every: 50},
		{Burst: &GilbertElliott{P: 0.01, R: 0.25, Bad: 1}}, {Burst: &GilbertElliott{P: 0.02, R: 0.1, Bad: 0.5, Good: 0.01}},
		{Markov: &Markov{P13: 0.01, P31: 0.2, P32: 0.1, P23: 0.4, P14: 0.005}}, {Markov: &Markov{P13: 0.02, P31: 0.98, P23: 1}}, {Markov: &Markov{P14: 0.1, P23: 1, P31: 1}},
	} {
		mean, starts := settled(l)
		close("mean of "+l.words(), l.Mean(), mean)
		close("burst of "+l.words(), l.MeanBurst(), mean/starts)
	}
	close("one in seven, five behind the last one", Reorder{Probability: 1.0 / 3, Gap: 5}.Mean(), 1.0/7)
	close("no reordering", Reorder{Gap: 5}.Mean(), 0)
	l := Loss{Random: 0.01, Correlation: 0.25}
	g := l.Gilbert()
	same := Loss{Burst: &g}
	close("the equivalent's mean", same.Mean(), 0.01)
	close("the equivalent's burst", same.MeanBurst(), l.MeanBurst())
}

// settled returns the loss in the long run, and how often a packet is lost behind one that passed, of a chain whose states are
// the model's and whether the last packet was lost.
func settled(l Loss) (mean, starts float64) {
	type step struct {
		to   int
		p    float64
		lost bool
	}
	var from map[int][]step
	f := func(p netem.Probability) float64 { return float64(p) }
	switch {
	case l.Markov != nil:
		m := l.Markov
		from = map[int][]step{
			1: {{4, f(m.P14), true}, {3, f(m.P13), true}, {1, 1 - f(m.P13) - f(m.P14), false}}, 2: {{3, f(m.P23), true}, {2, 1 - f(m.P23), false}},
			3: {{2, f(m.P32), false}, {1, f(m.P31), false}, {3, 1 - f(m.P31) - f(m.P32), true}}, 4: {{1, 1, false}},
		}
	case l.Burst != nil:
		b := l.Burst
		from = map[int][]step{}
		for state, loss := range map[int]float64{0: f(b.Good), 1: f(b.Bad)} {
			turn := f(b.P)
			if state == 1 {
				turn = f(b.R)
			}
			from[state] = []step{{1 - state, turn * loss, true}, {1 - state, turn * (1 - loss), false}, {state, (1 - turn) * loss, true}, {state, (1 - turn) * (1 - loss), false}}
		}
	case l.Every > 0:
		return 1 / float64(l.Every), 1 / float64(l.Every)
	default: // 0: the last packet passed, 1: it was lost
		p, c := f(l.Random), f(l.Correlation)
		from = map[int][]step{0: {{1, p * (1 - c), true}, {0, 1 - p*(1-c), false}}, 1: {{1, p + c*(1-p), true}, {0, 1 - p - c*(1-p), false}}}
	}
	type state struct {
		of   int
		lost bool
	}
	at := map[state]float64{}
	for s := range from {
		at[state{s, false}] = 1 / float64(len(from))
	}
	for range 20000 {
		next := map[state]float64{}
		mean, starts = 0, 0
		for s, p := range at {
			for _, k := range from[s.of] {
				next[state{k.to, k.lost}] += p * k.p
				if k.lost {
					if mean += p * k.p; !s.lost {
						starts += p * k.p
					}
				}
			}
		}
		at = next
	}
	return mean, starts
}
