package netem

import "time"

// PIE is the Proportional Integral controller Enhanced (RFC 8033): a packet that comes is dropped with a probability that
// is set anew every 15 ms, from how far the wait is above Target and how it changes. Of the RFC's options it has ECN
// (section 5.1), derandomization (5.4) and the cap on the probability's growth (5.5); it is always active, and takes the wait
// from the packet that was sent last (Appendix A), 0 while nothing waits. The probability is a fixed-point number in steps of 2^-53.
type PIE struct {
	Target time.Duration // the wait that it aims at; 0: 15 ms (section 4.2, QDELAY_REF)
	Burst  time.Duration // for so long a burst is let through; 0: 150 ms (section 4.4, MAX_BURST)
	MTU    Size          // while no more than two such packets wait nothing is dropped; 0: 1500
	ECN    bool          // packets whose senders take marks are marked instead of dropped, up to a probability of 10 %
}

// The defaults and constants of RFC 8033.
const (
	pieTarget = 15 * time.Millisecond
	pieBurst  = 150 * time.Millisecond
	pieUpdate = 15 * time.Millisecond

	pieOne      = 1 << 53           // the probability 1
	pieMarkUpTo = pieOne / 10       // mark_ecnth
	pieAccuLow  = pieOne * 85 / 100 // below it derandomization never drops
	pieAccuHigh = pieOne * 85 / 10  // from it on it always does
)

func (s PIE) attach(l *link) queue {
	if s.Target <= 0 {
		s.Target = pieTarget
	}
	if s.Burst <= 0 {
		s.Burst = pieBurst
	}
	if s.MTU <= 0 {
		s.MTU = fullPacket
	}
	return &pieQueue{link: l, setting: s, control: pie{target: s.Target, allowance: s.Burst}, next: l.env.Clock.Now() + pieUpdate}
}

type pieQueue struct {
	store
	link    *link
	setting PIE
	control pie
	delay   time.Duration // the wait of the packet sent last; 0 where nothing waited behind it
	next    time.Duration // when the probability is to be updated next
	accu    int64         // the probabilities of the packets since the last drop, added up (accu_prob_)
}

func (q *pieQueue) enqueue(p *Packet) {
	q.update()
	if !q.link.fits(p, q.held.n, q.bytes) {
		q.accu = 0
		q.link.drop(p, CauseQueueFull)
		return
	}
	c := &q.control
	if c.probability == 0 && q.delay < c.target/2 && c.old < c.target/2 {
		c.allowance = q.setting.Burst
	}
	if c.allowance == 0 && q.early(p) {
		q.accu = 0
		if !(q.setting.ECN && c.probability < pieMarkUpTo && Mark(p, CausePIE)) {
			q.link.drop(p, CausePIE)
			return
		}
	}
	q.push(p)
}

func (q *pieQueue) dequeue() *Packet {
	q.update()
	p := q.pop()
	switch {
	case p != nil && q.held.n > 0:
		q.delay = q.link.env.Clock.Now() - p.since
	default:
		q.delay = 0
	}
	return p
}

// early tells whether the packet is to be dropped before it waits (drop_early).
func (q *pieQueue) early(p *Packet) bool {
	c := &q.control
	if c.old < c.target/2 && c.probability < pieOne/5 || q.bytes <= 2*q.setting.MTU {
		return false
	}
	if c.probability == 0 {
		q.accu = 0
	}
	q.accu += c.probability
	switch {
	case q.accu < pieAccuLow:
		return false
	case q.accu >= pieAccuHigh:
		return true
	}
	return int64(q.link.env.Rand.Draw(p, 0)>>11) < c.probability
}

// update makes the updates that are due. None needs the clock to call: between two packets nothing changes that an update
// looks at, so those of an idle time are made up for when the next packet comes, and as soon as one changes nothing the rest
// is skipped.
func (q *pieQueue) update() {
	now := q.link.env.Clock.Now()
	for q.next <= now {
		before := q.control
		q.control.update(q.delay)
		q.next += pieUpdate
		if q.control == before && q.next <= now {
			q.next += (now - q.next) / pieUpdate * pieUpdate
		}
	}
}

// A pie is the state of RFC 8033's controller.
type pie struct {
	target      time.Duration
	probability int64         // of a drop, of pieOne
	old         time.Duration // the wait at the last update
	allowance   time.Duration // for how long packets are still let through
}

// pieScale says by what power of two a change is divided while the probability is below a bound (section 4.2).
var pieScale = [...]struct {
	below int64
	shift uint
}{{pieOne / 1_000_000, 11}, {pieOne / 100_000, 9}, {pieOne / 10_000, 7}, {pieOne / 1000, 5}, {pieOne / 100, 3}, {pieOne / 10, 1}}

// update is what happens every 15 ms (calculate_drop_prob). alpha is 1/8 Hz and beta 10/8 Hz.
func (c *pie) update(delay time.Duration) {
	eighths := int64(delay-c.target) + 10*int64(delay-c.old) // of a nanosecond
	change := int64(fraction(uint64(max(eighths, -eighths)), pieOne/8, uint64(time.Second)))
	for _, s := range pieScale {
		if c.probability < s.below {
			change >>= s.shift
			break
		}
	}
	if eighths < 0 {
		change = -change
	}
	if c.probability >= pieOne/10 {
		change = min(change, pieOne/50)
	}
	c.probability += change
	if delay == 0 && c.old == 0 {
		c.probability -= c.probability / 64
	}
	c.probability = min(max(0, c.probability), pieOne)
	c.old = delay
	c.allowance = max(0, c.allowance-pieUpdate)
}
