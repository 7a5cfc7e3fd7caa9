package experiment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"reliabilitylab/lab/host/hosttest"
	"reliabilitylab/lab/kernel"
	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
	"reliabilitylab/reports/metrics"
	"reliabilitylab/scenarios"
)

// needLinux skips, loudly, where this machine cannot run the kernel's stack; in CI, as root, it must.
func needLinux(t *testing.T) {
	t.Helper()
	for _, f := range kernel.Check() {
		if f.Need && !f.OK {
			if os.Getenv("CI") != "" {
				t.Fatalf("CI must run the kernel's stack: %s: %s", f.What, f.Has)
			}
			t.Skipf("SKIPPED: the kernel's stack is not tested here: %s: %s; %s", f.What, f.Has, f.Mend)
		}
	}
}

// dataFates returns what the path did to each packet of new data, in the order of sending: lost, or why it was harmed.
func dataFates(tr *trace.Trace) []string {
	var out []string
	for _, p := range tr.Packets {
		if p.Direction != tr.Data || p.Of != 0 || p.Header.Kind != netem.KindData {
			continue
		}
		fate := string(p.Harm)
		if p.Fate == trace.Lost {
			fate = "lost: " + string(p.Cause)
		}
		out = append(out, fate)
	}
	return out
}

// byQueue tells whether a fate is the doing of a queue, which depends on how full it is, of a narrow hop, which depends on when the
// router's word comes, or of an outage, which depends on what is on its way then: on who sends, and not on dice.
func byQueue(fate string) bool {
	cause, lost := strings.CutPrefix(fate, "lost: ")
	return lost && slices.Contains([]netem.Cause{netem.CauseTooBig, netem.CauseOutage, netem.CauseQueueFull, netem.CauseRED, netem.CauseCoDel, netem.CausePIE}, netem.Cause(cause))
}

// An agreement is a scenario in real time that is to run until judge finds nothing in its trials that is not as it should be. Real time has luck of
// its own: what is wrong is so in each of three runs. A run in which this machine had so much else to do that it colours the metrics counts for nothing, whatever came of it.
type agreement struct {
	name        string
	run         func(*testing.T, Options) []*Trial
	judge       func([]*Trial) []string
	ran, inTime int // so many times
}

const agreementRuns, agreementTries = 3, 10

// found runs it once and tells whether it was in time and as it should be.
func (a *agreement) found(t *testing.T) bool {
	t.Helper()
	trials := a.run(t, Options{Jobs: min(a.ran, 1)}) // first 0: as many worlds as are in time
	a.ran++
	if slices.ContainsFunc(trials, func(trial *Trial) bool {
		return trial.Lateness.P99 > trace.Seconds(5*time.Millisecond) || trial.Lateness.Max > trace.Seconds(50*time.Millisecond)
	}) {
		t.Logf("%s, run %d was too late to count", a.name, a.ran)
		return false
	}
	wrong := a.judge(trials)
	if len(wrong) > 0 {
		t.Logf("%s, run %d:\n%s", a.name, a.ran, strings.Join(wrong, "\n"))
	}
	a.inTime++
	return len(wrong) == 0
}

// holds runs it until it is found; it fails where it is not.
func (a *agreement) holds(t *testing.T) {
	t.Helper()
	for a.inTime < agreementRuns {
		if a.ran == agreementTries {
			t.Errorf("%s: this machine is too busy for real time: of %d runs %d were in time", a.name, a.ran, a.inTime)
			return
		}
		if a.found(t) {
			return
		}
	}
	t.Errorf("%s: so in each of %d runs", a.name, agreementRuns)
}

// linuxAlone are those that run between two hosts of the kernel only, and not between one of them and the lab's, too: each takes some seconds
// of real time, and brings nothing to a mix that another does not. Of the first five besides it is the queue that decides and not the dice.
var linuxAlone = []string{"bufferbloat", "codel", "asymmetric-dsl", "satellite", "lte-trace", "voice", "sawtooth", "cubic-against-reno", "outage",
	"flapping-link", "hand-made-reliability", "bad-wifi", "time-wait", "slow-reader", "chat-over-both"}

// TestKernelMeetsTheSameDice: a shipped scenario, but for the sweeps (see single), on the kernel's TCP and UDP, in real time, meets the fates that it meets in
// virtual time, packet by packet, and TCP delivers all there, too (but through the black hole), and what the scenario expects holds; so it does between the kernel's TCP and the lab's, both ways
// round. The metrics of both stacks agree within tolerances, or differ as explained (docs/lab-and-linux.md). All scenarios take minutes of real time, so elsewhere than in CI only the shortest run.
func TestKernelMeetsTheSameDice(t *testing.T) {
	needLinux(t)
	hosttest.Alone(t)
	const atOnce = 8 // they wait most of the time
	var (
		shipped = slices.DeleteFunc(single(), func(s *scenarios.Scenario) bool {
			here := !testing.Short() && os.Getenv("CI") != "" || s.Name == "one-lost-segment" || s.Name == "lost-syn"
			return !here || s.Together // who meets which dice is a matter of timing in the latter: TestKernelSharesAlike
		})
		held   = make([]heldAgainst, len(shipped))
		places = make(chan struct{}, atOnce)
		all    sync.WaitGroup
	)
	longest := make([]int, len(shipped)) // what may take longest begins first
	for i := range longest {
		longest[i] = i
	}
	slices.SortStableFunc(longest, func(i, j int) int { return cmp.Compare(shipped[j].Duration, shipped[i].Duration) })
	for _, i := range longest {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			t.Run(shipped[i].Name, func(t *testing.T) { held[i].beside(t, shipped[i]) })
		})
	}
	all.Wait()
	tables := make([]string, len(shipped))
	for i, s := range shipped {
		if held[i].again != nil { // alone
			t.Run(s.Name+" again", held[i].again.holds)
		}
		tables[i] = agreementTable(s.Name, held[i].both)
	}
	checkAgreementDoc(t, tables)
}

// heldAgainst are the metrics of a scenario on the kernel beside the lab's, once it has run there; where they do not agree yet, it is to run again.
type heldAgainst struct {
	both  []versus
	again *agreement
}

// beside runs a scenario on the kernel and on both mixes, beside others, and holds them to what is so in virtual time.
func (h *heldAgainst) beside(t *testing.T, shipped *scenarios.Scenario) {
	virtual := collect(t, shipped, Options{})
	first := &agreement{
		name: shipped.Name,
		run: func(t *testing.T, o Options) []*Trial {
			return sameDice(t, shipped, virtual, linux, func(s *scenarios.Scenario) []*Trial { return collect(t, s, o) })
		},
		judge: func(trials []*Trial) (wrong []string) {
			h.both, wrong = holdAgainst(shipped.Name, virtual, trials)
			if !mayDiffer(shipped.Name, "", words) {
				wrong = append(wrong, brokenWords(shipped, measured(shipped, trials))...)
			}
			return wrong
		},
	}
	if !first.found(t) {
		h.again = first
	}
	if slices.Contains(linuxAlone, shipped.Name) {
		return
	}
	var mixes sync.WaitGroup // at the same time: fates do not hang on being punctual
	for _, stack := range []string{"{client: lab, server: linux}", "{client: linux, server: lab}"} {
		mixes.Go(func() {
			sameDice(t, shipped, virtual, stack, func(s *scenarios.Scenario) []*Trial {
				all := make([]*Trial, len(virtual))
				err := Run(context.Background(), s, Options{}, func(world []*Trial) error {
					for _, trial := range world {
						all[trial.Index] = trial
					}
					return nil
				})
				if err != nil {
					t.Error(err)
					return nil
				}
				return all
			})
		})
	}
	mixes.Wait()
}

// sameDice runs a scenario on a stack in real time and holds its trials to what does not hang on time: errors, fates, delivery.
func sameDice(t *testing.T, shipped *scenarios.Scenario, virtual []*Trial, stack string, run func(*scenarios.Scenario) []*Trial) []*Trial {
	s, err := scenarios.Load(shipped.Name, scenarios.Setting{Key: "stack", Value: stack})
	if err != nil {
		t.Error(err)
		return nil
	}
	trials := run(s)
	for i, trial := range trials {
		name := "stack " + stack + ", " + trial.ID
		sameErrors(t, name, virtual[i], trial)
		if !mayDiffer(shipped.Name, trial.ID, fates) {
			sameFates(t, name, dataFates(virtual[i].Trace), dataFates(trial.Trace))
		}
		if trial.Protocol == "tcp" {
			allDelivered(t, name, virtual[i].Trace, trial.Trace)
		}
	}
	return trials
}

// sameFates holds the fates of new data to those in virtual time.
func sameFates(t *testing.T, name string, want, got []string) {
	same := 0
	for k := range min(len(want), len(got)) {
		if want[k] == got[k] || byQueue(want[k]) || byQueue(got[k]) {
			same++
		} else if t.Errorf("%s: packet %d of new data: %q, in virtual time %q", name, k+1, got[k], want[k]); k-same > 3 {
			break
		}
	}
	if d := len(want) - len(got); d < -3 || d > 3 || same == 0 && len(want) > 0 {
		t.Errorf("%s: %d packets of new data, in virtual time %d", name, len(got), len(want))
	}
}

// allDelivered: TCP delivers each message once that it delivers in virtual time, and damaged only where some came damaged there, too,
// and no more than twice as many: another stack's segments may have other boundaries.
func allDelivered(t *testing.T, name string, virtual, tr *trace.Trace) {
	damaged, were := 0, 0
	for i, m := range tr.Messages[:min(len(tr.Messages), len(virtual.Messages))] {
		was := virtual.Messages[i]
		if was.Copies == 0 {
			continue
		}
		if m.Copies != 1 {
			t.Errorf("%s: message %d came %d times", name, m.Number, m.Copies)
			break
		}
		if !m.Intact {
			damaged++
		}
		if !was.Intact {
			were++
		}
	}
	if (damaged == 0) != (were == 0) || damaged > 2*were {
		t.Errorf("%s: %d messages came damaged, in virtual time %d", name, damaged, were)
	}
}

// TestKernelSharesAlike: flows on one path share it on the kernel's stack as they do on the lab's, within a tenth of it, and all that the
// shipped scenario expects holds there too. Their packets cannot meet the same fates one by one: a microsecond decides who finds
// the queue full. So that is all that can be the same; it is asked of the kernel's TCP at both ends, since real time is dear.
func TestKernelSharesAlike(t *testing.T) {
	needLinux(t)
	if testing.Short() || os.Getenv("CI") == "" {
		t.Skip("half a minute of real time, in which no other such test may run: CI does it")
	}
	hosttest.Alone(t)
	for _, shipped := range scenarios.Catalog() {
		if !shipped.Together {
			continue
		}
		s, err := scenarios.Load(shipped.Name, scenarios.Setting{Key: "stack", Value: linux})
		if err != nil {
			t.Fatal(err)
		}
		lab := measured(shipped, collect(t, shipped, Options{}))
		shares := agreement{name: shipped.Name, run: func(t *testing.T, o Options) []*Trial { return collect(t, s, o) }}
		shares.judge = func(trials []*Trial) (wrong []string) {
			kernel := measured(s, trials)
			for _, trial := range trials {
				soundSoFar(t, shipped.Name+", "+trial.ID, trial)
				a, b := lab[trial.ID], kernel[trial.ID]
				t.Logf("%s, %s: share %.3f, Jain's index %.3f, goodput %.2f Mbit/s; on the lab's stack %.3f, %.3f, %.2f", shipped.Name, trial.ID,
					b["goodput_share"], b["jain_index"], b["goodput_bps"]/1e6, a["goodput_share"], a["jain_index"], a["goodput_bps"]/1e6)
				if math.Abs(a["goodput_share"]-b["goodput_share"]) > 0.1 {
					wrong = append(wrong, fmt.Sprintf("%s has %.3f of what is delivered, on the lab's stack %.3f", trial.ID, b["goodput_share"], a["goodput_share"]))
				}
			}
			return append(wrong, brokenWords(s, kernel)...)
		}
		shares.holds(t)
	}
}

// TestFlowsOnTheKernel: on the kernel's stack too, and between it and the lab's, each flow has a ledger of its own, its own start, and its
// own link, which no packet of another flow takes; fragments and both protocols included.
func TestFlowsOnTheKernel(t *testing.T) {
	needLinux(t)
	hosttest.Alone(t)
	for _, stack := range []string{linux, "{client: lab, server: linux}", "{client: linux, server: lab}"} {
		s := parse(t, `
sharing: together
duration: 3s
path: {rate: 20Mbit, delay: 2ms}
flows:
  - {name: a, size: 200kB, udp: {rate: 2Mbit, payload: 4000}}
  - {name: b, protocol: tcp, size: 200kB, start: 200ms, access: {delay: 30ms, reverse: {delay: 10ms}}}
  - {name: c, protocol: [tcp, udp], from: server, size: 100kB, access: {delay: 10ms}, udp: {rate: 2Mbit}}
stack: `+stack+"\n")
		least := map[string][2]time.Duration{"a": {2, 2}, "b": {32, 12}, "c": {12, 12}}
		for _, trial := range collect(t, s, Options{}) {
			name := "stack " + stack + ", " + trial.ID
			for _, p := range trial.Trace.Packets {
				if p.Arrived != trace.Never && (p.Arrived-p.Sent < least[trial.Flow][p.Direction]*time.Millisecond || (p.Access > 0) == (trial.Flow == "a")) {
					t.Fatalf("%s: packet %d took %v, %v of it on its flow's link", name, p.ID, p.Arrived-p.Sent, p.Access)
				}
				if trial.Flow == "b" && p.Sent < 200*time.Millisecond {
					t.Fatalf("%s: packet %d was sent at %v, before its flow began", name, p.ID, p.Sent)
				}
			}
			if m := metrics.Of(trial.Trace); m["delivered_ratio"] != 1 || len(trial.Errors) > 0 {
				t.Errorf("%s: %v is delivered, errors %q", name, m["delivered_ratio"], trial.Errors)
			}
		}
	}
}

// TestKernelHasOneSettingForAll: what flows together cannot have of their own on the kernel is said by name before anything runs; alone
// they can.
func TestKernelHasOneSettingForAll(t *testing.T) {
	needLinux(t)
	const text = "stack: linux\nflows: [{name: a, protocol: udp, tcp: {ecn: true}}, {name: b, protocol: tcp}, {name: c, protocol: tcp, tcp: {sack: false, recovery: newreno, initial_window: 2}}]\n"
	if err := Can(parse(t, text)); err != nil {
		t.Error(err)
	}
	err := Can(parse(t, text+"sharing: together\n"))
	want := "flows b and c together: stack linux: this machine cannot (its kernel) have two connections that differ in sack and initial_window: there is one setting a host"
	if err == nil || err.Error() != want || !errors.Is(err, ErrCannot) {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

// TestKernelSaysWhy: of the one packet that is lost the kernel says that it was sent again by fast retransmit, in the ledger
// and in the states of its connection; of a lost SYN, that the timer expired; of
// a window that is too big for a router, that ICMP said so.
func TestKernelSaysWhy(t *testing.T) {
	needLinux(t)
	for _, c := range []struct{ scenario, reason, event string }{
		{"one-lost-segment", "fast retransmit", "fast retransmit"},
		{"lost-syn", "timeout", "timeout"},
		{"path-mtu", "packet too big", "packet too big"},
	} {
		s, err := scenarios.Load(c.scenario, scenarios.Setting{Key: "stack", Value: "linux"}, scenarios.Setting{Key: "sample", Value: "5ms"})
		if err != nil {
			t.Fatal(err)
		}
		tr := collect(t, s, Options{})[0].Trace
		var reasons, events []string
		for _, p := range tr.Packets {
			if p.Direction == tr.Data && p.Of == 0 && p.Reason != "new" && p.Header.Kind != netem.KindACK {
				reasons = append(reasons, p.Reason)
			}
		}
		for _, e := range tr.TCP {
			if e.Host == "client" && (e.Event == "fast retransmit" || e.Event == "timeout" || e.Event == "packet too big") {
				events = append(events, e.Event)
			}
		}
		reasons = slices.Compact(reasons)
		if !slices.Equal(reasons, []string{c.reason}) || !slices.Equal(events, []string{c.event}) {
			t.Errorf("%s: sent again for the reasons %q, want %q; events %q, want %q", c.scenario, reasons, c.reason, events, c.event)
		}
	}
}
