package netem

import (
	"math/bits"
	"time"
)

// RED is Random Early Detection (Floyd and Jacobson, 1993), measured in bytes as in Linux. It follows the average of the
// queue: below Min every packet passes, from Min to Max packets are dropped with a probability that grows to Probability,
// and beyond all of them; Gentle (Floyd, 2000) lets the probability grow on from there to 1 at twice Max. Between two drops
// it rises with each packet that passes, so that drops are spread evenly and not in clusters.
//
// With ECN packets whose senders take marks are marked where they would be dropped, beyond Max too (as in Linux without
// harddrop). So Min = Max with Weight 0 is the step of DCTCP (RFC 8257 section 3.1).
//
// The average is a fixed-point number, and so is the probability, in steps of 2^-32.
type RED struct {
	Min, Max    Size        // of the average queue
	Probability Probability // at Max
	Weight      int         // a packet's arrival counts 1/2^Weight in the average: 9 is near the paper's 0.002, 0 is no average
	Gentle      bool
	ECN         bool
}

func (r RED) attach(l *link) queue {
	return &redQueue{link: l, setting: r, peak: uint64(float64(min(max(0, r.Probability), 1)) * certain), spared: -1, idle: true}
}

type redQueue struct {
	store
	link    *link
	setting RED
	peak    uint64        // Probability, of certain
	average uint64        // bytes, times 2^Weight
	spared  int64         // packets since the last drop or mark; -1: the average is below Min
	idle    bool          // the link has found nothing to send,
	since   time.Duration // at this time
}

// certain is the probability 1 in RED's integers.
const certain = 1 << 32

func (q *redQueue) enqueue(p *Packet) {
	q.measure()
	if q.hit(q.link.env.Rand.Draw(p, 0)) && !(q.setting.ECN && Mark(p, CauseRED)) {
		q.link.drop(p, CauseRED)
		return
	}
	if !q.link.fits(p, q.held.n, q.bytes) {
		q.link.drop(p, CauseQueueFull)
		return
	}
	q.idle = false
	q.push(p)
}

func (q *redQueue) dequeue() *Packet {
	p := q.pop()
	if p == nil && !q.idle {
		q.idle, q.since = true, q.link.env.Clock.Now()
	}
	return p
}

// measure brings the average up to the arrival of a packet. After an idle time it falls as if full packets had come to an
// empty queue one after another (the paper's m); with Weight 0 it is the queue as it is.
func (q *redQueue) measure() {
	w := q.setting.Weight
	if !q.idle || w == 0 {
		q.average += uint64(q.bytes) - q.average>>w
		return
	}
	each := max(1, q.link.packetTime())
	m := (q.link.env.Clock.Now() - q.since) / each
	q.since += m * each
	keep := ^uint64(0) << (64 - w) // 1 - 2^-Weight, of 2^64
	for ; m > 0 && q.average > 0; m >>= 1 {
		if m&1 != 0 {
			q.average, _ = bits.Mul64(q.average, keep)
		}
		keep, _ = bits.Mul64(keep, keep)
	}
}

// hit tells whether the packet with this draw is to be dropped.
func (q *redQueue) hit(draw uint64) bool {
	chance := q.chance()
	if chance == 0 {
		q.spared = -1
		return false
	}
	q.spared++
	// The paper's p_a = p_b / (1 - count p_b), multiplied out.
	rest := certain - min(certain, int64(chance)*q.spared)
	if chance < certain && draw>>32*uint64(rest) >= chance<<32 {
		return false
	}
	q.spared = 0
	return true
}

// chance is the probability of a drop by the average alone (the paper's p_b), of certain; 0 below Min.
func (q *redQueue) chance() uint64 {
	w := q.setting.Weight
	low, high := uint64(q.setting.Min)<<w, uint64(q.setting.Max)<<w
	switch {
	case q.average < low:
		return 0
	case q.average < high:
		return max(1, fraction(q.peak, q.average-low, high-low))
	case !q.setting.Gentle || q.average >= 2*high:
		return certain
	}
	return q.peak + fraction(certain-q.peak, q.average-high, high)
}

// fraction is a·b/c, rounded down; the result must fit.
func fraction(a, b, c uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	q, _ := bits.Div64(hi, lo, c)
	return q
}
