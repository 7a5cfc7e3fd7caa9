package chart

import (
	"bytes"
	"fmt"
	"html"
	"image"
	"image/png"

	"git.sr.ht/~sbinet/gg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Formats are the names that Save knows.
var Formats = []string{"png", "svg", "pdf"}

// Save draws d in a format of Formats and returns the file's bytes, which depend on nothing but d and the format.
func Save(d *Drawing, format string) ([]byte, error) {
	switch format {
	case "png":
		return savePNG(d)
	case "svg":
		return saveSVG(d)
	case "pdf":
		c := newPDF(d.Width, d.Height, d.Title)
		d.Draw(draw.NewCanvas(c, d.Width, d.Height))
		return c.bytes(), nil
	}
	return nil, fmt.Errorf("draw %s as %q: no such format; there are png, svg and pdf", d.Name, format)
}

func savePNG(d *Drawing) ([]byte, error) {
	m := image.NewRGBA(image.Rect(0, 0, int(d.Width.Dots(dpi)+0.5), int(d.Height.Dots(dpi)+0.5)))
	g := gg.NewContextForRGBA(m) // as vgimg would make it, without the copies of the picture that it makes
	g.SetLineCapButt()
	g.InvertY()
	c := vgimg.NewWith(vgimg.UseImageWithContext(m, g), vgimg.UseDPI(dpi)) // paints it white
	d.Draw(draw.NewCanvas(c, d.Width, d.Height))
	var out bytes.Buffer
	if err := png.Encode(&out, paletted(m)); err != nil {
		return nil, fmt.Errorf("draw %s as png: %w", d.Name, err)
	}
	return out.Bytes(), nil
}

// saveSVG draws with vgsvg and mends three things: there is a title for readers who do not see the picture, a white ground
// for dark pages, and, where Liberation Sans is not installed, a typeface with the same widths takes its place.
func saveSVG(d *Drawing) ([]byte, error) {
	c := vgsvg.New(d.Width, d.Height)
	d.Draw(draw.NewCanvas(c, d.Width, d.Height))
	var out bytes.Buffer
	if _, err := c.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("draw %s as svg: %w", d.Name, err)
	}
	b := bytes.ReplaceAll(out.Bytes(), []byte("font-family:Liberation Sans;"),
		[]byte("font-family:'Liberation Sans',Arimo,Arial,Helvetica,sans-serif;"))
	top := "<title>" + html.EscapeString(d.Title) + "</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\" />\n<g "
	return bytes.Replace(b, []byte("<g "), []byte(top), 1), nil
}
