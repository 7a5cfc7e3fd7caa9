package experiment

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
	"reliabilitylab/scenarios"
)

// TestRandomHandMade runs the protocols built by hand over the random paths of TestRandomTrials: what the receiving program has is what
// was sent, each message once, in order and intact, whatever checksums the path has mended; both programs end, or one gives up
// with an honest ETIMEDOUT and the other with it; and all packets are given back.
//
//	go test ./lab/experiment -run TestRandomHandMade -trial SEED
//
// runs one again and prints its settings and its ledger.
func TestRandomHandMade(t *testing.T) {
	run := func(seed uint64) (*random, string) {
		r := newTrial(seed)
		d := &draw{dice: netem.NewStream(seed).Sub("by hand")}
		r.scenario.Together = false
		r.scenario.Flows = r.scenario.Flows[:1]
		f := &r.scenario.Flows[0]
		f.Protocols = []string{[...]string{"stop-and-wait", "go-back-n", "selective-repeat"}[d.below(3)]}
		f.ARQ = scenarios.ARQ{Window: 1 + d.below(60)}
		f.UDP.Payload = min(f.UDP.Payload, 60_000) // room for the header
		f.Message = min(f.Message, 60_000)
		return r, r.run(t.Context())
	}
	if *trialSeed >= 0 {
		r, why := run(uint64(*trialSeed))
		t.Log(r.story())
		if why != "" {
			t.Error(why)
		}
		return
	}
	trials := min(*trialCount, 2000)
	if testing.Short() {
		trials = 100
	}
	complete := make([]int, trials)
	gaveUp := make([]int, trials)
	_ = Each(0)(trials, func(seed int) error {
		r, why := run(uint64(seed))
		if why != "" {
			t.Errorf("go test ./lab/experiment -run TestRandomHandMade -trial %d: %s", seed, why)
		}
		complete[seed], gaveUp[seed] = r.complete, r.gaveUp
		return nil
	})
	sum := func(all []int) (n int) {
		for _, v := range all {
			n += v
		}
		return n
	}
	t.Logf("%d trials: %d complete, %d given up", trials, sum(complete), sum(gaveUp))
	if sum(complete) < trials*9/10 {
		t.Error("too few are complete to tell anything")
	}
}

// byHand judges a trial over a protocol built by hand.
func (r *random) byHand(trial *Trial) string {
	gaveUp := slices.ContainsFunc(trial.Errors, func(e string) bool { return strings.Contains(e, syscall.ETIMEDOUT.Error()) })
	if len(trial.Errors) > 0 && !gaveUp {
		return strings.Join(trial.Errors, "; ")
	}
	for _, m := range trial.Trace.Messages {
		if m.Copies > 1 || m.Copies == 1 && (!m.Intact || m.Place != int32(m.Number)) {
			return fmt.Sprintf("message %d came %d times, intact %v, as the %d.", m.Number, m.Copies, m.Intact, m.Place)
		}
		if m.Copies == 0 && !gaveUp {
			return fmt.Sprintf("message %d never came", m.Number)
		}
	}
	for i := range trial.Trace.Calls {
		if c := &trial.Trace.Calls[i]; c.Return == trace.Never && !gaveUp {
			return fmt.Sprintf("%s is blocked in %s for ever", c.Host, c.Name)
		}
	}
	if gaveUp {
		r.gaveUp++
	} else {
		r.complete++
	}
	return ""
}
