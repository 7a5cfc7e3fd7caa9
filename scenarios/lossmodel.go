package scenarios

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"reliabilitylab/netem"
)

// What the loss models come to in the long run, in words and numbers.

func (l Loss) words() string {
	w := l.model()
	if w != "" && l.ECN {
		w += ", or marks them CE where their senders take marks"
	}
	return w
}

func (l Loss) model() string {
	switch {
	case l.Random == 1:
		return "loses everything"
	case l.Random > 0 && l.Correlation > 0:
		return fmt.Sprintf("loses %s, in runs of %s packets on average", FormatProbability(l.Random), number3(l.MeanBurst()))
	case l.Random > 0:
		return "loses " + FormatProbability(l.Random) + " at random"
	case l.Burst != nil && l.Burst.P+l.Burst.R > 0:
		return fmt.Sprintf("loses %s %% on average, in bad spells of %s packets on average",
			number3(100*l.Mean()), number3(1/float64(l.Burst.R)))
	case l.Spells != nil:
		return l.Spells.words()
	case l.Markov != nil:
		return fmt.Sprintf("loses %s %% on average by four states, in runs of %s packets on average", number3(100*l.Mean()), number3(l.MeanBurst()))
	case l.Every > 0:
		return fmt.Sprintf("loses every packet of new data whose number is a multiple of %d", l.Every)
	case len(l.Packets) > 0:
		return "loses the data packets " + rangeList(l.Packets)
	}
	return ""
}

// Mean returns the share of packets that the model loses in the long run. Of listed packets it is 0: they are few.
func (l Loss) Mean() float64 {
	switch {
	case l.Burst != nil:
		g := l.Burst
		p, r := float64(g.P), float64(g.R)
		if p == 0 {
			return float64(g.Good) // the good state is where it begins, and it never ends
		}
		return (float64(float64(g.Bad)*p) + float64(float64(g.Good)*r)) / (p + r)
	case l.Spells != nil:
		g, bad := l.Spells, l.Spells.badTime()
		return float64(float64(g.Bad)*bad) + float64(float64(g.Good)*(1-bad))
	case l.Markov != nil:
		pi := l.Markov.stationary()
		return pi[2] + pi[3]
	case l.Every > 0:
		return 1 / float64(l.Every)
	}
	return float64(l.Random)
}

// MeanBurst returns how many packets are lost in a row on average, where any are: NaN where none are, or only listed ones, or where the
// model counts time and not packets.
func (l Loss) MeanBurst() float64 {
	switch mean := l.Mean(); {
	case mean == 0, l.Spells != nil:
		return math.NaN()
	case mean == 1:
		return math.Inf(1)
	case l.Burst != nil:
		return mean / l.Burst.starts(mean)
	case l.Markov != nil:
		pi, m := l.Markov.stationary(), l.Markov
		return mean / (pi[3] + float64(pi[2]*float64(m.P31+m.P32))) // as many runs begin as end: those of state 4 at once
	case l.Every > 0:
		return 1
	}
	return 1 / (float64(1-l.Random) * float64(1-l.Correlation)) // netem's correlation.go
}

// starts returns the share of packets that are lost behind one that passed: the loss less the share of those lost behind a
// lost one. With pi the share of packets that meet the bad state and b, g the losses of the states, two packets in a row are
// lost with probability pi b (r g + (1-r) b) + (1-pi) g (p b + (1-p) g).
func (m *GilbertElliott) starts(mean float64) float64 {
	p, r, b, g := float64(m.P), float64(m.R), float64(m.Bad), float64(m.Good)
	if p == 0 {
		return float64(mean * (1 - mean))
	}
	pi := p / (p + r)
	bad := float64(float64(pi*b) * (float64(r*g) + float64((1-r)*b)))
	good := float64(float64((1-pi)*g) * (float64(p*b) + float64((1-p)*g)))
	return mean - bad - good
}

// stationary returns how often packets leave each state behind them, in the long run: the flow between {1, 4} and {2, 3} is the
// same both ways, and so is that between 2 and 3.
func (m *Markov) stationary() (pi [4]float64) {
	pi[0], pi[3] = 1, float64(m.P14)
	if m.P13 > 0 {
		pi[2] = float64(m.P13) / float64(m.P31)
	}
	if m.P32 > 0 {
		pi[1] = float64(pi[2]*float64(m.P32)) / float64(m.P23)
	}
	sum := pi[0] + pi[1] + pi[2] + pi[3]
	for i := range pi {
		pi[i] /= sum
	}
	return pi
}

// Gilbert returns the parameters of the two-state model that loses as many packets as a random loss with a correlation, in runs
// as long: lost behind a lost one with probability random + correlation (1 - random).
func (l Loss) Gilbert() GilbertElliott {
	free := 1 - l.Correlation
	return GilbertElliott{P: l.Random * free, R: (1 - l.Random) * free, Bad: 1}
}

// number3 writes a number with three significant digits.
func number3(v float64) string {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return "endless"
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// badTime is the share of time that is bad.
func (m *Spells) badTime() float64 {
	return float64(m.MeanBad) / (float64(m.MeanGood) + float64(m.MeanBad))
}

// memory is the time in which what two instants have in common fades to 1/e (netem.Spells).
func (m *Spells) memory() time.Duration {
	return time.Duration(float64(m.MeanGood) * m.badTime())
}

func (m *Spells) words() string {
	loses := func(p netem.Probability) string {
		if p == 1 {
			return "all"
		}
		return FormatProbability(p)
	}
	out := fmt.Sprintf("loses %s in bad spells of %v on average, which are %s of the time and %v apart on average", loses(m.Bad), m.MeanBad,
		percent(m.badTime()), m.MeanGood)
	if m.Good > 0 {
		out += ", and " + loses(m.Good) + " between them"
	}
	return out
}
