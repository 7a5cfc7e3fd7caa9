package netem

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// A modelCoDel is RFC 8289 sections 5.2 to 5.6. ECN is Linux's way, which RFC 8290 section 5.2.7 has from there: what would be
// dropped is marked and sent.
type modelCoDel struct {
	target, interval time.Duration
	maxpacket        int
	ecn              bool
	threshold        time.Duration
	limit            int // packets; 0: no limit

	fifo             []*modelPacket
	bytes            int
	firstAbove       time.Duration
	dropNext         time.Duration
	count, lastCount uint32
	dropping         bool
}

func (q *modelCoDel) tick(time.Duration) {}

func (q *modelCoDel) enqueue(p *modelPacket, now time.Duration, idle bool) {
	if q.limit > 0 && len(q.fifo) >= q.limit && !idle {
		p.die(now)
		return
	}
	q.fifo = append(q.fifo, p)
	q.bytes += p.size
}

func (q *modelCoDel) law(t time.Duration, count uint32) time.Duration {
	return t + time.Duration(float64(q.interval)/math.Sqrt(float64(count)))
}

func (q *modelCoDel) dodequeue(now time.Duration) (p *modelPacket, okToDrop bool) {
	if len(q.fifo) == 0 {
		q.firstAbove = 0
		return nil, false
	}
	p, q.fifo = q.fifo[0], q.fifo[1:]
	q.bytes -= p.size
	if now-p.arrival < q.target || q.bytes <= q.maxpacket {
		q.firstAbove = 0
	} else if q.firstAbove == 0 {
		q.firstAbove = now + q.interval
	} else if now >= q.firstAbove {
		okToDrop = true
	}
	return p, okToDrop
}

func (q *modelCoDel) dequeue(now time.Duration) *modelPacket {
	p := q.chosen(now)
	if p != nil && p.ect && q.threshold > 0 && now-p.arrival > q.threshold {
		p.marked = true
	}
	return p
}

func (q *modelCoDel) chosen(now time.Duration) *modelPacket {
	p, ok := q.dodequeue(now)
	if q.dropping {
		if !ok {
			q.dropping = false
		}
		for q.dropping && now >= q.dropNext {
			if q.ecn && p.ect {
				p.marked = true
				q.count++
				q.dropNext = q.law(q.dropNext, q.count)
				return p
			}
			p.die(now)
			q.count++
			if p, ok = q.dodequeue(now); !ok {
				q.dropping = false
			} else {
				q.dropNext = q.law(q.dropNext, q.count)
			}
		}
	} else if ok {
		if q.ecn && p.ect {
			p.marked = true
		} else {
			p.die(now)
			p, _ = q.dodequeue(now)
		}
		q.dropping = true
		delta := q.count - q.lastCount
		q.count = 1
		if delta > 1 && now-q.dropNext < 16*q.interval {
			q.count = delta
		}
		q.dropNext = q.law(now, q.count)
		q.lastCount = q.count
	}
	return p
}

// TestCoDelBesideModel: 40 loads of 4000 packets, with RFC 8289's parameters and others, with and without marks and a limit.
func TestCoDelBesideModel(t *testing.T) {
	for i, c := range []struct {
		set   CoDel
		limit int
	}{
		{CoDel{}, 0}, {CoDel{ECN: true}, 0}, {CoDel{Target: 20 * ms, Interval: 50 * ms, ECN: true}, 60},
		{CoDel{Target: ms, Interval: 10 * ms, MTU: 300, CEThreshold: 2 * ms}, 40},
	} {
		full := c.set.complete()
		dead, marked := 0, 0
		for k := range uint64(10) {
			m := &modelCoDel{target: full.Target, interval: full.Interval, maxpacket: int(full.MTU), ecn: full.ECN, threshold: full.CEThreshold, limit: c.limit}
			d, ce := besideModel(t, fmt.Sprintf("%+v", c.set), uint64(100*i)+k, Bottleneck{Discipline: c.set, LimitPackets: c.limit}, m, randomLoad(k, 4000, 1))
			dead, marked = dead+d, marked+ce
		}
		if dead < 100 || (marked > 100) != (full.ECN || full.CEThreshold > 0) {
			t.Errorf("%+v: %d died and %d were marked: that proves nothing", c.set, dead, marked)
		}
	}
}

// A modelFQ is RFC 8290 sections 4.1 and 4.2. Where the text leaves it open: a queue's turn is over when it has sent a whole quantum, as the
// text explains its "negative number of credits" and Linux has it; half of an odd number is rounded up; and of queues with as
// many bytes the one whose turn comes first is the longest.
type modelFQ struct {
	make           func() *modelCoDel
	quantum, limit int
	flows          map[int]*modelFlow
	fresh, old     []*modelFlow
}

type modelFlow struct {
	*modelCoDel
	credits int
}

func (q *modelFQ) tick(time.Duration) {}

func (q *modelFQ) enqueue(p *modelPacket, now time.Duration, idle bool) {
	f := q.flows[p.flow]
	if f == nil {
		f = &modelFlow{modelCoDel: q.make()}
		q.flows[p.flow] = f
	}
	f.modelCoDel.enqueue(p, now, idle)
	active := false
	waiting := 0
	for _, list := range [][]*modelFlow{q.fresh, q.old} {
		for _, g := range list {
			active = active || g == f
		}
	}
	if !active {
		f.credits = q.quantum
		q.fresh = append(q.fresh, f)
	}
	var longest *modelFlow
	for _, list := range [][]*modelFlow{q.fresh, q.old} {
		for _, g := range list {
			waiting += len(g.fifo)
			if longest == nil || g.bytes > longest.bytes {
				longest = g
			}
		}
	}
	if q.limit > 0 && waiting > q.limit && !idle {
		for range min(64, (len(longest.fifo)+1)/2) {
			longest.fifo[0].die(now)
			longest.bytes -= longest.fifo[0].size
			longest.fifo = longest.fifo[1:]
		}
	}
}

func (q *modelFQ) dequeue(now time.Duration) *modelPacket {
	for len(q.fresh)+len(q.old) > 0 {
		isNew := len(q.fresh) > 0
		var f *modelFlow
		if isNew {
			f, q.fresh = q.fresh[0], q.fresh[1:]
		} else {
			f, q.old = q.old[0], q.old[1:]
		}
		if f.credits <= 0 {
			f.credits += q.quantum
			q.old = append(q.old, f)
			continue
		}
		p := f.modelCoDel.dequeue(now)
		switch {
		case p != nil && isNew:
			f.credits -= p.size
			q.fresh = append([]*modelFlow{f}, q.fresh...)
			return p
		case p != nil:
			f.credits -= p.size
			q.old = append([]*modelFlow{f}, q.old...)
			return p
		case isNew:
			q.old = append(q.old, f)
		}
	}
	return nil
}

// TestFQCoDelBesideModel: 30 loads of 4000 packets of six flows.
func TestFQCoDelBesideModel(t *testing.T) {
	for i, c := range []struct {
		set   FQCoDel
		limit int
	}{
		{FQCoDel{Flows: 1 << 16}, 0}, {FQCoDel{CoDel: CoDel{ECN: true}, Flows: 1 << 16}, 40},
		{FQCoDel{CoDel: CoDel{Target: 2 * ms, Interval: 20 * ms, MTU: 200, ECN: true}, Quantum: 300, Flows: 1 << 16}, 100},
	} {
		full := c.set.CoDel.complete()
		quantum := int(c.set.Quantum)
		if quantum == 0 {
			quantum = 1514
		}
		dead := 0
		for k := range uint64(10) {
			m := &modelFQ{quantum: quantum, limit: c.limit, flows: map[int]*modelFlow{}, make: func() *modelCoDel {
				return &modelCoDel{target: full.Target, interval: full.Interval, maxpacket: int(full.MTU), ecn: full.ECN}
			}}
			d, _ := besideModel(t, fmt.Sprintf("%+v", c.set), uint64(100*i)+k, Bottleneck{Discipline: c.set, LimitPackets: c.limit}, m, randomLoad(k, 4000, 6))
			dead += d
		}
		if dead < 300 {
			t.Errorf("%+v: %d died: that proves nothing", c.set, dead)
		}
	}
}
