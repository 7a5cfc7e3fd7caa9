package experiment

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"reliabilitylab/lab/tcp"
	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
	"reliabilitylab/scenarios"
)

var (
	trialSeed  = flag.Int64("trial", -1, "run this random trial alone and print what happened in it")
	trialCount = flag.Int("trials", 10_000, "how many random trials to run")
)

// TestRandomTrials runs whole hosts over random paths with every impairment at once (randompath_test.go): whatever happens, the
// stream that arrives is the stream that was sent; every program ends, with success or, where the path allows, with an honest
// ETIMEDOUT; the number of packets is bounded, and all of them are given back. A trial depends on its seed alone:
//
//	go test ./lab/experiment -run TestRandomTrials -trial SEED
//
// runs one again and prints its settings and its ledger.
func TestRandomTrials(t *testing.T) {
	if *trialSeed >= 0 {
		r := newTrial(uint64(*trialSeed))
		why := r.run(t.Context())
		t.Log(r.story())
		if why != "" {
			t.Error(why)
		}
		return
	}
	trials := *trialCount
	if testing.Short() {
		trials = 300
	}
	tally := make([]random, trials)
	_ = Each(0)(trials, func(seed int) error {
		r := newTrial(uint64(seed))
		if why := r.run(t.Context()); why != "" {
			t.Errorf("go test ./lab/experiment -run TestRandomTrials -trial %d: %s", seed, why)
		}
		r.scenario, r.trials, r.lab = nil, nil, nil
		tally[seed] = *r
		return nil
	})
	var sum random
	for _, r := range tally {
		sum.complete += r.complete
		sum.gaveUp += r.gaveUp
		sum.packets += r.packets
		sum.lost += r.lost
	}
	t.Logf("%d trials: %d streams complete, %d given up with ETIMEDOUT; %d packets, %d of them lost or harmed", trials, sum.complete, sum.gaveUp, sum.packets, sum.lost)
	if sum.complete < trials/2 || sum.gaveUp > trials/20 || sum.lost < sum.packets/200 {
		t.Error("the paths are too good or too bad to tell anything")
	}
}

// A random is one random trial and what came of it.
type random struct {
	seed     uint64
	options  Options
	scenario *scenarios.Scenario
	trials   []*Trial
	lab      *lab

	complete, gaveUp int    // TCP streams
	packets, lost    uint64 // put on the path; lost or harmed there
}

func newRandom(seed uint64) *random {
	d := &draw{dice: netem.NewStream(seed).Sub("random trial")}
	return &random{seed: seed, scenario: d.scenario()}
}

// newTrial is newRandom, and every other path has more that goes wrong: drawn apart, so that the seeds mean what they meant.
func newTrial(seed uint64) *random {
	r := newRandom(seed)
	if seed%2 == 1 {
		d := &draw{dice: netem.NewStream(seed).Sub("vocabulary")}
		d.vocabulary(&r.scenario.Path.Forward)
		d.vocabulary(&r.scenario.Path.Reverse)
		d.access(r.scenario)
	}
	return r
}

// watchdog is how long a trial of some milliseconds may take on the wall before it counts as one that never ends.
const watchdog = 5 * time.Minute

// pools have the memory of trials before: nothing of it may be seen in the next.
var pools = sync.Pool{New: func() any { return new(netem.Pool) }}

// run returns what was wrong, or "".
func (r *random) run(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, watchdog)
	defer cancel()
	pool := pools.Get().(*netem.Pool)
	defer pools.Put(pool)
	p := plan{scenario: r.scenario, seed: r.seed, kept: true, trials: trialsOf(r.scenario)[:1], pool: pool}
	var err error
	if r.trials, r.lab, err = p.runLab(ctx, r.options, func(float64) {}); err != nil {
		return err.Error()
	}
	if r.lab.world.Now() >= r.scenario.Duration {
		return fmt.Sprintf("something still happens after %v", r.scenario.Duration)
	}
	r.packets = r.lab.pool.Made()
	if most := r.most(); r.packets > most {
		return fmt.Sprintf("%d packets were made, more than %d", r.packets, most)
	}
	for _, trial := range r.trials {
		for _, p := range trial.Trace.Packets {
			if p.Fate == trace.Lost || p.Harm != "" {
				r.lost++
			}
		}
		judge := r.byHand
		switch trial.Protocol {
		case "tcp":
			judge = r.tcp
		case "udp":
			judge = r.udp
		}
		if why := judge(trial); why != "" {
			return trial.ID + ": " + why
		}
	}
	if n := r.lab.pool.Out(); n != 0 {
		return fmt.Sprintf("%d packets were not given back", n)
	}
	return ""
}

// most is a bound on the packets of a trial: n segments of a flow cost n²/2 packets and some at the worst, where each timeout
// sends all that is left and one segment gets through, as with small messages, where the window is counted in bytes and so in
// hundreds of them. How long segments can be is for the path, the buffers and the messages to say.
func (r *random) most() uint64 {
	most := 4000
	for i, trial := range r.trials {
		f := r.flow(trial)
		step := min(r.scenario.Path.MTU-60, int(f.TCP.ReceiveBuffer.Most)/4, int(f.TCP.SendBuffer)/4)
		if message := r.lab.program(i).Message; trial.Protocol != "tcp" || f.App == "stream" {
			step = min(step, message)
		}
		n, pieces := int(trial.Trace.Offered)/max(1, step), 1
		if trial.Protocol != "tcp" {
			for _, w := range []scenarios.Way{r.scenario.Path.Forward, r.scenario.Path.Reverse} {
				if w.Hop.MTU > 0 {
					pieces = max(pieces, 1+step/(w.Hop.MTU-60)) // a datagram in fragments
				}
			}
		}
		most += n * (100 + n/2) * pieces
	}
	return uint64(most)
}

// tcp judges a stream.
func (r *random) tcp(trial *Trial) string {
	gaveUp := r.abandoned(trial) || r.orphaned(trial, netem.Forward) || r.orphaned(trial, netem.Reverse)
	for _, e := range trial.Errors {
		gaveUp = gaveUp || strings.Contains(e, syscall.ETIMEDOUT.Error())
	}
	for i := range trial.Trace.Calls {
		c := &trial.Trace.Calls[i]
		if c.Errno == "ETIMEDOUT" {
			if why := r.honest(trial, c); why != "" {
				return why
			}
		}
		if c.Return == trace.Never && !gaveUp {
			return fmt.Sprintf("%s is blocked in %s for ever", c.Host, c.Name)
		}
	}
	if len(trial.Errors) > 0 && !gaveUp {
		return strings.Join(trial.Errors, "; ")
	}
	for _, m := range trial.Trace.Messages {
		switch {
		case m.Copies > 1 || m.Copies > 0 && !m.Intact:
			return fmt.Sprintf("message %d came %d times, intact %v", m.Number, m.Copies, m.Intact)
		case m.Copies == 0 && !gaveUp:
			return fmt.Sprintf("message %d never came", m.Number)
		}
	}
	if gaveUp {
		r.gaveUp++
	} else {
		r.complete++
	}
	return ""
}

// honest says what is wrong with a call that ended with ETIMEDOUT: its host must have heard nothing new from its peer for as
// long as its timeouts take at the least.
func (r *random) honest(trial *Trial, c *trace.Call) string {
	to := netem.Reverse
	if c.Host == "server" {
		to = netem.Forward
	}
	set, normal := r.flow(trial).TCP, tcp.Defaults(0)
	least := backoff(set.MinRTO, normal.Retries+1)
	if c.Name == "connect" {
		least = backoff(set.InitialRTO, normal.SYNRetries+1) + time.Duration(set.SYNLinear)*set.InitialRTO
	}
	var heard time.Duration
	ack := uint32(0)
	for i := range trial.Trace.Packets {
		p := &trial.Trace.Packets[i]
		if p.Direction != to || p.Fate != trace.Arrived || p.Arrived > c.Return {
			continue
		}
		if c.Name == "connect" && p.Header.Kind != netem.KindSYNACK {
			continue // an ACK of an old SYN, say
		}
		if p.Header.Ack > ack || p.Header.Payload > 0 {
			ack = max(ack, p.Header.Ack)
			heard = max(heard, p.Arrived)
		}
	}
	if c.Return-heard < least {
		return fmt.Sprintf("%s: %s gave up with ETIMEDOUT at %v, though it had news at %v: its timeouts take %v", c.Host, c.Name, c.Return, heard, least)
	}
	return ""
}

// abandoned tells whether the server gave up a handshake that the client thinks is complete, as it must where nothing of the
// client's has come through while its SYN-ACK timed out. Its program hears nothing of that (nor would Linux's); the client's
// hears only if it sends.
func (r *random) abandoned(trial *Trial) bool {
	var sent []time.Duration
	for i := range trial.Trace.Packets {
		if p := &trial.Trace.Packets[i]; p.Of == 0 && p.Header.Kind == netem.KindSYNACK {
			sent = append(sent, p.Sent)
		}
	}
	n := tcp.Defaults(0).SYNRetries
	if len(sent) <= n || sent[len(sent)-1]-sent[0] < backoff(r.flow(trial).TCP.InitialRTO, n) {
		return false
	}
	return !slices.ContainsFunc(trial.Trace.Packets, func(p trace.Packet) bool {
		return p.Direction == netem.Forward && p.Fate == trace.Arrived && p.Header.Kind != netem.KindSYN && p.Arrived > sent[0] && p.Arrived <= sent[len(sent)-1]
	})
}

// orphaned tells whether the sender of one direction, whose program has closed its socket, gave up in silence: its last segment
// timed out as often as it may, and no ACK of it came. A peer that only receives never knows (nor would it on
// Linux, without keepalive).
func (r *random) orphaned(trial *Trial, d netem.Direction) bool {
	packets := trial.Trace.Packets
	var last *trace.Packet
	var sent []time.Duration // when the last segment of text or FIN went out
	for i := range packets {
		p := &packets[i]
		if p.Direction != d || p.Of != 0 || p.Header.Payload == 0 && p.Header.Kind != netem.KindFIN {
			continue
		}
		if last == nil || p.Header.Seq != last.Header.Seq {
			sent = sent[:0]
		}
		last, sent = p, append(sent, p.Sent)
	}
	n := tcp.Defaults(0).Retries
	if len(sent) <= n || sent[len(sent)-1]-sent[0] < backoff(r.flow(trial).TCP.MinRTO, n) {
		return false
	}
	return !slices.ContainsFunc(packets, func(p trace.Packet) bool {
		return p.Direction != d && p.Fate == trace.Arrived && p.Header.Ack > last.Header.Seq
	})
}

// backoff is how long n timeouts take, of which the first is rto and each other twice the one before.
func backoff(rto time.Duration, n int) (sum time.Duration) {
	for range n {
		sum += min(rto, tcp.Defaults(0).MaxRTO)
		rto *= 2
	}
	return sum
}

// flow is the flow of a trial.
func (r *random) flow(trial *Trial) *scenarios.Flow {
	i := slices.IndexFunc(r.scenario.Flows, func(f scenarios.Flow) bool { return f.Name == trial.Flow })
	return &r.scenario.Flows[i]
}

// udp judges datagrams: what arrived is what was sent. (Damage to two fragments of one may escape its checksum: a bit in the same
// column of each.) A receiver may wait for ever for the first of them, if none arrived.
func (r *random) udp(trial *Trial) string {
	tr := trial.Trace
	whole := int(r.flow(trial).UDP.Payload)+48 <= r.scenario.Path.MTU && r.flow(trial).Message+48 <= r.scenario.Path.MTU
	got := 0
	for _, m := range tr.Messages {
		if m.Copies > 0 && !m.Intact && whole {
			return fmt.Sprintf("message %d is damaged", m.Number)
		}
		got += int(m.Copies)
	}
	for i := range tr.Calls {
		if c := &tr.Calls[i]; c.Return == trace.Never && got > 0 {
			return fmt.Sprintf("%s is blocked in %s for ever", c.Host, c.Name)
		}
	}
	return ""
}

// story is the trial for a person: its settings, and the ledger, shortened.
func (r *random) story() string {
	var b strings.Builder
	s := r.scenario
	fmt.Fprintf(&b, "seed %d: IPv%d, MTU %d\nforward  %+v\nreverse  %+v\n", r.seed, s.Family, s.Path.MTU, s.Path.Forward, s.Path.Reverse)
	for _, rule := range s.Script {
		fmt.Fprintf(&b, "script   %+v\n", rule)
	}
	for _, p := range s.Timeline {
		fmt.Fprintf(&b, "timeline %v to %v: %+v, %+v\n", p.From, p.To, p.Forward, p.Reverse)
	}
	for _, f := range s.Flows {
		fmt.Fprintf(&b, "flow     %+v\n", f)
	}
	for _, trial := range r.trials {
		tr := trial.Trace
		fmt.Fprintf(&b, "trial %s: errors %q, %d messages, %d packets\n", trial.ID, trial.Errors, len(tr.Messages), len(tr.Packets))
		const some = 60
		for i := range tr.Packets {
			if i == some && len(tr.Packets) > 2*some {
				fmt.Fprintf(&b, "…\n")
			}
			if i >= some && i < len(tr.Packets)-some {
				continue
			}
			p := &tr.Packets[i]
			h := &p.Header
			fmt.Fprintf(&b, "%14v %-14v %-7v %v seq %d ack %d win %d len %d %s %v %q %q\n", p.Sent, p.Arrived, p.Direction, h.Kind, h.Seq, h.Ack, h.Window, h.Payload, p.Reason, p.Fate, p.Cause, p.Harm)
		}
		for i := range tr.Calls {
			if c := &tr.Calls[i]; i >= len(tr.Calls)-20 {
				fmt.Fprintf(&b, "%14v %-14v %s: %s %s %d = %d %s\n", c.Begin, c.Return, c.Host, c.Name, c.Text, c.Size, c.Result, c.Errno)
			}
		}
	}
	return b.String()
}
