package chart

import (
	"math"
	"sort"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Where along its arrow a label may stand, best first.
var labelPlaces = [...]float64{0.5, 0.38, 0.62, 0.27, 0.73, 0.18, 0.82}

// mostCrossed is how many other arrows may pass behind a label.
const mostCrossed = 4

// label gives as many arrows as possible what they say, the important first: each label stands along its arrow, above it
// if there is room, and no two overlap.
func (l *ladder) label() {
	order := make([]int, len(l.arrows))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, j int) bool { return l.arrows[order[i]].rank() < l.arrows[order[j]].rank() })
	for _, i := range order {
		l.say(i)
		l.explain(i)
	}
}

// rank orders arrows by how much they need their labels: the lower, the more.
func (a *arrow) rank() int {
	switch {
	case a.ending == endCross || a.ending == endBar || a.role == roleRetransmission || a.signal:
		return 0
	case a.story && a.role != roleACK:
		return 1
	case a.story:
		return 2
	}
	return 3
}

// taken tells whether a label or a mark already stands in the way of b.
func (l *ladder) taken(b box) bool {
	for i := range l.labels {
		if l.labels[i].box.overlaps(b) {
			return true
		}
	}
	for i := range l.arrows {
		a := &l.arrows[i]
		if a.ending == endCross && newBox(a.to, 13, 13, 0).overlaps(b) || a.marked() && newBox(between(a.from, a.to, lossAt), 12, 12, 0).overlaps(b) {
			return true
		}
	}
	return false
}

// explain writes what happened to a packet beside its end.
func (l *ladder) explain(i int) {
	a := &l.arrows[i]
	if a.ending != endCross && a.ending != endBar {
		return
	}
	style := write(l.size, true, lossColor, draw.XCenter, draw.YCenter)
	for _, text := range misfortune(a.packet) {
		w, h := style.Width(text)+4, l.size*1.15
		side := vg.Length(1) // away from the sender
		if a.to.X < a.from.X {
			side = -1
		}
		near, far := side*(w/2+9), side*(w/2+5)
		at := []vg.Point{{X: near}, {Y: -h - 3}, {Y: h + 3}, {X: far, Y: -h}, {X: far, Y: h}, {X: -far, Y: -h}, {X: -far, Y: h},
			{Y: -1.6*h - 3}, {Y: 1.6*h + 3}, {X: far, Y: -1.6 * h}, {X: far, Y: 1.6 * h}, {X: -far, Y: -1.6 * h}}
		if a.ending == endBar {
			at = []vg.Point{{X: -near, Y: -h * 0.9}, {X: -near, Y: h * 1.2}, {X: -near, Y: -h * 1.8}, {X: -near, Y: h * 2}}
		}
		best, least := box{}, math.MaxInt
		for k, d := range at {
			b := newBox(a.to.Add(d), w, h, 0)
			if !b.inside(l.inside) || l.taken(b) {
				continue
			}
			if n := 4*l.crossings(b, i) + k; n < least {
				best, least = b, n
			}
		}
		if least < math.MaxInt {
			l.labels = append(l.labels, label{box: best, text: text, color: lossColor, bold: true, arrow: i})
			return
		}
	}
}

// crossings counts the arrows, but for one, that pass through b; those of the story count much.
func (l *ladder) crossings(b box, but int) int {
	n := 0
	for i := range l.arrows {
		if a := &l.arrows[i]; i != but && b.crossed(a.from, a.to) {
			n++
			if a.story {
				n += mostCrossed
			}
		}
	}
	return n
}

// say writes what a packet is along its arrow.
func (l *ladder) say(i int) {
	a := &l.arrows[i]
	style := write(l.size, a.story, a.role.textColor(l.protocol), draw.XCenter, draw.YCenter)
	length := math.Hypot(float64(a.to.X-a.from.X), float64(a.to.Y-a.from.Y))
	left, right := a.from, a.to
	if left.X > right.X {
		left, right = right, left
	}
	// In 65536ths of a radian, far finer than a pixel: SVG writes all digits, and the last ones differ between processors.
	angle := math.Round(math.Atan2(float64(right.Y-left.Y), float64(right.X-left.X))*65536) / 65536
	for _, text := range a.sayings {
		w, h := style.Width(text)+4, l.size*1.12
		best, least := box{}, math.MaxInt
		for _, f := range labelPlaces {
			if float64(w)/2+6 > min(f, 1-f)*length {
				continue
			}
			for _, above := range [...]vg.Length{1, -1} {
				b := newBox(between(a.from, a.to, f), w, h, angle)
				up := above * (h/2 + 1.2)
				b.at = b.at.Add(vg.Point{X: -b.sin * up, Y: b.cos * up})
				if !b.inside(l.inside) || l.taken(b) {
					continue
				}
				n := 4 * l.crossings(b, i)
				if above < 0 {
					n += 3
				}
				if n < least {
					best, least = b, n
				}
			}
		}
		limit := [...]int{math.MaxInt - 1, 24 * mostCrossed, 12 * mostCrossed, 4 * mostCrossed}[a.rank()]
		if least <= limit {
			l.labels = append(l.labels, label{box: best, angle: angle, text: text, color: style.Color, bold: a.story, arrow: i})
			return
		}
	}
}
