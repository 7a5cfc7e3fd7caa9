package netem

import "time"

// Delay delays each packet by Base and a random part. Jitter is that part's scale, Distribution or Table its shape, and
// Correlation the probability that a packet has the delay of the packet before it (see correlation.go); a delay below zero
// becomes zero.
//
// With KeepOrder no packet overtakes another: one with a shorter delay waits for the one ahead, as in a queue, so the
// mean delay of a dense flow is above Base. Without it packets leave at their own instants, and jitter longer than the
// distance between packets reorders them (netem does that whenever there is jitter). Packets due at the same instant leave
// in the order in which they came.
//
// The packets that Ahead picks are not delayed at all, and overtake all others: netem's `reorder`.
type Delay struct {
	Base, Jitter time.Duration
	Distribution Distribution
	Table        Table // in place of Distribution, where it is not nil
	Correlation  Probability
	KeepOrder    bool
	Ahead        Pick
}

// Attach implements Stage.
func (d Delay) Attach(env Env, next Port) Port {
	if d.Jitter <= 0 && d.Base <= 0 {
		return next
	}
	return d.around(env, next, d.line(env, next))
}

// line returns the port of the packets that are delayed.
func (d Delay) line(env Env, next Port) Port {
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

// around returns a port that passes the packets that go ahead to next, and all others to the line.
func (d Delay) around(env Env, next, line Port) Port {
	if d.Ahead.Probability <= 0 {
		return line
	}
	ahead := d.Ahead.attach(env.Rand.Sub("ahead"))
	return func(p *Packet) {
		if ahead(p) {
			next(p)
			return
		}
		line(p)
	}
}

// draw returns the function that says how long a packet is delayed.
func (d Delay) draw(r Stream) func(*Packet) time.Duration {
	if d.Jitter <= 0 {
		base := max(0, d.Base)
		return func(*Packet) time.Duration { return base }
	}
	draw := correlated(r, d.Correlation)
	return func(p *Packet) time.Duration {
		return max(0, d.Base+sample(d.Distribution, d.Table, draw(p), d.Jitter))
	}
}
