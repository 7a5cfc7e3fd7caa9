package chart

import (
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"reliabilitylab/scenarios"
)

// An entry is one line of a legend: a line or a mark, and what it means.
type entry struct {
	words string
	line  *draw.LineStyle
	mark  *mark
}

// legend writes the entries in as few rows as they need at the top of c, from the left, and returns what is left below.
func legend(c draw.Canvas, entries []entry) draw.Canvas {
	s := write(sizeLabel, false, black, draw.XLeft, draw.YCenter)
	x, y := c.Min.X, c.Max.Y-sizeLabel*0.6
	for _, e := range entries {
		wide := s.Width(e.words)
		if e.line != nil {
			wide += 40
		}
		if e.mark != nil {
			wide += 16
		}
		if x > c.Min.X && x+wide > c.Max.X {
			x, y = c.Min.X, y-sizeLabel*1.4
		}
		at := x
		if e.line != nil {
			c.StrokeLine2(*e.line, at, y, at+34, y)
			at += 40
		}
		if e.mark != nil {
			e.mark.draw(c, []vg.Point{{X: at + 5, Y: y}})
			at += 16
		}
		c.FillText(s, vg.Point{X: at, Y: y + sizeLabel*0.1}, e.words)
		x += wide + 26
	}
	c.Max.Y = y - sizeLabel*1.3
	return c
}

// trialEntries are the entries of these trials' lines: each by its words, or, if they are many, one for each protocol.
// With a mark, that is shown too.
func trialEntries(trials []Trial, words func(i int) string, look func(i int) *mark) []entry {
	var entries []entry
	if len(trials) <= mostNamed {
		for i := range trials {
			s := trialLine(trials, i)
			entries = append(entries, entry{words: words(i), line: &s, mark: look(i)})
		}
		return entries
	}
	for _, p := range scenarios.Protocols {
		if i := slices.IndexFunc(trials, func(t Trial) bool { return t.Protocol == p.Name }); i >= 0 {
			s := trialLine(trials, i)
			entries = append(entries, entry{words: p.Words, line: &s, mark: look(i)})
		}
	}
	return entries
}

// noMark is for trialEntries of lines alone.
func noMark(int) *mark { return nil }
