package chart

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// delivery: how many bytes the receiving program has, over time, one line a trial, beside what an ideal path would give.

// byDelivery returns the indices of the delivered messages in the order of their first delivery.
func byDelivery(ms []trace.Message) []int {
	at := make([]int, 0, len(ms))
	for i := range ms {
		if ms[i].Delivered >= 0 {
			at = append(at, i)
		}
	}
	slices.SortStableFunc(at, func(a, b int) int {
		if c := cmp.Compare(ms[a].Delivered, ms[b].Delivered); c != 0 {
			return c
		}
		return cmp.Compare(ms[a].Place, ms[b].Place)
	})
	return at
}

// A deliveryLine is one trial's line: bytes had against time.
type deliveryLine struct {
	trial Trial
	pts   []point // from the flow's beginning
	got   int64
	wrong int64 // of these, in messages that were damaged
	last  time.Duration
}

func newDelivery(in Input) (*Drawing, error) {
	table := newTable("series", "time_s", "bytes")
	var lines []deliveryLine
	var asked int64
	for _, t := range in.Trials {
		if len(t.Trace.Messages) == 0 {
			continue
		}
		l := deliveryLine{trial: t, last: t.Trace.Start}
		l.pts = append(l.pts, point{t.Trace.Start.Seconds(), 0})
		table.add(word(t.ID), seconds(t.Trace.Start), integer(0))
		for _, i := range byDelivery(t.Trace.Messages) {
			m := &t.Trace.Messages[i]
			l.got += int64(m.Size)
			if !m.Intact {
				l.wrong += int64(m.Size)
			}
			l.last = m.Delivered
			l.pts = append(l.pts, point{m.Delivered.Seconds(), float64(l.got)})
			table.add(word(t.ID), seconds(m.Delivered), integer(l.got))
		}
		lines = append(lines, l)
		asked = max(asked, offered(t.Trace))
	}
	if len(lines) == 0 {
		return nil, nil
	}
	ideals := in.ideals(lines)
	for _, l := range ideals {
		for _, p := range l.pts {
			table.add(word("ideal "+l.words), number(p.X), number(p.Y))
		}
	}
	d := &Drawing{
		Name: "delivery", Title: "Bytes delivered to the program over time", Width: width, Height: height, Points: table,
		Caption: deliveryCaption(lines),
	}
	d.Draw = func(c draw.Canvas) {
		var end time.Duration
		for _, l := range lines {
			end = max(end, l.last)
		}
		p := panel{
			X: axis{Label: "Time", Unit: second, Min: 0, Max: end.Seconds() * 1.02},
			Y: axis{Label: "Delivered", Unit: byteU, Min: 0, Max: float64(asked) * 1.08},
		}
		c = frame(c, d.Title, pathInWords(in.Scenario))
		if len(lines) > mostNamed {
			c = legend(c, trialEntries(trialsOf(lines), nil, noMark))
		}
		a := p.lay(c)
		drawDelivery(a, lines, ideals, asked)
	}
	return d, nil
}

// offered is how many bytes the program was to send: as asked, or else what it did send.
func offered(t *trace.Trace) int64 {
	if t.Offered > 0 {
		return t.Offered
	}
	var n int64
	for i := range t.Messages {
		n += int64(t.Messages[i].Size)
	}
	return n
}

// An idealLine is what a path without impairments would deliver.
type idealLine struct {
	words string
	pts   []point
}

// ideals returns the ideal lines of these trials, each rate once: the lesser of the bottleneck's rate and the rate at
// which the program offers its bytes, beginning one path delay after the flow.
func (in Input) ideals(lines []deliveryLine) []idealLine {
	type key struct {
		rate  netem.Rate
		start time.Duration
	}
	var seen []key
	var out []idealLine
	for _, l := range lines {
		k := key{in.idealRate(l.trial.Trace), l.trial.Trace.Start}
		if k.rate <= 0 || slices.Contains(seen, k) {
			continue
		}
		seen = append(seen, k)
		delay := in.way(l.trial.Trace).Delay.Base
		if own := in.access(l.trial.Trace); own != nil {
			delay += own.Delay.Base
		}
		begin := (k.start + delay).Seconds()
		bytes := float64(offered(l.trial.Trace))
		out = append(out, idealLine{
			words: bitRate.format(float64(k.rate)),
			pts:   []point{{begin, 0}, {begin + bytes*8/float64(k.rate), bytes}},
		})
	}
	return out
}

func (in Input) idealRate(t *trace.Trace) netem.Rate {
	w := in.way(t)
	r := w.Rate
	if w.Trace.File != "" {
		r = 0 // what it carries when, a straight line does not say
	}
	if in.Scenario == nil {
		return 0
	}
	if own := in.access(t); own != nil && own.Rate > 0 && (r <= 0 || own.Rate < r) {
		r = own.Rate
	}
	for _, f := range in.Scenario.Flows {
		if f.Name != t.Flow {
			continue
		}
		offer := f.Rate
		if f.App == "transfer" && t.Protocol == "udp" {
			offer = f.UDP.Rate
		}
		if offer > 0 && (r <= 0 || offer < r) {
			r = offer
		}
	}
	return r
}

func drawDelivery(a area, lines []deliveryLine, ideals []idealLine, asked int64) {
	c := newClutter(a)
	all := []point{{a.x.Min, float64(asked)}, {a.x.Max, float64(asked)}}
	if asked > 0 {
		a.line(draw.LineStyle{Color: grey, Width: 1}, all)
		c.line(all)
		s := write(sizeSmall+1, false, grey, draw.XRight, draw.YBottom)
		words := "all " + byteU.format(float64(asked))
		at := vg.Point{X: a.Max.X, Y: a.at(0, float64(asked)).Y + 1}
		a.FillText(s, at, words)
		c.rectangle(s.Rectangle(words).Add(at))
	}
	for _, l := range ideals {
		a.line(referenceLine(), l.pts)
		c.line(l.pts)
	}
	for i, l := range lines {
		pts := l.pts
		if end := pts[len(pts)-1]; end.X < a.x.Max && l.got < asked { // a short shelf shows what is missing
			pts = append(pts[:len(pts):len(pts)], point{math.Min(a.x.Max, end.X+(a.x.Max-a.x.Min)*0.02), end.Y})
		}
		a.steps(trialLine(trialsOf(lines), i), pts)
		c.line(pts)
	}
	if len(lines) > mostNamed {
		return
	}
	for _, l := range lines {
		s := write(sizeLabel+1, true, protocolColor(l.trial.Protocol), draw.XLeft, draw.YBottom)
		c.name(s, l.words(), l.pts)
	}
	for _, l := range ideals {
		c.name(write(sizeLabel-1, false, grey, draw.XLeft, draw.YBottom), "ideal at "+l.words, l.pts)
	}
}

func trialsOf(lines []deliveryLine) []Trial {
	var out []Trial
	for _, l := range lines {
		out = append(out, l.trial)
	}
	return out
}

// words says what the program got: "UDP: 4.91 MiB, 1.9% missing".
func (l deliveryLine) words() string {
	took := second.format((l.last - l.trial.Trace.Start).Seconds())
	of, wrong := offered(l.trial.Trace), ""
	if l.wrong > 0 {
		wrong = ", " + ratio.format(float64(l.wrong)/float64(of)) + " of it damaged"
	}
	if l.got >= of {
		return fmt.Sprintf("%s: all in %s%s", l.trial.Label, took, wrong)
	}
	return fmt.Sprintf("%s: %s missing after %s%s", l.trial.Label, ratio.format(float64(of-l.got)/float64(of)), took, wrong)
}

func deliveryCaption(lines []deliveryLine) string {
	s := ""
	for i, l := range lines {
		if i == 4 {
			s += "; …"
			break
		}
		if i > 0 {
			s += "; "
		}
		of := offered(l.trial.Trace)
		share := "nothing"
		if of > 0 {
			share = ratio.format(float64(l.got) / float64(of))
		}
		s += fmt.Sprintf("%s: %s (%s) in %s", l.trial.Label, byteU.format(float64(l.got)), share, second.format((l.last - l.trial.Trace.Start).Seconds()))
	}
	return s + "."
}
