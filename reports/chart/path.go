package chart

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
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
	return pathInCommon([]*scenarios.Scenario{s})
}

// pathInCommon says the same of what all these scenarios have in common.
func pathInCommon(all []*scenarios.Scenario) string {
	if len(all) == 0 {
		return ""
	}
	s := all[0]
	differ := func(words func(scenarios.Way) string) bool {
		for _, o := range all {
			if words(o.Path.Forward) != words(s.Path.Forward) || words(o.Path.Reverse) != words(s.Path.Reverse) {
				return true
			}
		}
		return false
	}
	var both, server, client []string
	for _, about := range []struct {
		words func(scenarios.Way) string
		same  string // what to add where both ways are alike
	}{
		{rateInWords, ""}, {delayInWords, " each way"}, {queueInWords, ""}, {lossInWords, " both ways"},
		{reorderInWords, " both ways"}, {duplicateInWords, " both ways"}, {corruptInWords, " both ways"},
		{slotInWords, " both ways"},
	} {
		f, r := about.words(s.Path.Forward), about.words(s.Path.Reverse)
		switch {
		case f == "" && r == "", differ(about.words):
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
	if words := accessInWords(s); words != "" && !slices.ContainsFunc(all, func(o *scenarios.Scenario) bool { return accessInWords(o) != words }) {
		parts = append(parts, words)
	}
	if len(s.Script) > 0 {
		parts = append(parts, "scripted fates")
	}
	if len(s.Changes) > 0 {
		parts = append(parts, "changing over time")
	}
	return strings.Join(parts, "; ")
}

// mostLinks is how many links of flows' own are told of one by one.
const mostLinks = 3

// accessInWords says what is typical of the flows' own links: "own links: near 5 ms, far 45 ms each way".
func accessInWords(s *scenarios.Scenario) string {
	var links []string
	for i := range s.Flows {
		f := &s.Flows[i]
		if f.Access == nil {
			continue
		}
		one := func(w scenarios.Way) string {
			var words []string
			for _, about := range []func(scenarios.Way) string{rateInWords, delayInWords, lossInWords} {
				if t := about(w); t != "" {
					words = append(words, t)
				}
			}
			return strings.Join(words, " and ")
		}
		out, back := one(f.Access.Forward), one(f.Access.Reverse)
		switch {
		case out == back && out != "":
			links = append(links, f.Name+" "+out+" each way")
		case out != back:
			links = append(links, strings.Join(strings.Fields(f.Name+" "+out), " ")+" out, "+cmp.Or(back, "nothing")+" back")
		}
	}
	switch n := len(links); {
	case n == 0:
		return ""
	case n > mostLinks:
		return fmt.Sprintf("%d flows with links of their own", n)
	}
	return "own links: " + strings.Join(links, ", ")
}

func reorderInWords(w scenarios.Way) string {
	if w.Reorder.Probability == 0 {
		return ""
	}
	if w.Reorder.Ahead {
		return ratio.format(w.Reorder.Mean()) + " sent ahead"
	}
	return ratio.format(w.Reorder.Mean()) + " held back " + second.format(w.Reorder.Delay.Seconds())
}

func duplicateInWords(w scenarios.Way) string { return share(w.Duplicate.Probability, "duplicated") }

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
	if w.Trace.File != "" {
		return "rate by " + filepath.Base(w.Trace.File)
	}
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
	if w.Rate <= 0 {
		return "" // nothing ever waits
	}
	length := queueLengthInWords(w)
	law := map[string]string{"head": "drop-head", "red": "RED", "codel": "CoDel", "pie": "PIE", "fq_codel": "FQ-CoDel"}[w.Queue.Discipline]
	switch {
	case law == "":
		return length
	case length == "":
		return law
	}
	return law + " " + length
}

func queueLengthInWords(w scenarios.Way) string {
	switch {
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
	if w.Loss.Burst != nil || w.Loss.Spells != nil || w.Loss.Markov != nil {
		if mean := w.Loss.Mean(); mean > 0 {
			words = append(words, ratio.format(mean)+" loss in bursts")
		}
	}
	if w.Replay.File != "" {
		words = append(words, "replayed fates")
	}
	if w.Loss.Every > 0 {
		words = append(words, fmt.Sprintf("1 packet in %d lost", w.Loss.Every))
	}
	if n := len(w.Loss.Packets); n > 0 {
		words = append(words, "chosen packets lost")
	}
	if n := len(words); n > 0 && w.Loss.ECN {
		words[n-1] += " or marks"
	}
	return strings.Join(words, " and ")
}

func slotInWords(w scenarios.Way) string {
	if w.Slot.Base == 0 {
		return ""
	}
	return "slots every " + second.format(w.Slot.Base.Seconds())
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

// access returns the direction of the flow's own link in which the trial's messages travel, or nil where it has none.
func (in Input) access(t *trace.Trace) *scenarios.Way {
	if in.Scenario == nil {
		return nil
	}
	for i := range in.Scenario.Flows {
		if f := &in.Scenario.Flows[i]; f.Name == t.Flow && f.Access != nil {
			return f.Access.Way(t.Data)
		}
	}
	return nil
}
