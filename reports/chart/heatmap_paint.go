package chart

import (
	"fmt"
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// heatColors go from dark to bright in steps that look equal, also to the colour-blind and in grey: eleven points of the map
// "viridis" of Smith and van der Walt (2015, CC0), between which it is nearly straight.
var heatColors = [...]color.NRGBA{
	{0x44, 0x01, 0x54, 0xff}, {0x48, 0x24, 0x75, 0xff}, {0x41, 0x44, 0x87, 0xff}, {0x35, 0x5f, 0x8d, 0xff}, {0x2a, 0x78, 0x8e, 0xff}, {0x21, 0x91, 0x8c, 0xff},
	{0x22, 0xa8, 0x84, 0xff}, {0x44, 0xbf, 0x70, 0xff}, {0x7a, 0xd1, 0x51, 0xff}, {0xbd, 0xdf, 0x26, 0xff}, {0xfd, 0xe7, 0x25, 0xff},
}

// heatColor returns the colour at f from 0 to 1, in 100 steps, so that it is the same on every processor.
func heatColor(f float64) color.NRGBA {
	step := int(math.Round(100 * min(max(f, 0), 1)))
	i := min(step/10, len(heatColors)-2)
	part := step - 10*i
	a, b := heatColors[i], heatColors[i+1]
	mix := func(a, b uint8) uint8 { return uint8((int(a)*(10-part) + int(b)*part + 5) / 10) }
	return color.NRGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 0xff}
}

// heatInk is the colour of text on heatColor(f).
func heatInk(f float64) color.NRGBA {
	if f < 0.45 {
		return white
	}
	return black
}

// draw paints the maps side by side and the scale of colours at the right.
func (h *heatmap) draw(c draw.Canvas) {
	c = h.drawScale(c)
	cols := len(h.panels)
	if cols > 2 {
		cols = 2
	}
	rows := (len(h.panels) + cols - 1) / cols
	tiles := draw.Tiles{Cols: cols, Rows: rows, PadX: 20, PadY: 14}
	for i, p := range h.panels {
		h.drawMap(tiles.At(c, i%cols, i/cols), p, i%cols == 0)
	}
}

// drawMap paints one map; the title of the y axis only with label.
func (h *heatmap) drawMap(c draw.Canvas, p heatPanel, label bool) {
	c.FillText(write(sizeLabel+1, true, seriesColor(p.label), draw.XLeft, draw.YTop), vg.Point{X: c.Min.X, Y: c.Max.Y}, p.label)
	c.Max.Y -= 1.7 * sizeLabel
	small := write(sizeTick, false, black, draw.XRight, draw.YCenter)
	big := write(sizeLabel, false, black, draw.XCenter, draw.YBottom)
	left := vg.Length(7)
	for i := range h.y.values {
		left = max(left, small.Width(h.y.name(i))+7)
	}
	c.FillText(big, vg.Point{X: (c.Min.X + left + c.Max.X) / 2, Y: c.Min.Y}, h.x.label)
	if label {
		turned := big
		turned.Rotation, turned.YAlign = math.Pi/2, draw.YTop
		c.FillText(turned, vg.Point{X: c.Min.X, Y: (c.Min.Y + 1.35*sizeLabel + 6 + 1.2*sizeTick + c.Max.Y) / 2}, h.y.label)
		left += 1.5 * sizeLabel
	}
	in := draw.Crop(c, left, 0, 1.35*sizeLabel+6+1.2*sizeTick, 0)
	wide := (in.Max.X - in.Min.X) / vg.Length(len(h.x.values))
	high := (in.Max.Y - in.Min.Y) / vg.Length(len(h.y.values))
	ink, fits := h.ink(wide, high)
	for row := range p.cells {
		for column, v := range p.cells[row] {
			at := vg.Point{X: in.Min.X + vg.Length(column)*wide, Y: in.Min.Y + vg.Length(row)*high}
			h.drawCell(in, at, wide, high, v, ink, fits)
		}
	}
	for i, every := 0, sparse(len(h.y.values), high, 1.3*sizeTick); i < len(h.y.values); i += every {
		in.FillText(small, vg.Point{X: in.Min.X - 7, Y: in.Min.Y + (vg.Length(i)+0.5)*high + sizeTick*0.06}, h.y.name(i))
	}
	small.XAlign, small.YAlign = draw.XCenter, draw.YTop
	var widest vg.Length
	for i := range h.x.values {
		widest = max(widest, small.Width(h.x.name(i)))
	}
	for i, every := 0, sparse(len(h.x.values), wide, widest+6); i < len(h.x.values); i += every {
		in.FillText(small, vg.Point{X: in.Min.X + (vg.Length(i)+0.5)*wide, Y: in.Min.Y - 6}, h.x.name(i))
	}
}

// sparse returns which of the names of n cells of that size have room: every first, second, third …
func sparse(n int, size, need vg.Length) int {
	return max(1, min(n, int(math.Ceil(float64(need/size)))))
}

// seriesColor is the colour of a series' protocol.
func seriesColor(label string) color.NRGBA {
	if strings.Contains(label, "UDP") {
		return protocolColor("udp")
	}
	return protocolColor("tcp")
}

// smallestInk is the least size of a number in a cell.
const smallestInk = 10

// ink returns the style for numbers in cells of that size; fits is false where there is no room for them.
func (h *heatmap) ink(wide, high vg.Length) (style draw.TextStyle, fits bool) {
	style = write(sizeLabel, false, black, draw.XCenter, draw.YCenter)
	var widest vg.Length
	for _, p := range h.panels {
		for _, row := range p.cells {
			for _, v := range row {
				widest = max(widest, style.Width(h.number(v)))
			}
		}
	}
	style.Font.Size *= min(1, (wide-8)/widest, (high-6)/(1.2*sizeLabel))
	return style, style.Font.Size >= smallestInk
}

// number writes a median in the prefix of the scale, with two digits that count.
func (h *heatmap) number(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case math.IsInf(v, 0):
		return "never"
	}
	_, size := metricUnit(h.metric).prefix(h.scale.Max)
	v /= size
	if v == 0 || math.Abs(v) >= 100 || math.Abs(h.scale.Max/size) >= 10 && v > 9.95 && h.scale.Log {
		return plain(v, 0)
	}
	digits := 1 - int(math.Floor(math.Log10(math.Abs(v))))
	if !h.scale.Log { // as many decimals in all cells
		digits = 2 - int(math.Floor(math.Log10((h.scale.Max-h.scale.Min)/size)))
		return fmt.Sprintf("%.*f", min(max(digits-1, 0), 4), v)
	}
	return plain(v, min(max(digits, 0), 4))
}

func (h *heatmap) drawCell(c draw.Canvas, at vg.Point, wide, high vg.Length, v float64, ink draw.TextStyle, fits bool) {
	gap := min(1, wide/8, high/8)
	fill, f := light, 1.0
	if !math.IsNaN(v) && !math.IsInf(v, 0) {
		f = h.scale.place(v)
		fill = heatColor(f)
	}
	c.FillPolygon(fill, []vg.Point{
		{X: at.X + gap, Y: at.Y + gap}, {X: at.X + wide - gap, Y: at.Y + gap}, {X: at.X + wide - gap, Y: at.Y + high - gap}, {X: at.X + gap, Y: at.Y + high - gap},
	})
	if fits {
		ink.Color = heatInk(f)
		c.FillText(ink, vg.Point{X: at.X + wide/2, Y: at.Y + high/2 + ink.Font.Size*0.06}, h.number(v))
	}
}

// drawScale paints the scale of colours at the right edge and returns what is left of the canvas.
func (h *heatmap) drawScale(c draw.Canvas) draw.Canvas {
	const wide, parts = 16, 100
	small := write(sizeTick, false, black, draw.XLeft, draw.YCenter)
	bar := draw.Crop(c, 0, 0, 1.35*sizeLabel+6+1.2*sizeTick, -1.7*sizeLabel)
	ts, _ := h.scale.ticks(int((bar.Max.Y - bar.Min.Y) / (3 * sizeTick)))
	name, _ := metricUnit(h.metric).prefix(h.scale.Max)
	widest := small.Width(name)
	for _, t := range ts {
		widest = max(widest, wide+6+small.Width(t.Label))
	}
	bar.Min.X = bar.Max.X - widest
	step := (bar.Max.Y - bar.Min.Y) / parts
	for i := range parts {
		y := bar.Min.Y + vg.Length(i)*step
		top := min(y+2*step, bar.Max.Y) // over the next one's beginning, so that no seam shows
		c.FillPolygon(heatColor((float64(i)+0.5)/parts), []vg.Point{{X: bar.Min.X, Y: y}, {X: bar.Min.X + wide, Y: y}, {X: bar.Min.X + wide, Y: top}, {X: bar.Min.X, Y: top}})
	}
	for _, t := range ts {
		c.FillText(small, vg.Point{X: bar.Min.X + wide + 6, Y: bar.Min.Y + (bar.Max.Y-bar.Min.Y)*vg.Length(h.scale.place(t.Value)) + sizeTick*0.06}, t.Label)
	}
	if name != "" {
		small.YAlign = draw.YTop
		c.FillText(small, vg.Point{X: bar.Min.X, Y: c.Max.Y}, name)
	}
	c.Max.X = bar.Min.X - 20
	return c
}
