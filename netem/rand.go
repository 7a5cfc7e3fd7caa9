package netem

import "math/bits"

// A Stream is a source of random numbers without hidden state: the n-th draw for a packet is a hash of the stream's key,
// the packet's dice and n. Whoever draws, in whatever order and however often, gets the same numbers; so two trials with
// the same seed meet the same dice, whichever protocol each of them runs, and one stage's draws never shift
// another's.
type Stream struct{ key uint64 }

// NewStream returns the root stream of a seed.
func NewStream(seed uint64) Stream { return Stream{mix(seed + golden)} }

// Sub returns the stream of a part with that name.
func (s Stream) Sub(name string) Stream {
	h := s.key
	for i := 0; i < len(name); i++ {
		h = mix(h ^ uint64(name[i]))
	}
	return Stream{mix(h + golden)}
}

// Draw returns the n-th number for packet p, uniform over all 64-bit values.
func (s Stream) Draw(p *Packet, n uint64) uint64 { return s.At(p.Dice, n) }

// At returns the n-th number for an ordinal that is not a packet's.
func (s Stream) At(ordinal, n uint64) uint64 {
	return mix(mix(s.key^ordinal) + n*golden)
}

// Below maps a draw to [0, n) without bias worth naming (Lemire's multiply-high; the bias is below n/2^64).
func Below(draw, n uint64) uint64 {
	hi, _ := bits.Mul64(draw, n)
	return hi
}

// dice returns the Dice of the n-th packet of a class, n from 1. Entry gives them out; Burst asks for those of packets
// that it has not seen.
func dice(c Class, n uint64) uint64 { return mix(uint64(c)<<56 | n) }

const golden = 0x9e3779b97f4a7c15 // 2^64 / golden ratio, odd

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood 2014, variant 13 of Stafford): a bijection on 64 bits in which
// every input bit changes each output bit with probability close to one half.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	x ^= x >> 31
	return x
}

// A Probability is from 0 to 1.
type Probability float64

// Hit tells whether an event of probability p happens at this draw. It is exact at 0 and 1; what lies outside counts as
// the nearer end, and NaN as 0.
func (p Probability) Hit(draw uint64) bool {
	if p >= 1 {
		return true
	}
	// 2^53 steps; the product is a power-of-two scaling and so the same on every machine.
	return p > 0 && draw>>11 < uint64(float64(p)*(1<<53))
}
