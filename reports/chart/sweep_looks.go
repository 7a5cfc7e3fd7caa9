package chart

import (
	"cmp"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// How the lines of a sweep look, and where their names stand.

// A lineLook is how a series is drawn.
type lineLook struct {
	line draw.LineStyle
	mark mark
}

// The looks of TCP's and of UDP's series, in their order.
var (
	tcpLooks = []lineLook{
		{draw.LineStyle{Color: blue, Width: 2.6}, mark{dot, 5, blue}},
		{draw.LineStyle{Color: green, Width: 2.6, Dashes: []vg.Length{12, 3}}, mark{square, 5, green}},
		{draw.LineStyle{Color: purple, Width: 2.6, Dashes: []vg.Length{12, 3, 3, 3}}, mark{triangle, 5.4, purple}},
		{draw.LineStyle{Color: sky, Width: 2.6, Dashes: []vg.Length{6, 3}}, mark{wedge, 5.4, sky}},
		{draw.LineStyle{Color: black, Width: 2.6, Dashes: []vg.Length{3, 3}}, mark{cross, 5, black}},
		{draw.LineStyle{Color: grey, Width: 2.6}, mark{ring, 5.4, grey}},
	}
	udpLooks = []lineLook{
		{draw.LineStyle{Color: vermillion, Width: 2.6, Dashes: []vg.Length{9, 4}}, mark{diamond, 5, vermillion}},
		{draw.LineStyle{Color: orange, Width: 2.6, Dashes: []vg.Length{3, 3}}, mark{triangle, 5, orange}},
		{draw.LineStyle{Color: vermillion, Width: 2.6, Dashes: []vg.Length{1.5, 3}}, mark{wedge, 5, vermillion}},
		{draw.LineStyle{Color: orange, Width: 2.6, Dashes: []vg.Length{14, 3, 3, 3}}, mark{square, 5, orange}},
	}
)

// handMadeMarks are the marks of the protocols that are built by hand.
var handMadeMarks = map[string]shape{"stop-and-wait": cross, "go-back-n": triangle, "selective-repeat": square}

// looksOf gives each series its look; series beyond the looks begin again.
func looksOf(all []series) []lineLook {
	tcp, udp := 0, 0
	out := make([]lineLook, len(all))
	for i, s := range all {
		switch {
		case s.protocol == "udp":
			out[i] = udpLooks[udp%len(udpLooks)]
			udp++
		case s.protocol != "tcp" && !slices.ContainsFunc(all[:i], func(o series) bool { return o.protocol == s.protocol }):
			out[i] = lineLook{protocolLine(s.protocol), mark{handMadeMarks[s.protocol], 5, protocolColor(s.protocol)}}
		default:
			out[i] = tcpLooks[tcp%len(tcpLooks)]
			tcp++
		}
	}
	return out
}

// An endName is a series' name, to stand at the right beside the end of its line.
type endName struct {
	words string
	color color.Color
	y     vg.Length // the line's end; then the middle of the name
}

// setApart moves names apart that stand closer than gap, each as little as may be, and keeps them between low and high if there is room.
func setApart(names []endName, gap, low, high vg.Length) {
	slices.SortStableFunc(names, func(a, b endName) int { return cmp.Compare(a.y, b.y) })
	for range 50 { // each round mends a half of what is wrong
		for i := 1; i < len(names); i++ {
			if lack := gap - (names[i].y - names[i-1].y); lack > 0 {
				names[i].y += lack / 2
				names[i-1].y -= lack / 2
			}
		}
		for i := range names {
			names[i].y = min(max(names[i].y, low), high)
		}
	}
	for i := 1; i < len(names); i++ {
		names[i].y = max(names[i].y, names[i-1].y+gap)
	}
}

// nameRoom crops the canvas for the names at the ends of the panel's lines and writes nothing yet; with names too long it writes
// a legend above instead, and says so.
func (p *sweepPanel) nameRoom(to draw.Canvas, y axis) (_ draw.Canvas, names bool) {
	style := write(sizeLabel, true, black, draw.XLeft, draw.YCenter)
	var widest vg.Length
	for _, l := range p.lines {
		widest = max(widest, style.Width(l.label))
		if slices.ContainsFunc(l.pts, func(e estimate) bool { return math.IsInf(e.median, 1) }) {
			widest = max(widest, style.Width(neverWords))
		}
	}
	if widest > (to.Max.X-to.Min.X)*0.3 {
		return legend(to, panelEntries([]sweepPanel{*p}, y)), false
	}
	to.Max.X -= widest + nameGap
	return to, true
}

// neverWords stand beside the crosses of what never came to an end.
const neverWords = "× never"

// nameGap is the room between the right edge of a panel and the names beside it.
const nameGap = 8

// drawNames writes the lines' names at the right, beside their ends.
func (p *sweepPanel) drawNames(a area) {
	var names []endName
	never := false
	for i, l := range p.lines {
		end := a.Max.Y
		for _, e := range l.pts {
			if math.IsInf(e.median, 1) {
				never = true
			} else {
				end = a.at(e.x, e.median).Y
			}
		}
		names = append(names, endName{p.lines[i].label, l.look.line.Color, end})
	}
	if never {
		names = append(names, endName{neverWords, grey, a.Max.Y})
	}
	setApart(names, sizeLabel*1.25, a.Min.Y+sizeLabel*0.5, a.Max.Y-sizeLabel*0.5)
	for _, n := range names {
		s := write(sizeLabel, true, n.color, draw.XLeft, draw.YCenter)
		a.FillText(s, vg.Point{X: a.Max.X + nameGap, Y: n.y + sizeLabel*0.08}, n.words)
	}
}
