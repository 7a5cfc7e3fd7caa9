package chart

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot/vg/draw"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
	"reliabilitylab/scenarios"
)

// throughput: the bits of IP packets that reached the receiving host, per second, in bins of time, beside the
// bottleneck's rate. It counts what the path carried, retransmissions and copies included; delivery shows what the
// program got of it.

// bins is about how many bins of time a chart has.
const bins = 120

// A throughputLine is one trial's bits a second, a value a bin.
type throughputLine struct {
	trial Trial
	rate  []float64
	mean  float64
}

func newThroughput(in Input) (*Drawing, error) {
	var end time.Duration
	for _, t := range in.Trials {
		for i := range t.Trace.Packets {
			if p := &t.Trace.Packets[i]; p.Direction == t.Trace.Data {
				end = max(end, p.Arrived)
			}
		}
	}
	if end == 0 {
		return nil, nil // nothing arrived, or no packets were kept
	}
	var way scenarios.Way // the fastest of the trials'
	for _, t := range in.Trials {
		if w := in.way(t.Trace); w.Rate > way.Rate {
			way = w
		}
	}
	limit := way.Rate
	bin := binWidth(end, limit)
	bottleneck := capacityOf(way, end, bin)
	table := newTable("series", "bin_begin_s", "bin_end_s", "bits_per_s")
	var lines []throughputLine
	var trials []Trial
	for _, t := range in.Trials {
		l := binned(t, bin)
		if l.rate == nil {
			continue
		}
		for i, r := range l.rate {
			table.add(word(t.ID), seconds(time.Duration(i)*bin), seconds(time.Duration(i+1)*bin), number(r))
		}
		lines, trials = append(lines, l), append(trials, t)
	}
	if limit > 0 {
		bottleneck.list(&table, end, bin)
	}
	d := &Drawing{
		Name: "throughput", Title: "Throughput on the wire over time", Width: width, Height: height, Points: table,
		Caption: throughputCaption(lines, limit),
	}
	words := pathInWords(in.Scenario)
	d.Draw = func(c draw.Canvas) {
		top := bottleneck.top
		for _, l := range lines {
			for _, r := range l.rate {
				top = max(top, r)
			}
		}
		entries := trialEntries(trials, func(i int) string { return trials[i].Label + ", mean " + bitRate.format(lines[i].mean) }, noMark)
		if limit > 0 {
			s := bottleneck.line()
			entries = append(entries, entry{words: bottleneck.words(), line: &s})
		}
		p := panel{
			X: axis{Label: "Time", Unit: second, Max: end.Seconds() * 1.01},
			Y: axis{Label: "Received, mean of " + second.format(bin.Seconds()), Unit: bitRate, Max: top * 1.08},
		}
		a := p.lay(legend(frame(c, d.Title, words), entries))
		if limit > 0 {
			last := bottleneck.steps[len(bottleneck.steps)-1]
			a.steps(bottleneck.line(), append(slices.Clone(bottleneck.steps), point{a.x.Max, last.Y}))
		}
		for i, l := range lines {
			a.steps(trialLine(trials, i), l.points(bin))
		}
	}
	return d, nil
}

// binWidth returns a round width of bins for a run of that length: wide enough that a bin at the bottleneck's rate holds
// twenty full packets, so that the line shows the rate and not the packets.
func binWidth(end time.Duration, limit netem.Rate) time.Duration {
	least := end.Seconds() / bins
	if limit > 0 {
		least = max(least, (20 * limit.Time(1500)).Seconds())
	}
	return time.Duration(math.Round(niceStep(least) * 1e9))
}

// binned counts what arrived at the receiving host. The last bin counts as a whole.
func binned(t Trial, bin time.Duration) throughputLine {
	l := throughputLine{trial: t}
	var bits, last int64
	for i := range t.Trace.Packets {
		p := &t.Trace.Packets[i]
		if p.Direction != t.Trace.Data || p.Arrived < 0 || p.Fate != trace.Arrived && p.Fate != trace.Discarded {
			continue
		}
		b := int(p.Arrived / bin)
		for len(l.rate) <= b {
			l.rate = append(l.rate, 0)
		}
		l.rate[b] += float64(p.Length) * 8
		bits += int64(p.Length) * 8
		last = max(last, int64(p.Arrived-t.Trace.Start))
	}
	for i := range l.rate {
		l.rate[i] /= bin.Seconds()
	}
	if last > 0 {
		l.mean = float64(bits) / time.Duration(last).Seconds()
	}
	return l
}

// points returns the line's steps, with the fall to zero at its end.
func (l throughputLine) points(bin time.Duration) []point {
	pts := make([]point, 0, len(l.rate)+1)
	for i, r := range l.rate {
		pts = append(pts, point{(time.Duration(i) * bin).Seconds(), r})
	}
	return append(pts, point{(time.Duration(len(l.rate)) * bin).Seconds(), 0})
}

func throughputCaption(lines []throughputLine, limit netem.Rate) string {
	var parts []string
	for _, l := range lines {
		parts = append(parts, fmt.Sprintf("%s %s", l.trial.Label, bitRate.format(l.mean)))
	}
	s := "Mean rate at which IP packets arrived: " + strings.Join(parts, ", ")
	if limit > 0 {
		s += "; the bottleneck carries " + bitRate.format(float64(limit))
	}
	return s + "."
}
