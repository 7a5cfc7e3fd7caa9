package metrics

import "math"

// loss sets the metrics of loss and damage. A packet counts once, with all copies the path made of it:
//
//	packets_sent      packets with payload that the sender put on the path; copies that the path made are not among them
//	packets_arrived   those of which at least one copy came out of the path unharmed, whatever the host did with it then: a
//	                  datagram that finds the socket's buffer full has arrived
//	packets_lost      those of which none did and none will; what was still on its way when the trial ended is neither, so
//	                  that packets_sent = packets_arrived + packets_lost + in flight
//	loss_ratio        RFC 7680 section 4.1, Type-P-One-way-Packet-Loss-Ratio: lost / (arrived + lost). A packet that arrives
//	                  damaged is lost (section 2.5), seen or unseen by its checksum; one that arrives twice has arrived. The
//	                  RFC's Tmax is the rest of the trial
//	loss_burst_mean   RFC 3357 section 5.4.2: lost packets / loss periods, packets; the mean number lost in a row, in the order
//	                  of sending
//	corrupt_ratio     of all packets that came out of the path, copies included, the share that was damaged
//
// On TCP's retransmissions: they are packets like others here, each with a fate of its own.
func (m values) loss(w *wire) {
	var sent, arrived int64
	lost := make([]bool, 0, len(w.all)) // of each packet whose fate is known
	for s := range w.data() {
		sent++
		if s.intact > 0 {
			arrived++
		}
		if s.intact > 0 || !s.open {
			lost = append(lost, s.lost())
		}
	}
	pattern := Losses(lost)
	losses := int64(len(pattern.Distance))
	m["packets_sent"] = float64(sent)
	m["packets_arrived"] = float64(arrived)
	m["packets_lost"] = float64(losses)
	m.ratio("loss_ratio", losses, int64(len(lost)))
	m.ratio("loss_burst_mean", losses, int64(len(pattern.Length)))
	m.ratio("corrupt_ratio", w.harmed, w.out)
}

// A LossPattern is what RFC 3357 derives from a stream of packets of which some were lost.
type LossPattern struct {
	Distance []int // of each lost packet: how many packets after the lost one before it, 0 for the first (section 5.4.1)
	Period   []int // of each lost packet: its loss period, from 1 (section 5.4.2)
	Length   []int // of each loss period: how many packets were lost (section 6.3)
	Between  []int // of each loss period: its first packet's distance from the last lost before it, 0 for the first (section 6.4)
}

// Losses returns the loss pattern of a stream; lost tells of each packet, in the order of sending, whether it was lost.
func Losses(lost []bool) LossPattern {
	var p LossPattern
	last := -1
	for i, l := range lost {
		if !l {
			continue
		}
		distance := 0
		if last >= 0 {
			distance = i - last
		}
		if distance != 1 {
			p.Length = append(p.Length, 0)
			p.Between = append(p.Between, distance)
		}
		p.Length[len(p.Length)-1]++
		p.Distance = append(p.Distance, distance)
		p.Period = append(p.Period, len(p.Length))
		last = i
	}
	return p
}

// Noticeable returns the noticeable loss rate (RFC 3357 section 6.1): the share of losses, the first aside in the count but
// not in the total, that came at most delta packets after the one before. ok is false where nothing was lost.
func (p LossPattern) Noticeable(delta int) (rate float64, ok bool) {
	if len(p.Distance) == 0 {
		return 0, false
	}
	near := 0
	for _, d := range p.Distance[1:] {
		if d <= delta {
			near++
		}
	}
	return float64(near) / float64(len(p.Distance)), true
}

// Wilson returns the bounds of the 95 % confidence interval for a ratio of which k in n were seen, by Wilson's score
// (1927): n > 0. It holds for independent trials; under bursty loss the true interval is wider, and repeated trials are
// the way to it.
func Wilson(k, n int64) (low, high float64) {
	const z = 1.96
	count := float64(n)
	p := float64(k) / count
	scale := 1 + z*z/count
	centre := (p + z*z/(2*count)) / scale
	half := z * math.Sqrt(float64(p*(1-p)/count)+float64(z*z/(4*count*count))) / scale
	return max(0, centre-half), min(1, centre+half)
}
