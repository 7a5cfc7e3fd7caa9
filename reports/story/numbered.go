package story

import (
	"fmt"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// numbered tells of the numbered datagrams of a side (netem.Numbered), which their program sends again: of each message that was lost
// when it was sent first, when its sender noticed and what waited for it; and of those that were sent again for nothing.
func (w *teller) numbered(s *side) []Story {
	tries := map[uint32][]*sending{} // by number, the transmissions behind the first; looked up, never walked through
	for i := range s.sendings {
		if g := &s.sendings[i]; g.Header.Kind == netem.KindRetransmission {
			tries[g.Header.Seq] = append(tries[g.Header.Seq], g)
		}
	}
	var all []Story
	for _, i := range s.first {
		f := &s.sendings[i]
		behind := tries[f.Header.Seq]
		if f.lost() {
			all = append(all, w.numberedLost(s, f, behind))
			continue
		}
		if m := w.numberedMessage(s, f); m != nil && len(behind) > 0 && f.taken != trace.Never && m.Delivered > f.taken && w.t.Protocol == "go-back-n" {
			all = append(all, Story{At: f.Sent, Took: m.Delivered - f.Sent, kind: kindNumberedEarly,
				Text: fmt.Sprintf("%s, sent at %s, arrived at %s before its turn, and the receiver threw it away; it was sent again at %s (%s).",
					w.numberedName(s, f), clock(f.Sent), clock(f.taken), clock(behind[0].Sent), behind[0].Reason)})
		} else if len(behind) > 0 && f.taken != trace.Never {
			all = append(all, Story{At: f.Sent, Took: f.taken - f.Sent, kind: kindNumberedNeedless,
				Text: fmt.Sprintf("%s, sent at %s, arrived at %s, and was sent again at %s for nothing (%s).",
					w.numberedName(s, f), clock(f.Sent), clock(f.taken), clock(behind[0].Sent), behind[0].Reason)})
		}
	}
	return all
}

func (w *teller) numberedName(s *side, f *sending) string {
	return upper(fmt.Sprintf("%smessage %d", w.whose(s.direction), f.Header.Seq))
}

// numberedMessage is the message that a numbered datagram carried; nil where nobody knows it.
func (w *teller) numberedMessage(s *side, f *sending) *trace.Message {
	if n := int(f.Header.Seq); s.direction == w.t.Data && n >= 1 && n <= len(w.t.Messages) {
		return &w.t.Messages[n-1]
	}
	return nil
}

// numberedLost tells of a message whose first transmission was lost.
func (w *teller) numberedLost(s *side, f *sending, tries []*sending) Story {
	story := Story{At: f.Sent, Took: trace.Never, kind: kindNumberedGone}
	text := fmt.Sprintf("%s, sent at %s, %s.", w.numberedName(s, f), clock(f.Sent), w.fate(f.Packet))
	for k, g := range tries {
		switch {
		case k > 0:
		case g.Reason == "go back":
			text += fmt.Sprintf(" At %s the sender went back to a message before it, and sent it again with all the others.", clock(g.Sent))
		default:
			text += fmt.Sprintf(" Nothing was heard of it for %s, so it was sent again at %s.", span(g.Sent-f.Sent), clock(g.Sent))
		}
		if g.lost() {
			continue
		}
		if k > 0 {
			text += fmt.Sprintf(" That was lost too; only when it was %s, at %s, it got through.", again(k+1), clock(g.Sent))
		}
		story.kind = kindNumberedLost
		if g.taken == trace.Never {
			break
		}
		story.Took = g.taken - f.Sent
		text += arrived(g.taken, f.Sent)
		if m := w.numberedMessage(s, f); m != nil {
			n, longest := w.queue.behind(m.Offset+int64(m.Size)+1, g.taken)
			story.Wait = longest
			text += waited(n, longest)
		}
		break
	}
	if story.kind == kindNumberedGone {
		text += " It never arrived."
	}
	story.Text = text
	return story
}
