package netem

// Correlated draws: with probability rho a packet meets the draws of the packet before it in its class, else its own. So
// what is drawn keeps its distribution exactly, whatever rho is, and two packets k apart have the same draws with probability
// rho^k, which is also the correlation of whatever is made of them alone: delays, or being lost.
//
// For a loss of probability p this is netem's "Prob(n) = rho · Prob(n-1) + (1-rho) · Random" with the fate of the packet
// before in place of its probability: a packet is lost with probability p + rho (1-p) behind a lost one and p (1-rho) behind one
// that passed. That is the model of Gilbert with P = p (1-rho) and R = (1-p) (1-rho); runs of losses are 1/R packets long on
// average. netem itself averages the random numbers instead, which makes those near 0 rare: see LinuxRate.
//
// A packet that meets its own draws meets those that it would meet with rho 0, so raising rho only lengthens what is there.

// A memory knows whose draws packets meet.
type memory struct {
	rho  Probability
	own  Stream // says which packets have draws of their own
	last [Classes]source
}

// A source is a packet and the one whose draws it meets, by their numbers.
type source struct{ n, of uint64 }

func newMemory(r Stream, rho Probability) *memory {
	return &memory{rho: rho, own: r.Sub("correlation")}
}

// dice returns the dice of the packet whose draws p meets. The packet before a copy is its original.
func (m *memory) dice(p *Packet) uint64 {
	if p.Of != 0 && !m.rho.Hit(m.own.At(p.Dice, 0)) {
		return p.Dice
	}
	return m.at(p.Header.Class(), p.Number)
}

// at returns the dice of the packet whose draws packet n of the class meets. It looks back from n to a packet with draws of
// its own, or to the one remembered: packets may come in any order and some may never come, and the answer is the same.
func (m *memory) at(c Class, n uint64) uint64 {
	k := &m.last[c]
	of := n
	for of > 1 && m.rho.Hit(m.own.At(dice(c, of), 0)) {
		if of--; of == k.n {
			of = k.of
			break
		}
	}
	if n > k.n {
		*k = source{n, of}
	}
	return dice(c, of)
}

// correlated returns the first draw of the packet's stage, with a correlation.
func correlated(r Stream, rho Probability) func(*Packet) uint64 {
	if rho <= 0 {
		return func(p *Packet) uint64 { return r.Draw(p, 0) }
	}
	m := newMemory(r, rho)
	return func(p *Packet) uint64 { return r.At(m.dice(p), 0) }
}

// chosen tells of packets whether a stage hits them: with a probability, and a correlation from packet to packet.
func chosen(r Stream, p, rho Probability) func(*Packet) bool {
	draw := correlated(r, rho)
	return func(k *Packet) bool { return p.Hit(draw(k)) }
}
