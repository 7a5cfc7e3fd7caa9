package chart

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"reliabilitylab/scenarios"
)

// Theory beside the measurements of a sweep. A theory is told the scenario at a value of x, and answers where it is valid;
// elsewhere it is not drawn.

// A theory is what one model says of one metric.
type theory struct {
	name, metric string
	of           func(*setting) (float64, bool)
	dashes       []vg.Length
	note         string // for the caption: who says it, and what it assumes
}

// theories are all that are known, in the order of a caption.
var theories = []theory{
	{"Mathis", "goodput_bps", mathis, []vg.Length{2, 3},
		"Mathis: the square-root law (1997), up to 2% loss, since it knows no timeouts"},
	{"PFTK", "goodput_bps", pftk, []vg.Length{8, 3},
		"PFTK: the full model of Padhye and others (1998), up to 30% loss"},
	{"PFTK of every loss", "goodput_bps", pftkOfAll, []vg.Length{2, 6},
		"PFTK of every loss: the same if each packet of a burst is taken for a loss event, as it must not be"},
	{"CUBIC's response", "goodput_bps", cubic, []vg.Length{8, 3, 2, 3},
		"CUBIC's response function (RFC 9438 section 5, the greater of its two windows), up to 2% loss, since it knows no timeouts"},
	{"TFRC", "goodput_bps", tfrc, []vg.Length{1.5, 3},
		"TFRC: what RFC 5348 holds to be fair beside TCP, up to 30% loss"},
	{"textbook", "goodput_bps", byHand, []vg.Length{8, 3},
		"textbook: the utilisation of stop-and-wait, go-back-N and selective repeat (Stallings) with the timeout that is set; selective repeat's holds for a window that no loss closes"},
	{"sawtooth", "goodput_bps", sawtooth, []vg.Length{8, 3},
		"sawtooth: one Reno that loses packets to its own full queue alone, 3/4 (1+q)²/(1+q+q²) of the link with a queue of q bandwidth-delay products, up to one"},
	{"full queue", "queue_delay_p50_s", fullQueue, []vg.Length{2, 3}, fullQueueNote},
	{"full queue", "queue_delay_p99_s", fullQueue, []vg.Length{2, 3}, fullQueueNote},
	{"link", "goodput_bps", ceiling, []vg.Length{1.5, 1.5},
		"link: its rate less the headers of full segments"},
	{"1 - loss", "delivered_ratio", survives, []vg.Length{2, 3},
		"1 - loss: what the path lets through, if nothing is sent again and no queue overflows"},
	{"loss of the path", "loss_ratio", pathLoss, []vg.Length{2, 3},
		"loss of the path: the mean of its loss model"},
	{"run of the model", "loss_burst_mean", pathRun, []vg.Length{2, 3},
		"run of the model: the mean number of packets that the path's loss model takes in a row"},
}

const fullQueueNote = "full queue: what a full segment waits behind as many as the queue holds"

// A theoryLine is one curve.
type theoryLine struct {
	theory *theory
	label  string // "" where another curve bears the name already
	look   draw.LineStyle
	pts    []point
}

// theories returns the curves for a panel: for each theory one, or one for each line of which it says something else, in
// the line's colour.
func (c *sweepChart) theories(p *sweepPanel) []theoryLine {
	var out []theoryLine
	for i := range theories {
		t := &theories[i]
		if t.metric != c.metric.Name {
			continue
		}
		var curves []theoryLine
		for n := range p.lines {
			l := &p.lines[n]
			pts := c.curve(t, &l.series)
			if len(pts) < 2 || slices.ContainsFunc(curves, func(o theoryLine) bool { return slices.Equal(o.pts, pts) }) {
				continue
			}
			curves = append(curves, theoryLine{t, "", draw.LineStyle{Color: l.look.line.Color, Width: 1.7, Dashes: t.dashes}, pts})
		}
		if len(curves) == 1 {
			curves[0].look.Color = color.NRGBA(grey)
		}
		if len(curves) > 0 {
			curves[0].label = t.name
		}
		if t.name == "TFRC" && slices.ContainsFunc(out, func(l theoryLine) bool { return l.theory.name == "PFTK" }) {
			continue // it says nearly the same
		}
		out = append(out, curves...)
	}
	return out
}

// A curve is drawn at mostCurve of the values of x, or at all if they are fewer, and at the ends of curveParts parts.
const (
	mostCurve  = 50
	curveParts = 24
)

// scenario returns the scenario at a point, which several theories ask for; nil where it is impossible.
func (c *sweepChart) scenario(p scenarios.Point) *scenarios.Scenario {
	name := p.String()
	at, ok := c.settings[name]
	if !ok {
		at, _ = c.grid.scenario.At(p) // an impossible combination has no theory, nor any trials
		c.settings[name] = at
	}
	return at
}

// curve returns what a theory says of a series, at the values of x, and between them where those can be written.
func (c *sweepChart) curve(t *theory, s *series) []point {
	key := &c.grid.keys[c.x]
	if key.at == nil {
		return nil
	}
	var pts []point
	ask := func(x float64, p scenarios.Point) {
		at := c.scenario(p)
		if at == nil {
			return
		}
		if v, ok := s.setting(at); ok {
			if y, ok := t.of(&v); ok {
				pts = append(pts, point{x, y})
			}
		}
	}
	some := spread(len(key.at), mostCurve)
	if key.scale == 0 || !slices.Contains([]unit{ratio, second, bitRate}, key.unit) {
		for _, i := range some {
			ask(key.at[i], c.grid.point(with(s.at, c.x, i)))
		}
		return pts
	}
	low, high := key.at[0], key.at[len(key.at)-1]
	x := axisOf("", key.unit, key.at, logX)
	if x.Log {
		low = key.at[slices.IndexFunc(key.at, func(v float64) bool { return v > 0 })]
	}
	var xs []float64
	for _, i := range some {
		if key.at[i] >= low {
			xs = append(xs, key.at[i])
		}
	}
	for i := range curveParts {
		f := float64(i) / curveParts
		v := low + float64(f*(high-low))
		if x.Log {
			v = low * math.Pow(high/low, f)
		}
		xs = append(xs, v)
	}
	slices.Sort(xs)
	for _, v := range slices.Compact(xs) {
		ask(v, c.grid.pointWith(s.at, c.x, key.write(v)))
	}
	return pts
}

// pointWith is point with another value for one key.
func (g *grid) pointWith(at []int, key int, value string) scenarios.Point {
	p := g.point(with(at, key, 0))
	for n := range p {
		if p[n].Key == g.keys[key].key {
			p[n].Value = value
		}
	}
	return p
}

// assumptions says for the caption what the theories that are drawn say and assume.
func (c *sweepChart) assumptions() string {
	var notes []string
	steady := false
	for i := range theories {
		t := &theories[i]
		if slices.ContainsFunc(c.panels, func(p sweepPanel) bool {
			return slices.ContainsFunc(p.theory, func(l theoryLine) bool { return l.theory == t })
		}) {
			notes = append(notes, t.note)
			steady = steady || t.metric == "goodput_bps" && !slices.Contains([]string{"link", "textbook", "sawtooth"}, t.name)
		}
	}
	if len(notes) == 0 {
		return ""
	}
	s := " " + strings.Join(notes, "; ") + "."
	if steady {
		s += " The models take p from the path's loss (of bursts, the rate of runs)" + c.symbols() +
			" and b = 1; they are drawn where a transfer meets ten losses and the link is not full."
	}
	return s
}

// symbols says what else the models take from the scenario, with the values that are the same at all corners of the sweep.
func (c *sweepChart) symbols() string {
	var rtts, rtos []time.Duration
	var segments []float64
	for _, at := range c.grid.corners() {
		if v, _ := c.panels[0].lines[0].setting(at); v.flow != nil {
			rtts, rtos, segments = append(rtts, v.rtt()), append(rtos, v.flow.TCP.MinRTO), append(segments, v.mss())
		}
	}
	rtt, rto, mss := ", the empty path's RTT", ", RTT + the least RTO for the RTO", ", the MSS"
	if same(rtts) {
		rtt += " (" + second.format(rtts[0].Seconds()) + ")"
	}
	if same(rtos) {
		rto = ", RTT + " + second.format(rtos[0].Seconds()) + " for the RTO"
	}
	if same(segments) {
		mss += fmt.Sprintf(" (%.0f bytes)", segments[0])
	}
	return rtt + rto + mss
}

// same tells whether there are values, and all are the same.
func same[T cmp.Ordered](all []T) bool { return len(all) > 0 && slices.Min(all) == slices.Max(all) }
