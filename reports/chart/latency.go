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
		c = legend(c, latencyEntries(all, trials))
		tiles := draw.Tiles{Cols: 2, Rows: 1, PadX: 22}
		drawCDF(tiles.At(c, 0, 0), all, trials)
		drawLatencies(tiles.At(c, 1, 0), all)
	}
	return d, nil
}

// latencyEntries are the lines' entries and, for each protocol that lost messages, the mark of the lost.
func latencyEntries(all []latencySeries, trials []Trial) []entry {
	entries := trialEntries(trials, func(i int) string { return trials[i].Label }, func(protocol string) *mark {
		m := latencyMark(protocol)
		m.Radius = 4
		return &m
	})
	for _, protocol := range []string{"tcp", "udp"} {
		if slices.ContainsFunc(all, func(s latencySeries) bool { return s.trial.Protocol == protocol && len(s.lost) > 0 }) {
			m := mark{cross, 4, protocolColor(protocol)}
			entries = append(entries, entry{words: strings.ToUpper(protocol) + " lost", mark: &m})
		}
	}
	return entries
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
		pts := make([]point, 0, len(s.sorted)+2)
		pts = append(pts, point{s.sorted[0], 0})
		for i, l := range s.sorted {
			pts = append(pts, point{l, float64(i+1) / float64(len(s.sorted))})
		}
		pts = append(pts, point{a.x.Max, 1})
		a.steps(trialLine(trials, i), pts)
	}
	if len(all) > mostNamed {
		return
	}
	for _, s := range all {
		for _, q := range percentiles {
			a.marks(mark{q.mark, 5, protocolColor(s.trial.Protocol)}, []point{{s.percentile(q.share), q.share}})
		}
	}
	percentileTable(a, all)
}

// percentileTable writes the percentiles of each trial into the lower right corner, where a distribution's line
// never is.
func percentileTable(a area, all []latencySeries) {
	bold := write(sizeSmall+1, true, black, draw.XRight, draw.YCenter)
	x, y := a.Max.X-6, a.Min.Y+14
	for i := len(all) - 1; i >= 0; i-- {
		s := bold
		s.Color = protocolColor(all[i].trial.Protocol)
		for k, q := range percentiles {
			a.FillText(s, vg.Point{X: x - vg.Length(2-k)*62, Y: y}, second.format(all[i].percentile(q.share)))
		}
		a.FillText(s, vg.Point{X: x - 3*62, Y: y}, all[i].trial.Label)
		y += 19
	}
	for k, q := range percentiles {
		at := vg.Point{X: x - vg.Length(2-k)*62, Y: y}
		a.FillText(bold, at, q.name)
		mark{q.mark, 4.5, black}.draw(a.Canvas, []vg.Point{{X: at.X - bold.Width(q.name) - 9, Y: y}})
	}
}

func drawLatencies(c draw.Canvas, all []latencySeries) {
	var end float64
	for _, s := range all {
		end = max(end, s.pts[len(s.pts)-1].X)
		if n := len(s.lost); n > 0 {
			end = max(end, s.lost[n-1].X)
		}
	}
	p := panel{Title: "Over time", X: axis{Label: "Time of sending", Unit: second, Max: end * 1.02}, Y: latencyAxis(all)}
	a := p.lay(c)
	for _, s := range all {
		a.marks(latencyMark(s.trial.Protocol), s.pts)
	}
	rim := a.Max.Y - 5
	for _, s := range all {
		at := thin(a, s.lostAt(a.y.Max), 3)
		for i := range at {
			at[i].Y = rim
		}
		mark{cross, 3.4, protocolColor(s.trial.Protocol)}.draw(a.Canvas, at)
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

// latencyMark is a message's mark in the panel over time.
func latencyMark(protocol string) mark {
	if protocol == "udp" {
		return mark{diamond, 2.4, protocolColor(protocol)}
	}
	return mark{dot, 1.7, protocolColor(protocol)}
}

func latencyCaption(all []latencySeries) string {
	var parts []string
	for _, s := range all {
		parts = append(parts, fmt.Sprintf("%s %s at the median, %s at p99, %s at most", s.trial.Label,
			second.format(s.percentile(0.5)), second.format(s.percentile(0.99)), second.format(s.sorted[len(s.sorted)-1])))
	}
	return "Latency of the delivered messages: " + strings.Join(parts, "; ") + "."
}
