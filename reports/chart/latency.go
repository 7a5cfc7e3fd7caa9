package chart

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// latency: from a message's Send to its delivery. On the left how it is distributed over the delivered messages, on the
// right when it was how long.

// The percentiles that the chart marks, and their marks.
var percentiles = []struct {
	share float64
	name  string
	mark  shape
}{
	{0.50, "p50", square},
	{0.95, "p95", diamond},
	{0.99, "p99", triangle},
}

// A latencySeries is one trial's latencies.
type latencySeries struct {
	trial  Trial
	pts    []point   // by sending: instant of Send, latency, both in seconds
	sorted []float64 // latencies, ascending
	lost   []point   // the instants of Send of what never came
}

// percentile returns the nearest-rank percentile: the least latency that at least that share of messages did not exceed.
func (s latencySeries) percentile(share float64) float64 {
	rank := int(math.Ceil(share*float64(len(s.sorted)) - 1e-9))
	return s.sorted[min(max(rank, 1), len(s.sorted))-1]
}

func newLatency(in Input) (*Drawing, error) {
	table := newTable("trial", "message", "sent_s", "latency_s", "cumulative_share")
	var all []latencySeries
	var trials []Trial // those of all
	for _, t := range in.Trials {
		s := latencySeries{trial: t}
		for i := range t.Trace.Messages {
			m := &t.Trace.Messages[i]
			if m.Delivered < 0 {
				s.lost = append(s.lost, point{m.Sent.Seconds(), 0})
				continue
			}
			l := (m.Delivered - m.Sent).Seconds()
			s.pts = append(s.pts, point{m.Sent.Seconds(), l})
			s.sorted = append(s.sorted, l)
		}
		if len(s.sorted) == 0 {
			continue
		}
		slices.Sort(s.sorted)
		for i := range t.Trace.Messages {
			m := &t.Trace.Messages[i]
			if m.Delivered < 0 {
				table.add(word(t.ID), integer(int64(m.Number)), seconds(m.Sent), none, none)
				continue
			}
			l := m.Delivered - m.Sent
			table.add(word(t.ID), integer(int64(m.Number)), seconds(m.Sent), seconds(l), number(s.shareUpTo(l.Seconds())))
		}
		all, trials = append(all, s), append(trials, t)
	}
	if len(all) == 0 {
		return nil, nil
	}
	d := &Drawing{
		Name: "latency", Title: "Latency: from send to delivery", Width: width, Height: height, Points: table,
		Caption: latencyCaption(all),
	}
	words := pathInWords(in.Scenario)
	d.Draw = func(c draw.Canvas) {
		c = frame(c, d.Title, words)
		c = latencyLegend(c, all, trials)
		tiles := draw.Tiles{Cols: 2, Rows: 1, PadX: 22}
		drawCDF(tiles.At(c, 0, 0), all, trials)
		drawLatencies(tiles.At(c, 1, 0), all, trials)
	}
	return d, nil
}

// latencyLegend writes a row for each trial, with its line, its percentiles and what it lost, and returns what is left of
// the canvas. Of many trials it only tells the protocols apart.
func latencyLegend(c draw.Canvas, all []latencySeries, trials []Trial) draw.Canvas {
	look := func(i int) *mark {
		m := latencyMark(trials, i)
		m.Radius = 4
		return &m
	}
	if len(all) > mostNamed {
		return legend(c, trialEntries(trials, nil, look))
	}
	s := write(sizeLabel, false, black, draw.XLeft, draw.YCenter)
	var first vg.Length
	for _, t := range trials {
		first = max(first, s.Width(t.Label))
	}
	const step = 128
	for i, l := range all {
		y := c.Max.Y - sizeLabel*0.6
		c.StrokeLine2(trialLine(trials, i), c.Min.X, y, c.Min.X+34, y)
		look(i).draw(c, []vg.Point{{X: c.Min.X + 45, Y: y}})
		x, above := c.Min.X+56, y+sizeLabel*0.1
		c.FillText(s, vg.Point{X: x, Y: above}, l.trial.Label)
		x += first + 30
		for _, q := range percentiles {
			mark{q.mark, 4.5, trialLine(trials, i).Color}.draw(c, []vg.Point{{X: x, Y: y}})
			c.FillText(s, vg.Point{X: x + 11, Y: above}, q.name+" "+second.format(l.percentile(q.share)))
			x += step
		}
		if len(l.lost) > 0 {
			mark{cross, 4, trialLine(trials, i).Color}.draw(c, []vg.Point{{X: x, Y: y}})
			words := ratio.format(float64(len(l.lost))/float64(len(l.lost)+len(l.pts))) + " never delivered"
			c.FillText(s, vg.Point{X: x + 11, Y: above}, words)
		}
		c.Max.Y -= sizeLabel * 1.4
	}
	c.Max.Y -= sizeLabel * 0.5
	return c
}

// shareUpTo returns the share of the latencies that are not above l.
func (s latencySeries) shareUpTo(l float64) float64 {
	n, _ := slices.BinarySearchFunc(s.sorted, l, func(v, l float64) int {
		if v > l {
			return 1
		}
		return -1
	})
	return float64(n) / float64(len(s.sorted))
}

// latencyAxis returns an axis for these latencies: logarithmic if they reach over more than a factor of 20.
func latencyAxis(all []latencySeries) axis {
	low, high := math.Inf(1), 0.0
	for _, s := range all {
		for _, l := range s.sorted {
			if l > 0 {
				low = min(low, l)
				break
			}
		}
		high = max(high, s.sorted[len(s.sorted)-1])
	}
	if high > 20*low {
		return axis{Label: "Latency", Unit: second, Min: low / 1.2, Max: high * 1.2, Log: true}
	}
	return axis{Label: "Latency", Unit: second, Max: high * 1.08}
}

func drawCDF(c draw.Canvas, all []latencySeries, trials []Trial) {
	p := panel{
		Title: "Distribution",
		X:     latencyAxis(all),
		Y:     axis{Label: "Share of delivered messages", Unit: ratio, Max: 1.03},
	}
	a := p.lay(c)
	for i, s := range all {
		pts := make([]point, 0, 2*len(s.sorted)+2)
		share := 0.0
		for k, l := range s.sorted { // upright to each share, then level to the next latency
			pts = append(pts, point{l, share})
			share = float64(k+1) / float64(len(s.sorted))
			pts = append(pts, point{l, share})
		}
		pts = append(pts, point{a.x.Max, 1})
		a.line(trialLine(trials, i), pts)
	}
	if len(all) > mostNamed {
		return
	}
	for i, s := range all {
		for _, q := range percentiles {
			a.marks(mark{q.mark, 5, trialLine(trials, i).Color}, []point{{s.percentile(q.share), q.share}})
		}
	}
}

func drawLatencies(c draw.Canvas, all []latencySeries, trials []Trial) {
	var end float64
	for _, s := range all {
		end = max(end, s.pts[len(s.pts)-1].X)
		if n := len(s.lost); n > 0 {
			end = max(end, s.lost[n-1].X)
		}
	}
	p := panel{Title: "Over time", X: axis{Label: "Time of sending", Unit: second, Max: end * 1.02}, Y: latencyAxis(all)}
	a := p.lay(c)
	for i, s := range all {
		m := latencyMark(trials, i)
		if len(s.pts) < 300 {
			m.Radius *= 1.5 // few can be larger
		}
		a.marks(m, s.pts)
	}
	rim := a.Max.Y - 5
	for i, s := range all {
		at := thin(a, s.lostAt(a.y.Max), 3)
		for i := range at {
			at[i].Y = rim
		}
		mark{cross, 3.4, trialLine(trials, i).Color}.draw(a.Canvas, at)
	}
}

// lostAt returns the messages that never came as points at that height.
func (s latencySeries) lostAt(y float64) []point {
	out := slices.Clone(s.lost)
	for i := range out {
		out[i].Y = y
	}
	return out
}

// latencyMark is the mark of a message of trials[i] in the panel over time.
func latencyMark(trials []Trial, i int) mark {
	c := trialLine(trials, i).Color
	if trials[i].Protocol == "udp" {
		return mark{diamond, 2.4, c}
	}
	return mark{dot, 1.7, c}
}

func latencyCaption(all []latencySeries) string {
	var parts []string
	for _, s := range all {
		parts = append(parts, fmt.Sprintf("%s %s at the median, %s at p99, %s at most", s.trial.Label,
			second.format(s.percentile(0.5)), second.format(s.percentile(0.99)), second.format(s.sorted[len(s.sorted)-1])))
	}
	return "Latency of the delivered messages: " + strings.Join(parts, "; ") + "."
}
