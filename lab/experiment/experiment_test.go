package experiment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
	"reliabilitylab/scenarios"
)

// parse reads a scenario of a test.
func parse(t testing.TB, text string, set ...scenarios.Setting) *scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Parse("test.yaml", []byte(text), set...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// collect runs a scenario and returns its trials in the scenario's order, without the packets' bytes.
func collect(t testing.TB, s *scenarios.Scenario, o Options) []*Trial {
	t.Helper()
	g, err := Expand(s, o.Jobs)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]*Trial, g.Trials()) // each is written once
	if err := g.Run(context.Background(), o, func(world []*Trial) error {
		for _, trial := range world {
			all[trial.Index] = trial
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// single are the shipped scenarios but the sweeps. Those have hundreds of trials, some of minutes: in real time they would take hours, and
// beside another stack or tool they show nothing that their like in the others does not. The tests of the command run them.
func single() []*scenarios.Scenario {
	return slices.DeleteFunc(scenarios.Catalog(), func(s *scenarios.Scenario) bool { return s.Sweep.Multiplies() })
}

// planOf is the plan of a scenario's first world.
func planOf(t testing.TB, s *scenarios.Scenario) plan {
	t.Helper()
	g, err := Expand(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	p, err := (&reader{Grid: g}).plan(0)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// everything is a path with every impairment at once.
const everything = `
seed: 5
path:
  rate: 8Mbit
  queue: 30p
  overhead: {packet: 18, cell_size: 400, cell_overhead: 9}
  delay: {base: 20ms, jitter: 6ms, distribution: normal, correlation: 30%, keep_order: false}
  forward:
    loss: {markov: {p13: 1%, p31: 30%, p32: 10%, p23: 50%, p14: 0.3%}}
    reorder: {probability: 2%, correlation: 20%, gap: 3, ahead: true}
    duplicate: {probability: 1%, correlation: 10%}
    corrupt: {probability: 1%, correlation: 20%}
  reverse: {loss: {random: 1%, correlation: 25%}, slot: {min: 500us, max: 1500us, packets: 8}}
script:
  - {match: {kind: data, nth: 20}, do: {delay: 150ms}}
timeline:
  - {from: 1s, to: 1.2s, path: {loss: 100%}}
flows:
  - {name: file, app: transfer, protocol: [tcp, udp], size: 600KiB, udp: {rate: 5Mbit}}
`

func TestSameSeedSameRecord(t *testing.T) {
	s := parse(t, everything)
	record := func(procs, jobs int) string {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		var b strings.Builder
		for _, trial := range collect(t, s, Options{Jobs: jobs}) {
			dir := t.TempDir()
			if err := trace.Write(dir, trial.Trace); err != nil {
				t.Fatal(err)
			}
			for _, name := range trace.Files {
				data, err := os.ReadFile(dir + "/" + name)
				if err != nil {
					t.Fatal(err)
				}
				b.Write(data)
			}
		}
		return b.String()
	}
	want := record(1, 1)
	if len(want) < 100_000 {
		t.Fatalf("the record has only %d bytes", len(want))
	}
	for range 3 {
		if record(8, 4) != want {
			t.Fatal("the record depends on who runs when")
		}
	}
	other := collect(t, parse(t, everything, scenarios.Setting{Key: "seed", Value: "6"}), Options{})
	if slices.EqualFunc(other[0].Trace.Packets, collect(t, s, Options{})[0].Trace.Packets, func(a, b trace.Packet) bool { return a.Fate == b.Fate }) {
		t.Error("another seed, the same fates")
	}
}

// TestPairing: the k-th new data packet meets the same fate in both protocols, for everything that is decided by dice.
// The queue is left out, since its length depends on the sender.
func TestPairing(t *testing.T) {
	s := parse(t, strings.Replace(everything, "  rate: 8Mbit\n  queue: 30p\n", "", 1), scenarios.Setting{Key: "timeline", Value: "[]"})
	type fate struct {
		fate   trace.Fate
		cause  netem.Cause
		delay  time.Duration
		copies int
	}
	fates := func(tr *trace.Trace) []fate {
		var out []fate
		at := map[uint64]int{}
		for _, p := range tr.Packets {
			if p.Direction != netem.Forward {
				continue
			}
			if p.Of != 0 {
				if i, ok := at[p.Of]; ok {
					out[i].copies++
				}
				continue
			}
			if p.Header.Kind == netem.KindData {
				at[p.ID] = len(out)
				f := fate{fate: p.Fate, cause: p.Harm}
				if p.Arrived != trace.Never {
					f.delay = p.Arrived - p.Sent
				}
				if p.Fate == trace.Lost {
					f.cause = p.Cause
				}
				out = append(out, f)
			}
		}
		return out
	}
	trials := collect(t, s, Options{})
	tcp, udp := fates(trials[0].Trace), fates(trials[1].Trace)
	if d := len(tcp) - len(udp); d < 0 || d > 2 || len(udp) < 400 { // a window that is no multiple of the segment may split one
		t.Fatalf("%d and %d packets of new data", len(tcp), len(udp))
	}
	hit := 0
	for i := range udp {
		if tcp[i] != udp[i] {
			t.Fatalf("packet %d: %+v over TCP, %+v over UDP", i+1, tcp[i], udp[i])
		}
		if tcp[i].fate == trace.Lost || tcp[i].copies > 0 || tcp[i].cause != "" {
			hit++
		}
	}
	if hit < 10 {
		t.Errorf("only %d packets met anything", hit)
	}
}

// TestConservation: what was put on the path, and what the path copied, is lost, arrived or still on its way.
func TestConservation(t *testing.T) {
	for _, trial := range collect(t, parse(t, everything), Options{}) {
		var count [trace.Fates]int
		for _, p := range trial.Trace.Packets {
			count[p.Fate]++
			if (p.Fate == trace.Arrived || p.Fate == trace.Discarded) != (p.Arrived != trace.Never) || p.Fate == trace.Lost && p.Cause == "" {
				t.Fatalf("%s: packet %d: %v at %v, cause %q", trial.ID, p.ID, p.Fate, p.Arrived, p.Cause)
			}
		}
		if count[trace.InFlight] > 0 {
			t.Errorf("%s: %d packets never ended", trial.ID, count[trace.InFlight])
		}
		if count[trace.Arrived] == 0 || count[trace.Lost] == 0 || count[trace.Discarded] == 0 {
			t.Errorf("%s: fates %v: some never happened", trial.ID, count)
		}
	}
}

// TestUDPIsTheTruthOfThePath: what UDP's program got is what the ledger says arrived sound.
func TestUDPIsTheTruthOfThePath(t *testing.T) {
	trial := collect(t, parse(t, everything), Options{})[1]
	arrived, got := 0, 0
	for _, p := range trial.Trace.Packets {
		if p.Direction == netem.Forward && p.Fate == trace.Arrived {
			arrived++
		}
	}
	for _, m := range trial.Trace.Messages {
		got += int(m.Copies)
	}
	if arrived != got || got == 0 {
		t.Errorf("%d datagrams arrived, the program got %d", arrived, got)
	}
}

func TestSweepExpandsInOrder(t *testing.T) {
	s := parse(t, `
path: {delay: 1ms}
flows: [{name: file, app: transfer, protocol: [tcp, udp], size: 10kB}]
sweep: {vary: {path.forward.loss: [0%, 1%], flows.file.tcp.recovery: [sack, newreno]}, repeat: 2}
`)
	var ids []string
	seeds := map[uint64]int{}
	for _, trial := range collect(t, s, Options{Jobs: 3}) {
		ids = append(ids, trial.ID)
		seeds[trial.Seed]++
	}
	want := []string{}
	for _, loss := range []string{"0%", "1%"} {
		for _, recovery := range []string{"sack", "newreno"} {
			for r := 1; r <= 2; r++ {
				for _, p := range []string{"tcp", "udp"} {
					want = append(want, fmt.Sprintf("loss=%s_recovery=%s_r%d_%s", loss, recovery, r, p))
				}
			}
		}
	}
	if !slices.Equal(ids, want) {
		t.Errorf("got %v\nwant %v", ids, want)
	}
	if len(seeds) != 2 {
		t.Errorf("seeds %v: every point has the same two", seeds)
	}
}

func TestTogetherSharesOnePath(t *testing.T) {
	s := parse(t, `
sharing: together
duration: 20s
path: {rate: 5Mbit, delay: 10ms, queue: 50p}
flows: [{name: file, app: transfer, protocol: [tcp, udp], size: 1MiB, udp: {rate: 4Mbit}}]
`)
	trials := collect(t, s, Options{})
	if len(trials) != 2 {
		t.Fatalf("%d trials", len(trials))
	}
	for _, trial := range trials {
		if len(trial.Trace.Packets) == 0 {
			t.Fatalf("%s: no packets", trial.ID)
		}
		for _, p := range trial.Trace.Packets {
			if got := map[netem.Protocol]string{netem.TCP: "tcp", netem.UDP: "udp"}[p.Header.Protocol]; got != trial.Protocol {
				t.Fatalf("%s: packet %d is of %s", trial.ID, p.ID, got)
			}
		}
	}
	alone := collect(t, parse(t, string(s.Text), scenarios.Setting{Key: "sharing", Value: "alone"}), Options{})
	last := func(x *Trial) time.Duration { m := x.Trace.Messages; return m[len(m)-1].Delivered }
	if last(trials[0]) < last(alone[0])+time.Second {
		t.Errorf("TCP beside UDP took %v, alone %v: the path was not shared", last(trials[0]), last(alone[0]))
	}
}

func TestRunEndsWithItsContextAndLeavesNothing(t *testing.T) {
	s := parse(t, everything, scenarios.Setting{Key: "sweep", Value: "{repeat: 50, record: all}"})
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	var n atomic.Int32
	err := Run(ctx, s, Options{Dir: dir, Jobs: 2}, func(world []*Trial) (err error) {
		if n.Add(1) == 3 {
			cancel()
		}
		for _, trial := range world {
			err = errors.Join(err, trial.Trace.Bytes.Close())
		}
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	left, _ := os.ReadDir(dir)
	if len(left) > 0 {
		t.Errorf("%d files left, first %s", len(left), left[0].Name())
	}
}

func TestErrorOfFinishedEndsTheRun(t *testing.T) {
	s := parse(t, everything, scenarios.Setting{Key: "sweep", Value: "{repeat: 20}"})
	full := errors.New("disk full")
	for jobs := range 3 {
		var n atomic.Int32
		err := Run(context.Background(), s, Options{Jobs: jobs + 1}, func([]*Trial) error { n.Add(1); return full })
		if got := int(n.Load()); !errors.Is(err, full) || got < 1 || got > jobs+1 {
			t.Errorf("%d jobs: got %v after %d calls", jobs+1, err, got)
		}
	}
}

// TestRunLeavesOutWhatIsThere runs some trials of a sweep, and then the others: together they are those of one run.
func TestRunLeavesOutWhatIsThere(t *testing.T) {
	for _, sharing := range []string{"alone", "together"} {
		s := parse(t, `
path: {delay: 1ms}
flows: [{name: file, protocol: [tcp, udp], size: 10kB}, {name: call, app: stream, protocol: udp, for: 100ms}]
sweep: {vary: {path.forward.loss: [0%, 1%], flows.file.protocol: [tcp, [tcp, udp]]}, repeat: 3}
sharing: `+sharing)
		whole := collect(t, s, Options{})
		if len(whole) != 2*3*(2+3) {
			t.Fatalf("%d trials", len(whole))
		}
		there := func(i int) bool { return i%4 == 1 || i > 7 && i < 15 }
		var before, after atomic.Int32
		var ran sync.Map
		err := Run(context.Background(), s, Options{Jobs: 2, Have: there, Progress: func(r Report) {
			before.Store(int32(r.Before))
			after.Store(int32(r.Done))
		}}, func(world []*Trial) error {
			for _, trial := range world {
				if _, twice := ran.LoadOrStore(trial.Index, trial); twice {
					t.Errorf("%s ran twice", trial.ID)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		want := int32(0)
		for i, w := range whole {
			if w.Index != i {
				t.Fatalf("trial %d is number %d", i, w.Index)
			}
			if there(i) {
				want++
			}
			got, some := ran.Load(i)
			if !some {
				if !there(i) {
					t.Errorf("%s did not run", w.ID)
				}
				continue
			}
			g := got.(*Trial)
			if there(i) && sharing == "alone" {
				t.Errorf("%s ran again", w.ID)
			}
			if g.ID != w.ID || g.Seed != w.Seed || g.Replicate != w.Replicate || len(g.Trace.Packets) != len(w.Trace.Packets) || g.Kept != (i < 2) {
				t.Errorf("trial %d is %s (seed %d, replicate %d, kept %v), in one run %s (seed %d, replicate %d)",
					i, g.ID, g.Seed, g.Replicate, g.Kept, w.ID, w.Seed, w.Replicate)
			}
		}
		if before.Load() != want || sharing == "alone" && int(after.Load()) != len(whole) {
			t.Errorf("%d trials before and %d after; want %d and %d", before.Load(), after.Load(), want, len(whole))
		}
	}
}

// TestNamesOfTrialsAreFolders: however long the values, and however alike, each trial has a name of its own that a folder can have.
func TestNamesOfTrialsAreFolders(t *testing.T) {
	s := parse(t, `
flows: [{name: file, size: 1kB, protocol: udp}]
sweep:
  vary:
    path.delay.distribution: [a_b.dist, a-b.dist]
    path.loss: [1%, {random: 1%}, {packets: [`+strings.Repeat("1, ", 80)+`2]}]
`)
	seen := map[string]bool{}
	for i, trial := range collect(t, s, Options{}) {
		if seen[trial.ID] || len(trial.ID) > 200 {
			t.Errorf("trial %d is called %s", i, trial.ID)
		}
		seen[trial.ID] = true
	}
}

// TestFailedTrialsSayWhich: an error, and a mistake of the lab, come with the trial's name and seed, and of several it is the first's.
func TestFailedTrialsSayWhich(t *testing.T) {
	s := parse(t, "seed: 7\npath: {delay: 1ms}\nflows: [{name: file, size: 10kB, protocol: udp}]\nsweep: {vary: {path.loss: [0%, 1%]}, repeat: 3}")
	broken := errors.New("broken")
	for _, jobs := range []int{1, 4} {
		for _, fail := range []func() error{func() error { return broken }, func() error { panic("bug") }} {
			err := Run(context.Background(), s, Options{Jobs: jobs, host: func(l *lab, _ string, _ netip.Addr, _ netem.Stream) (node, error) {
				if l.replicate > 1 || l.point[0].Value == "1%" {
					return nil, fail()
				}
				return nil, nil
			}}, func([]*Trial) error { return nil })
			var failed *TrialError
			if !errors.As(err, &failed) || jobs == 1 && (failed.ID != "loss=0%_r2_udp" || failed.Seed != 8 || failed.Point.String() != "path.loss=0%") {
				t.Errorf("%d jobs: %v", jobs, err)
			}
			if text := err.Error(); !strings.Contains(text, "_udp (seed ") || !strings.Contains(text, "broken") && !strings.Contains(text, "a mistake of the lab: bug") {
				t.Errorf("%d jobs: %v", jobs, err)
			}
		}
	}
}

func TestIPv6(t *testing.T) {
	s := parse(t, "ip: 6\npath: {delay: 5ms, forward: {loss: 1%}}\nflows: [{name: file, app: transfer, protocol: [tcp, udp], size: 300kB}]\n")
	for _, trial := range collect(t, s, Options{}) {
		if v := trial.Trace.Packets[0].Header.Version; v != 6 {
			t.Errorf("%s: IP version %d", trial.ID, v)
		}
		if trial.Protocol == "tcp" && trial.Trace.Messages[len(trial.Trace.Messages)-1].Delivered == trace.Never {
			t.Error("the file did not arrive")
		}
	}
}

// TestCaptureHoldsThePackets: the spool has each packet's bytes as the ledger says.
func TestCaptureHoldsThePackets(t *testing.T) {
	trials := collect(t, parse(t, everything), Options{Dir: t.TempDir()})
	for _, trial := range trials {
		tr := trial.Trace
		for _, p := range tr.Packets[:200] {
			b, err := tr.Bytes.Reader().Read(p.At, int(p.Length))
			if err != nil {
				t.Fatalf("packet %d: %v", p.ID, err)
			}
			h := netem.ReadHeader(b)
			if h.SrcPort != p.Header.SrcPort || h.Payload != p.Header.Payload || h.Flags != p.Header.Flags {
				t.Fatalf("packet %d: %+v, the ledger says %+v", p.ID, h, p.Header)
			}
			if p.AtFar >= 0 && p.Harm == "" {
				far, err := tr.Bytes.Reader().Read(p.AtFar, int(p.Length))
				if err != nil || !bytes.Equal(b, far) {
					t.Fatalf("packet %d was changed, and nobody says so", p.ID)
				}
			}
		}
		tr.Bytes.Close()
	}
}
