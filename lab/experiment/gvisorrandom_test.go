package experiment

import (
	"testing"
)

// gvisorFails are the random trials that gVisor does not stand, and why.
var gvisorFails = map[int]string{
	568: "an ACK that comes late makes its window smaller than what is on its way, and it never sends that again",
}

// TestRandomTrialsWithGvisor runs random trials of one TCP connection with gVisor's stack at one end, the client's or the server's
// in turn, with each of its congestion controls and recoveries: the lab's TCP stands what another implementation makes of
// a bad path, and a stream that arrives is the stream that was sent.
func TestRandomTrialsWithGvisor(t *testing.T) {
	trials := 700
	if testing.Short() {
		trials = 60
	}
	results := make([]random, trials)
	_ = Each(0)(trials, func(seed int) error {
		r := newRandom(uint64(seed))
		if r.scenario.Together || r.scenario.Flows[0].Protocols[0] != "tcp" {
			return nil
		}
		r.scenario.Flows[0].TCP.SYNLinear = 0 // gVisor's SYNs double at once
		e := ends{client: seed&1 == 0, server: seed&1 == 1, recovery: "rack", congestion: "reno"}
		if seed&2 != 0 {
			e.recovery = "sack"
		}
		if seed&4 != 0 {
			e.congestion = "cubic"
		}
		make, done := e.maker()
		defer done()
		r.options.host = make
		why := r.run(t.Context())
		switch known := gvisorFails[seed]; {
		case why != "" && known == "":
			t.Errorf("seed %d, %v, %s, %s: %s\n%s", seed, e, e.congestion, e.recovery, why, r.story())
		case why == "" && known != "":
			t.Errorf("seed %d is said to fail, since %s; it does not", seed, known)
		}
		results[seed] = random{complete: r.complete, gaveUp: r.gaveUp}
		return nil
	})
	var sum random
	for _, r := range results {
		sum.complete += r.complete
		sum.gaveUp += r.gaveUp
	}
	t.Logf("%d streams complete, %d given up with ETIMEDOUT", sum.complete, sum.gaveUp)
	if sum.complete < trials/2 || sum.gaveUp > trials/20 {
		t.Error("the paths are too good or too bad to tell anything")
	}
}
