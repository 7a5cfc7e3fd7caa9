package chart

import (
	"cmp"
	"image"
	"image/color"
	"slices"
)

// paletted returns the picture with at most 256 colours, which makes its PNG a third as large and half as slow. A chart has
// few colours and the blends at their edges: the 256 most frequent stay as they are, and a rarer blend, of a few pixels,
// becomes the one nearest to it.
func paletted(m *image.RGBA) *image.Paletted {
	count := map[[4]uint8]int{}
	var last [4]uint8
	run := 0
	for i := 0; i < len(m.Pix); i += 4 { // equal pixels come in long runs
		if c := [4]uint8(m.Pix[i:]); c != last {
			count[last] += run
			last, run = c, 0
		}
		run++
	}
	count[last] += run
	colors := make([][4]uint8, 0, len(count))
	for c, n := range count {
		if n > 0 {
			colors = append(colors, c)
		}
	}
	slices.SortFunc(colors, func(a, b [4]uint8) int {
		if c := cmp.Compare(count[b], count[a]); c != 0 {
			return c
		}
		return slices.Compare(a[:], b[:])
	})
	kept := colors[:min(len(colors), 256)]
	index := make(map[[4]uint8]uint8, len(colors))
	p := image.NewPaletted(m.Rect, nil)
	for i, c := range kept {
		index[c] = uint8(i)
		p.Palette = append(p.Palette, color.RGBA{c[0], c[1], c[2], c[3]})
	}
	for _, c := range colors[len(kept):] {
		index[c] = nearest(kept, c)
	}
	last, at := kept[0], index[kept[0]]
	for i := range p.Pix {
		if c := [4]uint8(m.Pix[4*i:]); c != last {
			last, at = c, index[c]
		}
		p.Pix[i] = at
	}
	return p
}

// nearest returns which of the colours is nearest to c, the first of several.
func nearest(colors [][4]uint8, c [4]uint8) uint8 {
	best, at := 1<<30, 0
	for i, k := range colors {
		d := 0
		for j := range c {
			e := int(k[j]) - int(c[j])
			d += e * e
		}
		if d < best {
			best, at = d, i
		}
	}
	return uint8(at)
}
