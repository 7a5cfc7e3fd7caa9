package experiment

import (
	"time"

	"reliabilitylab/lab/tcp"
	"reliabilitylab/netem"
	"reliabilitylab/scenarios"
)

// A draw makes a random scenario. Each of its numbers is the next of one stream, so a scenario depends on its seed alone.
type draw struct {
	dice netem.Stream
	n    uint64
}

func (d *draw) below(n int) int {
	d.n++
	return int(netem.Below(d.dice.At(d.n, 0), uint64(n)))
}

func (d *draw) hit(p netem.Probability) bool {
	d.n++
	return p.Hit(d.dice.At(d.n, 0))
}

// of returns one of some values.
func of[T any](d *draw, some ...T) T { return some[d.below(len(some))] }

// upTo returns a duration of 0 to most, in whole microseconds; small ones are as likely as large ones.
func (d *draw) upTo(most time.Duration) time.Duration {
	scale := of(d, most, most/10, most/100, 0)
	return time.Duration(d.below(int(scale/time.Microsecond)+1)) * time.Microsecond
}

// scenario makes a scenario in which anything may be wrong with the path, and the settings of TCP are any.
func (d *draw) scenario() *scenarios.Scenario {
	s := &scenarios.Scenario{Family: of(d, 4, 6), Duration: 48 * time.Hour, Stack: scenarios.Stack{Client: "lab", Server: "lab"}}
	s.Path.MTU = of(d, 1500, 1500, 1280, 9000, 68, 100+d.below(1400), 65535)
	if s.Family == 6 {
		s.Path.MTU = max(s.Path.MTU, 1280)
	}
	s.Path.Forward, s.Path.Reverse = d.way(s.Path.MTU), d.way(s.Path.MTU)
	if d.hit(0.3) {
		for range 1 + d.below(3) {
			r := d.rule()
			if r.Do.Corrupt && s.Path.Forward.Corrupt.Probability+s.Path.Reverse.Corrupt.Probability > 0 {
				r.Do = scenarios.Do{Drop: true} // two bits flipped in one packet may escape the Internet checksum
			}
			s.Script = append(s.Script, r)
		}
	}
	if d.hit(0.2) {
		s.Timeline = d.timeline(s)
	}
	flows := 1
	if d.hit(0.15) {
		s.Together, flows = true, 2+d.below(2)
	}
	for i := range flows {
		protocol := "tcp"
		if d.hit(0.15) {
			protocol = "udp"
		}
		f := d.flow(s.Path.MTU, s.Family)
		f.Name, f.Protocols = of(d, "a", "b", "c")+string(rune('0'+i)), []string{protocol}
		s.Flows = append(s.Flows, f)
	}
	for _, w := range []*scenarios.Way{&s.Path.Forward, &s.Path.Reverse} {
		if d.hit(0.2) { // not in the phases of a timeline: there the path is wide
			w.Hop.MTU = of(d, 576, 580, 576+d.below(1000))
			if s.Family == 6 {
				w.Hop.MTU = max(w.Hop.MTU, 1280)
			}
		}
	}
	return s
}

// way makes one direction of a path. At its worst nine of ten packets still arrive in the long run: a connection gives up only
// after sixteen losses in a row.
func (d *draw) way(mtu int) scenarios.Way {
	w := scenarios.Way{Delay: scenarios.Delay{Base: d.upTo(300 * time.Millisecond), Distribution: "uniform", KeepOrder: d.hit(0.5)}}
	if d.hit(0.4) {
		w.Delay.Jitter = d.upTo(100 * time.Millisecond)
		w.Delay.Distribution = of(d, "uniform", "normal", "pareto", "paretonormal")
	}
	if d.hit(0.5) {
		w.Rate = of[netem.Rate](d, 100_000, 1_000_000, 10_000_000, 1_000_000_000)
		if d.hit(0.5) {
			w.Queue.Packets = 1 + d.below(of(d, 3, 30, 300))
		} else {
			w.Queue.Bytes = netem.Size(2*mtu + d.below(of(d, 1, 1<<14, 1<<18)))
		}
	}
	some := func() netem.Probability { return of[netem.Probability](d, 0, 0, 0.001, 0.01, 0.05, 0.2) }
	switch d.below(6) {
	case 0, 1:
		w.Loss.Random = some()
	case 2:
		w.Loss.Burst = &scenarios.GilbertElliott{P: some() / 4, R: of[netem.Probability](d, 0.2, 0.5, 1), Bad: of[netem.Probability](d, 1, 0.5), Good: some() / 10}
	case 3:
		w.Loss.Every = 2 + d.below(100)
	case 4:
		from := 1 + d.below(50)
		w.Loss.Packets = []scenarios.Range{{From: from, To: from + d.below(5)}}
	}
	w.Corrupt.Probability = some() / 2
	w.Duplicate = scenarios.Duplicate{Probability: some(), Correlation: of[netem.Probability](d, 0, 0, 0.3)}
	if w.Reorder.Probability = some(); w.Reorder.Probability > 0 {
		w.Reorder.Delay = time.Microsecond + d.upTo(500*time.Millisecond)
	}
	return w
}

// vocabulary adds to a drawn path the impairments that way does not draw.
func (d *draw) vocabulary(w *scenarios.Way) {
	correlation := func() netem.Probability { return of[netem.Probability](d, 0, 0.1, 0.5) }
	few := func() netem.Probability { return of[netem.Probability](d, 0, 0.001, 0.01) }
	w.Loss.ECN = d.hit(0.3)
	if w.Loss.Random > 0 {
		w.Loss.Correlation = correlation()
	} else if w.Loss.Mean() == 0 && d.hit(0.5) {
		w.Loss = scenarios.Loss{Markov: &scenarios.Markov{P13: few(), P31: of[netem.Probability](d, 0.3, 0.5, 0.9), P32: of[netem.Probability](d, 0, 0.1), P23: 0.5, P14: few()}}
	}
	w.Corrupt.Correlation, w.Duplicate.Correlation = correlation(), correlation()
	w.Reorder.Correlation, w.Reorder.Gap, w.Reorder.Ahead = correlation(), d.below(6), d.hit(0.3)
	w.Delay.Correlation = correlation()
	if d.hit(0.5) {
		w.Overhead = netem.Overhead{Packet: d.below(50), Cell: d.below(2) * 48, CellOverhead: d.below(6)}
	}
	if d.hit(0.3) {
		w.Slot.Base = 100*time.Microsecond + d.upTo(20*time.Millisecond)
		w.Slot.Jitter, w.Slot.Distribution = d.upTo(w.Slot.Base), of(d, "uniform", "normal", "pareto", "paretonormal")
		w.Slot.Packets = d.below(of(d, 1, 30))
	}
}

// access gives some flows a link of their own. It loses little: the path loses enough.
func (d *draw) access(s *scenarios.Scenario) {
	for i := range s.Flows {
		if !d.hit(0.4) {
			continue
		}
		a := &scenarios.Access{Forward: d.way(s.Path.MTU), Reverse: d.way(s.Path.MTU)}
		for _, w := range []*scenarios.Way{&a.Forward, &a.Reverse} {
			w.Loss = scenarios.Loss{Random: of[netem.Probability](d, 0, 0, 0.001, 0.01)}
			w.Corrupt.Probability = 0 // two bits flipped in one packet may escape the Internet checksum
			w.Reorder.Probability /= 4
		}
		s.Flows[i].Access = a
	}
}

// rule makes a line of a script. It never takes all packets of a kind.
func (d *draw) rule() scenarios.Rule {
	r := scenarios.Rule{Match: scenarios.Match{Kind: of(d, "syn", "syn-ack", "ack", "data", "fin", "rst", "retransmission", "any")}}
	if d.hit(0.5) {
		way := of(d, netem.Forward, netem.Reverse)
		r.Match.Direction = &way
	}
	from := 1 + d.below(of(d, 2, 20))
	r.Match.Nth = []scenarios.Range{{From: from, To: from + d.below(4)}}
	switch d.below(6) {
	case 0, 1:
		r.Do.Drop = true
	case 2:
		r.Do.Delay = time.Microsecond + d.upTo(3*time.Second)
	case 3:
		r.Do.Duplicate = true
	case 4:
		r.Do.Corrupt = true
	case 5:
		r.Do.Hold = 1 + d.below(10)
	}
	return r
}

// timeline makes times in which nothing comes through, or the path is another; one after the other.
func (d *draw) timeline(s *scenarios.Scenario) []scenarios.Phase {
	var all []scenarios.Phase
	at := time.Duration(0)
	for range 1 + d.below(3) {
		p := scenarios.Phase{From: at + d.upTo(5*time.Second)}
		p.To = p.From + time.Microsecond + d.upTo(of(d, 3*time.Second, 60*time.Second, 20*time.Minute))
		at = p.To
		outage := d.hit(0.6)
		change := func(base scenarios.Way) *scenarios.Way {
			if outage {
				base.Loss = scenarios.Loss{Random: 1}
			} else {
				base = d.way(s.Path.MTU)
				base.Corrupt = scenarios.Corrupt{}
			}
			return &base
		}
		if d.hit(0.7) {
			p.Forward = change(s.Path.Forward)
		}
		if p.Forward == nil || d.hit(0.7) {
			p.Reverse = change(s.Path.Reverse)
		}
		all = append(all, p)
	}
	return all
}

// flow makes a conversation of a byte to some hundred kilobytes; small packets and windows get less to do.
func (d *draw) flow(mtu, family int) scenarios.Flow {
	f := scenarios.Flow{App: "transfer", From: of(d, "client", "server"), Start: d.upTo(time.Second)}
	c := &f.TCP
	normal := tcp.Defaults(0)
	c.MaxRTO, c.SYNRetries, c.SYNLinear, c.Retries = normal.MaxRTO, normal.SYNRetries, normal.SYNLinear, normal.Retries
	c.Congestion, c.Recovery = of(d, congestions...), of(d, recoveries...)
	c.SACK = c.Recovery != "newreno" || d.hit(0.5)
	c.Timestamps, c.WindowScaling, c.Nagle = d.hit(0.6), d.hit(0.7), d.hit(0.5)
	c.DelayedACK = of(d, 0, 40*time.Millisecond, d.upTo(500*time.Millisecond))
	c.InitialWindow = 1 + d.below(20)
	c.MinRTO = of(d, 200*time.Millisecond, 200*time.Millisecond, 10*time.Millisecond+d.upTo(time.Second))
	c.InitialRTO = of(d, time.Second, time.Second, 200*time.Millisecond+d.upTo(3*time.Second))
	c.SendBuffer = netem.Size(of(d, 4<<20, 4<<20, 65536, 1+d.below(20000)))
	c.ReceiveBuffer.Most = netem.Size(of(d, 6<<20, 6<<20, 65536, 20000, 100+d.below(5000)))

	payload := max(1, mtu-20*(family-2)/2-32)
	f.UDP.Payload = 16 + d.below(of(d, payload, payload, 5000))
	f.UDP.Rate = of[netem.Rate](d, 100_000, 1_000_000, 10_000_000)
	step := min(payload, int(c.ReceiveBuffer.Most), int(c.SendBuffer))
	f.Size = netem.Size(1 + d.below(of(d, 1, 1000, min(20_000, 400*step), min(300_000, 400*step))))
	if d.hit(0.2) {
		f.App = "stream"
		f.Rate, f.Message = of[netem.Rate](d, 20_000, 200_000, 2_000_000), 16+d.below(of(d, 200, 2000))
		f.For = time.Millisecond + d.upTo(min(2*time.Second, f.Rate.Time(1000*f.Message)))
	}
	return f
}

// What a flow's TCP may be.
var (
	congestions = []string{"reno"}
	recoveries  = []string{"newreno", "sack"}
)
