package netem

// Markov loses packets by four states, as netem's `loss state P13 P31 P32 P23 P14` does (Salsano and others):
//
//	1  a packet passes in a gap between bursts      to 4 with P14, to 3 with P13
//	2  a packet passes within a burst               to 3 with P23
//	3  a packet is lost within a burst              to 2 with P32, to 1 with P31
//	4  a packet alone is lost                       to 1 always
//
// Before packet 1 the state is 1. Each packet first draws the state behind it, and is lost if that is 3 or 4 (so here, other
// than with Burst, a packet's fate depends on the transition at itself). In the long run the loss is
//
//	(P13 P23 + P14 P23 P31) / (P31 P23 + P13 P23 + P13 P32 + P14 P31 P23)
//
// Each Class has a chain of its own, clocked by Entry's numbers, for the reasons that Burst gives. A copy takes a step of its
// own from its original's state, which the chain does not know of.
type Markov struct {
	P13, P31, P32, P23, P14 Probability
	ECN                     bool // mark instead, where the sender takes marks
}

// Attach implements Stage.
func (m Markov) Attach(env Env, next Port) Port {
	var chains [Classes]markovChain
	lose := env.loser(m.ECN, CauseBurst, next)
	return func(p *Packet) {
		c := p.Header.Class()
		state := chains[c].behind(&m, env.Rand, c, p.Number)
		if p.Of != 0 {
			state = m.after(state, env.Rand.Draw(p, 0))
		}
		if state >= 3 {
			lose(p)
			return
		}
		next(p)
	}
}

// after returns the state that a draw makes of one.
func (m *Markov) after(state uint8, draw uint64) uint8 {
	switch state {
	case 1:
		switch {
		case m.P14.Hit(draw):
			return 4
		case (m.P14 + m.P13).Hit(draw):
			return 3
		}
		return 1
	case 2:
		if m.P23.Hit(draw) {
			return 3
		}
		return 2
	case 3: // by the other end of the draw, so that most draws bring states together
		switch {
		case m.P31.Hit(^draw):
			return 1
		case (m.P31 + m.P32).Hit(^draw):
			return 2
		}
		return 3
	}
	return 1
}

// A markovChain remembers one state, so that packets in their order cost one step each.
type markovChain struct {
	n     uint64 // the number of a packet,
	state uint8  // and the state behind it
}

// behind returns the state behind packet n of the class. It looks back from n until it comes to what is remembered, to the
// beginning, or to a draw that leads to the same state from all four; on its way it keeps what each state would become. So
// packets may come in any order and some may never come: the answer is the same.
func (k *markovChain) behind(m *Markov, r Stream, c Class, n uint64) uint8 {
	to := [4]uint8{1, 2, 3, 4} // what states 1 to 4 behind packet i become behind packet n
	for i := n; i > 0; i-- {
		if i == k.n {
			return k.remember(n, to[k.state-1])
		}
		draw := r.At(dice(c, i), 0)
		to = [4]uint8{to[m.after(1, draw)-1], to[m.after(2, draw)-1], to[m.after(3, draw)-1], to[0]}
		if to[0] == to[1] && to[0] == to[2] && to[0] == to[3] {
			break
		}
	}
	return k.remember(n, to[0])
}

func (k *markovChain) remember(n uint64, state uint8) uint8 {
	if n > k.n {
		k.n, k.state = n, state
	}
	return state
}
