package chart

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// shareLeft is the room for numbers at the left of the two panels, so that their times line up.
const shareLeft vg.Length = 86

// color is flow i's: the protocol's, then its lighter one, then others that can be told from both. Of many flows, neighbours differ.
func (s *shareSeries) color(i int) color.NRGBA {
	protocol := s.flows[i].trial.Protocol
	before := 0
	for _, f := range s.flows[:i] {
		if f.trial.Protocol == protocol {
			before++
		}
	}
	two := []color.NRGBA{blue, sky}
	if protocol == "udp" {
		two = []color.NRGBA{vermillion, orange}
	}
	if len(s.flows) > mostShares {
		return two[before%2]
	}
	return append(two, green, purple, grey, light)[before]
}

// paint draws the stack and the index below it.
func (s *shareSeries) paint(c draw.Canvas, limit capacity) {
	end := s.end.Seconds() * 1.005
	var top float64
	low := make([]float64, len(s.index))
	stacks := make([][2][]float64, len(s.flows)) // lower and upper edge of each flow
	for i, f := range s.flows {
		high := make([]float64, len(low))
		for b := range low {
			high[b] = low[b] + f.rate[b]
			top = max(top, high[b])
		}
		stacks[i] = [2][]float64{low, high}
		low = high
	}
	upper := panel{
		Above: true, Left: shareLeft, X: axis{Unit: second, Max: end},
		Y: axis{Label: "Arrives, mean of " + second.format(s.bin.Seconds()), Unit: bitRate, Max: max(top, limit.top) * 1.08},
	}
	lower := panel{
		Left: shareLeft, X: axis{Label: "Time", Unit: second, Max: end}, Y: axis{Label: "Jain", Unit: count, Max: 1.1},
	}
	var entries []entry
	for i := range s.flows[:min(len(s.flows), mostShares)] {
		words := s.flows[i].words()
		if len(s.flows) > mostShares && i == mostShares-1 {
			words = fmt.Sprintf("… and %d more", len(s.flows)-i)
		}
		entries = append(entries, entry{words: words, mark: &mark{square, 6.5, s.color(i)}})
	}
	if limit.mean > 0 {
		l := limit.line()
		entries = append(entries, entry{words: limit.words(), line: &l})
	}
	c = legend(c, entries)
	first, second := c, c
	second.Max.Y = c.Min.Y + vg.Length((c.Max.Y-c.Min.Y)*0.33)
	first.Min.Y = second.Max.Y + 8
	a := upper.lay(first)
	for i, edges := range stacks {
		s.band(a, s.color(i), edges[0], edges[1])
	}
	if limit.mean > 0 {
		last := limit.steps[len(limit.steps)-1]
		a.steps(limit.line(), append(limit.steps[:len(limit.steps):len(limit.steps)], point{a.x.Max, last.Y}))
	}
	if len(s.flows) <= mostShares {
		for i, edges := range stacks {
			s.name(a, i, edges[0], edges[1])
		}
	}
	s.paintIndex(lower.lay(second))
}

// band fills the steps between two edges, with a white line above so that neighbours stay apart in grey too.
func (s *shareSeries) band(a area, fill color.Color, low, high []float64) {
	var outline []vg.Point
	var edge []point
	x := func(b int) float64 { return math.Min((float64(b) * s.bin.Seconds()), a.x.Max) }
	for b, y := range high {
		outline = append(outline, a.at(x(b), y), a.at(x(b+1), y))
		edge = append(edge, point{x(b), y})
	}
	for b := len(low) - 1; b >= 0; b-- {
		outline = append(outline, a.at(x(b+1), low[b]), a.at(x(b), low[b]))
	}
	a.FillPolygon(fill, outline)
	a.steps(draw.LineStyle{Color: white, Width: 1}, append(edge, point{x(len(high)), high[len(high)-1]}))
}

// name writes a flow's name into its band, where the band is thick enough for as long as the name is.
func (s *shareSeries) name(a area, i int, low, high []float64) {
	ink := color.Color(white)
	if c := s.color(i); c == sky || c == orange || c == light {
		ink = black
	}
	style := write(sizeLabel, true, ink, draw.XCenter, draw.YCenter)
	words := s.flows[i].trial.Label
	bins := int(math.Ceil(float64(style.Width(words)+12) / float64(a.X(a.x.place(s.bin.Seconds()))-a.X(a.x.place(0)))))
	best, at := vg.Length(0), vg.Point{}
	for b := 0; b+bins <= len(low); b++ {
		floor, roof := 0.0, math.Inf(1)
		for k := b; k < b+bins; k++ {
			floor, roof = math.Max(floor, low[k]), math.Min(roof, high[k])
		}
		from, to := a.at(float64(b)*s.bin.Seconds(), floor), a.at(float64(b+bins)*s.bin.Seconds(), roof)
		if room := to.Y - from.Y; room > best && to.X < a.Max.X {
			best, at = room, vg.Point{X: (from.X + to.X) / 2, Y: (from.Y + to.Y) / 2}
		}
	}
	if best > 1.25*sizeLabel {
		a.FillText(style, at, words)
	}
}

// paintIndex draws Jain's index over time, and what it is at the least.
func (s *shareSeries) paintIndex(a area) {
	even := []point{{0, 1}, {a.x.Max, 1}}
	a.line(referenceLine(), even)
	for _, d := range s.defined() {
		var pts []point
		for b := d[0]; b < d[1]; b++ {
			pts = append(pts, point{float64(b) * s.bin.Seconds(), s.index[b]})
		}
		pts = append(pts, point{math.Min(float64(d[1])*s.bin.Seconds(), a.x.Max), s.index[d[1]-1]})
		a.steps(draw.LineStyle{Color: black, Width: 2}, pts)
	}
	if v, ok := s.flows[0].trial.Metrics["jain_index"]; ok {
		words := fmt.Sprintf("Jain's index of the goodput %.2f; 1 is even, %.2g is one alone", v, 1/float64(len(s.flows)))
		style := write(sizeSmall+1, false, black, draw.XRight, draw.YBottom)
		a.FillText(style, vg.Point{X: a.Max.X - 6, Y: a.Min.Y + 5}, words)
	}
}
