package netem

// Burst loses packets in bursts: the two-state model of Gilbert and Elliott as netem's `loss gemodel P R Bad Good` has
// it (there the last two are called 1-h and 1-k).
//
// Before packet 1 the state is good. Each packet first draws the state behind it (good turns bad with P, bad turns good
// with R) and then its own fate, which is decided by the state it *met*: lost with Bad if that was bad, with Good if it
// was good. So the n-th packet's fate depends on the transitions at the packets before it, never on its own. In the long
// run P/(P+R) of the packets meet the bad state, in runs of 1/R packets on average, and the loss is
// Bad·P/(P+R) + Good·R/(P+R).
//
// Each Class has a chain of its own, clocked by Entry's numbers: the k-th packet of new data meets the same state in TCP
// and in UDP, however many ACKs and retransmissions there are and whatever became of packets on the way to this stage. One
// chain for all, clocked by new data alone, would do that too, and would kill TCP: a sender that waits for
// retransmissions to get through sends no new data, the chain would stand still in the bad state, and each retransmission
// would meet it again for ever. In a chain of their own the retransmissions end their bad state themselves.
//
// A copy meets the same state as its original, and has its own draw in it: copies travel close behind.
type Burst struct {
	P, R, Bad, Good Probability
	ECN             bool // mark instead, where the sender takes marks
}

// The draws of a packet: what the state becomes, and whether it is lost.
const (
	burstState = iota
	burstLoss
)

// Attach implements Stage.
func (b Burst) Attach(env Env, next Port) Port {
	var chains [Classes]chain
	lost := env.loser(b.ECN, CauseBurst, next)
	return func(p *Packet) {
		c := p.Header.Class()
		lose := b.Good
		if chains[c].meets(b, env.Rand, c, p.Number) {
			lose = b.Bad
		}
		if lose.Hit(env.Rand.Draw(p, burstLoss)) {
			lost(p)
			return
		}
		next(p)
	}
}

// after returns the state behind a packet that met the given one.
func (b Burst) after(bad bool, draw uint64) bool {
	if bad {
		return !b.R.Hit(^draw) // the other end of the draw, so that most draws leave both states where they were
	}
	return b.P.Hit(draw)
}

// A chain remembers one state, so that packets in their order cost one step each.
type chain struct {
	n   uint64 // the number of a packet,
	bad bool   // and the state it meets
}

// meets tells whether packet n of the class meets the bad state. It looks back from n until it comes to what is
// remembered, to the beginning, or to a draw that leads to the same state from both; on its way it keeps what a state
// before that becomes. So packets may come in any order and some may never come: the answer is the same.
func (k *chain) meets(b Burst, r Stream, c Class, n uint64) bool {
	flip := false
	for i := n; ; i-- {
		if i <= 1 {
			return k.remember(n, flip) // the first packet meets the good state
		}
		if i == k.n {
			return k.remember(n, k.bad != flip)
		}
		draw := r.At(dice(c, i-1), burstState)
		good, bad := b.after(false, draw), b.after(true, draw)
		if good == bad {
			return k.remember(n, good != flip)
		}
		flip = flip != good // good turns bad and bad good, or both stay
	}
}

func (k *chain) remember(n uint64, bad bool) bool {
	if n > k.n {
		k.n, k.bad = n, bad
	}
	return bad
}
