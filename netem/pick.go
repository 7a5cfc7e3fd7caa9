package netem

// A Pick chooses packets: each with Probability, and Correlation as correlation.go has it. With a Gap of 2 or more at least
// Gap-1 packets of the class stand between two chosen ones, and before the first, as with netem's `gap`: behind them each
// packet is a candidate until one is chosen, so that with a Probability of 1 it is every Gap-th, and without correlation one of
// Gap - 1 + 1/Probability on average. Copies are then neither counted nor chosen.
type Pick struct {
	Probability, Correlation Probability
	Gap                      int
}

// attach returns the function that says which packets are chosen.
func (k Pick) attach(r Stream) func(*Packet) bool {
	if k.Gap <= 1 {
		return chosen(r, k.Probability, k.Correlation)
	}
	m := newMemory(r, k.Correlation)
	var counts [Classes]gapCount
	return func(p *Packet) bool {
		if p.Of != 0 {
			return false
		}
		c := p.Header.Class()
		count := &counts[c]
		if p.Number <= count.n { // it comes late, which is rare: count again up to it
			count = new(gapCount)
		}
		for count.n < p.Number {
			count.n++
			count.step(uint64(k.Gap), k.Probability.Hit(r.At(m.at(c, count.n), 0)))
		}
		return count.chosen
	}
}

// A gapCount has counted the packets of a class up to number n, those that never came too.
type gapCount struct {
	n      uint64
	since  uint64 // packets since the last chosen one, or the beginning
	chosen bool   // packet n is
}

// step counts a packet that is chosen if it is a candidate and hit.
func (g *gapCount) step(gap uint64, hit bool) {
	g.chosen = hit && g.since >= gap-1
	if g.chosen {
		g.since = 0
	} else {
		g.since++
	}
}
