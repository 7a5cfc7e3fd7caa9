package chart

import (
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg/draw"

	"reliabilitylab/scenarios"
)

// sweep: a metric against what is swept, the median of the replicates with its interval, one line a flow, protocol and
// variant, beside what theory says of them. With more lines than one panel can bear, a key becomes panels.

// The most that a sweep chart shows.
const (
	mostLines  = 6 // in a panel
	mostPanels = 6
)

// A sweepPanel is one pair of axes of the chart.
type sweepPanel struct {
	title  string
	lines  []sweepLine
	theory []theoryLine
}

// A sweepLine is one series against x.
type sweepLine struct {
	series
	look lineLook
	pts  []estimate
}

// A sweepChart is the chart, worked out.
type sweepChart struct {
	grid        *grid
	metric      scenarios.Metric
	x           int // in grid.keys
	spread      spreadKind
	least, most int // replicates at a point
	panels      []sweepPanel
	left        int                            // series that there was no room for
	settings    map[string]*scenarios.Scenario // by point; nil: impossible
}

func newSweepLines(s *Sweep, m scenarios.Metric) (*Drawing, error) {
	g := s.grid()
	if len(g.keys) == 0 {
		return nil, nil
	}
	c := &sweepChart{grid: g, metric: m, x: g.mainKey(nil), settings: map[string]*scenarios.Scenario{}}
	c.measure()
	if len(c.panels) == 0 {
		return nil, nil
	}
	for i := range c.panels {
		c.panels[i].theory = c.theories(&c.panels[i])
	}
	key := &g.keys[c.x]
	d := &Drawing{Title: upper(m.Words()) + " against " + lower(key.title()), Caption: c.caption(), Points: c.table()}
	words := upper(c.spread.words(c.least, c.most))
	if path := pathInCommon(g.corners()); path != "" {
		words += "; " + path
	}
	d.Draw = func(to draw.Canvas) { c.draw(frame(to, d.Title, words)) }
	return d, nil
}

// title is the label without what stands in brackets or behind a comma.
func (k *sweptKey) title() string {
	return strings.TrimSpace(k.label[:min(indexOr(k.label, '('), indexOr(k.label, ','))])
}

func indexOr(s string, c byte) int {
	if i := strings.IndexByte(s, c); i >= 0 {
		return i
	}
	return len(s)
}

// mainKey is the key for the x axis: of the quantities, or else of all, the one with the most values, but for some; -1 if there
// is none.
func (g *grid) mainKey(but []int) int {
	best := -1
	for k := range g.keys {
		if slices.Contains(but, k) {
			continue
		}
		if best < 0 {
			best = k
			continue
		}
		a, b := &g.keys[k], &g.keys[best]
		if (a.at != nil) != (b.at != nil) {
			if a.at != nil {
				best = k
			}
		} else if len(a.values) > len(b.values) {
			best = k
		}
	}
	return best
}

// measure chooses panels and lines and measures their points.
func (c *sweepChart) measure() {
	g := c.grid
	var rest []int
	for k := range g.keys {
		if k != c.x {
			rest = append(rest, k)
		}
	}
	panel := -1
	zero := make([]int, len(g.keys))
	if all := len(g.series(rest, zero)); all > mostLines {
		panel = c.panelKey(rest, all)
	}
	var samples [][]float64
	count, vary := 1, rest
	if panel >= 0 {
		count = len(g.keys[panel].values)
		vary = slices.DeleteFunc(slices.Clone(rest), func(k int) bool { return k == panel })
	}
	for i := range count {
		p := sweepPanel{}
		fixed := slices.Clone(zero)
		if panel >= 0 {
			fixed[panel], p.title = i, upper(g.keys[panel].long(i))
		}
		all := g.series(vary, fixed)
		looks := looksOf(all)
		for n, s := range all {
			if !slices.Contains(spread(len(all), mostLines), n) {
				c.left++
				continue
			}
			p.lines = append(p.lines, sweepLine{series: s, look: looks[n]})
			for v := range g.keys[c.x].values {
				samples = append(samples, g.sample(c.metric, s.flowOf, with(s.at, c.x, v)))
			}
		}
		c.panels = append(c.panels, p)
	}
	c.estimate(samples)
}

// estimate turns the samples, in the order of panels, lines and values, into points; lines and panels without any go.
func (c *sweepChart) estimate(samples [][]float64) {
	c.spread = spreadOf(samples)
	c.least = math.MaxInt
	key := &c.grid.keys[c.x]
	for i := range c.panels {
		p := &c.panels[i]
		for n := range p.lines {
			for v := range key.values {
				sample := samples[0]
				samples = samples[1:]
				if len(sample) == 0 {
					continue
				}
				c.least, c.most = min(c.least, len(sample)), max(c.most, len(sample))
				p.lines[n].pts = append(p.lines[n].pts, c.spread.estimateOf(key.place(v), sample))
			}
		}
		p.lines = slices.DeleteFunc(p.lines, func(l sweepLine) bool { return len(l.pts) == 0 })
	}
	c.panels = slices.DeleteFunc(c.panels, func(p sweepPanel) bool { return len(p.lines) == 0 })
}

// place is where the i-th value stands on an axis.
func (k *sweptKey) place(i int) float64 {
	if k.at != nil {
		return k.at[i]
	}
	return float64(i)
}

// with returns the point with another index for one key.
func with(at []int, key, i int) []int {
	out := slices.Clone(at)
	out[key] = i
	return out
}

// panelKey chooses which of the keys becomes panels: the one that leaves the fewest lines in each.
func (c *sweepChart) panelKey(rest []int, all int) int {
	best, fewest := -1, all
	for _, k := range rest {
		if len(c.grid.keys[k].values) > mostPanels {
			continue
		}
		others := slices.DeleteFunc(slices.Clone(rest), func(o int) bool { return o == k })
		if n := len(c.grid.series(others, make([]int, len(c.grid.keys)))); n < fewest {
			best, fewest = k, n
		}
	}
	return best
}

// spread returns at most most of the numbers from 0 to n-1, the first and the last among them, evenly apart.
func spread(n, most int) []int {
	var out []int
	for i := range min(n, most) {
		at := i
		if n > most {
			at = (i*(n-1) + (most-1)/2) / (most - 1)
		}
		out = append(out, at)
	}
	return out
}

// corners are the scenarios at the first point of the sweep, and with the last value of each key: what they have in common
// holds for all.
func (g *grid) corners() []*scenarios.Scenario {
	first := make([]int, len(g.keys))
	var out []*scenarios.Scenario
	for k := -1; k < len(g.keys); k++ {
		at := slices.Clone(first)
		if k >= 0 {
			at[k] = len(g.keys[k].values) - 1
		}
		if s, err := g.scenario.At(g.point(at)); err == nil { // an impossible combination says nothing of the others
			out = append(out, s)
		}
	}
	return out
}

// table returns every plotted point.
func (c *sweepChart) table() Table {
	t := newTable("panel", "series", "x", "replicates", "median", "low", "high")
	key := &c.grid.keys[c.x]
	x := func(v float64) cell {
		if key.at == nil {
			return word(key.name(int(v)))
		}
		return number(v)
	}
	for _, p := range c.panels {
		for _, l := range p.lines {
			for _, e := range l.pts {
				low, high := number(e.low), number(e.high)
				if c.spread == noSpread {
					low, high = none, none
				}
				t.add(word(p.title), word(l.label), x(e.x), integer(int64(e.n)), number(e.median), low, high)
			}
		}
		for _, l := range p.theory {
			for _, v := range l.pts {
				t.add(word(p.title), word(l.label), x(v.X), none, number(v.Y), none, none)
			}
		}
	}
	return t
}
