package story

import (
	"fmt"
	"time"

	"reliabilitylab/lab/trace"
)

// Pauses are stretches in which a sender has data and sends none of it, though nothing is lost: its peer's window is full, or a small
// segment waits to become larger. The sender says so itself (TCPSample.Waits). What waits for cwnd waits for ACKs all the time, and what waits
// for a timeout is in the story of the loss, so that these are not told here.

// A pause lasts from one instant until the next segment with data.
type pause struct {
	from, to time.Duration
	why      string // as Waits has it, but that a window is a window, shut or not
	window   int    // what the peer offered last, but for nothing
	srtt     time.Duration
	shut     bool // it was none for a while
	open     bool // the trial ended first
}

// pauses returns those of a side that last for some time. A reason holds until another is told, however often something is sent meanwhile.
func (w *teller) pauses(s *side) (all []pause) {
	var p pause
	end := func(at time.Duration) {
		if p.to = at; p.why != "" && p.to > p.from {
			all = append(all, p)
		}
	}
	next := 0
	upTo := func(at time.Duration) {
		for ; next < len(s.sendings) && s.sendings[next].Sent <= at; next++ {
			if g := &s.sendings[next]; g.Header.Payload > 0 {
				end(g.Sent)
				p.from, p.shut = g.Sent, false
			}
		}
	}
	for i := range w.t.TCP {
		k := &w.t.TCP[i]
		if k.Host != w.host(s.direction) {
			continue
		}
		upTo(k.At)
		if why := reason(k.Waits); why != p.why {
			end(k.At)
			p = pause{from: k.At, why: why}
		}
		p.srtt = k.SRTT
		if k.SendWnd == 0 {
			p.shut = true
		} else {
			p.window = k.SendWnd
		}
	}
	upTo(w.t.End)
	p.open = true
	end(w.t.End)
	return all
}

// reason is what a pause is for; "" if it is none of those that are told.
func reason(waits string) string {
	switch waits {
	case "zero window":
		return "window"
	case "window", "nagle", "cork":
		return waits
	}
	return ""
}

// waiting tells of the pauses of a side: each time that the window was shut, and all others of a kind together, where they are worth
// words.
func (w *teller) waiting(s *side) (all []Story) {
	alike := map[string][]pause{}
	for _, p := range w.pauses(s) {
		if p.shut {
			all = append(all, w.shut(s, p))
		} else {
			alike[p.why] = append(alike[p.why], p)
		}
	}
	me, peer := w.host(s.direction), w.host(1-s.direction)
	for _, k := range [...]struct {
		why, what string
		kind      kind
	}{
		{"window", fmt.Sprintf("the %s waited until the %s's window had room", me, peer), kindWindow},
		{"nagle", fmt.Sprintf("the %s held a small segment back until the one before it was acknowledged (Nagle's algorithm)", me), kindNagle},
		{"cork", fmt.Sprintf("the %s held a segment back that was not full (cork)", me), kindCork},
	} {
		if ps := alike[k.why]; matter(ps) {
			all = append(all, Story{At: ps[0].from, Took: trace.Never, kind: k.kind, Text: together(ps, k.what)})
		}
	}
	return all
}

// matter tells whether pauses come to half a round trip in all; less nobody notices.
func matter(ps []pause) bool {
	var sum time.Duration
	for _, p := range ps {
		if sum += p.to - p.from; 2*sum >= p.srtt {
			return true
		}
	}
	return false
}

// shut tells of a window that was shut.
func (w *teller) shut(s *side, p pause) Story {
	me, peer := w.host(s.direction), w.host(1-s.direction)
	text := fmt.Sprintf("From %s on the %s's window was shut: its program had not read what had come.", clock(p.from), peer)
	probes := 0
	for i := range s.sendings {
		if g := &s.sendings[i]; g.Reason == "window probe" && g.Sent >= p.from && g.Sent <= p.to {
			probes++
		}
	}
	if probes > 0 {
		text += fmt.Sprintf(" The %s asked for it %s (window probes).", me, times(probes))
	}
	if p.open {
		text += " It was shut still when the trial ended."
	} else {
		text += fmt.Sprintf(" At %s the %s went on, after %s.", clock(p.to), me, span(p.to-p.from))
	}
	return Story{At: p.from, Took: trace.Never, Wait: p.to - p.from, Text: text, kind: kindShut}
}

// together tells of pauses for the same reason.
func together(ps []pause, what string) string {
	var sum time.Duration
	longest := ps[0]
	for _, p := range ps {
		if sum += p.to - p.from; p.to-p.from > longest.to-longest.from {
			longest = p
		}
	}
	size := ""
	if first, last := ps[0].window, ps[len(ps)-1].window; ps[0].why == "window" && first < last {
		size = fmt.Sprintf("; it grew from %d bytes to %d", first, last)
	} else if ps[0].why == "window" {
		size = fmt.Sprintf("; it was %d bytes", last)
	}
	if len(ps) == 1 {
		return upper(fmt.Sprintf("%s, from %s on, for %s%s.", what, clock(longest.from), span(sum), size))
	}
	return upper(fmt.Sprintf("%s, %s, for %s in all, at most for %s, from %s%s.",
		what, times(len(ps)), span(sum), span(longest.to-longest.from), clock(longest.from), size))
}
