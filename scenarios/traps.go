package scenarios

import (
	"fmt"
	"math"
	"strings"
	"time"

	"reliabilitylab/netem"
)

// What surprises people about such a path: notes of lab check. Each trap looks at one direction.

// traps are the kinds of surprises, in the order in which they are told. Each returns a note, or "".
var traps = []func(*Scenario, *Way) string{
	correlatedLoss, correlatedRest, correlatedDelay, overtaking, heldTooShort, damageIsLoss, idleOverhead, marksOrLoss, targetTooSmall, blackHole, idleHop,
	replayedTwice,
}

// noteTraps adds the notes about the path, and about the flows that are too small to measure it.
func (s *Scenario) noteTraps(d *description) {
	for _, t := range traps {
		d.ways("note", &s.Path, func(w *Way) string { return t(s, w) })
	}
	for i := range s.Flows {
		if t := s.tooFew(&s.Flows[i]); t != "" {
			d.line("note", "%s", t)
		}
	}
}

// correlatedLoss tells what netem would have made of it, and what says the same without a correlation.
func correlatedLoss(_ *Scenario, w *Way) string {
	l := w.Loss
	if l.Random == 0 || l.Correlation == 0 {
		return ""
	}
	g := l.Gilbert()
	return fmt.Sprintf("tc's netem with loss %s %s would lose %s: it averages its random numbers, and small ones get rare; here it is %s in runs, "+
		"the same as gilbert_elliott: {p: %s, r: %s}", FormatProbability(l.Random), FormatProbability(l.Correlation),
		linuxRate(l.Random, l.Correlation), FormatProbability(l.Random), percent(float64(g.P)), percent(float64(g.R)))
}

func correlatedRest(_ *Scenario, w *Way) string {
	var out []string
	for _, c := range []struct {
		what   string
		p, rho netem.Probability
	}{
		{"duplicate", w.Duplicate.Probability, w.Duplicate.Correlation}, {"corrupt", w.Corrupt.Probability, w.Corrupt.Correlation},
		{"reorder", w.Reorder.Probability, w.Reorder.Correlation},
	} {
		if c.p > 0 && c.p < 1 && c.rho > 0 {
			out = append(out, fmt.Sprintf("tc's netem with %s %s %s would hit %s of the packets: its correlation makes small probabilities smaller; "+
				"here it is %s, in runs", c.what, FormatProbability(c.p), FormatProbability(c.rho), linuxRate(c.p, c.rho), FormatProbability(c.p)))
		}
	}
	return strings.Join(out, "; ")
}

// linuxRate writes how often netem would hit a packet.
func linuxRate(p, rho netem.Probability) string {
	if v := netem.LinuxRate(p, rho); v >= 1e-9 {
		digits := 1 - math.Floor(math.Log10(v)) // two significant ones
		scale := math.Pow(10, digits)
		return percent(math.Round(v*scale) / scale)
	}
	return "less than one in a billion"
}

// correlatedDelay: the numbers that netem averages have sqrt((1-rho)/(1+rho)) of the deviation.
func correlatedDelay(_ *Scenario, w *Way) string {
	rho := float64(w.Delay.Correlation)
	if rho == 0 || w.Delay.Jitter == 0 {
		return ""
	}
	return fmt.Sprintf("tc's netem with a delay correlation of %s would let the delay vary by about %s of what is written; here it varies by all of it, and "+
		"stays the same for %s packets on average",
		FormatProbability(w.Delay.Correlation), percent(math.Round(100*math.Sqrt((1-rho)/(1+rho)))/100), number3(1/(1-rho)))
}

// overtaking: a packet is overtaken where the delay varies by more than the distance to the next one.
func overtaking(s *Scenario, w *Way) string {
	if w.Delay.Jitter == 0 || w.Delay.KeepOrder {
		return ""
	}
	apart := w.packetTime(s.Path.MTU)
	if 2*w.Delay.Jitter <= apart {
		return ""
	}
	distance := fmt.Sprintf("full packets %v apart", apart)
	if apart == 0 {
		distance = "packets sent at once"
	}
	return fmt.Sprintf("with keep_order: false a jitter of %v reorders %s; TCP takes what three later packets overtake for lost, and slows down",
		w.Delay.Jitter, distance)
}

// heldTooShort: reordering that nothing overtakes.
func heldTooShort(s *Scenario, w *Way) string {
	r := w.Reorder
	switch apart := w.packetTime(s.Path.MTU); {
	case r.Probability == 0:
		return ""
	case r.Ahead && w.Delay.Base == 0:
		return "reorder with ahead has nothing to overtake: the path has no delay"
	case !r.Ahead && r.Delay < apart:
		return fmt.Sprintf("packets held back for %v are not overtaken by full packets, which are %v apart", r.Delay, apart)
	}
	return ""
}

func damageIsLoss(_ *Scenario, w *Way) string {
	if w.Corrupt.Probability == 0 || w.Corrupt.FixChecksum {
		return ""
	}
	return fmt.Sprintf("a flipped bit is caught by a checksum and becomes a loss, so expect %s more of them; fix_checksum: true shows damage that nobody catches",
		FormatProbability(w.Corrupt.Probability))
}

func idleOverhead(_ *Scenario, w *Way) string {
	if w.Overhead == (netem.Overhead{}) || w.Rate > 0 {
		return ""
	}
	return "overhead without rate costs nothing"
}

func marksOrLoss(s *Scenario, w *Way) string {
	if !w.Loss.ECN {
		return ""
	}
	for i := range s.Flows {
		if f := &s.Flows[i]; contains(f.Protocols, "tcp") && (f.TCP.ECN || f.TCP.Congestion == "dctcp") {
			return "ecn marks only new data of a TCP with ECN; retransmissions, ACKs and UDP's datagrams are lost as without it"
		}
	}
	return "ecn marks only packets whose sender takes marks, and no flow here does, so they are lost; give its tcp ecn: true"
}

// targetTooSmall tells of a link on which one packet takes longer than its queue should delay any.
func targetTooSmall(s *Scenario, w *Way) string {
	one := w.Rate.Time(w.Overhead.Wire(s.Path.MTU))
	if w.Queue.Target == 0 || one <= w.Queue.Target {
		return ""
	}
	return fmt.Sprintf("a full packet takes %v on the wire, longer than the queue's target of %v: no packet can wait less behind it; "+
		"RFC 8290 section 5.2.2 wants a target of at least that", one.Round(time.Microsecond), w.Queue.Target)
}

// blackHole tells of packets that die for ever.
func blackHole(s *Scenario, w *Way) string {
	if !s.narrow(w) || !w.Hop.Silent {
		return ""
	}
	return fmt.Sprintf("a black hole: handshakes, ACKs and all of at most %d bytes pass, full packets never do, however often they are sent; "+
		"nobody probes for a smaller MTU (RFC 4821, RFC 8899), so TCP stalls until it gives up or the trial ends", w.Hop.MTU)
}

// idleHop tells of a hop that stops nothing.
func idleHop(s *Scenario, w *Way) string {
	if w.Hop.MTU == 0 || s.narrow(w) {
		return ""
	}
	return fmt.Sprintf("hop_mtu: %d changes nothing, for the hosts' own links take no packet of more than %d bytes (mtu)", w.Hop.MTU, s.Path.MTU)
}

// replayedTwice: a recording holds all that its path did, delays too.
func replayedTwice(_ *Scenario, w *Way) string {
	if w.Replay.File == "" || w.Delay.Base == 0 && w.Rate == 0 && w.Loss.Mean() == 0 {
		return ""
	}
	return "the replayed fates hold the delays and losses of their own path; this path's delay, rate and loss come on top"
}

// tooFew tells how far apart runs of a flow will measure the loss, if that is more than half of it. Losses in a row tell no more
// than one: with runs of b and a loss of l the fates of neighbours correlate by c = 1 - 1/(b (1-l)), as in the two-state model,
// and n packets are worth n (1-c)/(1+c). Spells of time are worth as many as twice their memory fits into the flow's.
func (s *Scenario) tooFew(f *Flow) string {
	w := &s.Path.Forward
	if f.From == "server" {
		w = &s.Path.Reverse
	}
	l := w.Loss.Mean()
	if l <= 0 || l >= 1 || w.Loss.Every > 0 {
		return ""
	}
	n := float64(f.packets()) * float64(s.Sweep.Repeat)
	if m := w.Loss.Spells; m != nil {
		n = math.Min(n, float64(f.udpTime())*float64(s.Sweep.Repeat)/(2*float64(m.memory())))
	} else {
		c := max(0, 1-1/(w.Loss.MeanBurst()*(1-l)))
		n *= (1 - c) / (1 + c)
	}
	n = max(1, n)
	half := 1.96 * math.Sqrt(l*(1-l)/n) // 95 % of a normal distribution
	if half < l/2 {
		return ""
	}
	return fmt.Sprintf("flow %s: with %d packets, 95 of 100 seeds will measure a loss from %s to %s; for more certainty send more, or repeat",
		f.Name, f.packets()*int64(s.Sweep.Repeat), percent(max(0, roundTo(l-half, l))), percent(min(1, roundTo(l+half, l))))
}

// roundTo rounds v to a twentieth of the decimal power below scale.
func roundTo(v, scale float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(scale))) / 20
	return math.Round(v/unit) * unit
}
