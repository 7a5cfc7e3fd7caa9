package netem

import (
	"math/bits"
	"time"
)

// CoDel is Controlled Delay (RFC 8289). Its measure is how long each packet has waited: where that has not been below
// Target for a whole Interval the queue is a standing one, and it drops packets as they come to be sent, the n-th
// Interval/sqrt(n) after the one before, until the wait is below Target again. The control law is exact to the nanosecond,
// in integers.
type CoDel struct {
	Target      time.Duration // the wait that is acceptable; 0: 5 ms (section 4.3)
	Interval    time.Duration // about the longest round trip; 0: 100 ms (section 4.3)
	MTU         Size          // with no more than so much behind it a packet is never dropped; 0: 1500
	ECN         bool          // packets whose senders take marks are marked instead of dropped
	CEThreshold time.Duration // those that have waited longer are marked in any case (RFC 8290 section 5.2.7); 0: never
}

// The defaults of RFC 8289 section 4.3.
const (
	codelTarget   = 5 * time.Millisecond
	codelInterval = 100 * time.Millisecond
)

// complete returns the setting with its defaults filled in.
func (c CoDel) complete() CoDel {
	if c.Target <= 0 {
		c.Target = codelTarget
	}
	if c.Interval <= 0 {
		c.Interval = codelInterval
	}
	if c.MTU <= 0 {
		c.MTU = fullPacket
	}
	return c
}

func (c CoDel) attach(l *link) queue { return &codelQueue{link: l, setting: c.complete()} }

type codelQueue struct {
	store
	link    *link
	setting CoDel
	control codel
}

func (q *codelQueue) enqueue(p *Packet) {
	if !q.link.fits(p, q.held.n, q.bytes) {
		q.link.drop(p, CauseQueueFull)
		return
	}
	q.push(p)
}

func (q *codelQueue) dequeue() *Packet { return q.control.dequeue(&q.setting, q.link, &q.store) }

// A codel is the state of RFC 8289's control loop (section 5.2).
type codel struct {
	above    time.Duration // when the wait will have been above Target for an Interval; 0: it is not above
	dropNext time.Duration // when the next packet is to be dropped
	count    uint32        // packets dropped since the dropping began
	last     uint32        // count as it was when the dropping began
	dropping bool
}

// dequeue takes the next packet out of s; those that the control law asks for die or are marked on the way (section 5.5).
func (c *codel) dequeue(set *CoDel, l *link, s *store) *Packet {
	now := l.env.Clock.Now()
	p, standing := c.take(set, now, s)
	switch {
	case c.dropping && !standing:
		c.dropping = false
	case c.dropping:
		p = c.drop(set, now, l, s, p)
	case standing:
		p = c.enter(set, now, l, s, p)
	}
	if p != nil && set.CEThreshold > 0 && now-p.since > set.CEThreshold {
		Mark(p, CauseCoDel)
	}
	return p
}

// drop does what is due while packets are being dropped. Where the drops are due faster than packets are sent, several die
// at once.
func (c *codel) drop(set *CoDel, now time.Duration, l *link, s *store, p *Packet) *Packet {
	for c.dropping && now >= c.dropNext {
		c.count++
		if set.ECN && Mark(p, CauseCoDel) {
			c.dropNext += controlLaw(set.Interval, c.count)
			return p
		}
		l.drop(p, CauseCoDel)
		var standing bool
		if p, standing = c.take(set, now, s); standing {
			c.dropNext += controlLaw(set.Interval, c.count)
		} else {
			c.dropping = false
		}
	}
	return p
}

// enter begins to drop, with p. Where the wait was above Target a short time ago the rate that was needed then is a good
// one to begin with.
func (c *codel) enter(set *CoDel, now time.Duration, l *link, s *store, p *Packet) *Packet {
	if !(set.ECN && Mark(p, CauseCoDel)) {
		l.drop(p, CauseCoDel)
		p, _ = c.take(set, now, s)
	}
	c.dropping = true
	delta := c.count - c.last
	c.count = 1
	if delta > 1 && now-c.dropNext < 16*set.Interval {
		c.count = delta
	}
	c.dropNext = now + controlLaw(set.Interval, c.count)
	c.last = c.count
	return p
}

// take takes the oldest packet out and tells whether the queue has been a standing one for an Interval (section 5.6,
// dodequeue).
func (c *codel) take(set *CoDel, now time.Duration, s *store) (p *Packet, standing bool) {
	p = s.pop()
	switch {
	case p == nil || now-p.since < set.Target || s.bytes <= set.MTU:
		c.above = 0
	case c.above == 0:
		c.above = now + set.Interval
	case now >= c.above:
		return p, true
	}
	return p, false
}

// controlLaw is Interval / sqrt(count), rounded down: the largest d with d² · count <= interval².
func controlLaw(interval time.Duration, count uint32) time.Duration {
	if count <= 1 {
		return interval
	}
	hi, lo := bits.Mul64(uint64(interval), uint64(interval))
	hi, rest := hi/uint64(count), hi%uint64(count)
	lo, _ = bits.Div64(rest, lo, uint64(count))
	low, high := uint64(0), uint64(interval) // low² is not above the quotient, high² is
	for high-low > 1 {
		d := low + (high-low)/2
		if h, l := bits.Mul64(d, d); h < hi || h == hi && l <= lo {
			low = d
		} else {
			high = d
		}
	}
	return time.Duration(low)
}
