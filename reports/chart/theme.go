package chart

import (
	"image/color"
	"strings"
	"sync"

	stdfont "golang.org/x/image/font"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"reliabilitylab/lab/trace"
)

// The size of every chart: 16:9, which is 1920 by 1080 pixels at 160 dots an inch. One point is 2.2 pixels.
const (
	width  = 12 * vg.Inch
	height = 6.75 * vg.Inch
	dpi    = 160
)

// The sizes of text, chosen for the back row: the smallest is 27 pixels high of 1080.
const (
	sizeTitle    = vg.Length(25)
	sizeSubtitle = vg.Length(14.5)
	sizeLabel    = vg.Length(15) // axis titles and direct labels
	sizeTick     = vg.Length(14)
	sizeSmall    = vg.Length(12) // dense annotation inside a chart
)

// The colours of Okabe and Ito (2008), which all kinds of colour vision tell apart, darkened where they must be read on
// white, and the greys of the frame. Colour is never alone: lines differ by dash and marks by shape too.
var (
	blue       = color.NRGBA{0x00, 0x5c, 0x99, 0xff} // TCP
	vermillion = color.NRGBA{0xd5, 0x5e, 0x00, 0xff} // UDP; loss
	green      = color.NRGBA{0x00, 0x7d, 0x5b, 0xff}
	purple     = color.NRGBA{0xa8, 0x4f, 0x85, 0xff}
	sky        = color.NRGBA{0x56, 0xb4, 0xe9, 0xff}
	orange     = color.NRGBA{0xe6, 0x9f, 0x00, 0xff}
	black      = color.NRGBA{0x1a, 0x1a, 0x1a, 0xff}
	grey       = color.NRGBA{0x59, 0x59, 0x59, 0xff} // second text, reference lines
	light      = color.NRGBA{0xdd, 0xdd, 0xdd, 0xff} // the grid
	white      = color.NRGBA{0xff, 0xff, 0xff, 0xff}
)

// fonts is the Liberation Sans that comes with gonum, parsed at first use.
var fonts = sync.OnceValue(func() *font.Cache { return font.NewCache(liberation.Collection()) })

// write returns a text style in Liberation Sans, aligned at the left and the baseline's side as asked.
func write(size vg.Length, bold bool, c color.Color, x draw.XAlignment, y draw.YAlignment) draw.TextStyle {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
	if bold {
		f.Weight = stdfont.WeightBold
	}
	return draw.TextStyle{Color: c, Font: f, XAlign: x, YAlign: y, Handler: text.Plain{Fonts: fonts()}}
}

// protocolColor is the colour of a protocol, the same in every chart; grey is everything together.
func protocolColor(protocol string) color.NRGBA {
	switch protocol {
	case "udp":
		return vermillion
	case trace.Any:
		return grey
	case "stop-and-wait":
		return black
	case "go-back-n":
		return purple
	case "selective-repeat":
		return green
	}
	return blue
}

// protocolLine is the line of a protocol: TCP solid, the others dashed, each its way, so that a print in grey tells them apart.
func protocolLine(protocol string) draw.LineStyle {
	s := draw.LineStyle{Color: protocolColor(protocol), Width: 2.6}
	switch protocol {
	case "udp":
		s.Dashes = []vg.Length{9, 4}
	case "stop-and-wait":
		s.Dashes = []vg.Length{2, 3}
	case "go-back-n":
		s.Dashes = []vg.Length{14, 3, 3, 3}
	case "selective-repeat":
		s.Dashes = []vg.Length{5, 2.5}
	}
	return s
}

// mostNamed is how many trials a chart tells apart; of more, it tells the protocols apart.
const mostNamed = 5

// trialLine is the line of trials[i]. Of few trials, a protocol's second and later ones have a lighter colour and shorter
// dashes.
func trialLine(trials []Trial, i int) draw.LineStyle {
	s := protocolLine(trials[i].Protocol)
	if len(trials) > mostNamed {
		s.Width = 1.4
		return s
	}
	for _, before := range trials[:i] {
		if before.Protocol == trials[i].Protocol {
			switch before.Protocol {
			case "tcp":
				s.Color, s.Dashes = sky, []vg.Length{14, 3, 3, 3}
			case "udp":
				s.Color, s.Dashes = orange, []vg.Length{3, 3}
			default:
				s.Color, s.Width = grey, 1.8
			}
		}
	}
	return s
}

// referenceLine is the line of what is not measured but known: an ideal, a limit.
func referenceLine() draw.LineStyle {
	return draw.LineStyle{Color: grey, Width: 1.6, Dashes: []vg.Length{2, 3.5}}
}

// frame writes the title and the subtitle and returns what is left for the chart. A title too long for the picture is set
// smaller (keep it below 60 characters); a subtitle goes on in a second line, and ends there.
func frame(c draw.Canvas, title, subtitle string) draw.Canvas {
	c = draw.Crop(c, 24, -24, 14, -18)
	room := c.Max.X - c.Min.X
	big := write(sizeTitle, true, black, draw.XLeft, draw.YTop)
	big.Font.Size *= min(1, room/max(1, big.Width(title)))
	c.FillText(big, vg.Point{X: c.Min.X, Y: c.Max.Y}, title)
	c = draw.Crop(c, 0, 0, 0, -sizeTitle*1.35)
	small := write(sizeSubtitle, false, grey, draw.XLeft, draw.YTop)
	for n := 0; n < 2 && subtitle != ""; n++ {
		var line string
		line, subtitle = breakLine(small, subtitle, room)
		if n == 1 && subtitle != "" {
			line += " …"
		}
		c.FillText(small, vg.Point{X: c.Min.X, Y: c.Max.Y}, line)
		c = draw.Crop(c, 0, 0, 0, -sizeSubtitle*1.3)
	}
	return draw.Crop(c, 0, 0, 0, -14)
}

// breakLine cuts s behind the last space that lets the first part, and room for " …", be no wider than room.
func breakLine(style draw.TextStyle, s string, room vg.Length) (line, rest string) {
	if style.Width(s) <= room {
		return s, ""
	}
	room -= style.Width(" …")
	line, rest = s, ""
	for style.Width(line) > room {
		i := strings.LastIndexByte(line, ' ')
		if i < 0 {
			return line, rest
		}
		line, rest = line[:i], s[i+1:]
	}
	return line, rest
}
