package chart

import (
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/recorder"

	"reliabilitylab/lab/trace"
)

const sequenceTitle = "Sequence: who sends what, and what becomes of it"

// newSequence draws the ladder: two hosts, time downwards, every packet an arrow from where and when it was sent to where
// and when it arrived, the socket calls at the margins. Of a scenario's trials it shows the first of TCP and the first of
// UDP, side by side; of a long trial an excerpt that is worth seeing.
//
//	trace ▸ survey ▸ excerpt ▸ timeline ▸ arrows ▸ labels ▸ paint
func newSequence(in Input) (*Drawing, error) {
	trials := ladderTrials(in)
	if len(trials) == 0 {
		return nil, nil
	}
	subtitle := ""
	var ladders []*ladder
	for range 2 { // how long the subtitle is decides how much room is left
		ladders = layLadders(trials, subtitle)
		subtitle = excerptsInWords(ladders)
	}
	return &Drawing{
		Name: "sequence", Title: sequenceTitle,
		Caption: "Time runs downwards; each arrow is one packet, a cross is where it died, bars at the margins are blocked socket calls.",
		Width:   width, Height: height,
		Draw: func(c draw.Canvas) {
			c = frame(c, sequenceTitle, subtitle)
			for _, l := range ladders {
				l.paint(c)
			}
			paintLegend(c, ladders)
		},
		Points: sequenceTable(ladders),
	}, nil
}

// ladderTrials returns those that stand side by side. Of more than can, the last ones remain: those built by hand explain themselves
// here, and UDP least of all.
func ladderTrials(in Input) []Trial {
	out, _ := sideBySide(in.Trials, hasPackets)
	if len(out) == mostColumns+1 && out[1].Protocol == "udp" {
		return slices.Delete(out, 1, 2)
	}
	return out[max(0, len(out)-mostColumns):]
}

func hasPackets(t *trace.Trace) bool {
	for i := range t.Packets {
		if belongs(t, &t.Packets[i]) {
			return true
		}
	}
	return false
}

// layLadders divides the picture and lays out the trials; TCP, which has more to say, gets the larger part.
func layLadders(trials []Trial, subtitle string) []*ladder {
	room := frame(draw.NewCanvas(new(recorder.Canvas), width, height), sequenceTitle, subtitle).Rectangle
	room.Min.Y += sizeSmall * 1.9 // the legend
	if len(trials) == 1 {
		return []*ladder{newLadder(trials[0], room, 12, 170)}
	}
	const gap = 20
	if len(trials) > 2 {
		wide := (room.Max.X - room.Min.X - gap*vg.Length(len(trials)-1)) / vg.Length(len(trials))
		var out []*ladder
		for i, t := range trials {
			part := room
			part.Min.X += vg.Length(i) * (wide + gap)
			part.Max.X = part.Min.X + wide
			out = append(out, newLadder(t, part, 10, 34))
		}
		return out
	}
	left, right := room, room
	part := 0.54
	if trials[0].Protocol == trials[1].Protocol || slices.ContainsFunc(trials[1].Trace.Calls, func(c trace.Call) bool { return failed(&c) }) {
		part = 0.5
	}
	left.Max.X = room.Min.X + vg.Length(float64(room.Max.X-room.Min.X-gap)*part)
	right.Min.X = left.Max.X + gap
	return []*ladder{newLadder(trials[0], left, 10.5, 92), newLadder(trials[1], right, 10.5, 92)}
}

// excerptsInWords says which part of the trials is shown.
func excerptsInWords(ladders []*ladder) string {
	var parts []string
	about := ladders[0].scene.about
	for _, l := range ladders {
		if l.scene.about != about {
			about = ""
		}
	}
	if about != "" {
		parts = append(parts, strings.ToUpper(about[:1])+about[1:])
	}
	for _, l := range ladders {
		x, words := l.scene, l.trial.Label+": "
		switch {
		case x.whole && len(l.arrows) == x.total:
			parts = append(parts, words+"all of "+packets(x.total))
			continue
		case about == "" && !x.whole:
			words += x.about + ", "
		}
		u, size := second.prefix(x.to.Seconds())
		parts = append(parts, words+fmt.Sprintf("%s to %s %s, %s of %s",
			three(x.from.Seconds()/size), three(x.to.Seconds()/size), u, plain(float64(len(l.arrows)), 0), packets(x.total)))
	}
	return strings.Join(parts, "   ·   ")
}

func packets(n int) string {
	if n == 1 {
		return "1 packet"
	}
	return plain(float64(n), 0) + " packets"
}

// sequenceTable lists the arrows and the calls that are drawn.
func sequenceTable(ladders []*ladder) Table {
	t := newTable("trial", "item", "id", "of_id", "host", "text", "begin_s", "end_s", "fate", "cause", "reason")
	for _, l := range ladders {
		id := word(l.trial.ID)
		for i := range l.arrows {
			p := l.arrows[i].packet
			end, of := none, none
			if p.Arrived >= 0 {
				end = seconds(p.Arrived)
			}
			if p.Of != 0 {
				of = integer(int64(p.Of))
			}
			fate := [...]string{"in flight", "arrived", "lost", "discarded"}[p.Fate]
			t.add(id, word("packet"), integer(int64(p.ID)), of, word(l.hostOf(p.Direction)), word(l.arrows[i].sayings[0]),
				seconds(p.Sent), end, word(fate), word(string(p.Cause)), word(p.Reason))
		}
		for i := range l.calls {
			if l.calls[i].fails {
				continue // the call itself has a row
			}
			for _, b := range l.calls[i].bars {
				end := none
				if b.call.Return != trace.Never {
					end = seconds(b.call.Return)
				}
				t.add(id, word("call"), integer(int64(b.call.Socket)), none, word(b.call.Host), word(b.call.Name+"("+b.call.Args()+")"),
					seconds(b.call.Begin), end, none, none, word(b.call.Errno))
			}
		}
	}
	return t
}
