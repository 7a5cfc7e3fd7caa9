package netem

import (
	"fmt"
	"testing"
	"time"
)

// A modelPIE is RFC 8033's appendix A with what PIE has of appendix B: derandomization, the cap of section 5.5, ECN, and the full
// queue. The wait is the timestamp's, and 0 when nothing is left to wait, as Linux has it: without that the
// wait of the last packet of a burst would go on through the silence after it.
type modelPIE struct {
	target, maxBurst time.Duration
	mean             int // MEAN_PKTSIZE
	ecn              bool
	limit            int // packets; 0: no limit

	fifo         []*modelPacket
	bytes        int
	current, old time.Duration // current_qdelay, qdelay_old_
	burst        time.Duration // burst_allowance_
	prob, accu   float64       // drop_prob_, accu_prob_
	next         time.Duration // when the next update is due
	highest      float64       // of prob, for the test
}

func (q *modelPIE) tick(now time.Duration) {
	for ; q.next <= now && q.next < time.Hour; q.next += 15 * ms {
		q.calculate()
	}
}

func (q *modelPIE) calculate() {
	p := 0.125*(q.current-q.target).Seconds() + 1.25*(q.current-q.old).Seconds()
	switch {
	case q.prob < 0.000001:
		p /= 2048
	case q.prob < 0.00001:
		p /= 512
	case q.prob < 0.0001:
		p /= 128
	case q.prob < 0.001:
		p /= 32
	case q.prob < 0.01:
		p /= 8
	case q.prob < 0.1:
		p /= 2
	}
	if q.prob >= 0.1 && p > 0.02 {
		p = 0.02
	}
	q.prob += p
	if q.current == 0 && q.old == 0 {
		q.prob *= 1 - 1.0/64
	}
	q.prob = min(max(q.prob, 0), 1)
	q.highest = max(q.highest, q.prob)
	q.old = q.current
	q.burst = max(0, q.burst-15*ms)
}

func (q *modelPIE) enqueue(p *modelPacket, now time.Duration, idle bool) {
	if q.limit > 0 && len(q.fifo) >= q.limit && !idle {
		p.die(now)
		q.accu = 0
		return
	}
	if q.prob == 0 && q.current < q.target/2 && q.old < q.target/2 {
		q.burst = q.maxBurst
	}
	if q.burst == 0 && q.dropEarly(p) {
		q.accu = 0
		if !q.ecn || !p.ect || q.prob >= 0.1 {
			p.die(now)
			return
		}
		p.marked = true
	}
	q.fifo = append(q.fifo, p)
	q.bytes += p.size
}

func (q *modelPIE) dropEarly(p *modelPacket) bool {
	if q.old < q.target/2 && q.prob < 0.2 || q.bytes <= 2*q.mean {
		return false
	}
	if q.prob == 0 {
		q.accu = 0
	}
	q.accu += q.prob
	if q.accu < 0.85 {
		return false
	}
	return q.accu >= 8.5 || p.random < q.prob
}

func (q *modelPIE) dequeue(now time.Duration) *modelPacket {
	q.current = 0
	if len(q.fifo) == 0 {
		return nil
	}
	p := q.fifo[0]
	q.fifo = q.fifo[1:]
	q.bytes -= p.size
	if len(q.fifo) > 0 {
		q.current = now - p.arrival
	}
	return p
}

// TestPIEBesideModel: 20 loads of 20,000 packets, some 20 s each. The model counts in floating point, so its probability differs from PIE's
// by rounding, far less than 1e-12; that a packet's draw falls between the two has a chance below one in a million in all loads.
func TestPIEBesideModel(t *testing.T) {
	for i, c := range []struct {
		set   PIE
		limit int
	}{{PIE{}, 0}, {PIE{ECN: true}, 0}, {PIE{Target: 40 * ms, Burst: 45 * ms, MTU: 600, ECN: true}, 400}, {PIE{Target: 5 * ms, Burst: 15 * ms, MTU: 100}, 200}} {
		full := c.set
		if full.Target == 0 {
			full.Target, full.Burst, full.MTU = 15*ms, 150*ms, 1500
		}
		dead, marked, highest := 0, 0, 0.0
		for k := range uint64(5) {
			m := &modelPIE{target: full.Target, maxBurst: full.Burst, burst: full.Burst, mean: int(full.MTU), ecn: full.ECN, limit: c.limit, next: 15 * ms}
			d, ce := besideModel(t, fmt.Sprintf("%+v", c.set), uint64(100*i)+k, Bottleneck{Discipline: c.set, LimitPackets: c.limit}, m, randomLoad(k, 20_000, 1))
			dead, marked, highest = dead+d, marked+ce, max(highest, m.highest)
		}
		if dead < 500 || (marked > 50) != full.ECN || highest < 0.2 {
			t.Errorf("%+v: %d died, %d were marked, the probability rose to %v: that proves nothing", c.set, dead, marked, highest)
		}
	}
}
