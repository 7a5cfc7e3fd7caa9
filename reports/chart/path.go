package chart

import (
	"fmt"
	"strings"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
	"reliabilitylab/scenarios"
)

// pathInWords says in one line what the scenario's network does, for a chart's subtitle: what holds both ways, then what
// holds one way: "10 Mbit/s, 25 ms each way, queue of 100 packets; towards the server 2% loss".
func pathInWords(s *scenarios.Scenario) string {
	if s == nil {
		return ""
	}
	var both, server, client []string
	for _, about := range []struct {
		words func(scenarios.Way) string
		same  string // what to add where both ways are alike
	}{
		{rateInWords, ""}, {delayInWords, " each way"}, {queueInWords, ""}, {lossInWords, " both ways"},
		{reorderInWords, " both ways"}, {duplicateInWords, " both ways"}, {corruptInWords, " both ways"},
	} {
		f, r := about.words(s.Path.Forward), about.words(s.Path.Reverse)
		switch {
		case f == "" && r == "":
		case f == r:
			both = append(both, f+about.same)
		default:
			if f != "" {
				server = append(server, f)
			}
			if r != "" {
				client = append(client, r)
			}
		}
	}
	var parts []string
	for _, part := range []struct {
		lead  string
		words []string
	}{{"", both}, {"towards the server ", server}, {"towards the client ", client}} {
		if len(part.words) > 0 {
			parts = append(parts, part.lead+strings.Join(part.words, ", "))
		}
	}
	if len(s.Script) > 0 {
		parts = append(parts, "scripted fates")
	}
	if len(s.Timeline) > 0 {
		parts = append(parts, "changing over time")
	}
	return strings.Join(parts, "; ")
}

func reorderInWords(w scenarios.Way) string {
	if w.Reorder.Probability == 0 {
		return ""
	}
	return ratio.format(float64(w.Reorder.Probability)) + " held back " + second.format(w.Reorder.Delay.Seconds())
}

func duplicateInWords(w scenarios.Way) string { return share(w.Duplicate, "duplicated") }

func corruptInWords(w scenarios.Way) string {
	if w.Corrupt.FixChecksum {
		return share(w.Corrupt.Probability, "corrupted unseen")
	}
	return share(w.Corrupt.Probability, "corrupted")
}

func share(p netem.Probability, what string) string {
	if p == 0 {
		return ""
	}
	return ratio.format(float64(p)) + " " + what
}

func rateInWords(w scenarios.Way) string {
	if w.Rate <= 0 {
		return ""
	}
	return bitRate.format(float64(w.Rate))
}

func delayInWords(w scenarios.Way) string {
	switch {
	case w.Delay.Base == 0 && w.Delay.Jitter == 0:
		return ""
	case w.Delay.Jitter == 0:
		return second.format(w.Delay.Base.Seconds())
	}
	return second.format(w.Delay.Base.Seconds()) + " ± " + second.format(w.Delay.Jitter.Seconds())
}

func queueInWords(w scenarios.Way) string {
	switch {
	case w.Rate <= 0:
		return "" // nothing ever waits
	case w.Queue.Packets == 1:
		return "queue of 1 packet"
	case w.Queue.Packets > 1:
		return fmt.Sprintf("queue of %d packets", w.Queue.Packets)
	case w.Queue.Bytes > 0:
		return "queue of " + byteU.format(float64(w.Queue.Bytes))
	}
	return ""
}

func lossInWords(w scenarios.Way) string {
	var words []string
	if p := w.Loss.Random; p > 0 {
		words = append(words, share(p, "loss"))
	}
	if b := w.Loss.Burst; b != nil {
		if p, r := float64(b.P), float64(b.R); p+r > 0 {
			// The mean loss of the two-state model: REFERENCE section 1, Gilbert-Elliott.
			mean := float64(float64(b.Bad)*p+float64(b.Good)*r) / (p + r)
			words = append(words, ratio.format(mean)+" loss in bursts")
		}
	}
	if w.Loss.Every > 0 {
		words = append(words, fmt.Sprintf("1 packet in %d lost", w.Loss.Every))
	}
	if n := len(w.Loss.Packets); n > 0 {
		words = append(words, "chosen packets lost")
	}
	return strings.Join(words, " and ")
}

// way returns the direction of the path in which the trial's messages travel; the zero Way where no scenario is known.
func (in Input) way(t *trace.Trace) scenarios.Way {
	switch {
	case in.Scenario == nil:
		return scenarios.Way{}
	case t.Data == netem.Reverse:
		return in.Scenario.Path.Reverse
	}
	return in.Scenario.Path.Forward
}
