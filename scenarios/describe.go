package scenarios

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"reliabilitylab/netem"
)

// A scenario in plain words, for "lab check": what the path is, what that means in numbers, what would run.

// Describe returns the description: a screen of lines, each with a word in front that says what it is about.
func (s *Scenario) Describe() string {
	d := &description{}
	d.line(s.Name, "%s", s.Title)
	d.line("path", "IPv%d, MTU %d; stack %s", s.Family, s.Path.MTU, s.Stack)
	d.line("forward", "%s", s.Path.Forward.words())
	d.line("reverse", "%s", s.Path.Reverse.words())
	d.line("round trip", "%s", s.roundTrip())
	for _, r := range s.Script {
		d.line("script", "%s", r.words())
	}
	for _, p := range s.Timeline {
		if p.Forward != nil {
			d.line("timeline", "%v to %v, forward: %s", p.From, p.To, p.Forward.changes(&s.Path.Forward))
		}
		if p.Reverse != nil {
			d.line("timeline", "%v to %v, reverse: %s", p.From, p.To, p.Reverse.changes(&s.Path.Reverse))
		}
	}
	for i := range s.Flows {
		s.describeFlow(d, &s.Flows[i])
	}
	for _, a := range s.Sweep.Vary {
		d.line("sweep", "%s: %s", a.Key, strings.Join(a.Values, ", "))
	}
	d.line("trials", "%s", s.trials())
	for _, e := range s.Expect {
		d.line("expect", "%s", e.Text)
	}
	return d.String()
}

// A description is lines with a word in front, which is not repeated.
type description struct{ words, texts []string }

func (d *description) line(word, format string, args ...any) {
	d.words, d.texts = append(d.words, word), append(d.texts, fmt.Sprintf(format, args...))
}

func (d *description) String() string {
	width := 0
	for _, w := range d.words {
		width = max(width, len(w))
	}
	var b strings.Builder
	last := ""
	for i, w := range d.words {
		if w == last {
			w = ""
		} else {
			last = w
		}
		fmt.Fprintf(&b, "%-*s  %s\n", width, w, d.texts[i])
	}
	return b.String()
}

// String returns lab, linux, or what each end runs.
func (s Stack) String() string {
	if s.Client == s.Server {
		return s.Client
	}
	return "client " + s.Client + ", server " + s.Server
}

// words describes a direction.
func (w *Way) words() string {
	var out []string
	for i, p := range w.parts() {
		if i <= 1 || p.text != "" {
			out = append(out, p.String())
		}
	}
	return strings.Join(out, "; ")
}

// changes describes what is different from another setting of the direction.
func (w *Way) changes(from *Way) string {
	var out []string
	before := from.parts()
	for i, p := range w.parts() {
		if p != before[i] {
			out = append(out, p.String())
		}
	}
	if len(out) == 0 {
		return "nothing changes"
	}
	return strings.Join(out, "; ")
}

// A part describes one impairment, or says that it is absent.
type part struct{ text, absent string }

func (p part) String() string { return or(p.text, p.absent) }

func (w *Way) parts() [6]part {
	out := [6]part{
		{"", "no limit of rate"}, {w.Delay.words(), ""}, {w.Loss.words(), "no loss"},
		{"", "no damage"}, {"", "no duplicates"}, {"", "nothing held back"},
	}
	if w.Rate > 0 {
		out[0].text = FormatRate(w.Rate) + "/s behind a queue of " + w.Queue.String()
	}
	if p := w.Corrupt.Probability; p > 0 {
		out[3].text = "flips a bit in " + FormatProbability(p)
		if w.Corrupt.FixChecksum {
			out[3].text += " and mends the checksum"
		}
	}
	if w.Duplicate > 0 {
		out[4].text = "delivers " + FormatProbability(w.Duplicate) + " twice"
	}
	if w.Reorder.Probability > 0 {
		out[5].text = fmt.Sprintf("holds %s back for %v", FormatProbability(w.Reorder.Probability), w.Reorder.Delay)
	}
	return out
}

// String writes a queue as a scenario file has it.
func (q Queue) String() string {
	switch {
	case q.Packets > 0:
		return strconv.Itoa(q.Packets) + "p"
	case q.Bytes > 0:
		return FormatSize(q.Bytes)
	}
	return "unlimited"
}

func (v Delay) words() string {
	if v.Jitter == 0 {
		return fmt.Sprintf("delay %v", v.Base)
	}
	order := "keeping the order"
	if !v.KeepOrder {
		order = "even if that changes the order"
	}
	return fmt.Sprintf("delay %v ± %v (%s), %s", v.Base, v.Jitter, v.Distribution, order)
}

func (l Loss) words() string {
	switch {
	case l.Random == 1:
		return "loses everything"
	case l.Random > 0:
		return "loses " + FormatProbability(l.Random) + " at random"
	case l.Burst != nil && l.Burst.P+l.Burst.R > 0:
		return fmt.Sprintf("loses %s %% on average, in bad spells of %s packets on average",
			number3(100*l.Mean()), number3(1/float64(l.Burst.R)))
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
		// REFERENCE section 1: (1-h) p/(p+r) + (1-k) r/(p+r)
		return (float64(float64(g.Bad)*p) + float64(float64(g.Good)*r)) / (p + r)
	case l.Every > 0:
		return 1 / float64(l.Every)
	}
	return float64(l.Random)
}

// number3 writes a number with three significant digits.
func number3(v float64) string {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return "endless"
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// roundTrip describes what the two directions make together.
func (s *Scenario) roundTrip() string {
	f, r := s.Path.Forward, s.Path.Reverse
	rtt := f.Delay.Base + r.Delay.Base
	out := fmt.Sprintf("%v without waiting in queues", rtt)
	if f.Rate > 0 && rtt > 0 {
		// The product of two numbers of at most 10^12 and 7.2*10^12 does not fit 64 bits: it is for reading only.
		bdp := float64(f.Rate) * rtt.Seconds() / 8
		out += fmt.Sprintf("; forward bandwidth-delay product %.0f bytes, %s full packets", bdp, number3(bdp/float64(s.Path.MTU)))
	}
	return out
}

func (r Rule) words() string {
	what := r.Match.Kind + " packets"
	if r.Match.Kind == "any" {
		what = "packets of any kind"
	}
	if r.Match.Protocol != "" {
		what = strings.ToUpper(r.Match.Protocol) + " " + what
	}
	if len(r.Match.Nth) > 0 {
		what += ", number " + rangeList(r.Match.Nth)
	}
	way := "each direction"
	if r.Match.Direction != nil {
		way = r.Match.Direction.String()
	}
	return fmt.Sprintf("%s, %s: %s", what, way, r.Do.words())
}

func (v Do) words() string {
	switch {
	case v.Drop:
		return "drop"
	case v.Duplicate:
		return "duplicate"
	case v.Corrupt:
		return "corrupt"
	case v.Hold > 0:
		return fmt.Sprintf("hold until %d later packets have passed", v.Hold)
	}
	return fmt.Sprintf("delay by %v", v.Delay)
}

// describeFlow says what a flow does, and what of it is to be noticed.
func (s *Scenario) describeFlow(d *description, f *Flow) {
	way, to := s.Path.Forward, "server"
	if f.From == "server" {
		way, to = s.Path.Reverse, "client"
	}
	word := "flow " + f.Name
	over := strings.ToUpper(strings.Join(f.Protocols, " and over "))
	over = strings.ReplaceAll(over, "AND OVER", "and over")
	packets := int64(0)
	if f.App == "stream" {
		d.line(word, "stream from %s to %s over %s: messages of %d bytes at %s/s for %v", f.From, to, over, f.Message, FormatRate(f.Rate), f.For)
		packets = int64(f.For.Seconds() * float64(f.Rate) / 8 / float64(f.Message))
	} else {
		d.line(word, "transfer of %s from %s to %s over %s", FormatSize(f.Size), f.From, to, over)
		packets = (int64(f.Size) + int64(f.UDP.Payload) - 1) / int64(f.UDP.Payload)
	}
	if contains(f.Protocols, "tcp") {
		d.line(word, "TCP: congestion control %s, recovery %s, initial window %d, least timeout %v, first %v",
			f.TCP.Congestion, f.TCP.Recovery, f.TCP.InitialWindow, f.TCP.MinRTO, f.TCP.InitialRTO)
	}
	if contains(f.Protocols, "udp") {
		d.line(word, "UDP: %d datagrams of %d bytes at %s/s", packets, f.UDP.Payload, FormatRate(f.UDP.Rate))
	}
	if m := way.Loss.Mean(); m > 0 {
		d.line(word, "expect about %.0f of %d packets of new data to be lost", m*float64(packets), packets)
	}
	if contains(f.Protocols, "udp") {
		s.noteUDP(d, f, way.Rate)
	}
}

// noteUDP warns of datagrams that do not fit the path or come faster than it is.
func (s *Scenario) noteUDP(d *description, f *Flow, rate netem.Rate) {
	header := 28 // IP and UDP
	if s.Family == 6 {
		header = 48
	}
	if f.UDP.Payload+header > s.Path.MTU {
		d.line("note", "datagrams of %d bytes do not fit the MTU and travel in fragments: one lost fragment loses all", f.UDP.Payload)
	}
	wire := float64(f.UDP.Rate) / float64(f.UDP.Payload) * float64(f.UDP.Payload+header)
	if rate > 0 && wire > float64(rate) {
		d.line("note", "with its headers UDP sends %s Mbit/s into %s/s: the queue will overflow", number3(wire/1e6), FormatRate(rate))
	}
}

// trials says how many trials would run.
func (s *Scenario) trials() string {
	points, protocols := 1, 0
	for _, a := range s.Sweep.Vary {
		points *= len(a.Values)
	}
	for _, f := range s.Flows {
		protocols += len(f.Protocols)
	}
	how := "each alone on its own copy of the path"
	if s.Together {
		how = "those of one replicate together on one path"
	}
	out := fmt.Sprintf("%d", points*s.Sweep.Repeat*protocols)
	if points > 1 || s.Sweep.Repeat > 1 {
		out += fmt.Sprintf(": %d points x %d replicates x %d flows and protocols", points, s.Sweep.Repeat, protocols)
	}
	return fmt.Sprintf("%s, %s, seed %d, at most %v of lab time each", out, how, s.Seed, s.Duration)
}
