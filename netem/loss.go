package netem

// Loss loses each packet with the same probability: netem's `loss random`. Without Correlation it does so whatever happened to
// the others; with it losses come in runs, and are still as many (see correlation.go; netem's own correlation loses next to
// nothing).
type Loss struct {
	Probability, Correlation Probability
	ECN                      bool // mark instead, where the sender takes marks
}

// Attach implements Stage.
func (l Loss) Attach(env Env, next Port) Port {
	hit := chosen(env.Rand, l.Probability, l.Correlation)
	lose := env.loser(l.ECN, CauseLoss, next)
	return func(p *Packet) {
		if hit(p) {
			lose(p)
			return
		}
		next(p)
	}
}

// LossEvery loses every N-th packet of new data: numbers N, 2N, 3N … as Entry counts them, so that TCP and UDP lose the
// same ones. Retransmissions, other packets and copies pass, and so does everything where N is below 1.
type LossEvery struct {
	N   int
	ECN bool // mark instead, where the sender takes marks
}

// Attach implements Stage.
func (l LossEvery) Attach(env Env, next Port) Port {
	if l.N < 1 {
		return next
	}
	n := uint64(l.N)
	lose := env.loser(l.ECN, CauseLoss, next)
	return func(p *Packet) {
		if p.original() && p.Number%n == 0 {
			lose(p)
			return
		}
		next(p)
	}
}

// LossAt loses the listed packets of new data, numbered from 1 as Entry counts them. Retransmissions, other packets and
// copies pass.
type LossAt struct {
	Ranges []Range
	ECN    bool // mark instead, where the sender takes marks
}

// Attach implements Stage.
func (l LossAt) Attach(env Env, next Port) Port {
	lost := sorted(l.Ranges)
	if len(lost) == 0 {
		return next
	}
	lose := env.loser(l.ECN, CauseLoss, next)
	return func(p *Packet) {
		if p.original() && holds(lost, p.Number) {
			lose(p)
			return
		}
		next(p)
	}
}

// original tells whether p is a numbered packet of new data, and not a copy.
func (p *Packet) original() bool {
	return p.Of == 0 && p.Number > 0 && p.Header.Class() == ClassData
}
