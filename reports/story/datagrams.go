package story

import (
	"fmt"

	"reliabilitylab/lab/trace"
)

// datagrams tells of the datagrams of a side: nobody sends one again.
func (w *teller) datagrams(s *side) []Story {
	var all []Story
	earliest := s.earliest()
	for k, i := range s.first {
		f := &s.sendings[i]
		name := w.name(s, f)
		if f.Header.Fragment {
			name = "A fragment of " + w.whose(s.direction) + "a datagram"
		}
		story := Story{At: f.Sent, Took: trace.Never}
		text := fmt.Sprintf("%s, sent at %s, ", name, clock(f.Sent))
		switch {
		case f.lost():
			story.kind = kindGone
			text += w.fate(f.Packet) + ", and that was the end of it"
			if m := w.message(s, f); m != nil && m.Copies == 0 {
				text += fmt.Sprintf(": message %d never came", m.Number)
			}
			text += "."
		case f.takes > 1:
			story.kind = kindDoubled
			text += "arrived " + times(f.takes) + ", since the path made a copy"
			if m := w.message(s, f); m != nil && m.Copies > 1 {
				text += fmt.Sprintf(": the program got message %d %s", m.Number, times(int(m.Copies)))
			}
			text += "."
		case f.taken != trace.Never && earliest[k+1] < f.taken:
			story.kind, story.Took = kindDatagramOvertaken, f.taken-f.Sent
			text += fmt.Sprintf("was overtaken on the way: it arrived at %s, %s after one that was sent later, and the program got them in that order.",
				clock(f.taken), span(f.taken-earliest[k+1]))
		default:
			text = ""
		}
		if text != "" {
			story.Text = text
			all = append(all, story)
		}
		if f.Harm != "" && f.Fate == trace.Arrived {
			all = append(all, w.harmed(s, f))
		}
	}
	return all
}

// message is the message that a datagram carried, where that is known: the n-th datagram carries message n.
func (w *teller) message(s *side, f *sending) *trace.Message {
	n := int(f.Header.Seq)
	if s.direction != w.t.Data || f.Header.Fragment || n < 1 || n > len(w.t.Messages) || int(w.t.Messages[n-1].Size) != f.Header.Payload {
		return nil
	}
	return &w.t.Messages[n-1]
}
