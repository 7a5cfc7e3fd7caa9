package scenarios

import (
	"fmt"
	"math"
	"time"

	"reliabilitylab/netem"
)

// What a path comes to in numbers, before anything is sent: for reading, so floating point does.

// describeNumbers says how long the round trip is, how much fits into it, how long the queues are when they are full, and
// how much is lost.
func (s *Scenario) describeNumbers(d *description) {
	rtt := s.Path.Forward.Delay.Base + s.Path.Reverse.Delay.Base
	d.line("round trip", "%v without waiting in queues", rtt)
	d.ways("in flight", &s.Path, func(w *Way) string {
		if w.Rate == 0 || rtt == 0 {
			return ""
		}
		bdp := w.goodRate(s.Path.MTU) * rtt.Seconds() / 8
		return fmt.Sprintf("bandwidth-delay product %.0f bytes, %s full packets", bdp, number3(bdp/float64(s.Path.MTU)))
	})
	d.ways("path MTU", &s.Path, func(w *Way) string {
		if !s.narrow(w) {
			return ""
		}
		return fmt.Sprintf("%d bytes, where the hosts' links take %d: %d bytes of text in a full TCP segment", w.Hop.MTU, s.Path.MTU, MSS(s.Family, w.Hop.MTU, true))
	})
	d.ways("queue", &s.Path, func(w *Way) string {
		full := w.fullQueue(s.Path.MTU)
		switch {
		case w.Rate == 0:
			return ""
		case full == 0:
			return "no limit, so it grows as long as more comes than leaves"
		}
		return fmt.Sprintf("a full one of %s delays by %v%s", w.Queue, full, roundTrips(full, rtt))
	})
	d.ways("loss", &s.Path, func(w *Way) string {
		m := w.Loss.Mean()
		if m <= 0 || m >= 1 {
			return ""
		}
		if w.Loss.Spells != nil {
			return fmt.Sprintf("%s on average, in spells and not in numbers of packets; a sender that waits meets less of it", percent(m))
		}
		return fmt.Sprintf("%s on average, %s in a row", percent(m), number3(w.Loss.MeanBurst()))
	})
}

// narrow tells whether a direction has a hop that takes less than the hosts' links.
func (s *Scenario) narrow(w *Way) bool { return w.Hop.MTU > 0 && w.Hop.MTU < s.Path.MTU }

// describeReplays says what of recordings there is to meet.
func (s *Scenario) describeReplays(d *description) {
	for way, w := range [2]*Way{&s.Path.Forward, &s.Path.Reverse} {
		if t := w.Replay.numbers(netem.Direction(way)); t != "" {
			d.line("replay", "%v: %s", netem.Direction(way), t)
		}
	}
}

// ways adds what there is to say of each direction, once where it is the same.
func (d *description) ways(word string, p *Path, say func(*Way) string) {
	f, r := say(&p.Forward), say(&p.Reverse)
	switch {
	case f == r && f != "":
		d.line(word, "each way: %s", f)
	default:
		if f != "" {
			d.line(word, "forward: %s", f)
		}
		if r != "" {
			d.line(word, "reverse: %s", r)
		}
	}
}

// goodRate is the rate in bits a second that full packets see: less than Rate where each has an overhead.
func (w *Way) goodRate(mtu int) float64 {
	return float64(w.Rate) * float64(mtu) / float64(w.Overhead.Wire(mtu))
}

// fullQueue is how long the last packet of a full queue waits until it is through, where all packets are full ones; 0 without
// limit.
func (w *Way) fullQueue(mtu int) time.Duration {
	packets := w.Queue.Packets
	if w.Queue.Bytes > 0 {
		packets = int(min(w.Queue.Bytes/netem.Size(mtu), 1<<40)) // whole ones only
	}
	if packets == 0 {
		return 0
	}
	full := float64(packets) * float64(w.packetTime(mtu))
	return time.Duration(min(full, 1<<60)).Round(10 * time.Microsecond)
}

// packetTime is how long a full packet takes on the wire; 0 without limit of rate.
func (w *Way) packetTime(mtu int) time.Duration { return w.Rate.Time(w.Overhead.Wire(mtu)) }

func roundTrips(d, rtt time.Duration) string {
	if rtt == 0 {
		return ""
	}
	return fmt.Sprintf(", %s round trips", number3(float64(d)/float64(rtt)))
}

// percent writes a share with four significant digits; ParseProbability reads it back.
func percent(v float64) string {
	if v <= 0 || math.IsNaN(v) {
		return "0%"
	}
	digits := 3 - int(math.Floor(math.Log10(v)))
	scale := math.Pow(10, float64(digits))
	if math.IsInf(scale, 0) {
		return "0%"
	}
	return FormatProbability(netem.Probability(math.Round(v*scale) / scale))
}
