package netem

import (
	"math/bits"
	"time"
)

// Spells loses packets in spells of time: the two-state model of Gilbert and Elliott with a clock in place of Burst's packets. Good
// and bad spells follow each other, each as long as an exponentially distributed draw with its mean says; a packet that enters in a
// bad spell is lost with probability Bad, in a good one with Good.
//
// The spells are counted and each has dice of its own (Env.Weather), so they begin and end at the same instants whatever travels, and
// both directions of a path have the same ones where their means are the same: bad weather is the link's. The k-th packet of a class has
// its own draw within the spell, the same whenever it comes.
//
// In the long run it is bad for MeanBad/(MeanGood+MeanBad) of the time, which is also the probability that it is bad at 0, or
// at any other instant. The loss seen at instants that do not depend on the weather is
// (Bad·MeanBad + Good·MeanGood) / (MeanGood+MeanBad), and what two instants d apart have in common fades with
// exp(-d/τ), τ = MeanGood·MeanBad / (MeanGood+MeanBad). A sender that waits for better weather, as TCP does, sees less of it.
type Spells struct {
	MeanGood, MeanBad time.Duration
	Bad, Good         Probability
	ECN               bool // mark instead, where the sender takes marks
}

// Attach implements Stage.
func (s Spells) Attach(env Env, next Port) Port {
	weather := newWeather(env.Weather, s.MeanGood, s.MeanBad)
	lose := env.loser(s.ECN, CauseBurst, next)
	return func(p *Packet) {
		loss := s.Good
		if weather.bad(env.Clock.Now()) {
			loss = s.Bad
		}
		if loss.Hit(env.Rand.Draw(p, 0)) {
			lose(p)
			return
		}
		next(p)
	}
}

// A weather is good and bad spells in turn, with exponentially distributed lengths.
type weather struct {
	r     Stream
	mean  [2]time.Duration // of good spells, of bad ones
	n     uint64           // the spell,
	state int              // which is 0 for a good one and 1 for a bad one,
	until time.Duration    // and when it ends
}

// The draws of a spell; the first spell's also says what it is.
const (
	spellLength = iota
	spellFirst
)

// newWeather begins at 0 with the odds of any other instant. Without a mean there are no such spells, and without both it is good.
func newWeather(r Stream, good, bad time.Duration) *weather {
	w := &weather{r: r, mean: [2]time.Duration{max(0, good), max(0, bad)}}
	all := uint64(w.mean[0]) + uint64(w.mean[1])
	if Below(r.At(0, spellFirst), all) < uint64(w.mean[1]) {
		w.state = 1
	}
	if w.mean[0] == 0 || w.mean[1] == 0 {
		w.until = forever
	} else {
		w.until = w.length()
	}
	return w
}

// length is the present spell's.
func (w *weather) length() time.Duration {
	return max(1, exponential(w.r.At(w.n, spellLength), w.mean[w.state]))
}

// bad tells of an instant, which is not before that of the last call.
func (w *weather) bad(now time.Duration) bool {
	for w.until <= now {
		w.n++
		w.state = 1 - w.state
		w.until += w.length()
	}
	return w.state == 1
}

// ln2 is the natural logarithm of 2, times 2^64.
const ln2 = 0xb17217f7d1cf79ab

// exponential maps a draw to an exponentially distributed duration with that mean, -mean·ln(U) with U = (draw+1)/2^64, exact
// to 2^-40 of the mean (the longest is 44.4 means). It uses integers alone: math.Log may differ in its last bit from machine to machine.
func exponential(draw uint64, mean time.Duration) time.Duration {
	if draw++; draw == 0 {
		return 0 // U is 1
	}
	shift := bits.LeadingZeros64(draw)
	log := uint64(shift+1) << 40 // -log2(U), times 2^40, less that of m below
	m := draw << shift           // from 1 to 2, times 2^63
	for bit := uint64(1) << 39; bit > 0; bit >>= 1 {
		hi, lo := bits.Mul64(m, m) // its square: from 1 to 4, times 2^126
		if hi>>63 == 1 {
			log -= bit
			m = hi
		} else {
			m = hi<<1 | lo>>63
		}
	}
	nats, _ := bits.Mul64(log<<17, ln2) // times 2^57
	hi, lo := bits.Mul64(nats, uint64(mean))
	return time.Duration(hi<<7 | lo>>57)
}
