package chart

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"reliabilitylab/lab/trace"
)

// order: every message, its number against the instant at which the program had it, one panel a protocol. In order, late,
// duplicate and lost messages differ by colour and by mark.

// An orderPanel is one trial's share of the chart.
type orderPanel struct {
	trial Trial
	fates []fate
	pts   [fates][]point // message numbers against the instant of delivery; for the lost, of sending
	sent  []point        // message numbers against the instant of sending
	end   float64        // the last instant
}

func newOrder(in Input) (*Drawing, error) {
	trials, more := sideBySide(in.Trials, func(t *trace.Trace) bool { return len(t.Messages) > 0 })
	if len(trials) == 0 {
		return nil, nil
	}
	if n := len(trials); n > mostColumns { // beside TCP, what the path did (UDP) and what is gained by hand
		trials, more = slices.Delete(trials, mostColumns-1, n-1), more+n-mostColumns
	}
	table := newTable("trial", "message", "sent_s", "delivered_s", "copies", "fate")
	var panels []orderPanel
	for _, t := range trials {
		panels = append(panels, orderOf(t, &table))
	}
	subtitle := pathInWords(in.Scenario)
	if more > 0 {
		subtitle += fmt.Sprintf(" (%d of %d trials)", len(trials), len(trials)+more)
	}
	d := &Drawing{
		Name: "order", Title: "Order: when each message reached the program", Width: width, Height: height, Points: table,
		Caption: orderCaption(panels),
	}
	from, to := excerpt(panels)
	d.Draw = func(c draw.Canvas) {
		c = orderLegend(frame(c, d.Title, subtitle), panels)
		tiles := draw.Tiles{Cols: len(panels), Rows: 1, PadX: 26}
		for i, p := range panels {
			p.draw(tiles.At(c, i, 0), i == 0, len(panels) > 2, from, to)
		}
	}
	return d, nil
}

// orderOf sorts a trial's messages into their fates and adds them to the table.
func orderOf(t Trial, table *Table) orderPanel {
	p := orderPanel{trial: t, fates: messageFates(t.Trace.Messages)}
	for i, f := range p.fates {
		m := &t.Trace.Messages[i]
		at, delivered := m.Delivered, seconds(m.Delivered)
		if f == lost {
			at, delivered = m.Sent, none
		}
		x, y := at.Seconds(), float64(m.Number)
		p.pts[f] = append(p.pts[f], point{x, y})
		p.sent = append(p.sent, point{m.Sent.Seconds(), y})
		p.end = max(p.end, x)
		table.add(word(t.ID), integer(int64(m.Number)), seconds(m.Sent), delivered, integer(int64(m.Copies)), word(fateNames[f]))
	}
	return p
}

// A run of more than excerptAbove messages is also shown as an excerpt of excerptSize, in which single messages are seen.
const (
	excerptAbove = 150
	excerptSize  = 50
)

// excerpt returns the numbers of the first and the last message of the excerpt, the same for all panels, so that what the
// same losses do to either protocol stands side by side: the first place in which most kinds of fates occur, or, where all
// is in order, the longest wait between two deliveries. Without an excerpt it returns 0, 0.
func excerpt(panels []orderPanel) (from, to int) {
	richest := panels[len(panels)-1]
	for _, p := range panels {
		if p.trial.Protocol == "udp" { // the others hide what the path did
			richest = p
		}
	}
	fates, ms := richest.fates, richest.trial.Trace.Messages
	if len(fates) <= excerptAbove {
		return 0, 0
	}
	best := 0
	for at := 0; at+excerptSize <= len(fates); at += excerptSize / 10 {
		score := excerptScore(fates[at : at+excerptSize])
		if score > best {
			best, from = score, at+1
		}
	}
	if best == 0 {
		var longest float64
		for i := 1; i < len(ms); i++ {
			if wait := (ms[i].Delivered - ms[i-1].Delivered).Seconds(); wait > longest {
				longest, from = wait, i+1-excerptSize/3
			}
		}
		from = min(max(from, 1), len(ms)-excerptSize+1)
	}
	return from, from + excerptSize - 1
}

// excerptScore is how much an excerpt shows: first the kinds of fates, then how many of them lie away from its edges.
func excerptScore(fs []fate) int {
	var kinds [fates]bool
	inner := 0
	for i, f := range fs {
		if f != inOrder {
			kinds[f] = true
			if i > len(fs)/6 && i < len(fs)*2/3 {
				inner++
			}
		}
	}
	score := min(inner, 2)
	for _, k := range kinds {
		if k {
			score += 10
		}
	}
	return score
}

// draw paints one trial's column: the excerpt above the whole run, or the whole run alone. A narrow one
// has no room for many words.
func (p orderPanel) draw(c draw.Canvas, leftmost, narrow bool, from, to int) {
	label := ""
	if leftmost {
		label = "Message number"
	}
	whole := panel{
		X: axis{Label: "Time of delivery", Unit: second, Max: p.end * 1.02},
		Y: axis{Label: label, Max: float64(len(p.fates)) * 1.03},
	}
	widest := count.format(float64(len(p.fates)))
	left := write(sizeTick, false, black, draw.XLeft, draw.YTop).Width(widest) + 1.5*sizeLabel + 9
	whole.Left = left
	if from >= to {
		whole.Title = p.trial.Label
		a := whole.lay(c)
		a.line(draw.LineStyle{Color: grey, Width: 1}, p.sent)
		p.marks(a, 3.4)
		if !narrow {
			p.nameBurst(a, 1, len(p.fates))
		}
		return
	}
	split := (c.Max.Y - c.Min.Y) * 0.4
	low, high := p.span(from, to)
	words := "%s: messages %d to %d"
	if narrow {
		words = "%s: %d to %d"
	}
	detail := panel{
		Title: fmt.Sprintf(words, p.trial.Label, from, to), Left: left,
		X: axis{Label: "Time of delivery", Unit: second, Min: low, Max: high},
		Y: axis{Label: label, Min: float64(from) - 1.5, Max: float64(to) + 1.5},
	}
	a := detail.lay(draw.Crop(c, 0, 0, split, 0))
	a.line(draw.LineStyle{Color: grey, Width: 1}, p.sent)
	p.marks(a, 3)
	p.nameBurst(a, from, to)
	whole.Title = p.trial.Label + ": all"
	if leftmost {
		whole.Y.Label = "Number" // the longer word has no room here
	}
	a = whole.lay(draw.Crop(c, 0, 0, 0, split-(c.Max.Y-c.Min.Y)))
	a.frame(point{low, float64(from)}, point{high, float64(to)})
	p.marks(a, 1.5)
}

// nameBurst writes beside the longest run of messages that were delivered at one instant which they are: behind
// a gap all that has come waits for the missing one. Fewer than four are not worth words.
func (p orderPanel) nameBurst(a area, from, to int) {
	ms := p.trial.Trace.Messages
	best, length := 0, 3
	for i, n := from-1, 1; i < to; i += n {
		for n = 1; i+n < to && ms[i].Delivered >= 0 && ms[i+n].Delivered == ms[i].Delivered; n++ {
		}
		if n > length {
			best, length = i, n
		}
	}
	if length == 3 {
		return
	}
	c := newClutter(a)
	c.line(p.sent)
	for _, pts := range p.pts {
		for _, q := range pts {
			c.line([]point{q})
		}
	}
	x := ms[best].Delivered.Seconds()
	words := fmt.Sprintf("%d to %d at once", best+1, best+length)
	c.name(write(sizeTick, true, blue, draw.XLeft, draw.YBottom), words, []point{{x, float64(best + 1)}, {x, float64(best + length)}})
}

// marks draws the messages; the size is that of a message in order.
func (p orderPanel) marks(a area, size vg.Length) {
	for f, pts := range p.pts {
		m := fateMarks[f]
		m.Radius = size * fateSizes[f]
		a.marks(m, pts)
	}
}

// span returns the instants between which the excerpt's messages were delivered, or sent if they are lost, with a margin.
func (p orderPanel) span(from, to int) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, pts := range p.pts {
		for _, q := range pts {
			if q.Y >= float64(from) && q.Y <= float64(to) {
				low, high = min(low, q.X), max(high, q.X)
			}
		}
	}
	margin := (high - low) * 0.03
	return low - margin, high + margin
}

// orderLegend writes the key of those fates that occur in one row, and returns what is left of the canvas.
func orderLegend(c draw.Canvas, panels []orderPanel) draw.Canvas {
	var entries []entry
	for f, name := range fateNames {
		if slices.ContainsFunc(panels, func(p orderPanel) bool { return len(p.pts[f]) > 0 }) {
			if fate(f) == lost {
				name = "lost (where it was sent)"
			}
			entries = append(entries, entry{words: name, mark: &fateMarks[f]})
		}
	}
	sent := draw.LineStyle{Color: grey, Width: 1}
	return legend(c, append(entries, entry{words: "sent", line: &sent}))
}

func orderCaption(panels []orderPanel) string {
	var parts []string
	for _, p := range panels {
		var counts []string
		for f, pts := range p.pts {
			if len(pts) > 0 {
				counts = append(counts, count.format(float64(len(pts)))+" "+fateNames[f])
			}
		}
		parts = append(parts, p.trial.Label+": "+strings.Join(counts, ", "))
	}
	return "Messages by fate. " + strings.Join(parts, "; ") + "."
}
