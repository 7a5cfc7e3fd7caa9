package chart

import (
	"slices"
	"sort"
	"time"

	"gonum.org/v1/plot/vg"
)

// breakHeight is how high a time break stands in the picture.
const breakHeight vg.Length = 34

// A timeline maps instants to heights, time running downwards. Long idle time is cut out, and where events crowd time is
// stretched. It never turns back: of two instants the later is never higher.
type timeline struct {
	knots    []knot
	breaks   []timeBreak
	stretchy bool // the scale is not the same everywhere
}

type knot struct {
	t time.Duration
	y vg.Length
}

// A timeBreak is idle time that is cut out.
type timeBreak struct {
	from, to    time.Duration // what is cut out
	idle        time.Duration // from the last event before it to the first behind it
	top, bottom vg.Length
}

// A period is a packet's time on its way.
type period struct {
	from, to time.Duration
	last     time.Duration // its last event that is known
}

// newTimeline lays the time from `from` to `to` between two heights. Idle time between the busy periods that is longer
// than `least` and more than a quarter of all other time is broken; a quarter of `least` is kept on either side.
func newTimeline(from, to time.Duration, busy []period, least time.Duration, top, bottom vg.Length) timeline {
	to = max(to, from+1)
	l := timeline{breaks: idleBreaks(from, to, busy, least)}
	high := top - bottom - breakHeight*vg.Length(len(l.breaks))
	if high < (top-bottom)/3 { // more breaks than the picture has room for: none
		l.breaks, high = nil, top-bottom
	}
	shown := to - from
	for _, b := range l.breaks {
		shown -= b.to - b.from
	}
	events := l.events(from, to, busy)
	share := crowding(events, float64(high)/float64(shown))
	l.stretchy = share > 0
	even := 0.0 // height per event
	if len(events) > 2 {
		even = share * float64(high) / float64(len(events)-1-len(l.breaks))
	}
	scale := (1 - share) * float64(high) / float64(shown)
	y := top
	l.knots = append(l.knots, knot{from, top})
	next := 0
	for i, t := range events[1:] {
		before := events[i]
		if next < len(l.breaks) && l.breaks[next].from == before {
			b := &l.breaks[next]
			b.top, b.bottom = y, y-breakHeight
			y = b.bottom
			next++
		} else {
			y -= vg.Length(float64(float64(t-before)*scale) + even)
		}
		l.knots = append(l.knots, knot{t, y})
	}
	return l
}

// idleBreaks finds the idle time that is worth cutting out.
func idleBreaks(from, to time.Duration, busy []period, least time.Duration) []timeBreak {
	sort.SliceStable(busy, func(i, j int) bool { return busy[i].from < busy[j].from })
	var gaps []timeBreak
	end, last, idle := from, from, time.Duration(0)
	for _, b := range busy {
		if b.from > to {
			break
		}
		if b.from-end > least {
			gaps = append(gaps, timeBreak{from: end, to: b.from, idle: b.from - last})
			idle += b.from - end
		}
		end, last = max(end, b.to), max(last, b.last)
	}
	var out []timeBreak
	for _, g := range gaps {
		if g.to-g.from > (to-from-idle)/4 {
			g.from, g.to = g.from+least/4, g.to-least/4
			out = append(out, g)
		}
	}
	return out
}

// events returns the instants at which packets leave and arrive, those of the breaks and the two ends, in order, each
// once; what is closer together than a hundredth of a millisecond is one.
func (l *timeline) events(from, to time.Duration, busy []period) []time.Duration {
	all := []time.Duration{from, to}
	for _, b := range busy {
		for _, t := range [...]time.Duration{b.from, b.to} {
			if t > from && t < to && !l.cuts(t) {
				all = append(all, t)
			}
		}
	}
	for _, b := range l.breaks {
		all = append(all, b.from, b.to)
	}
	slices.Sort(all)
	fixed := func(t time.Duration) bool {
		return t == to || slices.ContainsFunc(l.breaks, func(b timeBreak) bool { return t == b.from || t == b.to })
	}
	out := all[:1]
	for _, t := range all[1:] {
		near := t-out[len(out)-1] < 10*time.Microsecond
		switch {
		case !near:
			out = append(out, t)
		case fixed(t) && t != out[len(out)-1]:
			if len(out) > 1 && !fixed(out[len(out)-1]) {
				out = out[:len(out)-1]
			}
			out = append(out, t)
		}
	}
	return out
}

// crowding says how much of the height is given out evenly, so much an event, instead of by time: more, the more events
// would stand closer than a label's height at this scale; nothing where few do.
func crowding(events []time.Duration, scale float64) float64 {
	crowded, longest := 0, time.Duration(0)
	for i, t := range events[1:] {
		d := t - events[i]
		longest = max(longest, d)
		if float64(d)*scale < 5 {
			crowded++
		}
	}
	share := float64(crowded) / float64(len(events))
	if share < 0.3 || float64(longest)*scale < 20 { // evenly spaced already: stretching would change little
		return 0
	}
	return 0.6 * share
}

// y returns the height of an instant; those before the beginning and behind the end go on at the scale of the edge.
func (l *timeline) y(t time.Duration) vg.Length {
	i := sort.Search(len(l.knots), func(i int) bool { return l.knots[i].t >= t })
	i = min(max(i, 1), len(l.knots)-1)
	a, b := l.knots[i-1], l.knots[i]
	if b.t == a.t {
		return a.y
	}
	return a.y + (b.y-a.y)*vg.Length(float64(t-a.t)/float64(b.t-a.t))
}

// cuts tells whether an instant lies inside a break.
func (l *timeline) cuts(t time.Duration) bool { return l.endOfCut(t) > t }

// endOfCut returns the end of the break in which t lies, or t.
func (l *timeline) endOfCut(t time.Duration) time.Duration {
	for _, b := range l.breaks {
		if t > b.from && t < b.to {
			return b.to
		}
	}
	return t
}

// shown is the time that is drawn.
func (l *timeline) shown() time.Duration {
	d := l.knots[len(l.knots)-1].t - l.knots[0].t
	for _, b := range l.breaks {
		d -= b.to - b.from
	}
	return d
}
