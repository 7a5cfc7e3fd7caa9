package tcp

import (
	"fmt"
	"testing"
	"time"

	"reliabilitylab/netem"
)

// Random trials: paths with loss, reordering, duplication and jitter both ways, all settings, small and odd buffers,
// slow readers, early closers. Whatever happens, the streams that arrive are the streams that were sent, all ends in
// CLOSED without an error, with a bounded number of segments, and neither window nor buffer is overrun. A trial depends on its
// seed alone: to see one again, with its history, give its seed to replay.
func TestTrials(t *testing.T) {
	trials := 1000
	if testing.Short() {
		trials = 300
	}
	for seed := range trials {
		if why := newTrial(t, uint64(seed), false).run(); why != "" {
			replay(t, uint64(seed))
			t.Fatalf("seed %d: %s", seed, why)
		}
	}
}

// replay runs a trial again and prints its history.
func replay(t *testing.T, seed uint64) {
	r := newTrial(t, seed, true)
	t.Logf("seed %d: A %+v", seed, r.p.a.cfg)
	t.Logf("seed %d: B %+v", seed, r.p.b.cfg)
	if why := r.run(); why != "" {
		t.Errorf("seed %d: %s", seed, why)
	}
}

// A trial is one connection on a random path.
type trial struct {
	p     *pair
	sizes [2]int
}

func newTrial(t *testing.T, seed uint64, history bool) *trial {
	d := newDice(seed)
	pick := func(p netem.Probability) bool { d.n++; return p.Hit(d.s.At(d.n, 0)) }
	r := &trial{p: newPair(t, time.Duration(d.below(60))*ms)}
	r.p.mute = !history
	both := pick(0.1)
	for i, e := range []*end{r.p.a, r.p.b} {
		c := &e.cfg
		*c = Defaults([]int{1460, 536, 100, 1000}[d.below(4)])
		c.Recovery = []string{"sack", "newreno", "rack"}[d.below(3)]
		c.PRR, c.FRTO, c.Undo, c.TLP, c.DSACK, c.SlowStartAfterIdle = pick(0.8), pick(0.8), pick(0.8), pick(0.8), pick(0.8), pick(0.5)
		c.SACK, c.Timestamps, c.WindowScaling, c.Nagle = pick(0.7), pick(0.5), pick(0.5), pick(0.5)
		c.InitialWindow = 1 + d.below(10)
		c.Congestion = Congestions[(seed+uint64(i))%uint64(len(Congestions))].Name
		c.ECN, c.Pacing = seed/8%2 == 0, seed/16%4 == 0
		c.DelayedACK = time.Duration(d.below(3)) * 20 * ms
		c.Retries, c.SYNRetries = 100, 100 // no path here is that bad
		c.ReceiveBuffer = []int{6 << 20, 65535, 20000, 100 + d.below(5000), 100000}[d.below(5)]
		c.SendBuffer = []int{4 << 20, 1 + d.below(20000)}[d.below(2)]
		e.iss = Seq(d.below(1 << 32))
		if pick(0.3) {
			e.iss = -Seq(d.below(30000)) // goes around soon
		}
		r.sizes[i] = []int{0, 1, d.below(3000), d.below(40000)}[d.below(4)]
		e.write, e.close = pattern(r.sizes[i]), true
		e.chunk = []int{3000, 1 + d.below(200), 65536}[d.below(3)]
		e.pause = []time.Duration{0, 0, 0, time.Duration(5+d.below(50)) * ms}[d.below(4)]
		e.listens = i == 1 && !both
	}
	r.p.fate = r.fate(seed, d)
	return r
}

// fate is a path with its own mixture of impairments.
func (r *trial) fate(seed uint64, d *dice) func(*end, *Segment) []time.Duration {
	prob := func() netem.Probability { return []netem.Probability{0, 0.01, 0.1, 0.3}[d.below(4)] }
	loss, late, copied := prob(), prob(), prob()/2
	jitter := []int{1, 1, 20, 200}[d.below(4)]
	path, n := newDice(seed+1<<40), uint64(0)
	return func(_ *end, s *Segment) []time.Duration {
		n++
		hit := func(p netem.Probability, k uint64) bool { return p.Hit(path.s.At(n, k)) }
		if s.ECN == ECT0 && hit(0.05, 20) {
			s.ECN = CE
		}
		var all []time.Duration
		for k := uint64(0); k < 10; k += 5 {
			if k > 0 && !hit(copied, 1) {
				break
			}
			extra := time.Duration(netem.Below(path.s.At(n, k+2), uint64(jitter))) * ms
			if hit(late, k+3) {
				extra += time.Duration(netem.Below(path.s.At(n, k+4), 300)) * ms
			}
			if !hit(loss, k+5) {
				all = append(all, extra)
			}
		}
		return all
	}
}

func (r *trial) run() string {
	p := r.p
	p.a.connect()
	if !p.b.listens {
		p.b.connect()
	}
	for _, e := range []*end{p.a, p.b} {
		if e.pause > 0 {
			e.wake()
		}
	}
	hours := 0
	for ; hours < 48 && (p.b.c == nil || p.a.c.State() != Closed || p.b.c.State() != Closed || !p.a.eof || !p.b.eof); hours++ {
		p.run(time.Duration(hours+1) * time.Hour)
		if p.over != "" {
			return p.over
		}
		for _, e := range []*end{p.a, p.b} {
			if e.sent > 4000+40*(r.sizes[0]+r.sizes[1]) {
				return fmt.Sprintf("%s sent %d segments for %d bytes", e.name, e.sent, r.sizes)
			}
		}
	}
	return p.incomplete(r.sizes[0], r.sizes[1])
}

// watch demands, behind every call, what always holds.
func (e *end) watch() {
	c := e.c
	room := int(int32(c.edge - c.next))
	held := c.in.unread
	if n := len(c.in.blocks); n > 0 {
		held = int(c.in.blocks[n-1].Right-c.next) + c.in.unread
	}
	memory := max(2*(e.cfg.ReceiveBuffer+1<<c.scale), 8192)
	row := c.board.row()
	switch {
	case row != "":
		e.p.over = e.name + ": " + row
	case room < 0:
		e.p.over = fmt.Sprintf("%s: RCV.NXT is %d behind the window", e.name, -room)
	case held >= e.cfg.ReceiveBuffer+1<<c.scale:
		e.p.over = fmt.Sprintf("%s holds %d bytes in a buffer of %d", e.name, held, e.cfg.ReceiveBuffer)
	case len(c.in.b) > memory:
		e.p.over = fmt.Sprintf("%s has %d bytes of memory for a buffer of %d", e.name, len(c.in.b), e.cfg.ReceiveBuffer)
	case c.nxt.Less(c.una) || c.board.n > 0 && (c.board.at(0).seq != c.una || c.board.at(c.board.n-1).end != c.nxt):
		e.p.over = fmt.Sprintf("%s: the board is not what is on its way", e.name)
	case c.w.Cwnd < c.mss && c.state >= Established || c.w.Ssthresh < 2*c.mss && c.state >= Established:
		e.p.over = fmt.Sprintf("%s: cwnd %d ssthresh %d", e.name, c.w.Cwnd, c.w.Ssthresh)
	case c.state != Closed && c.state != FinWait2 && c.Deadline() == Never && (c.board.n > 0 || c.unsent() > 0 && c.state >= Established):
		e.p.over = fmt.Sprintf("%s waits for nothing in %v", e.name, c.state)
	}
}
