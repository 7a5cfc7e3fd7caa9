package scenarios

import (
	"fmt"
	"strconv"
	"strings"

	"reliabilitylab/netem"
)

// A direction of a path in plain words: a part for each impairment.

// words describes a direction.
func (w *Way) words() []string {
	var out []string
	for i, p := range w.parts() {
		if i <= 1 || p.text != "" {
			out = append(out, p.String())
		}
	}
	return out
}

// describeAccess says what a flow's own link is, and how long its round trip is with it.
func (s *Scenario) describeAccess(d *description, word string, f *Flow) {
	if f.Access == nil {
		return
	}
	out, back := strings.Join(f.Access.Forward.words(), "; "), strings.Join(f.Access.Reverse.words(), "; ")
	if out == back {
		d.line(word, "its own link to the path, each way: %s", out)
	} else {
		d.line(word, "its own link to the path, forward: %s", out)
		d.line(word, "its own link to the path, reverse: %s", back)
	}
	rtt := s.Path.Forward.Delay.Base + s.Path.Reverse.Delay.Base + f.Access.Forward.Delay.Base + f.Access.Reverse.Delay.Base
	d.line(word, "its round trip is %v without waiting in queues", rtt)
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

func (w *Way) parts() [9]part {
	out := [9]part{
		{"", "no limit of rate"}, {w.Delay.words(), ""}, {w.Loss.words(), "no loss"},
		{"", "no damage"}, {"", "no duplicates"}, {"", "nothing held back"}, {w.Slot.words(), "no slots"},
		{w.Replay.words(), "no replayed fates"}, {w.Hop.words(), "no narrow hop"},
	}
	if w.Rate > 0 || w.Trace.File != "" {
		out[0].text = w.rateWords() + overheadWords(w.Overhead) + " behind a queue of " + w.Queue.words()
	}
	if c := w.Corrupt; c.Probability > 0 {
		out[3].text = "flips a bit in " + FormatProbability(c.Probability) + inRuns(c.Probability, c.Correlation)
		if c.FixChecksum {
			out[3].text += " and mends the checksum"
		}
	}
	if c := w.Duplicate; c.Probability > 0 {
		out[4].text = "delivers " + FormatProbability(c.Probability) + " twice" + inRuns(c.Probability, c.Correlation)
	}
	out[5].text = w.Reorder.words()
	return out
}

func (h Hop) words() string {
	switch {
	case h.MTU == 0:
		return ""
	case h.Silent:
		return fmt.Sprintf("drops packets of more than %d bytes, and no sender learns of it", h.MTU)
	}
	return fmt.Sprintf("drops packets of more than %d bytes, and says so to their sender", h.MTU)
}

// inRuns says how long the runs of packets are that a correlation makes.
func inRuns(p, correlation netem.Probability) string {
	if correlation == 0 || p == 1 {
		return ""
	}
	return fmt.Sprintf(" (in runs of %s on average)", number3(Loss{Random: p, Correlation: correlation}.MeanBurst()))
}

func overheadWords(o netem.Overhead) string {
	switch {
	case o.Cell > 0 && o.Packet > 0:
		return fmt.Sprintf(" (and %d bytes a packet, in cells of %d+%d bytes)", o.Packet, o.Cell, o.CellOverhead)
	case o.Cell > 0:
		return fmt.Sprintf(" (in cells of %d+%d bytes)", o.Cell, o.CellOverhead)
	case o.Packet > 0:
		return fmt.Sprintf(" (and %d bytes a packet)", o.Packet)
	}
	return ""
}

func (r Reorder) words() string {
	if r.Probability == 0 {
		return ""
	}
	which := FormatProbability(r.Probability)
	switch {
	case r.Gap > 1 && r.Probability == 1:
		which = fmt.Sprintf("one packet in %d", r.Gap)
	case r.Gap > 1:
		which += fmt.Sprintf(" of the packets that are %d or more behind the last one", r.Gap)
	default:
		which += inRuns(r.Probability, r.Correlation)
	}
	if r.Ahead {
		return "sends " + which + " ahead of all that the delay holds"
	}
	return fmt.Sprintf("holds %s back for %v", which, r.Delay)
}

// Mean returns the share of packets that are chosen in the long run.
func (r Reorder) Mean() float64 {
	if r.Probability == 0 {
		return 0
	}
	return 1 / (float64(max(1, r.Gap)-1) + 1/float64(r.Probability))
}

func (s Slot) words() string {
	if s.Base == 0 {
		return ""
	}
	out := fmt.Sprintf("lets packets through every %v", s.Base)
	switch {
	case s.Jitter > 0 && s.Distribution == "uniform":
		out = fmt.Sprintf("lets packets through every %v to %v", s.Base-s.Jitter, s.Base+s.Jitter)
	case s.Jitter > 0:
		out = fmt.Sprintf("lets packets through every %v ± %v (%s)", s.Base, s.Jitter, s.Distribution)
	}
	if s.Packets > 0 {
		out += fmt.Sprintf(", %d packets at most", s.Packets)
	}
	if s.Bytes > 0 {
		out += ", until " + FormatSize(s.Bytes) + " are full"
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

// rateWords describes the rate, which is above 0 or a trace's.
func (w *Way) rateWords() string {
	switch {
	case w.Trace.File == "":
		return FormatRate(w.Rate) + "/s"
	case w.Rate == 0:
		return fmt.Sprintf("the rate of %s (not read)", w.Trace.File)
	}
	return fmt.Sprintf("the rate of %s, %sMbit/s on average,", w.Trace.File, number3(float64(w.Rate)/1e6))
}

// words describes a queue: its limit and, where it is not drop-tail, its discipline.
func (q Queue) words() string {
	var law string
	switch q.Discipline {
	case "head":
		law = " that drops from its head"
	case "red":
		law = fmt.Sprintf(" under RED from %s to %s", FormatSize(q.Min), FormatSize(q.Max))
	case "codel":
		law = fmt.Sprintf(" under CoDel with a target of %v", q.Target)
	case "pie":
		law = fmt.Sprintf(" under PIE with a target of %v", q.Target)
	case "fq_codel":
		law = fmt.Sprintf(" under FQ-CoDel with a target of %v", q.Target)
	}
	if q.ECN {
		law += ", marking with ECN"
	}
	return q.String() + law
}

func (v Delay) words() string {
	if v.Jitter == 0 {
		return fmt.Sprintf("delay %v", v.Base)
	}
	order := "keeping the order"
	if !v.KeepOrder {
		order = "even if that changes the order"
	}
	if v.Correlation > 0 {
		order = fmt.Sprintf("the same for %s packets in a row on average, %s", number3(1/float64(1-v.Correlation)), order)
	}
	return fmt.Sprintf("delay %v ± %v (%s), %s", v.Base, v.Jitter, v.Distribution, order)
}
