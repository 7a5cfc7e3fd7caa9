package chart

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	stdfont "golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"gonum.org/v1/plot/font"
)

// A pdfFont is a TrueType font in a PDF: a composite font whose character codes are the glyphs' numbers (ISO 32000-1
// section 9.7), embedded with the glyphs that were shown and no others.
type pdfFont struct {
	face   font.Face
	buf    sfnt.Buffer
	em     fixed.Int26_6
	glyphs map[sfnt.GlyphIndex]rune // what was shown; written in the order of the numbers
}

// pdfFontObjects is how many objects write makes.
const pdfFontObjects = 5

func newPDFFont(f font.Face) *pdfFont {
	return &pdfFont{face: f, em: fixed.Int26_6(f.Face.UnitsPerEm()), glyphs: map[sfnt.GlyphIndex]rune{}}
}

// show returns the operand of TJ that shows s: glyph numbers with the kerning between them, in thousandths.
func (f *pdfFont) show(s string) []byte {
	b := []byte("[<")
	var last sfnt.GlyphIndex
	for i, r := range s {
		g, err := f.face.Face.GlyphIndex(&f.buf, r)
		if err != nil {
			g = 0 // the font's sign for what it does not have
		}
		f.glyphs[g] = r
		if i > 0 {
			if k, err := f.face.Face.Kern(&f.buf, last, g, f.em, stdfont.HintingNone); err == nil && k != 0 {
				b = fmt.Appendf(b, ">%d<", -f.thousandths(k))
			}
		}
		b = fmt.Appendf(b, "%04X", uint16(g))
		last = g
	}
	return append(b, ">]"...)
}

// thousandths turns units of the font into thousandths of its size.
func (f *pdfFont) thousandths(v fixed.Int26_6) int { return int(v) * 1000 / int(f.em) }

// write adds the font's five objects to the file: the composite font, its descendant, the descriptor, the font program,
// and the map back to Unicode.
func (f *pdfFont) write(file *pdfFile) {
	n := len(file.at) + 1
	var numbers []sfnt.GlyphIndex
	for g := range f.glyphs {
		numbers = append(numbers, g)
	}
	slices.Sort(numbers)
	tag := uint64(14695981039346656037) // FNV-1a over the glyphs: the subset's name
	var widths, unicode bytes.Buffer
	for _, g := range numbers {
		tag = (tag ^ uint64(g)) * 1099511628211
		advance, err := f.face.Face.GlyphAdvance(&f.buf, g, f.em, stdfont.HintingNone)
		if err != nil {
			advance = 0
		}
		fmt.Fprintf(&widths, " %d [%d]", g, f.thousandths(advance))
		fmt.Fprintf(&unicode, "<%04X> %s\n", uint16(g), "<"+pdfText(string(f.glyphs[g]))[len("<FEFF"):])
	}
	name := make([]byte, 6)
	for i := range name {
		name[i] = 'A' + byte(tag>>(8*i)%26)
	}
	family, err := f.face.Face.Name(&f.buf, sfnt.NameIDPostScript)
	if err != nil {
		family = "Font"
	}
	base := string(name) + "+" + family
	metrics, _ := f.face.Face.Metrics(&f.buf, f.em, stdfont.HintingNone)
	box, _ := f.face.Face.Bounds(&f.buf, f.em, stdfont.HintingNone)

	file.object(fmt.Sprintf("<< /Type /Font /Subtype /Type0 /BaseFont /%s /Encoding /Identity-H /DescendantFonts [%d 0 R] /ToUnicode %d 0 R >>", base, n+1, n+4))
	file.object(fmt.Sprintf("<< /Type /Font /Subtype /CIDFontType2 /BaseFont /%s /CIDToGIDMap /Identity /FontDescriptor %d 0 R\n"+
		"/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /W [%s ] >>", base, n+2, widths.Bytes()))
	file.object(fmt.Sprintf("<< /Type /FontDescriptor /FontName /%s /Flags 4 /FontBBox [%d %d %d %d] /ItalicAngle 0 /Ascent %d /Descent %d /CapHeight %d /StemV 80 /FontFile2 %d 0 R >>",
		base, f.thousandths(box.Min.X), f.thousandths(-box.Max.Y), f.thousandths(box.Max.X), f.thousandths(-box.Min.Y),
		f.thousandths(metrics.Ascent), -f.thousandths(metrics.Descent), f.thousandths(metrics.CapHeight), n+3))
	var program bytes.Buffer
	if _, err := f.face.Face.WriteSourceTo(&f.buf, &program); err != nil {
		panic("chart: the embedded font cannot be read: " + err.Error())
	}
	subset := subsetTrueType(program.Bytes(), numbers)
	file.stream(fmt.Sprintf(" /Length1 %d", len(subset)), subset)
	file.stream("", fmt.Appendf(nil, "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"+
		"/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"+
		"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n%s"+
		"endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n", unicodeBlocks(unicode.Bytes())))
}

// unicodeBlocks puts lines of a map into blocks of at most 100, as a CMap wants them.
func unicodeBlocks(lines []byte) []byte {
	var out []byte
	all := bytes.SplitAfter(bytes.TrimSuffix(lines, []byte("\n")), []byte("\n"))
	for block := range slices.Chunk(all, 100) {
		out = fmt.Appendf(out, "%d beginbfchar\n%s\nendbfchar\n", len(block), bytes.TrimSuffix(bytes.Join(block, nil), []byte("\n")))
	}
	return out
}

// subsetTrueType returns the TrueType font with the outlines of these glyphs, and of the parts they are composed of, and
// no others. All glyphs keep their numbers. The tables are those that a PDF needs (ISO 32000-1 section 9.9).
func subsetTrueType(ttf []byte, glyphs []sfnt.GlyphIndex) []byte {
	be := binary.BigEndian
	table := map[string][]byte{}
	for i := range int(be.Uint16(ttf[4:])) {
		e := ttf[12+16*i:]
		table[string(e[:4])] = ttf[be.Uint32(e[8:]):][:be.Uint32(e[12:])]
	}
	long := be.Uint16(table["head"][50:]) == 1
	count := int(be.Uint16(table["maxp"][4:]))
	outline := func(g int) []byte {
		l := table["loca"]
		if long {
			return table["glyf"][be.Uint32(l[4*g:]):be.Uint32(l[4*g+4:])]
		}
		return table["glyf"][2*int(be.Uint16(l[2*g:])) : 2*int(be.Uint16(l[2*g+2:]))]
	}
	wanted := make([]bool, count)
	var want func(g int)
	want = func(g int) {
		if g >= count || wanted[g] {
			return
		}
		wanted[g] = true
		for _, part := range components(outline(g)) {
			want(part)
		}
	}
	want(0)
	for _, g := range glyphs {
		want(int(g))
	}
	var glyf []byte
	loca := make([]byte, 0, 4*count+4)
	for g := range count {
		loca = be.AppendUint32(loca, uint32(len(glyf)))
		if wanted[g] {
			glyf = append(glyf, outline(g)...)
			for len(glyf)%4 != 0 {
				glyf = append(glyf, 0)
			}
		}
	}
	table["glyf"], table["loca"] = glyf, be.AppendUint32(loca, uint32(len(glyf)))
	head := slices.Clone(table["head"])
	be.PutUint16(head[50:], 1) // offsets in loca are long now
	table["head"] = head
	return joinTables(table, []string{"cvt ", "fpgm", "glyf", "head", "hhea", "hmtx", "loca", "maxp", "prep"})
}

// components returns the glyphs that a composite glyph is made of; none for a simple one (OpenType, glyf table).
func components(outline []byte) []int {
	be := binary.BigEndian
	if len(outline) < 10 || int16(be.Uint16(outline)) >= 0 {
		return nil
	}
	var parts []int
	for p := outline[10:]; ; {
		flags := be.Uint16(p)
		parts = append(parts, int(be.Uint16(p[2:])))
		size := 6
		if flags&0x0001 != 0 { // arguments are words
			size += 2
		}
		switch {
		case flags&0x0008 != 0: // one scale
			size += 2
		case flags&0x0040 != 0: // one for x, one for y
			size += 4
		case flags&0x0080 != 0: // a two by two matrix
			size += 8
		}
		if flags&0x0020 == 0 { // no more components
			return parts
		}
		p = p[size:]
	}
}

// joinTables writes a TrueType font of these tables, which must be in the order of their names.
func joinTables(table map[string][]byte, names []string) []byte {
	be := binary.BigEndian
	names = slices.DeleteFunc(names, func(n string) bool { return table[n] == nil })
	power, log := 1, 0
	for power*2 <= len(names) {
		power, log = power*2, log+1
	}
	out := be.AppendUint32(nil, 0x00010000)
	for _, v := range []int{len(names), power * 16, log, (len(names) - power) * 16} {
		out = be.AppendUint16(out, uint16(v))
	}
	at := len(out) + 16*len(names)
	var body []byte
	for _, n := range names {
		t := table[n]
		padded := append(slices.Clone(t), make([]byte, (4-len(t)%4)%4)...)
		var sum uint32
		for i := 0; i < len(padded); i += 4 {
			sum += be.Uint32(padded[i:])
		}
		out = append(out, n...)
		for _, v := range []uint32{sum, uint32(at + len(body)), uint32(len(t))} {
			out = be.AppendUint32(out, v)
		}
		body = append(body, padded...)
	}
	return append(out, body...)
}
