package chart

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"image"
	"image/color"
	"math"
	"strconv"
	"unicode/utf16"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// A pdfCanvas is a vg.Canvas that writes one page of PDF (ISO 32000-1). It is used in place of gonum's vgpdf, which cannot
// write two weights of one typeface, keeps each font whole, goes through files in the temporary folder, and puts the time
// of day and the order of maps into its output. Here the same drawing is always the same bytes, and a font is embedded with
// the glyphs that are used, so that text can be found and copied.
type pdfCanvas struct {
	w, h   vg.Length
	title  string
	page   bytes.Buffer // the content stream
	num    []byte       // scratch
	fonts  []*pdfFont   // in the order of first use
	alphas []uint8      // opacities other than 255, in the order of first use
	state  []pdfState   // the last is current; as PDF's own graphics state stack
}

// pdfState is what has been set, so that it is not set again.
type pdfState struct {
	set   bool
	color color.NRGBA
	width vg.Length
}

func newPDF(w, h vg.Length, title string) *pdfCanvas {
	c := &pdfCanvas{w: w, h: h, title: title, state: make([]pdfState, 1)}
	vg.Initialize(c)
	return c
}

// put writes numbers with two decimals, which is a hundredth of a point, then the operator.
func (c *pdfCanvas) put(operator string, vs ...float64) {
	b := c.num[:0]
	for _, v := range vs {
		b = append(appendShort(b, v, 2), ' ')
	}
	b = append(append(b, operator...), '\n')
	c.page.Write(b)
	c.num = b
}

// appendShort appends v with at most that many decimals, without zeros at the end.
func appendShort(b []byte, v float64, decimals int) []byte {
	start := len(b)
	b = strconv.AppendFloat(b, v, 'f', decimals, 64)
	if decimals > 0 {
		for b[len(b)-1] == '0' {
			b = b[:len(b)-1]
		}
		if b[len(b)-1] == '.' {
			b = b[:len(b)-1]
		}
	}
	if string(b[start:]) == "-0" {
		b = append(b[:start], '0')
	}
	return b
}

func (c *pdfCanvas) SetLineWidth(w vg.Length) {
	if s := &c.state[len(c.state)-1]; s.width != w {
		s.width = w
		c.put("w", w.Points())
	}
}

func (c *pdfCanvas) SetLineDash(pattern []vg.Length, offset vg.Length) {
	b := append(c.num[:0], '[')
	for i, d := range pattern {
		if i > 0 {
			b = append(b, ' ')
		}
		b = appendShort(b, d.Points(), 2)
	}
	b = append(appendShort(append(b, ']', ' '), offset.Points(), 2), " d\n"...)
	c.page.Write(b)
	c.num = b
}

func (c *pdfCanvas) SetColor(clr color.Color) {
	if clr == nil {
		clr = color.Black
	}
	n := color.NRGBAModel.Convert(clr).(color.NRGBA)
	s := &c.state[len(c.state)-1]
	if s.set && s.color == n {
		return
	}
	if was := s.color.A; n.A != was || !s.set {
		if n.A != 255 || s.set {
			fmt.Fprintf(&c.page, "/A%d gs\n", n.A)
			c.alpha(n.A)
		}
	}
	s.set, s.color = true, n
	r, g, b := float64(n.R)/255, float64(n.G)/255, float64(n.B)/255
	v := c.num[:0]
	for _, operator := range [...]string{"rg\n", "RG\n"} {
		for _, x := range [...]float64{r, g, b} {
			v = append(appendShort(v, x, 3), ' ')
		}
		v = append(v, operator...)
	}
	c.page.Write(v)
	c.num = v
}

func (c *pdfCanvas) alpha(a uint8) {
	for _, known := range c.alphas {
		if known == a {
			return
		}
	}
	c.alphas = append(c.alphas, a)
}

func (c *pdfCanvas) Rotate(rad float64) {
	sin, cos := math.Sincos(rad)
	fmt.Fprintf(&c.page, "%.6f %.6f %.6f %.6f 0 0 cm\n", cos, sin, -sin, cos)
}
func (c *pdfCanvas) Translate(p vg.Point)   { c.put("cm", 1, 0, 0, 1, p.X.Points(), p.Y.Points()) }
func (c *pdfCanvas) Scale(x, y float64)     { fmt.Fprintf(&c.page, "%.6f 0 0 %.6f 0 0 cm\n", x, y) }
func (c *pdfCanvas) Size() (w, h vg.Length) { return c.w, c.h }

func (c *pdfCanvas) Push() {
	c.state = append(c.state, c.state[len(c.state)-1])
	c.page.WriteString("q\n")
}

func (c *pdfCanvas) Pop() {
	c.state = c.state[:len(c.state)-1]
	c.page.WriteString("Q\n")
}

func (c *pdfCanvas) Stroke(p vg.Path) {
	if c.state[len(c.state)-1].width > 0 && len(p) > 0 {
		c.path(p)
		c.page.WriteString("S\n")
	}
}

func (c *pdfCanvas) Fill(p vg.Path) {
	if len(p) > 0 {
		c.path(p)
		c.page.WriteString("f\n")
	}
}

func (c *pdfCanvas) path(p vg.Path) {
	var at vg.Point
	for i, s := range p {
		switch s.Type {
		case vg.MoveComp:
			c.put("m", s.Pos.X.Points(), s.Pos.Y.Points())
		case vg.LineComp:
			c.put("l", s.Pos.X.Points(), s.Pos.Y.Points())
		case vg.ArcComp:
			at = c.arc(s, i == 0)
			continue
		case vg.CurveComp:
			a, b := s.Control[0], s.Control[0]
			if len(s.Control) == 2 {
				b = s.Control[1]
			} else { // a quadratic curve's control point, raised to a cubic's two
				a = vg.Point{X: at.X + (a.X-at.X)*2/3, Y: at.Y + (a.Y-at.Y)*2/3}
				b = vg.Point{X: s.Pos.X + (b.X-s.Pos.X)*2/3, Y: s.Pos.Y + (b.Y-s.Pos.Y)*2/3}
			}
			c.put("c", a.X.Points(), a.Y.Points(), b.X.Points(), b.Y.Points(), s.Pos.X.Points(), s.Pos.Y.Points())
		case vg.CloseComp:
			c.put("h")
			continue
		}
		at = s.Pos
	}
}

// arc draws an arc as cubic curves of at most a quarter each, with a line to its beginning, and returns its end.
func (c *pdfCanvas) arc(s vg.PathComp, first bool) vg.Point {
	r := s.Radius.Points()
	on := func(angle float64) (x, y, sin, cos float64) {
		sin, cos = math.Sincos(angle)
		return s.Pos.X.Points() + r*cos, s.Pos.Y.Points() + r*sin, sin, cos
	}
	x, y, sin, cos := on(s.Start)
	if first {
		c.put("m", x, y)
	} else {
		c.put("l", x, y)
	}
	n := int(math.Ceil(math.Abs(s.Angle)/(math.Pi/2) - 1e-9))
	for i := range n {
		step := s.Angle / float64(n)
		k := 4.0 / 3 * math.Tan(step/4) * r // the control points' distance along the tangents
		x1, y1, sin1, cos1 := on(s.Start + step*float64(i+1))
		c.put("c", x-k*sin, y+k*cos, x1+k*sin1, y1-k*cos1, x1, y1)
		x, y, sin, cos = x1, y1, sin1, cos1
	}
	return vg.Point{X: vg.Points(x), Y: vg.Points(y)}
}

func (c *pdfCanvas) FillString(f font.Face, at vg.Point, s string) {
	if f.Font.Size == 0 || s == "" {
		return
	}
	i := 0
	for i < len(c.fonts) && c.fonts[i].face.Face != f.Face {
		i++
	}
	if i == len(c.fonts) {
		c.fonts = append(c.fonts, newPDFFont(f))
	}
	fmt.Fprintf(&c.page, "BT\n/F%d ", i)
	c.put("Tf", f.Font.Size.Points())
	c.put("Td", at.X.Points(), at.Y.Points())
	c.page.Write(c.fonts[i].show(s))
	c.page.WriteString(" TJ\nET\n")
}

// DrawImage is not there: no chart holds an image.
func (c *pdfCanvas) DrawImage(vg.Rectangle, image.Image) { panic("chart: an image in a pdf") }

// bytes returns the whole file.
func (c *pdfCanvas) bytes() []byte {
	var f pdfFile
	f.b.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	const fixed = 5 // catalog, pages, page, content, information
	f.object("<< /Type /Catalog /Pages 2 0 R /ViewerPreferences << /DisplayDocTitle true >> >>")
	f.object("<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
	resources := "/Font <<"
	for i := range c.fonts {
		resources += fmt.Sprintf(" /F%d %d 0 R", i, fixed+1+i*pdfFontObjects)
	}
	resources += " >>"
	if len(c.alphas) > 0 {
		resources += " /ExtGState <<"
		for _, a := range c.alphas {
			resources += fmt.Sprintf(" /A%d << /ca %.3f /CA %.3f >>", a, float64(a)/255, float64(a)/255)
		}
		resources += " >>"
	}
	f.object(fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %g %g] /Contents 4 0 R /Resources << %s >> >>",
		c.w.Points(), c.h.Points(), resources))
	f.stream("", c.page.Bytes())
	f.object("<< /Title " + pdfText(c.title) + " >>")
	for _, font := range c.fonts {
		font.write(&f)
	}
	return f.end()
}

// pdfText returns a text string in UTF-16 (ISO 32000-1 section 7.9.2.2).
func pdfText(s string) string {
	var b bytes.Buffer
	b.WriteString("<FEFF")
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	return b.String() + ">"
}

// A pdfFile is a PDF in the making: numbered objects, then their places.
type pdfFile struct {
	b  bytes.Buffer
	at []int // where object i+1 begins
}

func (f *pdfFile) object(body string) {
	f.at = append(f.at, f.b.Len())
	fmt.Fprintf(&f.b, "%d 0 obj\n%s\nendobj\n", len(f.at), body)
}

// stream writes an object of compressed bytes; entries are more entries of its dictionary.
func (f *pdfFile) stream(entries string, data []byte) {
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	w.Write(data) // into memory: cannot fail
	w.Close()
	f.at = append(f.at, f.b.Len())
	fmt.Fprintf(&f.b, "%d 0 obj\n<< /Length %d /Filter /FlateDecode%s >>\nstream\n", len(f.at), z.Len(), entries)
	f.b.Write(z.Bytes())
	f.b.WriteString("\nendstream\nendobj\n")
}

func (f *pdfFile) end() []byte {
	xref := f.b.Len()
	fmt.Fprintf(&f.b, "xref\n0 %d\n0000000000 65535 f \n", len(f.at)+1)
	for _, at := range f.at {
		fmt.Fprintf(&f.b, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&f.b, "trailer\n<< /Size %d /Root 1 0 R /Info 5 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(f.at)+1, xref)
	return f.b.Bytes()
}
