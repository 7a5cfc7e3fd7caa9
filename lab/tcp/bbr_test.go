package tcp

import (
	"math"
	"testing"
	"time"

	"reliabilitylab/netem"
)

// everyHundredth loses one segment in a hundred, at random.
func everyHundredth(n int) bool {
	return netem.Probability(0.01).Hit(netem.NewStream(11).At(uint64(n), 0))
}

// A bbrLog is what BBR did, segment by segment.
type bbrLog struct {
	states  []bbrState      // in the order in which they came
	began   []time.Duration // and when
	atLeast time.Duration   // the least RTT that it believed in, behind the first seconds
	most    time.Duration
	pacing  map[bbrState]int
	cwnd    map[bbrState]int
}

func (l *bbrLog) watch(c *Conn) {
	b := c.control.(*bbr)
	if n := len(l.states); n == 0 || l.states[n-1] != b.state {
		l.states, l.began = append(l.states, b.state), append(l.began, c.now)
	}
	l.pacing[b.state], l.cwnd[b.state] = b.pacingGain, b.cwndGain
	if c.now > 2*time.Second {
		l.atLeast, l.most = min(l.atLeast, b.minRTT), max(l.most, b.minRTT)
	}
}

func newBBRLog() *bbrLog {
	return &bbrLog{atLeast: Never, pacing: map[bbrState]int{}, cwnd: map[bbrState]int{}}
}

// Alone on a bottleneck of 1000 segments a second and 40 ms, without loss: nearly all of it is used, Startup queues at most what
// the window of twice the path allows, and later probing queues a fraction of it; the states come in their order, with the gains
// of the table in section 5.6.1; the least RTT is looked for every five seconds and found; and nothing is lost.
func TestBBRAlone(t *testing.T) {
	log := newBBRLog()
	b := &bottleneck{segment: ms, limit: 1000, settled: 3 * time.Second, watch: log.watch}
	used := b.through(t, "bbr", 40*ms, 16*time.Second)
	t.Logf("bbr: %.3f of the path; %v; %d changes of state", used, b, len(log.states))
	if used < 0.94 || b.lost > 0 { // 1 % less by the pacing margin, 2 % by ProbeRTT, and DOWN
		t.Errorf("%.3f of the path used, %d lost", used, b.lost)
	}
	sum := 0
	for _, q := range b.queued {
		sum += q
	}
	if mean := float64(sum) / float64(len(b.queued)); mean > 10 { // a quarter of the path
		t.Errorf("%.1f segments in the queue on average, of 40 that the path holds", mean)
	}
	next := map[bbrState][]bbrState{
		bbrStartup: {bbrDrain}, bbrDrain: {bbrDown, bbrCruise}, bbrDown: {bbrCruise, bbrRefill, bbrProbeRTT}, bbrCruise: {bbrRefill, bbrProbeRTT},
		bbrRefill: {bbrUp, bbrProbeRTT}, bbrUp: {bbrDown, bbrCruise, bbrProbeRTT}, bbrProbeRTT: {bbrCruise},
	}
	probes := []time.Duration{}
	for i, s := range log.states {
		if i == 0 {
			if s != bbrStartup {
				t.Errorf("it begins with %d", s)
			}
			continue
		}
		ok := false
		for _, n := range next[log.states[i-1]] {
			ok = ok || n == s
		}
		if !ok {
			t.Errorf("at %v state %d comes behind %d", log.began[i], s, log.states[i-1])
		}
		if s == bbrProbeRTT {
			probes = append(probes, log.began[i])
		}
	}
	for s, want := range map[bbrState][2]int{
		bbrStartup: {277, 200}, bbrDrain: {50, 200}, bbrDown: {90, 200}, bbrCruise: {100, 200}, bbrRefill: {100, 200}, bbrUp: {125, 225}, bbrProbeRTT: {100, 50},
	} {
		if got := [2]int{log.pacing[s], log.cwnd[s]}; got != want {
			t.Errorf("state %d: gains %d, want %d", s, got, want)
		}
	}
	if len(probes) != 3 {
		t.Errorf("ProbeRTT at %v", probes)
	}
	for i := 1; i < len(probes); i++ {
		if d := probes[i] - probes[i-1]; d < 5*time.Second || d > 6*time.Second {
			t.Errorf("ProbeRTT at %v and %v", probes[i-1], probes[i])
		}
	}
	if log.atLeast < 40*ms || log.most > 41*ms { // SYN takes no time on the link, a segment takes one millisecond
		t.Errorf("the least RTT was thought to be %v to %v", log.atLeast, log.most)
	}
}

// In Startup the rate doubles each round trip: a path of 30 times the initial window is full after five, and known to be
// after three more, which a queue of another path makes twice as long.
func TestBBRStartup(t *testing.T) {
	log := newBBRLog()
	b := &bottleneck{segment: ms / 10, limit: 10000, settled: time.Second, watch: log.watch}
	used := b.through(t, "bbr", 30*ms, time.Second)
	if used < 0.94 || len(log.began) < 2 || log.began[1] > 500*ms {
		t.Errorf("%.3f of the path used; states %v from %v", used, log.states, log.began)
	}
}

// With one per cent lost at random BBR goes on using nine tenths of a path of which Reno keeps less than a quarter. How much is a matter of
// arithmetic (section 5.3.3.8.3): between two probes each round trip gives up the share that is lost, so that of N round
// trips, min(63, 2.5 s / RTT), (1 - (1-p)^N) / (N p) is used on average; of what it uses without loss, 0.967, and without
// what is lost. Probing sooner, by the rounds that a window is worth, only raises that.
func TestBBRWithRandomLoss(t *testing.T) {
	for _, rtt := range []time.Duration{60 * ms, 200 * ms} {
		share := map[string]float64{}
		for _, name := range []string{"reno", "bbr"} {
			b := &bottleneck{segment: ms, limit: 500, settled: 3 * time.Second, lose: everyHundredth}
			share[name] = b.through(t, name, rtt, 12*time.Second)
		}
		n := min(63, 2.5/rtt.Seconds())
		want := 0.967 * 0.99 * (1 - math.Pow(0.99, n)) / (n * 0.01)
		t.Logf("RTT %v, 1 %% lost: reno %.3f, bbr %.3f of the path; over %.0f round trips between probes at least %.3f", rtt, share["reno"], share["bbr"], n, want)
		if got := share["bbr"]; got < 0.9 || got < want-0.02 || got < 2.5*share["reno"] {
			t.Errorf("RTT %v: of the path bbr uses %.3f, reno %.3f", rtt, got, share["reno"])
		}
	}
}

// A path that becomes slower is believed two cycles later at the latest; one that becomes faster is found by probing.
func TestBBRFollowsTheRate(t *testing.T) {
	for _, change := range []time.Duration{ms / 2, 2 * ms} {
		b := &bottleneck{segment: ms, limit: 200, settled: 20 * time.Second}
		b.watch = func(c *Conn) {
			if c.now > 5*time.Second {
				b.segment = change
			}
		}
		used := b.through(t, "bbr", 40*ms, 10*time.Second)
		t.Logf("from 1 ms a segment to %v: %.3f of the path; %v", change, used, b)
		if used < 0.9 {
			t.Errorf("from 1 ms a segment to %v: %.3f of the path used", change, used)
		}
	}
}

// When bandwidth is probed is left to the dice, and to nothing else: the same dice, the same run; others, another.
func TestBBRDice(t *testing.T) {
	run := func(seed uint64) []time.Duration {
		log := newBBRLog()
		b := &bottleneck{segment: ms, limit: 1000, settled: time.Second, watch: func(c *Conn) {
			if m := c.control.(*bbr); m.draws == 0 {
				m.dice = netem.NewStream(seed)
			}
			log.watch(c)
		}}
		b.through(t, "bbr", 100*ms, 9*time.Second)
		return log.began
	}
	a, same, other := run(1), run(1), run(2)
	equal := func(x, y []time.Duration) bool {
		for i := range x {
			if i >= len(y) || x[i] != y[i] {
				return false
			}
		}
		return len(x) == len(y)
	}
	if !equal(a, same) || equal(a, other) {
		t.Errorf("the same dice: %v; other dice: %v", equal(a, same), equal(a, other))
	}
}

// IsInflightTooHigh and InflightAtLoss by arithmetic: 100 segments in flight, the third loss is more than 2 %. Of 99 in flight
// before it and 2 lost, 0.98 x = 0.02*99 - 2 < 0: the threshold was crossed at its first byte.
func TestBBRLossThreshold(t *testing.T) {
	sack, none := &Window{Selective: true}, &Window{}
	for _, c := range []struct {
		w        *Window
		lost     int64
		inFlight int
		want     bool
	}{{sack, 2000, 100000, false}, {sack, 2001, 100000, true}, {none, 1, 100000, true}, {none, 0, 100000, false}} {
		if got := tooMuchLost(c.w, c.lost, c.inFlight); got != c.want {
			t.Errorf("%d of %d: %v", c.lost, c.inFlight, got)
		}
	}
	for _, c := range []struct {
		l    LostSegment
		want int
	}{
		{LostSegment{Bytes: 1000, InFlight: 100000, Lost: 3000}, 99000},
		{LostSegment{Bytes: 10000, InFlight: 100000, Lost: 10000}, 90000 + 1836}, // an aggregate: 0.02*90000/0.98
	} {
		if got := atLoss(c.l); got != c.want {
			t.Errorf("%+v: %d", c.l, got)
		}
	}
}

// Losses while probing lower the long-term bound to what was in flight, but not below 0.7 of the target, and end UP; losses
// while cruising lower the short-term bounds, once a round trip, to what was delivered in it, by 30 % at most. An undo gives all back.
func TestBBRBounds(t *testing.T) {
	b := &bbr{}
	w := &Window{MSS: 1000, Cwnd: 100000, Selective: true}
	b.Start(w, 0, 100*ms, netem.NewStream(1))
	b.filter[0], b.bw, b.fullReached = 1e6, 1e6, true // it holds 100 segments
	b.become(bbrUp, bbrUpPacing, bbrUpCwndGain)
	b.probeSample = true
	b.Lost(w, LostSegment{Bytes: 1000, Total: 1, InFlight: 120000, Lost: 2000})
	if b.long != infiniteSize || b.state != bbrUp {
		t.Fatalf("two of 120 lost: bound %d, state %d", b.long, b.state)
	}
	b.Lost(w, LostSegment{Bytes: 1000, Total: 1, InFlight: 120000, Lost: 3000})
	if b.long != 119000+(2*119000-100*2000)/98 || b.state != bbrDown || !b.probeTooHigh {
		t.Errorf("three of 120 lost: bound %d, state %d", b.long, b.state)
	}
	b.Undo(w)
	if b.long != infiniteSize || b.state != bbrRefill {
		t.Errorf("undone: bound %d, state %d", b.long, b.state)
	}
	b.become(bbrUp, bbrUpPacing, bbrUpCwndGain)
	b.probeSample = true
	b.Lost(w, LostSegment{Bytes: 1000, Total: 1, InFlight: 50000, Lost: 2000})
	if b.long != 70000 {
		t.Errorf("two of 50 lost: bound %d", b.long)
	}
	b.become(bbrCruise, 100, bbrCwndGain)
	b.lossInRound, b.lossRoundStart = true, true
	for _, c := range []struct {
		rate      int64
		delivered int64
		bw        int64
		short     int
	}{{900e3, 90000, 900e3, 90000}, {100e3, 10000, 630e3, 63000}} {
		b.lossInRound, b.lossRoundStart = true, true
		b.bwLatest, b.inflightLatest = c.rate, c.delivered
		b.updateCongestion(w, &Sample{Rate: &RateSample{}})
		if b.bwShort != c.bw || b.short != c.short {
			t.Errorf("%+v: %d, %d", c, b.bwShort, b.short)
		}
	}
}

// The filter's maximum is a value of the window's rounds, and none of the last quarter of them is larger.
func TestWindowedMax(t *testing.T) {
	d := newDice(5)
	var m windowedMax
	const length = 10
	var values []int
	for round := range 10000 {
		v := d.below(1000)
		values = append(values, v)
		m.add(round, v, length)
		largest, recent, found := math.MinInt, math.MinInt, false
		for i := max(0, round-length); i <= round; i++ {
			largest = max(largest, values[i])
			if i >= round-length/4 {
				recent = max(recent, values[i])
			}
			found = found || values[i] == m.best()
		}
		if !found || m.best() < recent || m.best() > largest {
			t.Fatalf("round %d: %d; the largest is %d, of the last few %d", round, m.best(), largest, recent)
		}
	}
}
