package chart

import (
	"time"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"reliabilitylab/scenarios"
)

// A capacity is what a bottleneck can carry over time, in bits a second.
type capacity struct {
	mean  float64
	steps []point // one where it does not change
	top   float64
}

// capacityOf returns what a direction's bottleneck can carry until an instant; of a trace, the mean of each bin.
func capacityOf(w scenarios.Way, end, bin time.Duration) capacity {
	c := capacity{mean: float64(w.Rate), top: float64(w.Rate), steps: []point{{0, float64(w.Rate)}}}
	var carried func(from, to time.Duration) int64
	switch {
	case w.Trace.Rates != nil:
		carried = w.Trace.Rates.Carried
	case w.Trace.Opportunities != nil:
		carried = w.Trace.Opportunities.Carried
	default:
		return c
	}
	c.steps, c.top = nil, 0
	for from := time.Duration(0); from < end; from += bin {
		p := point{from.Seconds(), float64(carried(from, from+bin)) * 8 / bin.Seconds()}
		c.steps, c.top = append(c.steps, p), max(c.top, p.Y)
	}
	return c
}

// line is how a capacity is drawn: one that changes needs a line that goes through.
func (c capacity) line() draw.LineStyle {
	s := referenceLine()
	if len(c.steps) > 1 {
		s.Dashes, s.Width = nil, vg.Length(1.2)
	}
	return s
}

// words name a capacity in a legend.
func (c capacity) words() string {
	if len(c.steps) > 1 {
		return "bottleneck, mean " + bitRate.format(c.mean)
	}
	return "bottleneck " + bitRate.format(c.mean)
}

// list adds the capacity to a table of bins.
func (c capacity) list(table *Table, end, bin time.Duration) {
	for i, p := range c.steps {
		from, to := time.Duration(i)*bin, min(time.Duration(i+1)*bin, end)
		if len(c.steps) == 1 {
			to = end
		}
		table.add(word("bottleneck"), seconds(from), seconds(to), number(p.Y))
	}
}
