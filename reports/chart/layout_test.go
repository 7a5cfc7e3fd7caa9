package chart

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"testing"
	"time"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// A layout is a canvas that remembers where each text stands and paints nothing.
type layout struct {
	turn  []float64 // rotations, one for each Push
	texts []laidText
	bad   string // the first coordinate that is no number
	parts int    // of all paths
}

type laidText struct {
	words string
	box   vg.Rectangle
	size  vg.Length
}

func (l *layout) SetLineWidth(vg.Length)              {}
func (l *layout) SetLineDash([]vg.Length, vg.Length)  {}
func (l *layout) SetColor(color.Color)                {}
func (l *layout) Rotate(r float64)                    { l.turn[len(l.turn)-1] += r }
func (l *layout) Translate(vg.Point)                  { panic("the layout does not know translation") }
func (l *layout) Scale(float64, float64)              { panic("the layout does not know scale") }
func (l *layout) Push()                               { l.turn = append(l.turn, l.turn[len(l.turn)-1]) }
func (l *layout) Pop()                                { l.turn = l.turn[:len(l.turn)-1] }
func (l *layout) Stroke(p vg.Path)                    { l.path(p) }
func (l *layout) Fill(p vg.Path)                      { l.path(p) }
func (l *layout) DrawImage(vg.Rectangle, image.Image) {}

func (l *layout) path(p vg.Path) {
	l.parts += len(p)
	for _, c := range p {
		l.check(c.Pos, "path")
	}
}

func (l *layout) check(p vg.Point, what string) {
	for _, v := range []float64{float64(p.X), float64(p.Y)} {
		if l.bad == "" && (math.IsNaN(v) || math.IsInf(v, 0)) {
			l.bad = fmt.Sprintf("%s at %v", what, p)
		}
	}
}

func (l *layout) FillString(f font.Face, at vg.Point, s string) {
	l.check(at, s)
	e := f.Extents()
	sin, cos := math.Sincos(l.turn[len(l.turn)-1])
	box := vg.Rectangle{Min: vg.Point{X: vg.Inch * 1000, Y: vg.Inch * 1000}, Max: vg.Point{X: -vg.Inch * 1000, Y: -vg.Inch * 1000}}
	for _, p := range []vg.Point{{X: at.X, Y: at.Y - e.Descent*0.8}, {X: at.X + f.Width(s), Y: at.Y + e.Ascent*0.8}} {
		x, y := float64(p.X)*cos-float64(p.Y)*sin, float64(p.X)*sin+float64(p.Y)*cos
		box.Min = vg.Point{X: min(box.Min.X, vg.Length(x)), Y: min(box.Min.Y, vg.Length(y))}
		box.Max = vg.Point{X: max(box.Max.X, vg.Length(x)), Y: max(box.Max.Y, vg.Length(y))}
	}
	l.texts = append(l.texts, laidText{s, box, f.Font.Size})
}

// layOut draws d into a layout and reports texts that overlap, leave the picture or are too small for the back row:
// 20 pixels at 1080 are 9 points.
func layOut(t *testing.T, name string, d *Drawing) *layout {
	t.Helper()
	l := &layout{turn: []float64{0}}
	d.Draw(draw.NewCanvas(l, d.Width, d.Height))
	if l.bad != "" {
		t.Errorf("%s, %s: not a place: %s", name, d.Name, l.bad)
	}
	for i, a := range l.texts {
		if a.box.Min.X < 0 || a.box.Min.Y < 0 || a.box.Max.X > d.Width || a.box.Max.Y > d.Height {
			t.Errorf("%s, %s: %q leaves the picture: %v", name, d.Name, a.words, a.box)
		}
		if a.size < 9 {
			t.Errorf("%s, %s: %q is %.1f points high", name, d.Name, a.words, float64(a.size))
		}
		for _, b := range l.texts[:i] {
			if a.box.Min.X < b.box.Max.X && b.box.Min.X < a.box.Max.X && a.box.Min.Y < b.box.Max.Y && b.box.Min.Y < a.box.Max.Y {
				t.Errorf("%s, %s: %q %v overlaps %q %v", name, d.Name, a.words, a.box, b.words, b.box)
			}
		}
	}
	return l
}

// oddInputs are inputs at the edge of what charts meet.
func oddInputs() map[string]Input {
	one := func(ms ...trace.Message) Input {
		return Input{Trials: []Trial{{ID: "udp", Label: "UDP", Protocol: "udp", Trace: &trace.Trace{Protocol: "udp", Messages: ms}}}}
	}
	lostOne := trace.Message{Number: 1, Size: 1, Delivered: trace.Never}
	at := func(n uint64, sent, got time.Duration) trace.Message {
		return trace.Message{Number: n, Size: 1000, Sent: sent, Delivered: got, Copies: 1, Place: int32(n), Intact: true}
	}
	pair := func(m made) Input { return m.pair() }
	clean := pair(messages(300, 0, 0, 0))
	noScenario := clean
	noScenario.Scenario = nil
	noPackets := pair(messages(50, 0.1, 0.1, 0))
	for i := range noPackets.Trials {
		noPackets.Trials[i].Trace.Packets = nil
	}
	long := madePair()
	long.Scenario.Path.Reverse.Rate = 2 * netem.Mbit
	long.Scenario.Path.Forward.Duplicate.Probability = 0.01
	long.Scenario.Path.Forward.Reorder.Probability = 0.01
	long.Scenario.Path.Forward.Corrupt.Probability = 0.001
	many := Input{Scenario: clean.Scenario}
	for i := range 12 {
		two := pair(messages(400, 0.01*float64(i/2), 0, 0))
		for _, t := range two.Trials {
			t.ID = fmt.Sprintf("loss=%d%%,%s", i, t.ID)
			t.Label = fmt.Sprintf("%s, %d%% loss", t.Label, i)
			many.Trials = append(many.Trials, t)
		}
	}
	four := Input{Scenario: many.Scenario, Trials: many.Trials[:4]}
	return map[string]Input{
		"no trials":        {},
		"no messages":      one(),
		"one message":      one(at(1, 0, 25*time.Millisecond)),
		"at once":          one(at(1, 0, 0)),
		"all lost":         one(lostOne, lostOne, lostOne),
		"one of two lost":  one(lostOne, at(2, 1, time.Second)),
		"same latency":     one(at(1, 0, 10), at(2, 10, 20), at(3, 20, 30)),
		"zero and seconds": one(at(1, 0, 0), at(2, 0, 0), at(3, time.Second, 90*time.Second), at(4, 2*time.Second, time.Hour)),
		"clean":            clean,
		"no scenario":      noScenario,
		"no packets":       noPackets,
		"udp only":         {Scenario: clean.Scenario, Trials: clean.Trials[1:]},
		"tcp only":         {Scenario: clean.Scenario, Trials: clean.Trials[:1]},
		"everything":       long,
		"four trials":      four,
		"24 trials":        many,
		"half lost":        pair(messages(3000, 0.5, 0.3, 0.3)),
	}
}

func messages(n int, loss, late, duplicate float64) made {
	return made{messages: n, loss: loss, late: late, duplicate: duplicate, heldBack: 12 * time.Millisecond, rate: 8 * netem.Mbit}
}

func mine(name string) bool {
	return name == "delivery" || name == "order" || name == "latency" || name == "throughput"
}

// TestNoOverlap draws every chart of the usual run and of inputs at the edge: none may fail, and each text must be alone
// in its place, inside the picture and large enough.
func TestNoOverlap(t *testing.T) {
	inputs := oddInputs()
	inputs["usual"] = madePair()
	inputs["small"] = smallPair()
	for name, in := range inputs {
		for _, c := range All {
			if !mine(c.Name) {
				continue
			}
			d, err := c.New(in)
			if err != nil {
				t.Errorf("%s, %s: %v", name, c.Name, err)
			}
			if d == nil {
				continue
			}
			if d.Title == "" || d.Caption == "" || d.Name != c.Name || d.Width*9 != d.Height*16 {
				t.Errorf("%s: %+v", name, d)
			}
			layOut(t, name, d)
		}
	}
}

// TestNothingToShow: which charts an input without material leaves out.
func TestNothingToShow(t *testing.T) {
	inputs := oddInputs()
	for _, c := range []struct {
		input string
		want  string
	}{
		{"no trials", ""}, {"no messages", ""}, {"all lost", "delivery order "}, {"one message", "delivery order latency "},
		{"no packets", "delivery order latency "}, {"udp only", "delivery order latency throughput "},
	} {
		got := ""
		for _, d := range drawn(t, inputs[c.input]) {
			if mine(d.Name) {
				got += d.Name + " "
			}
		}
		if got != c.want {
			t.Errorf("%s shows %q, want %q", c.input, got, c.want)
		}
	}
}

// TestManyPointsStaySmall draws 120,000 messages, a fifth of them odd: the table keeps all, the picture only
// what can be seen.
func TestManyPointsStaySmall(t *testing.T) {
	const n = 60_000
	in := messages(n, 0.1, 0.05, 0.05).pair()
	for _, d := range drawn(t, in) {
		if !mine(d.Name) {
			continue
		}
		if d.Name != "throughput" && d.Points.Rows < 2*n*9/10 {
			t.Errorf("%s.csv has %d rows of %d messages", d.Name, d.Points.Rows, 2*n)
		}
		l := layOut(t, "many", d)
		if l.parts > 1_000_000 {
			t.Errorf("%s paints %d parts of paths", d.Name, l.parts)
		}
		svg, err := Save(d, "svg")
		if err != nil || len(svg) > 4<<20 {
			t.Errorf("%s.svg has %d bytes, %v", d.Name, len(svg), err)
		}
	}
}
