package netem

import "time"

// Slots delivers in batches, as a medium that is shared in turns does (Wi-Fi, DOCSIS, LTE): packets gather until the next slot
// opens, and then leave in their order, all in the same instant. A slot takes Packets at most, where that is above 0, and ends
// behind the packet that fills Bytes, where that is above 0; what is left waits for the next one, and what comes in the instant
// of a slot behind it does too.
//
// The first slot opens at 0 and each further one Base after the one before, and a random part: Jitter is its scale, Distribution
// or Table its shape. The instants are the slots' own and not the packets', so all protocols meet the same ones. (In netem a slot
// that nobody used is forgotten, and the next one is drawn from the instant of a packet on.) Two slots are never less than
// LeastSlot apart.
type Slots struct {
	Base, Jitter time.Duration // 0: no slots, packets pass
	Distribution Distribution
	Table        Table // in place of Distribution, where it is not nil
	Packets      int
	Bytes        Size
}

// LeastSlot is the least time from one slot to the next.
const LeastSlot = 10 * time.Microsecond

// Attach implements Stage.
func (s Slots) Attach(env Env, next Port) Port {
	if s.Base <= 0 {
		return next
	}
	clock := &slotClock{Slots: s, r: env.Rand}
	return newBatches(env.Clock, next, func() *slotClock { return clock })
}

// A slotClock says when slots open.
type slotClock struct {
	Slots
	r     Stream
	n     uint64        // the slot,
	opens time.Duration // and when it opens
}

// from returns when the first slot at or behind t opens; t never goes back.
func (c *slotClock) from(t time.Duration) time.Duration {
	if c.Jitter <= 0 {
		every := max(c.Base, LeastSlot)
		if late := t - c.opens; late > 0 {
			c.opens += (late + every - 1) / every * every
		}
		return c.opens
	}
	for c.opens < t {
		c.n++
		c.opens += max(LeastSlot, c.Base+sample(c.Distribution, c.Table, c.r.At(c.n, 0), c.Jitter))
	}
	return c.opens
}

// batches holds packets until the next slot. in says which slots are in force now: nil for none, then what waits leaves
// with the slot that it waits for, and with an empty queue packets pass.
type batches struct {
	clock   Clock
	next    Port
	in      func() *slotClock
	waiting ring[*Packet]
	pending bool          // the clock has been asked to call release
	closed  time.Duration // when the last slot was, or -1
	wake    func()        // release, bound once so that asking the clock allocates nothing
}

func newBatches(clock Clock, next Port, in func() *slotClock) Port {
	b := &batches{clock: clock, next: next, in: in, closed: -1}
	b.wake = b.release
	return b.enter
}

func (b *batches) enter(p *Packet) {
	if b.waiting.n == 0 && !b.pending && b.in() == nil {
		b.next(p)
		return
	}
	b.waiting.push(p)
	if !b.pending {
		b.ask()
	}
}

// ask asks for a call when the next slot opens.
func (b *batches) ask() {
	b.pending = true
	now := b.clock.Now()
	d := time.Duration(0)
	if c := b.in(); c != nil {
		d = c.from(max(now, b.closed+1)) - now
	}
	b.clock.After(d, b.wake)
}

// release lets go what the slot takes of those that wait now.
func (b *batches) release() {
	b.closed = b.clock.Now()
	var s Slots
	if c := b.in(); c != nil {
		s = c.Slots
	}
	packets, bytes := 0, Size(0)
	for range b.waiting.n {
		if s.Packets > 0 && packets == s.Packets || s.Bytes > 0 && bytes >= s.Bytes {
			break
		}
		p := b.waiting.pop()
		packets++
		bytes += Size(len(p.Data))
		b.next(p)
	}
	b.pending = false
	if b.waiting.n > 0 {
		b.ask()
	}
}
