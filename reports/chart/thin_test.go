package chart

import (
	"math"
	"testing"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"reliabilitylab/netem"
)

// unitArea is an area of 450 by 450 points, which is 1000 columns, from 0 to 1 each way.
func unitArea() area {
	c := draw.Canvas{Rectangle: vg.Rectangle{Max: vg.Point{X: 450, Y: 450}}}
	return area{c, axis{Max: 1}, axis{Max: 1}}
}

func TestSimplifyKeepsExtremes(t *testing.T) {
	const n = 300_000
	stream := netem.NewStream(3)
	pts := make([]point, n)
	low, high := map[int]float64{}, map[int]float64{}
	for i := range pts {
		y := float64(stream.At(uint64(i), 0)>>11) / (1 << 53)
		pts[i] = point{(float64(i) + 0.5) / n, y}
		c := i * 1000 / n
		if v, ok := low[c]; !ok || y < v {
			low[c] = y
		}
		high[c] = max(high[c], y)
	}
	lines := simplify(unitArea(), pts)
	if len(lines) != 1 || len(lines[0]) > 4*1001 {
		t.Fatalf("%d lines, the first of %d points; want one of at most 4004", len(lines), len(lines[0]))
	}
	seen := map[float64]bool{}
	for _, p := range lines[0] {
		seen[math.Round(float64(p.Y)/450*1e9)] = true
	}
	for c := range 1000 {
		for _, y := range []float64{low[c], high[c]} {
			if !seen[math.Round(y*1e9)] {
				t.Fatalf("the extreme %g of column %d is not in the line", y, c)
			}
		}
	}
}

func TestSimplifyBreaksWhereUndefined(t *testing.T) {
	nan := math.NaN()
	pts := []point{{nan, 1}, {0, 0}, {0.5, 0.5}, {0.6, nan}, {0.7, 0.7}, {math.Inf(1), 0.8}, {0.9, 0.9}, {1, 1}}
	lines := simplify(unitArea(), pts)
	if len(lines) != 3 || len(lines[0]) != 2 || len(lines[1]) != 1 || len(lines[2]) != 2 {
		t.Errorf("lines %v; want three, of 2, 1 and 2 points", lines)
	}
	if lines := simplify(unitArea(), nil); len(lines) != 0 {
		t.Errorf("nothing simplifies to %v", lines)
	}
}

func TestThin(t *testing.T) {
	a := unitArea()
	same := make([]point, 1000)
	for i := range same {
		same[i] = point{0.5, 0.5}
	}
	if got := thin(a, same, 2); len(got) != 1 {
		t.Errorf("1000 equal points leave %d marks, want 1", len(got))
	}
	if got := thin(a, []point{{0, 0}, {1, 1}, {1.1, 0.5}, {math.NaN(), 0}}, 2); len(got) != 2 {
		t.Errorf("corners, one point outside and one undefined leave %v, want the two corners", got)
	}
	many := make([]point, 200_000)
	stream := netem.NewStream(4)
	for i := range many {
		many[i] = point{float64(stream.At(uint64(i), 0)>>11) / (1 << 53), float64(stream.At(uint64(i), 1)>>11) / (1 << 53)}
	}
	if got := thin(a, many, 1); len(got) > mostMarks || len(got) < mostMarks/3 {
		t.Errorf("200,000 scattered points leave %d marks, want at most %d and not far fewer", len(got), mostMarks)
	}
}

// TestNoisyDashedLine: a line that jumps across the area in every column is stroked in pieces, or rasterizing it takes
// minutes; the pieces join where the one before ended, with the dashes carried on.
func TestNoisyDashedLine(t *testing.T) {
	pts := make([]point, 50_000)
	stream := netem.NewStream(5)
	for i := range pts {
		pts[i] = point{float64(i) / 50_000, float64(stream.At(uint64(i), 0)>>11) / (1 << 53)}
	}
	r := new(strokes)
	a := unitArea()
	a.Canvas.Canvas = r
	a.line(draw.LineStyle{Color: black, Width: 2, Dashes: []vg.Length{9, 4}}, pts)
	if len(r.paths) < 10 {
		t.Fatalf("%d pieces", len(r.paths))
	}
	var length float64
	for i, p := range r.paths {
		if len(p) > pieceLength+1 {
			t.Errorf("piece %d has %d points", i, len(p))
		}
		if off := math.Mod(length, 13); math.Abs(off-float64(r.offsets[i])) > 1e-6 {
			t.Errorf("piece %d begins its dashes at %g, %g points into the line's pattern", i, float64(r.offsets[i]), off)
		}
		if i > 0 && p[0].Pos != r.paths[i-1][len(r.paths[i-1])-1].Pos {
			t.Errorf("piece %d begins at %v, where none ended", i, p[0].Pos)
		}
		for k := 1; k < len(p); k++ {
			length += math.Hypot(float64(p[k].Pos.X-p[k-1].Pos.X), float64(p[k].Pos.Y-p[k-1].Pos.Y))
		}
	}
}

// strokes is a canvas that keeps what is stroked.
type strokes struct {
	layout
	paths   []vg.Path
	offsets []vg.Length
	offset  vg.Length
}

func (s *strokes) SetLineDash(_ []vg.Length, offset vg.Length) { s.offset = offset }
func (s *strokes) Stroke(p vg.Path) {
	s.paths, s.offsets = append(s.paths, p), append(s.offsets, s.offset)
}
