package story

import (
	"fmt"
	"time"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// control tells of the SYN, SYN-ACK and FIN of a side that had to be sent more than once, or never arrived.
func (w *teller) control(s *side) []Story {
	var all []Story
	for _, c := range [...]struct {
		flag netem.Flags
		name string
	}{{netem.FlagSYN, "SYN"}, {netem.FlagFIN, "FIN"}} {
		var sent []*sending
		lost := false
		for i := range s.sendings {
			if g := &s.sendings[i]; g.Header.Flags&(c.flag|netem.FlagRST) == c.flag && g.Header.Payload == 0 {
				sent = append(sent, g)
				lost = lost || g.lost()
			}
		}
		if !lost && len(sent) < 2 {
			continue
		}
		name := c.name
		if sent[0].Header.Kind == netem.KindSYNACK {
			name = "SYN-ACK"
		}
		all = append(all, w.signal(s, name, sent))
	}
	return all
}

// signal tells of a SYN, SYN-ACK or FIN and its repetitions.
func (w *teller) signal(s *side, name string, sent []*sending) Story {
	f := sent[0]
	story := Story{At: f.Sent, Took: trace.Never, kind: kindSignal}
	text := fmt.Sprintf("The %s's %s, sent at %s, ", w.host(s.direction), name, clock(f.Sent))
	there := trace.Never
	for _, g := range sent {
		if g.taken != trace.Never && (there == trace.Never || g.taken < there) {
			there = g.taken
		}
	}
	if f.lost() {
		text += w.fate(f.Packet) + "."
	} else {
		text += "arrived at " + clock(f.taken) + ", but nothing came back in time."
	}
	for n, r := range sent[1:] {
		text += " " + w.repeated(s, r, n+1)
		if r.lost() {
			text += " That one " + w.fate(r.Packet) + ", too."
		}
	}
	switch {
	case there == trace.Never:
		text += w.unrepaired(s, sent[len(sent)-1])
	case f.lost():
		story.Took = there - f.Sent
		text += arrived(there, f.Sent)
		story.Wait = story.Took
	}
	if name == "SYN" && s.peer != nil {
		for _, g := range s.peer.arrivals {
			if g.Header.Kind == netem.KindSYNACK {
				text += fmt.Sprintf(" The SYN-ACK came back at %s.", clock(g.taken))
				break
			}
		}
	}
	story.Text = text
	return story
}

// repeated says why a SYN, SYN-ACK or FIN was sent again.
func (w *teller) repeated(s *side, r *sending, n int) string {
	switch r.Reason {
	case "timeout":
		timer := ""
		if rto := w.rto(s, r.Sent); rto > 0 {
			timer = " of " + span(rto)
		}
		return fmt.Sprintf("No answer came; at %s the retransmission timer%s expired, and it was %s.", clock(r.Sent), timer, again(n))
	case "peer repeats SYN":
		return fmt.Sprintf("The %s, having heard nothing, repeated its SYN, and at %s it was %s.", w.host(1-s.direction), clock(r.Sent), again(n))
	case "tail loss probe":
		return fmt.Sprintf("No answer came; at %s, before the retransmission timer, it was %s as a probe (tail loss probe).", clock(r.Sent), again(n))
	}
	return fmt.Sprintf("It was %s at %s.", again(n), clock(r.Sent))
}

// acks tells of the ACKs of a side that were lost, but for those that have been blamed for something.
func (w *teller) acks(s *side, blamed map[*sending]bool) []Story {
	n, open := 0, 0
	var first *sending
	var gap time.Duration
	for i := range s.sendings {
		g := &s.sendings[i]
		if g.Header.Kind != netem.KindACK || !g.lost() || blamed[g] {
			continue
		}
		if n++; first == nil {
			first = g
		}
		if next := s.covering(i); next != nil {
			gap = max(gap, next.Sent-g.Sent)
		} else {
			open++
		}
	}
	if n == 0 {
		return nil
	}
	host := w.host(s.direction)
	story := Story{At: first.Sent, Took: trace.Never, kind: kindACKs}
	switch {
	case n == 1 && open == 1:
		story.Text = fmt.Sprintf("An ACK from the %s, sent at %s, %s, and no other followed it.", host, clock(first.Sent), w.fate(first.Packet))
	case n == 1:
		later := span(gap) + " later"
		if gap < time.Microsecond {
			later = "right behind it"
		}
		story.Text = fmt.Sprintf("An ACK from the %s, sent at %s, %s. It did no harm: the next one, sent %s, acknowledged all that it had.",
			host, clock(first.Sent), w.fate(first.Packet), later)
	case open == n:
		story.Text = fmt.Sprintf("%s ACKs from the %s were lost, the first sent at %s, and no others followed them.", upper(count(n)), host, clock(first.Sent))
	default:
		who, end := "They", ""
		if open > 0 {
			who, end = upper(count(n-open))+" of them", fmt.Sprintf(" Behind the last %s none came.", count(open))
		}
		story.Text = fmt.Sprintf("%s ACKs from the %s were lost, the first sent at %s. %s did no harm: each time the next one, sent at most %s later, acknowledged all that the lost one had.",
			upper(count(n)), host, clock(first.Sent), who, span(gap)) + end
	}
	return []Story{story}
}

// covering returns the next of a side's packets that arrived and acknowledged as much as the one at i; nil if there is none.
func (s *side) covering(i int) *sending {
	for j := i + 1; j < len(s.sendings); j++ {
		if g := &s.sendings[j]; g.taken != trace.Never && g.ack >= s.sendings[i].ack {
			return g
		}
	}
	return nil
}
