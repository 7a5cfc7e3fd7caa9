package netem

import "time"

// Reorder holds the packets that Pick chooses back by Delay, so that those behind overtake them. A chosen packet is overtaken
// only if another one follows within Delay; chosen packets keep their order among themselves.
//
// netem does the opposite: the chosen packet goes ahead without delay and overtakes all that is on its way (Delay.Ahead does
// that). By RFC 4737 a packet is reordered if one with a higher number came before it, so netem's one early packet makes every
// packet that it overtook a reordered one, as many as fit into the delay. Here the chosen packet itself is the reordered one,
// and the measured ratio is Probability.
type Reorder struct {
	Pick
	Delay time.Duration
}

// Attach implements Stage.
func (r Reorder) Attach(env Env, next Port) Port {
	if r.Delay <= 0 {
		return next
	}
	back := newDelayLine(env.Clock, next)
	hit := r.Pick.attach(env.Rand)
	return func(p *Packet) {
		if hit(p) {
			back.add(p, r.Delay)
			return
		}
		next(p)
	}
}
