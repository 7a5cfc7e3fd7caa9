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
	loss, delay := Loss{Probability: 0.01}, Delay{Base: 25 * ms, KeepOrder: true}
	bottleneck := Bottleneck{Rate: 100 * Mbit, LimitPackets: 100}
	under := func(d Discipline) Stage { return Bottleneck{Rate: 92 * Mbit, LimitPackets: 100, Discipline: d} } // 1 packet in 300 is too many
	for _, c := range []struct {
		name  string
		stage Stage
	}{
		{"none", Pipe{}},
		{"Loss", loss},
		{"LossEvery", LossEvery{N: 100}},
		{"LossAt", LossAt{Ranges: []Range{{7, 9}, {20, 21}, {100, 200}}}},
		{"Burst", Burst{P: 0.01, R: 0.25, Bad: 1}},
		{"Bottleneck", bottleneck},
		{"Bottleneck,opportunities", Bottleneck{Opportunities: opportunitiesOf(b, "1\n1\n2\n3\n3\n4\n5\n5\n6\n7\n7\n8\n8\n"), LimitPackets: 100}}, // 13 of 1500 bytes in 8 ms
		{"Bottleneck,rates", Bottleneck{Rates: ratesOf(b, "0,50000000", "0.001,150000000"), LimitPackets: 100}},
		{"Bottleneck,head", under(DropHead{})},
		{"Bottleneck,red", under(RED{Min: 15000, Max: 45000, Probability: 0.02, Weight: 9, Gentle: true})},
		{"Bottleneck,codel", under(CoDel{})},
		{"Bottleneck,pie", under(PIE{})},
		{"Bottleneck,fq_codel", under(FQCoDel{})},
		{"Delay", delay},
		{"Delay,normal", Delay{Base: 25 * ms, Jitter: ms, Distribution: Normal, KeepOrder: true}},
		{"Delay,normal,unordered", Delay{Base: 25 * ms, Jitter: ms, Distribution: Normal}},
		{"Reorder", Reorder{Pick: Pick{Probability: 0.01}, Delay: 5 * ms}},
		{"Duplicate", Duplicate{Probability: 0.01}},
		{"Corrupt", Corrupt{Probability: 0.01}},
		{"Corrupt,mended", Corrupt{Probability: 1, FixChecksum: true}},
		{"Loss,correlated", Loss{Probability: 0.01, Correlation: 0.5}},
		{"Loss,marking", Loss{Probability: 0.01, ECN: true}},
		{"Markov", Markov{P13: 0.01, P31: 0.25, P32: 0.1, P23: 0.5, P14: 0.001}},
		{"Delay,correlated", Delay{Base: 25 * ms, Jitter: ms, Distribution: Normal, Correlation: 0.5, KeepOrder: true}},
		{"Delay,table", Delay{Base: 25 * ms, Jitter: ms, Table: Table{-8192, 0, 8192}, KeepOrder: true}},
		{"Delay,ahead", Delay{Base: 25 * ms, KeepOrder: true, Ahead: Pick{Probability: 0.01}}},
		{"Reorder,gap", Reorder{Pick: Pick{Probability: 0.5, Gap: 100}, Delay: 5 * ms}},
		{"Duplicate,correlated", Duplicate{Probability: 0.01, Correlation: 0.5}},
		{"Bottleneck,cells", Bottleneck{Rate: 150 * Mbit, LimitPackets: 100, Overhead: Overhead{16, 48, 5}}},
		{"Slots", Slots{Base: ms}},
		{"Slots,drawn", Slots{Base: ms, Jitter: ms / 2, Packets: 32}},
		{"Outage", Outage{time.Second, 2 * time.Second}},
		{"Spells", Spells{MeanGood: 100 * ms, MeanBad: 10 * ms, Bad: 1}},
		{"Flap", Flap{0, time.Hour, 90 * ms, 10 * ms, false}},
		{"Flap,random", Flap{0, time.Hour, 90 * ms, 10 * ms, true}},
		{"Phases,ramp", ramp(1000)},
		{"Phases", Phases{loss, []Phase{{time.Second, 2 * time.Second, nil}}}},
		{"Phases,Bottleneck", Phases{bottleneck, []Phase{{time.Second, 2 * time.Second, nil}}}},
		{"Script", Script{[]Rule{{Match{Kind: KindSYN, Nth: []Range{{1, 1}}}, Do{Drop: true}}, {Match{Kind: KindData, Nth: []Range{{5, 7}}}, Do{Hold: 3}}}}},
		{"Script,segments", Script{[]Rule{{Match{Kind: KindRetransmission, Segments: []Range{{1000, 1000}}}, Do{Drop: true}}}}},
		{"Script,pattern", Script{[]Rule{{Match{Kind: KindData}, Do{Pattern: pattern(b, "packet,do\n5-7,drop\n100,duplicate\n1000,delay 3ms")}}}}},
		{"Replay", Replay{Fates: fatesFrom(b, fatesHeader+"\nforward,data,1,0,arrived,,0.025,,\nforward,data,2,0,lost,,,,\nforward,data,3,0,arrived,,0.025,,\n"), Repeat: true}},
		{"Bottleneck+Loss+Delay", Pipe{{"bottleneck", bottleneck}, {"loss", loss}, {"delay", delay}}},
		{"everything", Pipe{
			{"bottleneck", bottleneck}, {"burst", Burst{P: 0.01, R: 0.25, Bad: 1}}, {"loss", loss}, {"corrupt", Corrupt{Probability: 0.01}},
			{"duplicate", Duplicate{Probability: 0.01}}, {"reorder", Reorder{Pick: Pick{Probability: 0.01}, Delay: 5 * ms}}, {"delay", Delay{Base: 25 * ms, Jitter: ms, Distribution: Normal, KeepOrder: true}},
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
			segment[1] = byte(ECT0)
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

// ramp goes from no loss to 5 % in a second, in so many steps, and stays there.
func ramp(steps int) Phases {
	s := Phases{Base: Loss{Probability: 0.05}}
	for i := range steps {
		from := time.Second / time.Duration(steps) * time.Duration(i)
		s.Phases = append(s.Phases, Phase{from, from + time.Second/time.Duration(steps), Loss{Probability: Probability(i) / Probability(20*steps)}})
	}
	return s
}
