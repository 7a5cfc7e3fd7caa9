package netem

import "time"

// Delay delays each packet by Base and a random part. Jitter is that part's scale and Distribution its shape; a delay
// below zero becomes zero.
//
// With KeepOrder no packet overtakes another: one with a shorter delay waits for the one ahead, as in a queue, so the
// mean delay of a dense flow is above Base. Without it packets leave at their own instants, and jitter longer than the
// distance between packets reorders them (netem does that whenever there is jitter). Packets due at the same instant leave
// in the order in which they came.
type Delay struct {
	Base, Jitter time.Duration
	Distribution Distribution
	KeepOrder    bool
}

// Attach implements Stage.
func (d Delay) Attach(env Env, next Port) Port {
	if d.Jitter <= 0 && d.Base <= 0 {
		return next
	}
	of := d.draw(env.Rand)
	if d.KeepOrder || d.Jitter <= 0 {
		line := newDelayLine(env.Clock, next)
		return func(p *Packet) { line.add(p, of(p)) }
	}
	order := uint64(0)
	each := newSchedule(env.Clock, func(p *Packet, _ uint64) { next(p) })
	return func(p *Packet) {
		order++
		each.add(p, order, of(p))
	}
}

// draw returns the function that says how long a packet is delayed.
func (d Delay) draw(r Stream) func(*Packet) time.Duration {
	if d.Jitter <= 0 {
		base := max(0, d.Base)
		return func(*Packet) time.Duration { return base }
	}
	return func(p *Packet) time.Duration {
		return max(0, d.Base+d.Distribution.sample(r.Draw(p, 0), d.Jitter))
	}
}
