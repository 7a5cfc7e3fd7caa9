package experiment

import (
	"os"
	"strings"
	"testing"

	"reliabilitylab/lab/kernel"
	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
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

// TestKernelMeetsTheSameDice: a shipped scenario on the kernel's TCP and UDP, in real time, meets the fates that it meets in
// virtual time, packet by packet, and TCP delivers all there, too; so it does between the kernel's TCP and the lab's, both ways
// round. All scenarios take two minutes of real time, so elsewhere than in CI only the shortest run.
func TestKernelMeetsTheSameDice(t *testing.T) {
	needLinux(t)
	for _, shipped := range scenarios.Catalog() {
		if (testing.Short() || os.Getenv("CI") == "") && shipped.Name != "one-lost-segment" && shipped.Name != "lost-syn" {
			continue
		}
		virtual := collect(t, shipped, Options{})
		for _, stack := range []string{"linux", "{client: lab, server: linux}", "{client: linux, server: lab}"} {
			s, err := scenarios.Load(shipped.Name, scenarios.Setting{Key: "stack", Value: stack})
			if err != nil {
				t.Fatal(err)
			}
			for i, trial := range collect(t, s, Options{}) {
				name := shipped.Name + ", stack " + stack + ", " + trial.ID
				for _, e := range trial.Errors {
					t.Errorf("%s: %s", name, e)
				}
				// How full the queue is depends on the sender; all else is the dice's.
				want, got := dataFates(virtual[i].Trace), dataFates(trial.Trace)
				same := 0
				for k := range min(len(want), len(got)) {
					if want[k] == got[k] || strings.Contains(want[k]+got[k], string(netem.CauseQueueFull)) {
						same++
					} else if t.Errorf("%s: packet %d of new data: %q, in virtual time %q", name, k+1, got[k], want[k]); k-same > 3 {
						break
					}
				}
				if d := len(want) - len(got); d < -3 || d > 3 || same == 0 {
					t.Errorf("%s: %d packets of new data, in virtual time %d", name, len(got), len(want))
				}
				if trial.Protocol == "tcp" {
					for _, m := range trial.Trace.Messages {
						if m.Copies != 1 || !m.Intact {
							t.Errorf("%s: message %d came %d times, intact %v", name, m.Number, m.Copies, m.Intact)
							break
						}
					}
				}
			}
		}
	}
}
