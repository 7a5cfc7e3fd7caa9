package chart

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot/vg/draw"

	"reliabilitylab/netem"
	"reliabilitylab/reports/metrics"
)

// share: who has how much of a bottleneck that flows share. Above, what arrives of each flow in bins of time, stacked, below the
// bottleneck's rate; below, Jain's fairness index of each bin, over the flows that are at it then.

const shareTitle = "Share: who has how much of the bottleneck"

// shareBins is about how many bins of time the chart has: fewer than throughput's, so that a bin holds some round trips.
const shareBins = 60

// A shareSeries is the flows that send in one direction of a shared path.
type shareSeries struct {
	flows []shareFlow
	bin   time.Duration
	end   time.Duration
	index []float64 // Jain's, a value a bin; NaN where fewer than two flows are at it, or nothing arrived
}

// A shareFlow is one of them.
type shareFlow struct {
	trial    Trial
	rate     []float64 // what arrived, bits a second, a value a bin
	from, to time.Duration
}

func newShare(in Input) (*Drawing, error) {
	if in.Scenario == nil || !in.Scenario.Together {
		return nil, nil
	}
	s := shareSeriesOf(in)
	if s == nil {
		return nil, nil
	}
	limit := capacityOf(in.way(s.flows[0].trial.Trace), s.end, s.bin)
	words := pathInWords(in.Scenario)
	return &Drawing{
		Name: "share", Title: shareTitle, Width: width, Height: height, Points: s.table(), Caption: s.caption(),
		Draw: func(c draw.Canvas) { s.paint(frame(c, shareTitle, words), limit) },
	}, nil
}

// shareSeriesOf reads the trials of the direction in which more flows send; nil where fewer than two do, or nothing arrived.
func shareSeriesOf(in Input) *shareSeries {
	var ways [2][]Trial
	for _, t := range in.Trials {
		ways[t.Trace.Data] = append(ways[t.Trace.Data], t)
	}
	trials := ways[netem.Forward]
	if len(ways[netem.Reverse]) > len(trials) {
		trials = ways[netem.Reverse]
	}
	s := &shareSeries{}
	for _, t := range trials {
		for i := range t.Trace.Packets {
			if p := &t.Trace.Packets[i]; p.Direction == t.Trace.Data {
				s.end = max(s.end, p.Arrived)
			}
		}
	}
	if len(trials) < 2 || s.end == 0 {
		return nil
	}
	least := s.end.Seconds() / shareBins
	if limit := in.way(trials[0].Trace).Rate; limit > 0 {
		least = min(max(least, (40*limit.Time(1500)).Seconds()), s.end.Seconds())
	}
	s.bin = max(1, time.Duration(math.Round(niceStep(least)*1e9)))
	bins := int((s.end-1)/s.bin) + 1
	for _, t := range trials {
		f := shareFlow{trial: t, rate: binned(t, s.bin).rate, from: t.Trace.Start, to: metrics.Until(t.Trace)}
		f.rate = append(f.rate, make([]float64, max(0, bins-len(f.rate)))...)[:bins]
		s.flows = append(s.flows, f)
	}
	s.measure(bins)
	return s
}

// measure computes the index of each bin.
func (s *shareSeries) measure(bins int) {
	for b := range bins {
		from := time.Duration(b) * s.bin
		var rates []float64
		for _, f := range s.flows {
			if f.from < from+s.bin && f.to > from {
				rates = append(rates, f.rate[b])
			}
		}
		v, ok := metrics.Jain(rates)
		if !ok || len(rates) < 2 {
			v = math.NaN()
		}
		s.index = append(s.index, v)
	}
}

// table lists what is drawn.
func (s *shareSeries) table() Table {
	t := newTable("series", "bin_begin_s", "bin_end_s", "bits_per_s", "share")
	sum := make([]float64, len(s.index))
	for _, f := range s.flows {
		for b, r := range f.rate {
			sum[b] += r
		}
	}
	span := func(b int) (from, to cell) {
		return seconds(time.Duration(b) * s.bin), seconds(time.Duration(b+1) * s.bin)
	}
	for _, f := range s.flows {
		for b, r := range f.rate {
			part := none
			if sum[b] > 0 {
				part = number(r / sum[b])
			}
			from, to := span(b)
			t.add(word(f.trial.ID), from, to, number(r), part)
		}
	}
	for b, v := range s.index {
		if !math.IsNaN(v) {
			from, to := span(b)
			t.add(word("jain index"), from, to, none, number(v))
		}
	}
	return t
}

// mostShares is how many flows a caption and a legend name.
const mostShares = 6

// words name a flow and its share of the goodput, if that is known.
func (f *shareFlow) words() string {
	if v, ok := f.trial.Metrics["goodput_share"]; ok {
		return f.trial.Label + " " + ratio.format(v)
	}
	return f.trial.Label
}

func (s *shareSeries) caption() string {
	var parts []string
	for i := range s.flows {
		if i == mostShares {
			parts = append(parts, fmt.Sprintf("and %d more", len(s.flows)-i))
			break
		}
		parts = append(parts, s.flows[i].words())
	}
	text := "Of the goodput while all are at it: " + strings.Join(parts, ", ")
	if v, ok := s.flows[0].trial.Metrics["jain_index"]; ok {
		text += fmt.Sprintf("; Jain's fairness index %.2f (1 is even, %.2g is one alone)", v, 1/float64(len(s.flows)))
	}
	return text + "."
}

// defined returns the stretches of bins in which the index is defined.
func (s *shareSeries) defined() [][2]int {
	var out [][2]int
	for b, v := range s.index {
		switch n := len(out); {
		case math.IsNaN(v):
		case n > 0 && out[n-1][1] == b:
			out[n-1][1] = b + 1
		default:
			out = append(out, [2]int{b, b + 1})
		}
	}
	return slices.Clip(out)
}
