package chart

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"reliabilitylab/lab/trace"
)

// A callMark is a socket call, or a row of the same calls that follow each other closely, at its host's line.
type callMark struct {
	call  *trace.Call // the first of them
	args  string      // "…" where they differ
	bars  []callBar   // one a call
	left  bool        // the host stands at the left
	texts []string    // from the longest to the shortest
	rank  int         // the lower, the more it is worth its place
	fails bool        // it is the return of a call that failed after it was blocked, which has a mark of its own
	split bool        // it is the begin of such a call
	label label       // text is "" where it found no place
}

// at is when what the mark says was so.
func (m *callMark) at() time.Duration {
	if m.fails {
		return m.call.Return
	}
	return m.call.Begin
}

// failed tells whether a call returned an error, and not only that it is not yet time.
func failed(c *trace.Call) bool {
	return c.Errno != "" && c.Errno != "EAGAIN" && c.Errno != "EINPROGRESS"
}

// A callBar is one call's time, from its begin down to its return.
type callBar struct {
	call        *trace.Call
	top, bottom vg.Length
	open        bool // it had not returned when the picture ends
	lane        int  // bars that overlap stand beside each other
}

// callRanks say which calls are worth their place in the margin; others rank last.
var callRanks = map[string]int{"connect": 0, "accept": 0, "send": 1, "close": 1, "shutdown": 1, "recv": 2}

const barWidth vg.Length = 5

// placeCalls puts the calls of the excerpt at the outer margins.
func (l *ladder) placeCalls() {
	t := l.trial.Trace
	for side, host := range [...]string{t.Client.Name, t.Server.Name} {
		marks := l.callsOf(host, side == 0)
		l.writeCalls(marks)
		l.calls = append(l.calls, marks...)
	}
}

// callsOf returns a host's calls in the order of their begin, close ones joined.
func (l *ladder) callsOf(host string, left bool) []callMark {
	t := l.trial.Trace
	var calls []*trace.Call
	for i := range t.Calls {
		c := &t.Calls[i]
		if c.Host != host || c.Begin > l.scene.to || c.Return != trace.Never && c.Return < l.scene.from {
			continue
		}
		calls = append(calls, c)
	}
	sort.SliceStable(calls, func(i, j int) bool { return calls[i].Begin < calls[j].Begin })
	var marks []callMark
	taken := [2]vg.Length{l.room.Max.Y, l.room.Max.Y} // down to where each lane is
	for _, c := range calls {
		b := callBar{call: c, top: l.height(c.Begin), bottom: l.height(c.Return)}
		if c.Return == trace.Never || c.Return > l.scene.to {
			b.bottom, b.open = l.inside.Min.Y, true
		}
		if b.top-b.bottom > 2 {
			if b.top > taken[0]+0.5 && b.top <= taken[1]+0.5 {
				b.lane = 1
			}
			taken[b.lane] = b.bottom
		}
		if k := len(marks) - 1; k >= 0 && marks[k].joins(b, l.size) {
			marks[k].bars = append(marks[k].bars, b)
			if marks[k].args != c.Args() {
				marks[k].args = "…"
			}
			continue
		}
		marks = append(marks, callMark{call: c, args: c.Args(), bars: []callBar{b}, left: left})
		if failed(c) && !b.open && b.top-b.bottom > 2*l.size {
			marks[len(marks)-1].split = true
			b.top = b.bottom
			marks = append(marks, callMark{call: c, bars: []callBar{b}, left: left, fails: true})
		}
	}
	sort.SliceStable(marks, func(i, j int) bool { return marks[i].at() < marks[j].at() })
	for i := range marks {
		marks[i].say()
	}
	return marks
}

// height is the y of an instant, kept within the ladder.
func (l *ladder) height(t time.Duration) vg.Length {
	return min(max(l.time.y(t), l.inside.Min.Y), l.inside.Max.Y)
}

// joins tells whether a later call is the same one once more, soon enough to be counted with those before.
func (m *callMark) joins(b callBar, size vg.Length) bool {
	last := m.bars[len(m.bars)-1]
	return !m.fails && !m.split && m.call.Name == b.call.Name && m.call.Result >= 0 && b.call.Result >= 0 &&
		!last.open && !b.open && min(last.top, last.bottom+size)-b.top < size*2
}

// say writes the call in C's manner: "connect(10.0.0.2:80) = 0".
func (m *callMark) say() {
	c := m.call
	rank, known := callRanks[c.Name]
	if !known {
		rank = 3
	}
	if m.rank = rank; c.Result < 0 {
		m.rank = 0
	}
	if n := len(m.bars); n > 1 {
		m.texts = []string{fmt.Sprintf("%d × %s(%s)", n, c.Name, m.args), fmt.Sprintf("%d × %s()", n, c.Name), c.Name + "()"}
		return
	}
	result := " = " + strconv.Itoa(int(c.Result))
	if c.Result < 0 && c.Errno != "" {
		result = " = " + c.Errno
	}
	if c.Return == trace.Never {
		result = " blocked"
	}
	m.texts = []string{c.Name + "(" + m.args + ")" + result, c.Name + "()" + result, c.Name + "()"}
	switch {
	case m.fails:
		m.texts = []string{c.Name + "()" + result, c.Errno}
	case m.args == "":
		m.texts = m.texts[1:]
	case m.split:
		m.texts = []string{c.Name + "(" + m.args + ")", c.Name + "()"}
	}
	if failed(c) && !m.split {
		m.texts[len(m.texts)-1] = c.Errno
	}
}

// writeCalls gives the calls of one side their labels: each beside its begin or a little below, in the order of time,
// none on another; where there is no room, those that are worth less stay without.
func (l *ladder) writeCalls(marks []callMark) {
	order := make([]int, len(marks))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, j int) bool { return marks[order[i]].rank < marks[order[j]].rank })
	step := l.size * 1.15
	for _, i := range order {
		m := &marks[i]
		if l.time.cuts(m.at()) {
			continue
		}
		high, low := l.inside.Max.Y, l.inside.Min.Y
		for j := range marks {
			if marks[j].label.text == "" {
				continue
			}
			if y := marks[j].label.box.at.Y; j < i {
				high = min(high, y-step)
			} else {
				low = max(low, y+step)
			}
		}
		y := min(m.bars[0].top, high)
		if y < low || m.bars[0].top-y > 3.2*step {
			continue
		}
		l.writeCall(m, y)
	}
}

// writeCall writes the longest text of a call that fits in the margin.
func (l *ladder) writeCall(m *callMark, y vg.Length) {
	style := write(l.size, false, black, draw.XLeft, draw.YCenter)
	room := l.inside.Min.X - l.room.Min.X - l.axis
	if !m.left {
		room = l.room.Max.X - l.inside.Max.X
	}
	room -= callGap + 4
	for _, s := range m.texts {
		w := style.Width(s)
		if w > room {
			continue
		}
		x := l.inside.Min.X - callGap - w/2
		if !m.left {
			x = l.inside.Max.X + callGap + w/2
		}
		m.label = label{box: newBox(vg.Point{X: x, Y: y}, w, l.size*1.1, 0), text: s, color: black, arrow: -1}
		if failed(m.call) && strings.Contains(s, m.call.Errno) {
			m.label.color = lossColor
		}
		return
	}
}

// callGap is the way from a host's line to its calls' text: two bars and a leader.
const callGap = 2*barWidth + 12
