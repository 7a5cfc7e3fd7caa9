package netem

import (
	"testing"
	"time"
)

// ringClock is the cheapest clock there is, to measure the stages and not the clock: it calls in the order of asking, which
// is the order of time for stages that hold packets in their order.
type ringClock struct {
	now   time.Duration
	calls ring[call]
}

func (c *ringClock) Now() time.Duration { return c.now }

func (c *ringClock) After(d time.Duration, f func()) { c.calls.push(call{at: c.now + d, f: f}) }

func (c *ringClock) runTo(t time.Duration) {
	for c.calls.n > 0 && c.calls.front().at <= t {
		k := c.calls.pop()
		c.now = max(c.now, k.at)
		k.f()
	}
	c.now = t
}

// sortedClock adds a heap, for stages whose calls come in any order.
type sortedClock struct {
	now   time.Duration
	heap  []call
	order uint64
}

func (c *sortedClock) Now() time.Duration { return c.now }

func (c *sortedClock) After(d time.Duration, f func()) {
	c.order++
	k := call{c.now + d, c.order, f}
	i := len(c.heap)
	c.heap = append(c.heap, k)
	for i > 0 && callHeap(c.heap).Less(i, (i-1)/2) {
		callHeap(c.heap).Swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
}

func (c *sortedClock) runTo(t time.Duration) {
	for len(c.heap) > 0 && c.heap[0].at <= t {
		k := c.heap[0]
		n := len(c.heap) - 1
		c.heap[0] = c.heap[n]
		c.heap = c.heap[:n]
		for i := 0; ; {
			down := 2*i + 1
			if down+1 < n && callHeap(c.heap).Less(down+1, down) {
				down++
			}
			if down >= n || !callHeap(c.heap).Less(down, i) {
				break
			}
			callHeap(c.heap).Swap(i, down)
			i = down
		}
		c.now = k.at
		k.f()
	}
	c.now = t
}

// BenchmarkStage measures a packet's way through an Entry and each stage, and through whole paths: 1500 bytes every 130 µs.
func BenchmarkStage(b *testing.B) {
	loss, delay := Loss{0.01}, Delay{Base: 25 * ms, KeepOrder: true}
	bottleneck := Bottleneck{Rate: 100 * Mbit, LimitPackets: 100}
	for _, c := range []struct {
		name  string
		stage Stage
	}{
		{"none", Pipe{}},
		{"Loss", loss},
		{"LossEvery", LossEvery{100}},
		{"LossAt", LossAt{[]Range{{7, 9}, {20, 21}, {100, 200}}}},
		{"Burst", Burst{P: 0.01, R: 0.25, Bad: 1}},
		{"Bottleneck", bottleneck},
		{"Delay", delay},
		{"Delay,normal", Delay{25 * ms, ms, Normal, true}},
		{"Delay,normal,unordered", Delay{25 * ms, ms, Normal, false}},
		{"Reorder", Reorder{0.01, 5 * ms}},
		{"Duplicate", Duplicate{0.01}},
		{"Corrupt", Corrupt{0.01, false}},
		{"Corrupt,mended", Corrupt{1, true}},
		{"Outage", Outage{time.Second, 2 * time.Second}},
		{"Phases", Phases{loss, []Phase{{time.Second, 2 * time.Second, nil}}}},
		{"Phases,Bottleneck", Phases{bottleneck, []Phase{{time.Second, 2 * time.Second, nil}}}},
		{"Script", Script{[]Rule{{Match{Kind: KindSYN, Nth: []Range{{1, 1}}}, Do{Drop: true}}, {Match{Kind: KindData, Nth: []Range{{5, 7}}}, Do{Hold: 3}}}}},
		{"Bottleneck+Loss+Delay", Pipe{{"bottleneck", bottleneck}, {"loss", loss}, {"delay", delay}}},
		{"everything", Pipe{
			{"bottleneck", bottleneck}, {"burst", Burst{P: 0.01, R: 0.25, Bad: 1}}, {"loss", loss}, {"corrupt", Corrupt{Probability: 0.01}},
			{"duplicate", Duplicate{0.01}}, {"reorder", Reorder{0.01, 5 * ms}}, {"delay", Delay{25 * ms, ms, Normal, true}},
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			var clock interface {
				Clock
				runTo(time.Duration)
			} = new(ringClock)
			switch c.name {
			case "Delay,normal,unordered", "Bottleneck+Loss+Delay", "everything":
				clock = new(sortedClock)
			}
			var pool Pool
			env := Env{Clock: clock, Rand: NewStream(1), Drop: func(p *Packet, _ Cause) { pool.Put(p) }, Copy: pool.Copy}
			port := Pipe{{"entry", Entry{}}, {"stage", c.stage}}.Attach(env, pool.Put)
			segment := tcp(FlagACK, 1, 1460)
			seq := uint32(1)
			send := func() {
				p := pool.Get(1500)
				copy(p.Data[:40], segment) // the payload is whatever it is
				p.Data[24], p.Data[25], p.Data[26], p.Data[27] = byte(seq>>24), byte(seq>>16), byte(seq>>8), byte(seq)
				seq += 1460
				port(p)
				clock.runTo(clock.Now() + 130*time.Microsecond)
			}
			for range 2000 { // until the pool and the queues are as large as they get
				send()
			}
			b.ReportAllocs()
			for b.Loop() {
				send()
			}
		})
	}
}
