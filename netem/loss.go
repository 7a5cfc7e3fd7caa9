package netem

// Loss loses each packet with the same probability, whatever happened to the others: netem's `loss random` without its
// correlation, which loses next to nothing.
type Loss struct{ Probability Probability }

// Attach implements Stage.
func (l Loss) Attach(env Env, next Port) Port {
	return func(p *Packet) {
		if l.Probability.Hit(env.Rand.Draw(p, 0)) {
			env.Drop(p, CauseLoss)
			return
		}
		next(p)
	}
}

// LossEvery loses every N-th packet of new data: numbers N, 2N, 3N … as Entry counts them, so that TCP and UDP lose the
// same ones. Retransmissions, other packets and copies pass, and so does everything where N is below 1.
type LossEvery struct{ N int }

// Attach implements Stage.
func (l LossEvery) Attach(env Env, next Port) Port {
	if l.N < 1 {
		return next
	}
	n := uint64(l.N)
	return func(p *Packet) {
		if p.original() && p.Number%n == 0 {
			env.Drop(p, CauseLoss)
			return
		}
		next(p)
	}
}

// LossAt loses the listed packets of new data, numbered from 1 as Entry counts them. Retransmissions, other packets and
// copies pass.
type LossAt struct{ Ranges []Range }

// Attach implements Stage.
func (l LossAt) Attach(env Env, next Port) Port {
	lost := sorted(l.Ranges)
	if len(lost) == 0 {
		return next
	}
	return func(p *Packet) {
		if p.original() && holds(lost, p.Number) {
			env.Drop(p, CauseLoss)
			return
		}
		next(p)
	}
}

// original tells whether p is a numbered packet of new data, and not a copy.
func (p *Packet) original() bool {
	return p.Of == 0 && p.Number > 0 && p.Header.Class() == ClassData
}
