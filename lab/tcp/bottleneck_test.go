package tcp

import (
	"context"
	"fmt"
	"testing"
	"time"

	"reliabilitylab/lab/virtual"
)

// A bottleneck is a path of fixed rate and delay from A to B, with a queue that drops what does not fit and marks what comes when
// more than markAt segments are before it; ACKs come back undisturbed.
type bottleneck struct {
	w       *virtual.World
	segment time.Duration // to send one
	limit   int           // segments in the queue
	markAt  int           // 0: never
	lose    func(n int) bool
	set     func(*Config)
	free    time.Duration // when the link has sent all that is in the queue
	n       int
	watch   func(c *Conn) // behind each segment of data
	queued  []int         // what each segment found in the queue, those behind `settled`
	settled time.Duration
	lost    int
}

func (b *bottleneck) fate(from *end, s *Segment) []time.Duration {
	if len(s.Payload)+len(s.More) == 0 {
		return []time.Duration{0}
	}
	b.n++
	if b.watch != nil {
		b.watch(from.c)
	}
	now := b.w.Now()
	wait := max(0, b.free-now)
	before := int((wait + b.segment - 1) / b.segment)
	if now >= b.settled {
		b.queued = append(b.queued, before)
	}
	if before > b.limit || b.lose != nil && b.lose(b.n) {
		if now >= b.settled {
			b.lost++
		}
		return nil
	}
	if b.markAt > 0 && before > b.markAt && s.ECN == ECT0 {
		s.ECN = CE
	}
	b.free = now + wait + b.segment
	return []time.Duration{wait + b.segment}
}

// through sends for that long through a bottleneck and returns the share of it that was used behind `settled`.
func (b *bottleneck) through(t *testing.T, name string, rtt, span time.Duration) float64 {
	t.Helper()
	p := newPair(t, rtt/2)
	p.mute = true
	b.w = p.w
	p.fate = b.fate
	for _, e := range []*end{p.a, p.b} {
		e.cfg.Congestion = name
		e.cfg.DelayedACK = 0
		e.cfg.Recovery = "rack"
		e.cfg.Autotuning = false // the peer's window is no matter, unless set says so
		if b.set != nil {
			b.set(&e.cfg)
		}
		e.chunk = 65536
	}
	p.a.write = pattern(2 * int((b.settled+span)/b.segment) * 1448)
	p.a.connect()
	if err := p.w.Run(context.Background(), b.settled); err != nil {
		t.Fatal(err)
	}
	before := p.b.got.Len()
	if err := p.w.Run(context.Background(), b.settled+span); err != nil {
		t.Fatal(err)
	}
	if p.over != "" {
		t.Fatal(p.over)
	}
	return float64(p.b.got.Len()-before) / 1448 * b.segment.Seconds() / span.Seconds()
}

func (b *bottleneck) String() string {
	low, high, sum := 1<<30, 0, 0
	for _, q := range b.queued {
		low, high, sum = min(low, q), max(high, q), sum+q
	}
	return fmt.Sprintf("queue %d to %d, on average %.1f; %d of %d lost", low, high, float64(sum)/float64(max(1, len(b.queued))), b.lost, b.n)
}
