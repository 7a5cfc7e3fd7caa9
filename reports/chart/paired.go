package chart

import (
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg/draw"

	"reliabilitylab/scenarios"
)

// paired: what one protocol or variant did beside another with the same dice, replicate by replicate. Since both met the same
// fates, their ratio (or difference) says more than two medians: what luck did to both falls out of it.

// A pair is two series to compare: first beside second.
type pair struct {
	first, second series
	what          string // "TCP / UDP"
	at            string // at which values of other keys: "loss 2%"; "" where there are none
}

// A pairLine is a pair against x: each replicate's value, and what they come to.
type pairLine struct {
	sweepLine
	dots []point
}

// A pairedChart is the chart, worked out.
type pairedChart struct {
	grid        *grid
	metric      scenarios.Metric
	x           int // in grid.keys; -1: the pairs stand side by side
	ratio       bool
	spread      spreadKind
	least, most int
	common      string // what all lines compare: "TCP / UDP"; "" where they differ
	base        string // beside what all lines are: "UDP"; "" where they differ
	lines       []pairLine
	pairs       []pair // by line
	greater     []int  // by line: in how many pairs the first was the greater
	of          []int  // by line: pairs
}

func newPaired(s *Sweep, m scenarios.Metric) (*Drawing, error) {
	g := s.grid()
	variant := g.variantKey()
	c := &pairedChart{grid: g, metric: m, x: -1, least: math.MaxInt}
	if variant >= 0 {
		c.x = g.mainKey([]int{variant})
	} else {
		c.x = g.mainKey(nil)
	}
	c.measure(g.pairs(variant, c.x))
	if len(c.lines) == 0 {
		return nil, nil
	}
	d := &Drawing{Title: c.title(), Caption: c.caption(), Points: c.table()}
	words := upper(c.words())
	if path := pathInCommon(g.corners()); path != "" {
		words += "; " + path
	}
	d.Draw = func(to draw.Canvas) { c.draw(frame(to, d.Title, words)) }
	return d, nil
}

// variantKey is the first key whose values are words and change something for a flow, if there are few of them; -1: there is
// none.
func (g *grid) variantKey() int {
	for k := range g.keys {
		if g.keys[k].at == nil && len(g.keys[k].values) <= mostLines {
			return k
		}
	}
	return -1
}

// pairs returns what is to be compared: the values of the variant with its first, or TCP with UDP; at x, with the other keys
// at their first value where they would be too many.
func (g *grid) pairs(variant, x int) []pair {
	var rest []int
	for k := range g.keys {
		if k != x && k != variant {
			rest = append(rest, k)
		}
	}
	zero := make([]int, len(g.keys))
	all := g.pairsAt(variant, rest, zero)
	if len(all) > mostLines {
		all = g.pairsAt(variant, nil, zero)
	}
	return all[:min(len(all), mostLines)]
}

func (g *grid) pairsAt(variant int, rest, zero []int) []pair {
	var out []pair
	for _, s := range g.series(rest, zero) {
		var values []string
		for _, k := range rest {
			if g.concerns(k, s.flowOf) {
				values = append(values, g.keys[k].long(s.at[k]))
			}
		}
		at := strings.Join(values, ", ")
		if variant >= 0 {
			if !g.concerns(variant, s.flowOf) {
				continue
			}
			k := &g.keys[variant]
			for i := 1; i < len(k.values); i++ {
				o := s
				o.at = with(s.at, variant, i)
				what := k.name(i) + " / " + k.name(0)
				if g.concerned(variant) > 1 {
					what = g.label(s.flowOf, nil, nil) + ": " + what
				}
				out = append(out, pair{o, s, what, at})
			}
			continue
		}
		udp := flowOf{s.flow, "udp"}
		if s.protocol == "tcp" && slices.Contains(g.flows, udp) {
			o := s
			o.flowOf = udp
			what := "TCP / UDP"
			if len(g.flows) > 2 {
				what = s.flow + " " + what
			}
			out = append(out, pair{s, o, what, at})
		}
	}
	return out
}

// concerned is how many flows and protocols a key concerns.
func (g *grid) concerned(k int) int {
	n := 0
	for _, f := range g.flows {
		if g.concerns(k, f) {
			n++
		}
	}
	return n
}

// name gives each pair its label, what all pairs have in common left out, and returns that.
func name(pairs []pair) (common string, labels []string) {
	common = pairs[0].what
	for _, p := range pairs {
		if p.what != common {
			common = ""
		}
	}
	for _, p := range pairs {
		switch {
		case p.at == "":
			labels = append(labels, p.what)
		case common != "":
			labels = append(labels, p.at)
		default:
			labels = append(labels, p.what+", "+p.at)
		}
	}
	return common, labels
}

// measure pairs the replicates at each x and sums them up: as ratios where all values are above zero and a ratio makes sense
// of them, else as differences.
func (c *pairedChart) measure(pairs []pair) {
	if len(pairs) == 0 {
		return
	}
	common, labels := name(pairs)
	c.common = common
	_, c.base, _ = strings.Cut(pairs[0].what, " / ")
	for _, p := range pairs {
		if !strings.HasSuffix(p.what, " / "+c.base) {
			c.base = ""
		}
	}
	count := 1
	if c.x >= 0 {
		count = len(c.grid.keys[c.x].values)
	}
	both := make([][][][2]float64, len(pairs)) // by pair, x and replicate
	c.ratio = c.metric.Unit != scenarios.Ratio
	for i, p := range pairs {
		for v := range count {
			b := c.replicates(p, v)
			both[i] = append(both[i], b)
			for _, two := range b {
				c.ratio = c.ratio && two[0] > 0 && two[1] > 0
			}
		}
	}
	var samples [][]float64
	for i := range pairs {
		for v := range count {
			samples = append(samples, c.compare(both[i][v]))
		}
	}
	c.spread = spreadOf(samples)
	base := 0 // a variant looks as in the sweep chart, where the one beside which it stands comes first
	if p := pairs[0]; p.first.protocol == p.second.protocol && labels[0] == p.what {
		base = 1
	}
	for i, p := range pairs {
		all := samples[i*count : (i+1)*count]
		l := pairLine{sweepLine: sweepLine{series: p.first, look: tcpLooks[(base+i)%len(tcpLooks)]}}
		l.label = labels[i]
		greater, of := 0, 0
		for v, sample := range all {
			x := float64(i) // side by side
			if c.x >= 0 {
				x = c.grid.keys[c.x].place(v)
			}
			for _, y := range sample {
				l.dots = append(l.dots, point{x, y})
			}
			for _, two := range both[i][v] {
				of++
				if two[0] > two[1] {
					greater++
				}
			}
			if len(sample) > 0 {
				c.least, c.most = min(c.least, len(sample)), max(c.most, len(sample))
				e := c.spread.estimateOf(x, slices.Sorted(slices.Values(sample)))
				if c.spread != confidence { // the rings are all that there is
					e.low, e.high = math.NaN(), math.NaN()
				}
				l.pts = append(l.pts, e)
			}
		}
		if len(l.pts) > 0 {
			c.lines, c.greater, c.of = append(c.lines, l), append(c.greater, greater), append(c.of, of)
			c.pairs = append(c.pairs, p)
		}
	}
}

// replicates returns the values of both sides of a pair at the v-th value of x, of the replicates where both are defined.
func (c *pairedChart) replicates(p pair, v int) [][2]float64 {
	first, second := p.first.at, p.second.at
	if c.x >= 0 {
		first, second = with(first, c.x, v), with(second, c.x, v)
	}
	others := map[int]float64{}
	for _, t := range c.grid.trials(p.second.flowOf, second) {
		if v, ok := t.Metrics[c.metric.Name]; ok {
			others[t.Replicate] = v
		}
	}
	var out [][2]float64
	for _, t := range c.grid.trials(p.first.flowOf, first) {
		a, ok := t.Metrics[c.metric.Name]
		if b, both := others[t.Replicate]; ok && both {
			out = append(out, [2]float64{a, b})
		}
	}
	return out
}

// compare returns the ratio or the difference of each pair of values.
func (c *pairedChart) compare(both [][2]float64) []float64 {
	var out []float64
	for _, two := range both {
		if c.ratio {
			out = append(out, two[0]/two[1])
		} else {
			out = append(out, two[0]-two[1])
		}
	}
	return out
}
