package chart

import (
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"reliabilitylab/scenarios"
)

// marks are what happened at the queue, in the order of drawing.
func (q *queueSeries) marks() []occasion {
	return []occasion{
		{"marked (ECN)", mark{diamond, 4.4, green}, q.marked},
		{"dropped early", mark{wedge, 4.8, purple}, q.early},
		{"dropped, the queue was full", mark{cross, 4.4, black}, q.full},
	}
}

// crowd is how many marks of a kind may be in a picture before they are drawn smaller.
const crowd = 100

// An occasion is a kind of thing that happened, and where it stands in the picture.
type occasion struct {
	name string
	mark mark
	at   []point
}

// paintQueues draws the columns. They share the axes, so that what is higher is more.
func paintQueues(c draw.Canvas, all []*queueSeries, set scenarios.Queue) {
	var longest, longestWait, end float64
	for _, q := range all {
		longest, end = max(longest, q.longest), max(end, q.end)
		for _, p := range q.waits {
			longestWait = max(longestWait, p.Y)
		}
	}
	limit := float64(set.Packets)
	if limit > 1.3*longest {
		limit = 0
	}
	target := set.Target.Seconds()
	c = legend(c, queueLegend(all, limit, target))
	upper := panel{
		Above: true, Left: queueLeft,
		X: axis{Unit: second, Max: end * 1.005},
		Y: axis{Label: "Packets waiting", Unit: count, Max: max(longest, limit, 1) * 1.12},
	}
	lower := panel{
		Left: queueLeft,
		X:    axis{Label: "Time", Unit: second, Max: end * 1.005},
		Y:    axis{Label: "Wait", Unit: second, Max: max(longestWait, 1e-6) * 1.1},
	}
	tiles := draw.Tiles{Cols: len(all), Rows: 1, PadX: 20}
	for i, q := range all {
		column := tiles.At(c, i, 0)
		top, bottom := column, column
		bottom.Max.Y = column.Min.Y + vg.Length((column.Max.Y-column.Min.Y)*0.507)
		top.Min.Y = bottom.Max.Y + 6
		upper.Title = q.heading(column.Max.X - column.Min.X)
		q.paint(upper.lay(top), lower.lay(bottom), limit, target)
	}
}

// queueLeft is the room for numbers at the left of the panels, so that their times line up.
const queueLeft vg.Length = 62

// heading names the trial and, where there is room, says what is typical of it.
func (q *queueSeries) heading(room vg.Length) string {
	long := q.trial.Label + ": median wait " + second.format(q.median.Seconds())
	if len(q.waits) == 0 || write(sizeLabel+1, true, black, draw.XLeft, draw.YTop).Width(long) > room {
		return q.trial.Label
	}
	return long
}

func (q *queueSeries) paint(length, wait area, limit, target float64) {
	color := protocolColor(q.trial.Protocol)
	if limit > 0 {
		length.line(referenceLine(), []point{{0, limit}, {length.x.Max, limit}})
	}
	length.steps(draw.LineStyle{Color: color, Width: 1.5}, q.length)
	for _, o := range q.marks() {
		if len(o.at) > crowd {
			o.mark.Radius *= 0.6
		}
		length.marks(o.mark, o.at)
	}
	wait.marks(mark{dot, 1.6, color}, q.waits)
	if target > 0 {
		wait.line(draw.LineStyle{Color: black, Width: 1.8, Dashes: []vg.Length{8, 4}}, []point{{0, target}, {wait.x.Max, target}})
	}
}

func queueLegend(all []*queueSeries, limit, target float64) []entry {
	var entries []entry
	for k := range all[0].marks() {
		for _, q := range all {
			if o := q.marks()[k]; len(o.at) > 0 {
				entries = append(entries, entry{words: o.name, mark: &o.mark})
				break
			}
		}
	}
	if limit > 0 {
		s := referenceLine()
		entries = append(entries, entry{words: "limit, " + count.format(limit) + " packets", line: &s})
	}
	if target > 0 {
		s := draw.LineStyle{Color: black, Width: 1.8, Dashes: []vg.Length{8, 4}}
		entries = append(entries, entry{words: "target, " + second.format(target), line: &s})
	}
	return entries
}
