package chart

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"slices"
	"time"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/recorder"
)

// phaseColor is the ground of a phase.
func phaseColor(name string) (color.Color, bool) {
	rgb, ok := phaseColors[name]
	return color.NRGBA{byte(rgb >> 16), byte(rgb >> 8), byte(rgb), 0xff}, ok
}

// The lines of a window.
var (
	cwndLine     = draw.LineStyle{Color: blue, Width: 2.4}
	ssthreshLine = draw.LineStyle{Color: black, Width: 1.8, Dashes: []vg.Length{8, 4}}
	flightLine   = draw.LineStyle{Color: sky, Width: 1.1}
	offeredLine  = draw.LineStyle{Color: green, Width: 1.8, Dashes: []vg.Length{2, 3}}
)

// paintWindow draws the upper panel.
func (w *windowSeries) paintWindow(c draw.Canvas) {
	w.paint(w.legend(c, w.bound()), w.axes(w.end.Seconds(), w.top))
}

// legend explains the lines, marks and grounds, and returns the room below.
func (w *windowSeries) legend(c draw.Canvas, bound bool) draw.Canvas {
	cwnd, ssthresh, flight, offered := cwndLine, ssthreshLine, flightLine, offeredLine
	flight.Width = 3
	entries := []entry{{words: "congestion window", line: &cwnd}}
	if len(w.ssthresh) > 0 {
		entries = append(entries, entry{words: "ssthresh", line: &ssthresh})
	}
	entries = append(entries, entry{words: "in flight", line: &flight})
	if bound {
		entries = append(entries, entry{words: "offered window", line: &offered})
	}
	for _, k := range w.events() {
		if len(k.at) > 0 {
			entries = append(entries, entry{words: k.name, mark: &k.mark})
		}
	}
	return phaseLegend(legend(c, entries), w.usedPhases(), len(w.timeouts) > 0)
}

// axes are those of a panel that ends at an instant, in seconds, for windows up to top. Above the highest three rows stay
// free: the phases' names, what happened, and the packets that were lost or marked.
func (w *windowSeries) axes(end, top float64) panel {
	axes := panel{
		Left: windowLeft,
		X:    axis{Unit: second, Max: end * 1.005},
		Y:    axis{Label: "Bytes", Unit: byteU, Max: top * 1.22},
	}
	if w.mss > 0 {
		axes.Y.Label, axes.Y.Unit = fmt.Sprintf("Segments of %d B", w.mss), count
	}
	return axes
}

// paint draws the window and what happened to it.
func (w *windowSeries) paint(c draw.Canvas, axes panel) {
	axes.shade(c, w.phases)
	a := axes.lay(c)
	a.steps(flightLine, w.flight)
	if w.bound() {
		a.steps(offeredLine, w.offered)
	}
	for _, pts := range w.ssthresh {
		a.steps(ssthreshLine, pts)
	}
	a.steps(cwndLine, w.cwnd)
	for _, k := range w.events() {
		y := a.y.Max * (0.985 - 0.05*float64(k.row))
		pts := make([]point, len(k.at))
		for i, t := range k.at {
			pts[i] = point{t.Seconds(), y}
		}
		a.marks(k.mark, pts)
	}
}

// bound tells whether the receiver's window is near enough to matter, for a tenth of the samples at least.
func (w *windowSeries) bound() bool {
	n := 0
	for _, p := range w.offered {
		if p.Y > 0 && p.Y <= w.top*1.3 {
			n++
		}
	}
	return n > 0 && n >= len(w.offered)/10
}

// An occurrence is a kind of event that is marked above the window.
type occurrence struct {
	name string
	row  int // from the top
	mark mark
	at   []time.Duration
}

func (w *windowSeries) events() []occurrence {
	return []occurrence{
		{"timeout", 0, mark{wedge, 5, black}, w.timeouts},
		{"recovery", 1, mark{triangle, 4.2, amber}, w.repaired},
		{"undone: nothing was lost", 1, mark{square, 4.2, blue}, w.undone},
		{"lost", 2, mark{cross, 4, lossColor}, w.lost},
		{"marked (ECN)", 3, mark{diamond, 4.4, green}, w.marked},
	}
}

// phaseLegend explains the grounds. Without a timeout a router has made the sender resend all (RFC 1191).
func phaseLegend(c draw.Canvas, names []string, timedOut bool) draw.Canvas {
	s := write(sizeTick, false, black, draw.XLeft, draw.YCenter)
	x, y := c.Min.X+windowLeft, c.Max.Y-sizeTick*0.4
	for _, name := range names {
		ground, _ := phaseColor(name)
		switch {
		case name == "loss" && timedOut:
			name = "loss (after a timeout)"
		case name == "loss":
			name = "loss (too big for a router)"
		}
		box := []vg.Point{{X: x, Y: y - 6}, {X: x + 24, Y: y - 6}, {X: x + 24, Y: y + 6}, {X: x, Y: y + 6}}
		c.FillPolygon(ground, box)
		c.StrokeLines(draw.LineStyle{Color: light, Width: 0.7}, append(box, box[0]))
		c.FillText(s, vg.Point{X: x + 29, Y: y + sizeTick*0.1}, name)
		x += 29 + s.Width(name) + 20
	}
	return draw.Crop(c, 0, 0, 0, -sizeTick*1.3)
}

// paintTimes draws the lower panel. A timeout that was doubled again and again, or the first one, leaves the picture at
// its top, so that the round trips stay readable.
func (w *windowSeries) paintTimes(c draw.Canvas) {
	srtt := draw.LineStyle{Color: purple, Width: 2.2}
	rto := draw.LineStyle{Color: black, Width: 1.8, Dashes: []vg.Length{8, 4}}
	band := color.NRGBA{0xe8, 0xcf, 0xde, 0xff}
	wide := draw.LineStyle{Color: band, Width: 10}
	top, highest := timesTop(w.rtt1, w.rto, w.end.Seconds())
	words := "timeout (RTO)"
	if highest > top {
		words += ", at most " + second.format(highest)
	}
	c = legend(c, []entry{{words: "smoothed RTT", line: &srtt}, {words: "± its variation", line: &wide}, {words: words, line: &rto}})
	axes := panel{
		Left: windowLeft,
		X:    axis{Label: "Time", Unit: second, Max: w.end.Seconds() * 1.005},
		Y:    axis{Label: "RTT", Unit: second, Max: top},
	}
	a := axes.lay(c)
	a.band(band, w.rtt0, w.rtt1)
	a.steps(rto, w.rto)
	a.steps(srtt, w.srtt)
}

// timesTop returns how far the lower panel reaches: to the timeout in force for nine tenths of the time and to all round
// trips, and some more; and the highest timeout.
func timesTop(rtt, rto []point, end float64) (top, highest float64) {
	type stay struct{ value, long float64 }
	var stays []stay
	for i, p := range rto {
		until := end
		if i+1 < len(rto) {
			until = rto[i+1].X
		}
		stays = append(stays, stay{p.Y, until - p.X})
		highest = max(highest, p.Y)
	}
	slices.SortStableFunc(stays, func(a, b stay) int { return cmp.Compare(a.value, b.value) })
	if len(rto) > 0 {
		sum, enough := 0.0, float64((end-rto[0].X)*0.9)
		for _, s := range stays {
			top = s.value
			if sum += s.long; sum >= enough {
				break
			}
		}
	}
	for _, p := range rtt {
		top = max(top, p.Y)
	}
	if highest <= 2.2*top { // one doubling has its place
		top = max(top, highest)
	}
	return top * 1.15, highest
}

// band fills between two lines of steps that have their points at the same places.
func (a area) band(fill color.Color, low, high []point) {
	for i := 0; i < len(low); {
		x := a.X(a.x.place(low[i].X))
		bottom, top := low[i].Y, high[i].Y
		j := i + 1
		for ; j < len(low) && a.X(a.x.place(low[j].X)) < x+column; j++ {
			bottom, top = math.Min(bottom, low[j].Y), math.Max(top, high[j].Y)
		}
		end := a.Max.X
		if j < len(low) {
			end = a.X(a.x.place(low[j].X))
		}
		y0, y1 := max(a.Y(a.y.place(bottom)), a.Min.Y), min(a.Y(a.y.place(top)), a.Max.Y)
		a.FillPolygon(fill, []vg.Point{{X: x, Y: y0}, {X: end, Y: y0}, {X: end, Y: y1}, {X: x, Y: y1}})
		i = j
	}
}

// shade paints the phases' grounds before the axes are laid.
func (p panel) shade(c draw.Canvas, phases []phase) {
	a := p.lay(draw.Canvas{Canvas: new(recorder.Canvas), Rectangle: c.Rectangle})
	from := a.Min.X
	for _, f := range phases {
		ground, ok := phaseColor(f.name)
		to := min(a.X(a.x.place(f.to.Seconds())), a.Max.X)
		if x := a.X(a.x.place(f.from.Seconds())); x > from {
			from = x
		}
		if !ok || to-from < column {
			continue
		}
		c.FillPolygon(ground, []vg.Point{{X: from, Y: a.Min.Y}, {X: to, Y: a.Min.Y}, {X: to, Y: a.Max.Y}, {X: from, Y: a.Max.Y}})
		from = to
	}
}
