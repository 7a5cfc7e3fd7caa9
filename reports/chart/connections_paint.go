package chart

import (
	"fmt"
	"image/color"
	"slices"
	"time"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// How the chart "connections" looks: bars of different heights, so that they can be told apart in grey too.

// stayLooks are the bars, by what they say.
var stayLooks = []struct {
	what, words string
	color       color.NRGBA
	part        float64 // of the height of a row
}{
	{"listening", "port listens", green, 0.22},
	{"asked for", "SYN sent", orange, 0.22},
	{"open", "open, not accepted yet", sky, 0.44},
	{"accepted", "accepted", blue, 0.66},
	{"TIME_WAIT", "TIME_WAIT", purple, 0.22},
}

// paintConnections draws the trials one below the other, on one axis of time.
func paintConnections(c draw.Canvas, lives []*portLife, end time.Duration) {
	var entries []entry
	for _, look := range stayLooks {
		if shown(lives, look.what, end) {
			entries = append(entries, entry{words: look.words, mark: &mark{square, 6.5, look.color}})
		}
	}
	if someCross(lives) {
		entries = append(entries, entry{words: "refused, lost or failed", mark: &mark{cross, 6, lossColor}})
	}
	c = legend(c, entries)
	rows := 0.0
	for _, l := range lives {
		rows += float64(len(l.rows)) + 1
	}
	const title, bottom = 1.5 * sizeLabel, 6 + 1.2*sizeTick + 1.35*sizeLabel
	each := float64(c.Max.Y-c.Min.Y-bottom-vg.Length(vg.Length(len(lives))*(title+10))) / rows
	top := c.Max.Y
	for i, l := range lives {
		p := panel{
			Title: l.title(), Above: i < len(lives)-1, Left: connectionsLeft,
			X: axis{Unit: second, Max: end.Seconds() * 1.01}, Y: axis{Names: make([]string, len(l.rows)+1), Min: -0.5, Max: float64(len(l.rows)) + 0.5},
		}
		under := vg.Length(10)
		if !p.Above {
			p.X.Label, under = "Time", bottom
		}
		room := c
		room.Max.Y = top
		room.Min.Y = top - title - vg.Length(each*(float64(len(l.rows))+1)) - under
		if !p.Above {
			room.Min.Y = c.Min.Y
		}
		top = room.Min.Y
		l.paint(p.lay(room), end)
	}
}

// connectionsLeft is the room for the rows' names.
const connectionsLeft vg.Length = 78

// shown tells whether some bar of that kind is in the picture.
func shown(lives []*portLife, what string, end time.Duration) bool {
	for _, l := range lives {
		for _, s := range l.server {
			if s.what == what && s.from < end {
				return true
			}
		}
		for _, row := range l.rows {
			for _, c := range row {
				if side, from := c.remembers(); what == "TIME_WAIT" && side == 0 && from < end {
					return true
				}
				for _, s := range c.stays() {
					if s.what == what {
						return true
					}
				}
			}
		}
	}
	return false
}

// someCross tells whether anything went wrong.
func someCross(lives []*portLife) bool {
	for _, l := range lives {
		if len(l.failed) > 0 {
			return true
		}
		for _, row := range l.rows {
			if slices.ContainsFunc(row, func(c *connection) bool { return len(c.crosses()) > 0 }) {
				return true
			}
		}
	}
	return false
}

func (l *portLife) title() string {
	if l.more > 0 {
		return fmt.Sprintf("%s, and %d connections more", l.trial.Label, l.more)
	}
	return l.trial.Label
}

// name writes what a row is at its left; the axis would leave some out where rows are low.
func (a area) name(y float64, words string) {
	high := a.Y(a.y.place(1)) - a.Y(a.y.place(0))
	style := write(min(sizeTick, high*0.85), false, black, draw.XRight, draw.YCenter)
	at := a.at(a.x.Min, y)
	a.FillText(style, vg.Point{X: at.X - 7, Y: at.Y + vg.Length(style.Font.Size*0.06)}, words)
}

// paint draws one trial.
func (l *portLife) paint(a area, end time.Duration) {
	top := float64(len(l.rows))
	a.name(top, "server")
	for _, s := range l.server {
		y := top + 0.2 // both may be at once
		if s.what == "TIME_WAIT" {
			y = top - 0.2
		}
		l.bar(a, y, s, end)
	}
	for i, row := range l.rows {
		y := top - 1 - float64(i)
		a.name(y, l.rowName(i))
		for k, c := range row {
			for _, s := range c.stays() {
				l.bar(a, y, s, end)
			}
			if side, from := c.remembers(); side == 0 {
				to := from + timeWait
				if k+1 < len(row) {
					to = min(to, row[k+1].asked())
				}
				l.bar(a, y, stay{"TIME_WAIT", from, to}, end)
			}
		}
	}
	l.crosses(a)
}

// bar draws one stay in a row.
func (l *portLife) bar(a area, y float64, s stay, end time.Duration) {
	for _, look := range stayLooks {
		if look.what != s.what {
			continue
		}
		from, to := a.at(s.from.Seconds(), y-look.part/2), a.at(min(s.to, end).Seconds(), y+look.part/2)
		to.X = max(to.X, from.X+2) // a bar that is short is seen all the same
		a.FillPolygon(look.color, []vg.Point{from, {X: to.X, Y: from.Y}, to, {X: from.X, Y: to.Y}})
	}
}

// crosses marks what went wrong, with a word behind the last of its kind in each row.
func (l *portLife) crosses(a area) {
	top := float64(len(l.rows))
	var failed []stay
	for _, c := range l.failed {
		failed = append(failed, stay{what: c.Name + "() = " + c.Errno, from: c.Return})
	}
	mark := mark{cross, 6, lossColor}
	mark.row(a, top, failed)
	for i, row := range l.rows {
		var all []stay
		for _, c := range row {
			all = append(all, c.crosses()...)
		}
		mark.row(a, top-1-float64(i), all)
	}
}

// row draws the mark at instants of a row, and behind the last of each kind what it says, where there is room before the next.
func (m mark) row(a area, y float64, all []stay) {
	style := write(sizeSmall, true, lossColor, draw.XLeft, draw.YCenter)
	for i, s := range all {
		p := a.at(s.from.Seconds(), y)
		m.draw(a.Canvas, []vg.Point{p})
		free := a.Max.X
		if i+1 < len(all) {
			if all[i+1].what == s.what {
				continue
			}
			free = a.at(all[i+1].from.Seconds(), y).X - 10
		}
		wide := style.Width(s.what)
		if p.X += 10; p.X+wide > free {
			continue
		}
		a.FillPolygon(white, []vg.Point{{X: p.X - 2, Y: p.Y - 7}, {X: p.X + wide + 2, Y: p.Y - 7}, {X: p.X + wide + 2, Y: p.Y + 7}, {X: p.X - 2, Y: p.Y + 7}})
		a.FillText(style, vg.Point{X: p.X, Y: p.Y + sizeSmall*0.06}, s.what)
	}
}
