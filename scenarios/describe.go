package scenarios

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// A scenario in plain words, for "lab check": what the path is, what that means in numbers, what would run.

// Describe returns the description: a screen of lines, each with a word in front that says what it is about.
func (s *Scenario) Describe() string {
	d := &description{}
	d.line(s.Name, "%s", s.Title)
	d.line("path", "IPv%d, MTU %d; stack %s", s.Family, s.Path.MTU, s.Stack)
	d.parts("forward", s.Path.Forward.words())
	d.parts("reverse", s.Path.Reverse.words())
	s.describeNumbers(d)
	s.describeReplays(d)
	for _, r := range s.Script {
		d.line("script", "%s", r.words())
	}
	s.describeTimeline(d)
	for i := range s.Flows {
		s.describeFlow(d, &s.Flows[i])
	}
	s.noteTraps(d)
	for _, a := range s.Sweep.Vary {
		with := ""
		if a.With {
			with = "together with it, "
		}
		d.line("sweep", "%s%s: %s", with, a.Key, strings.Join(a.Values, ", "))
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
		for _, t := range wrap(d.texts[i], 110) {
			fmt.Fprintf(&b, "%-*s  %s\n", width, w, t)
			w = ""
		}
	}
	return b.String()
}

// wrap breaks a text at blanks into lines of at most so many characters, where it can; those behind the first are indented.
func wrap(text string, most int) []string {
	var out []string
	line := ""
	for i, word := range strings.Split(text, " ") {
		switch {
		case i == 0:
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= most:
			line += " " + word
		default:
			out = append(out, line)
			line = "  " + word
		}
	}
	return append(out, line)
}

// String returns lab, linux, or what each end runs.
func (s Stack) String() string {
	if s.Client == s.Server {
		return s.Client
	}
	return "client " + s.Client + ", server " + s.Server
}

// parts adds lines that are made of parts with semicolons between them, a new line where one gets long.
func (d *description) parts(word string, parts []string) {
	text := ""
	for i, p := range parts {
		if text += p; i < len(parts)-1 {
			text += ";"
			if len(text)+len(parts[i+1]) <= 100 {
				text += " "
				continue
			}
		}
		d.line(word, "%s", text)
		text = ""
	}
}

func (r Rule) words() string {
	what := r.Match.Kind + " packets"
	if r.Match.Kind == "any" {
		what = "packets of any kind"
	}
	if r.Match.Protocol != "" {
		what = strings.ToUpper(r.Match.Protocol) + " " + what
	}
	if len(r.Match.Segments) > 0 {
		what += " with segment " + rangeList(r.Match.Segments)
	}
	if len(r.Match.Bytes) > 0 {
		what += " with bytes " + rangeList(r.Match.Bytes)
	}
	switch m := &r.Match; {
	case m.To > 0:
		what += fmt.Sprintf(" from %v to %v", m.From, m.To)
	case m.From > 0:
		what += fmt.Sprintf(" from %v on", m.From)
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
	case v.Corrupt && v.Bit > 0:
		return fmt.Sprintf("flip bit %d", v.Bit)
	case v.Corrupt:
		return "corrupt"
	case v.Pattern != nil:
		by := "by number"
		if v.Pattern.Timed() {
			by = "by time"
		}
		return fmt.Sprintf("what %s says %s, in %d lines", v.File, by, v.Pattern.Rows())
	case v.File != "":
		return fmt.Sprintf("what %s says (not read)", v.File)
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
	var over string
	handMade := false
	for i, name := range f.Protocols {
		p := ProtocolNamed(name)
		handMade = handMade || p.HandMade
		switch {
		case i > 0 && len(f.Protocols) > 2 && i < len(f.Protocols)-1:
			over += ", "
		case i > 0 && len(f.Protocols) > 2:
			over += " and "
		case i > 0:
			over += " and over "
		}
		over += p.Words
	}
	packets := f.packets()
	if program := programs[f.App]; program.talks != nil {
		d.line(word, "%s", program.words(f, over))
		return
	}
	if f.App == "stream" {
		d.line(word, "stream from %s to %s over %s: messages of %d bytes at %s/s for %v", f.From, to, over, f.Message, FormatRate(f.Rate), f.For)
	} else {
		d.line(word, "transfer of %s from %s to %s over %s", FormatSize(f.Size), f.From, to, over)
	}
	s.describeAccess(d, word, f)
	if contains(f.Protocols, "tcp") {
		d.line(word, "TCP: congestion control %s, recovery %s, initial window %d, least timeout %v, first %v",
			f.TCP.Congestion, f.TCP.Recovery, f.TCP.InitialWindow, f.TCP.MinRTO, f.TCP.InitialRTO)
	}
	if contains(f.Protocols, "udp") {
		d.line(word, "UDP: %d datagrams of %d bytes at %s/s", packets, f.UDP.Payload, FormatRate(f.UDP.Rate))
	}
	if handMade {
		timeout := "a computed timeout (RFC 6298)"
		if f.ARQ.Timeout > 0 {
			timeout = fmt.Sprintf("a timeout of %v", f.ARQ.Timeout)
		}
		d.line(word, "by hand: %d messages of %d bytes behind headers of 16, a window of %d (stop-and-wait: 1), %s", packets, f.UDP.Payload, f.ARQ.Window, timeout)
	}
	m := way.Loss.Mean()
	if f.Access != nil {
		m = 1 - float64((1-m)*(1-f.Access.Way(f.Data()).Loss.Mean()))
	}
	if m > 0 {
		d.line(word, "expect about %.0f of %d packets of new data to be lost", m*float64(packets), packets)
	}
	if contains(f.Protocols, "udp") {
		s.noteUDP(d, f, &way)
	}
}

// packets is how many packets of new data the flow sends, over UDP.
func (f *Flow) packets() int64 {
	switch f.App {
	case "stream":
		return int64(f.For.Seconds() * float64(f.Rate) / 8 / float64(f.Message))
	case "chat":
		return int64(f.Count) * int64(f.People)
	case "echo", "dns":
		return int64(f.Count)
	case "web":
		return int64(f.Count) * ((int64(f.Size) + int64(f.UDP.Payload) - 1) / int64(f.UDP.Payload))
	}
	return (int64(f.Size) + int64(f.UDP.Payload) - 1) / int64(f.UDP.Payload)
}

// udpTime is how long the flow's packets take at its pace over UDP.
func (f *Flow) udpTime() time.Duration {
	if f.App == "stream" {
		return f.For
	}
	return f.UDP.Rate.Time(int(min(f.Size, 1<<40)))
}

// noteUDP warns of datagrams that do not fit the path or come faster than it is.
func (s *Scenario) noteUDP(d *description, f *Flow, way *Way) {
	header := 28 // IP and UDP
	if s.Family == 6 {
		header = 48
	}
	if f.UDP.Payload+header > s.Path.MTU {
		d.line("note", "datagrams of %d bytes do not fit the MTU and travel in fragments: one lost fragment loses all", f.UDP.Payload)
	}
	if s.narrow(way) && !way.Hop.Silent && f.UDP.Payload+header > way.Hop.MTU {
		d.line("note", "datagrams of %d bytes are lost at the hop until their sender has heard of it, and then travel in fragments", f.UDP.Payload)
	}
	wire := float64(f.UDP.Rate) / float64(f.UDP.Payload) * float64(way.Overhead.Wire(f.UDP.Payload+header))
	if way.Rate > 0 && wire > float64(way.Rate) {
		d.line("note", "with its headers UDP sends %s Mbit/s into %s/s: the queue will overflow", number3(wire/1e6), FormatRate(way.Rate))
	}
}

// trials says how many trials would run.
func (s *Scenario) trials() string {
	points, protocols := s.Sweep.Count(), 0
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
	return fmt.Sprintf("%s, %s, %s, at most %v of lab time each", out, how, s.Seeds(), s.Duration)
}

// Seeds names the seeds of the replicates: "seed 1", "seeds 1 to 10".
func (s *Scenario) Seeds() string {
	if s.Sweep.Repeat == 1 {
		return fmt.Sprintf("seed %d", s.Seed)
	}
	return fmt.Sprintf("seeds %d to %d", s.Seed, s.Seed+uint64(s.Sweep.Repeat-1))
}
