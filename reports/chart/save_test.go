package chart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// drawn returns the charts of an input, those that show nothing left out.
func drawn(t testing.TB, in Input) []*Drawing {
	t.Helper()
	var ds []*Drawing
	for _, c := range All {
		d, err := c.New(in)
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		if d != nil {
			ds = append(ds, d)
		}
	}
	return ds
}

// TestSaveRepeats proves that a chart's files are the same bytes whenever and beside whatever they are made: from a second
// drawing, and from four goroutines at once.
func TestSaveRepeats(t *testing.T) {
	in := smallPair()
	again := drawn(t, in)
	for i, d := range drawn(t, in) {
		if testing.Short() && i > 0 {
			break // one chart shows what the race detector must see
		}
		if !bytes.Equal(d.Points.CSV(), again[i].Points.CSV()) {
			t.Errorf("%s.csv differs from one making to the next", d.Name)
		}
		for _, format := range Formats {
			want, err := Save(d, format)
			if err != nil {
				t.Fatal(err)
			}
			var all sync.WaitGroup
			for n := range 4 {
				all.Go(func() {
					from := d
					if n%2 == 0 {
						from = again[i]
					}
					got, err := Save(from, format)
					if err != nil || !bytes.Equal(got, want) {
						t.Errorf("%s.%s differs when saved again: %v", d.Name, format, err)
					}
				})
			}
			all.Wait()
		}
	}
}

func TestPNGIsFullHD(t *testing.T) {
	for _, d := range drawn(t, smallPair()) {
		b, err := Save(d, "png")
		if err != nil {
			t.Fatal(err)
		}
		m, err := png.Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatalf("%s.png: %v", d.Name, err)
		}
		if m.Bounds() != image.Rect(0, 0, 1920, 1080) {
			t.Errorf("%s.png is %v", d.Name, m.Bounds())
		}
		if r, g, b, _ := m.At(2, 2).RGBA(); r != 0xffff || g != 0xffff || b != 0xffff {
			t.Errorf("%s.png is not white in the corner", d.Name)
		}
	}
}

func TestSVGIsWellFormed(t *testing.T) {
	for _, d := range drawn(t, smallPair()) {
		d.Title = "<Less> & \"more\""
		b, err := Save(d, "svg")
		if err != nil {
			t.Fatal(err)
		}
		x := xml.NewDecoder(bytes.NewReader(b))
		for {
			token, err := x.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s.svg: %v", d.Name, err)
			}
			if e, ok := token.(xml.StartElement); ok && e.Name.Local == "title" {
				var title string
				if err := x.DecodeElement(&title, &e); err != nil || title != d.Title {
					t.Errorf("%s.svg: title %q, %v", d.Name, title, err)
				}
			}
		}
	}
}

// TestPDFIsSound reads the file as a viewer does, from its end: the table of objects must name the place of each.
func TestPDFIsSound(t *testing.T) {
	for _, d := range drawn(t, smallPair()) {
		b, err := Save(d, "pdf")
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(`startxref\n(\d+)\n%%EOF\n$`).FindSubmatch(b)
		if m == nil {
			t.Fatalf("%s.pdf has no end", d.Name)
		}
		at, _ := strconv.Atoi(string(m[1]))
		lines := strings.Split(string(b[at:]), "\n")
		var n int
		if _, err := fmt.Sscanf(lines[1], "0 %d", &n); err != nil || lines[0] != "xref" {
			t.Fatalf("%s.pdf: no table of objects at %d", d.Name, at)
		}
		for i := 1; i < n; i++ {
			place, _ := strconv.Atoi(lines[2+i][:10])
			if want := fmt.Sprintf("%d 0 obj\n", i); !bytes.HasPrefix(b[place:], []byte(want)) {
				t.Errorf("%s.pdf: no object %d at %d", d.Name, i, place)
			}
		}
		if bytes.Contains(b, []byte("Date")) {
			t.Errorf("%s.pdf holds a date", d.Name)
		}
	}
}

// TestPDFIsReadByPoppler has another program read the file and find its title as text.
func TestPDFIsReadByPoppler(t *testing.T) {
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Skip("pdftotext is not installed")
	}
	for _, d := range drawn(t, smallPair()) {
		b, err := Save(d, "pdf")
		if err != nil {
			t.Fatal(err)
		}
		c := exec.Command(tool, "-", "-")
		c.Stdin = bytes.NewReader(b)
		var complaints bytes.Buffer
		c.Stderr = &complaints
		text, err := c.Output()
		if err != nil || complaints.Len() > 0 {
			t.Errorf("%s.pdf: %v: %s", d.Name, err, complaints.Bytes())
		}
		if !bytes.Contains(text, []byte(d.Title)) {
			t.Errorf("%s.pdf: the title %q is not in its text:\n%s", d.Name, d.Title, text)
		}
	}
}

func TestSaveRefusesAnUnknownFormat(t *testing.T) {
	_, err := Save(&Drawing{Name: "order"}, "gif")
	if want := `draw order as "gif": no such format; there are png, svg and pdf`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// TestPaletteKeepsFrequentColors: of more than 256 colours the frequent stay exact, and the rest come near.
func TestPaletteKeepsFrequentColors(t *testing.T) {
	m := image.NewRGBA(image.Rect(0, 0, 600, 4))
	for x := range 600 {
		c := color.RGBA{uint8(x), uint8(x / 3), 77, 255}
		for y := range 3 {
			m.SetRGBA(x, y, color.RGBA{uint8(x % 100), 0, 0, 255})
		}
		m.SetRGBA(x, 3, c)
	}
	p := paletted(m)
	if len(p.Palette) != 256 {
		t.Fatalf("%d colours", len(p.Palette))
	}
	for x := range 600 {
		if got, want := p.At(x, 1), m.At(x, 1); got != want {
			t.Errorf("pixel %d,1 became %v, was %v", x, got, want)
		}
	}
	few := image.NewRGBA(image.Rect(0, 0, 256, 1))
	for x := range 256 {
		few.SetRGBA(x, 0, color.RGBA{uint8(x), 0, 0, 255})
	}
	for x := range 256 {
		if got, want := paletted(few).At(x, 0), few.At(x, 0); got != want {
			t.Errorf("of 256 colours %v became %v", want, got)
		}
	}
}

// TestPDFDrawsCurves draws what the charts of this package do not: arcs, curves, opacity, a nested state.
func TestPDFDrawsCurves(t *testing.T) {
	d := &Drawing{Name: "curves", Title: "Kurven: µ", Width: 100, Height: 100, Draw: func(c draw.Canvas) {
		var p vg.Path
		p.Move(vg.Point{X: 10, Y: 50})
		p.QuadTo(vg.Point{X: 20, Y: 80}, vg.Point{X: 30, Y: 50})
		p.Arc(vg.Point{X: 50, Y: 50}, 20, 3.141592653589793, -3.141592653589793)
		p.Close()
		c.SetColor(color.NRGBA{255, 0, 0, 51})
		c.Fill(p)
		c.Push()
		c.SetColor(color.NRGBA{0, 0, 255, 255})
		c.SetLineWidth(2)
		c.Stroke(p)
		c.Pop()
	}}
	c := newPDF(d.Width, d.Height, d.Title)
	d.Draw(draw.NewCanvas(c, d.Width, d.Height))
	page := c.page.String()
	for _, want := range []string{
		"10 50 m\n16.67 70 23.33 70 30 50 c\n30 50 l\n", // a quadratic curve's cubic: 1/3 and 2/3 towards its control point
		"30 61.05 38.95 70 50 70 c\n",                   // a quarter circle: 20 * 4/3 * tan(22.5 degrees) = 11.05
		"70 50 c\nh\nf\n", "/A51 gs\n1 0 0 rg\n1 0 0 RG\n", "q\n/A255 gs\n", "2 w\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if file := string(c.bytes()); !strings.Contains(file, "/A51 << /ca 0.200 /CA 0.200 >>") || !strings.Contains(file, "<FEFF004B") {
		t.Error("the file lacks its opacity or its title")
	}
}
