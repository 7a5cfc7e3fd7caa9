package experiment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
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

// collect runs a scenario and returns its trials, without the packets' bytes.
func collect(t testing.TB, s *scenarios.Scenario, o Options) []*Trial {
	t.Helper()
	var all []*Trial
	if err := Run(context.Background(), s, o, func(trial *Trial) error { all = append(all, trial); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

// everything is a path with every impairment at once.
const everything = `
seed: 5
path:
  rate: 8Mbit
  queue: 30p
  delay: {base: 20ms, jitter: 6ms, distribution: normal, keep_order: false}
  forward: {loss: {gilbert_elliott: {p: 1%, r: 30%}}, reorder: {probability: 1%, delay: 8ms}, duplicate: 1%, corrupt: 1%}
  reverse: {loss: 1%}
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
			for _, name := range []string{"packets.csv", "messages.csv", "calls.csv", "tcp.csv"} {
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
	if len(tcp) != len(udp) || len(tcp) < 400 {
		t.Fatalf("%d and %d packets of new data", len(tcp), len(udp))
	}
	hit := 0
	for i := range tcp {
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
	s := parse(t, everything, scenarios.Setting{Key: "sweep", Value: "{repeat: 50}"})
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	n := 0
	err := Run(ctx, s, Options{Dir: dir, Jobs: 2}, func(trial *Trial) error {
		if n++; n == 3 {
			cancel()
		}
		return trial.Trace.Bytes.Close()
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
	n := 0
	err := Run(context.Background(), s, Options{}, func(*Trial) error { n++; return full })
	if !errors.Is(err, full) || n != 1 {
		t.Errorf("got %v after %d calls", err, n)
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
