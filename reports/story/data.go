package story

import (
	"fmt"
	"slices"
	"time"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// data tells of the segments with data of one side. It also returns the lost ACKs of the other side that made something be sent
// again for nothing.
func (w *teller) data(s *side) (all []Story, blamed map[*sending]bool) {
	blamed = map[*sending]bool{}
	tries := s.tries()
	earliest := s.earliest()
	for k, i := range s.first {
		f := &s.sendings[i]
		r := tries[k]
		switch {
		case f.lost():
			all = append(all, w.lost(s, f, r))
		case f.taken == trace.Never:
		case len(r) > 0:
			all = append(all, w.needless(s, f, r, earliest[k+1], blamed))
		case earliest[k+1] < f.taken:
			all = append(all, w.overtaken(s, f, f.taken-earliest[k+1]))
		case f.takes > 1:
			all = append(all, Story{At: f.Sent, Took: trace.Never, kind: kindCopied,
				Text: fmt.Sprintf("%s, sent at %s, arrived %s, since the path made a copy. TCP gave the bytes to its program once.",
					w.name(s, f), clock(f.Sent), times(f.takes))})
		}
		if f.Harm != "" && f.Fate == trace.Arrived {
			all = append(all, w.harmed(s, f))
		}
	}
	return all, blamed
}

// name is "Segment 57", as the first words of a sentence.
func (w *teller) name(s *side, f *sending) string {
	thing := "segment"
	if s.protocol == netem.UDP {
		thing = "datagram"
	}
	return upper(fmt.Sprintf("%s%s %d", w.whose(s.direction), thing, f.number))
}

// tries returns, for each of the first transmissions, those that carried some of it again, in the order of sending.
func (s *side) tries() [][]*sending {
	tries := make([][]*sending, len(s.first))
	for i := range s.sendings {
		r := &s.sendings[i]
		if r.number > 0 || r.to == r.from || r.Header.Payload == 0 {
			continue
		}
		k, _ := slices.BinarySearchFunc(s.first, r.from, func(i int, from int64) int {
			if s.sendings[i].to <= from {
				return -1
			}
			return 1
		})
		for ; k < len(s.first) && s.sendings[s.first[k]].from < r.to; k++ {
			tries[k] = append(tries[k], r)
		}
	}
	return tries
}

// earliest returns, for each place among the first transmissions, when the earliest of those from there on was taken.
func (s *side) earliest() []time.Duration {
	earliest := make([]time.Duration, len(s.first)+1)
	earliest[len(s.first)] = 1<<63 - 1
	for k := len(s.first) - 1; k >= 0; k-- {
		earliest[k] = earliest[k+1]
		if taken := s.sendings[s.first[k]].taken; taken != trace.Never {
			earliest[k] = min(earliest[k], taken)
		}
	}
	return earliest
}

// lost tells of a segment that did not arrive when it was first sent.
func (w *teller) lost(s *side, f *sending, tries []*sending) Story {
	text := fmt.Sprintf("%s, sent at %s, %s.", w.name(s, f), clock(f.Sent), w.fate(f.Packet))
	there := arrival(f, tries)
	prev, needed := f, 0
	for n, r := range tries {
		if there != trace.Never && r.Sent >= there {
			break
		}
		needed++
		if r.piece(prev) { // told with the first
			prev = r
			continue
		}
		text += " " + w.evidence(s, f, prev, r, n+1)
		switch {
		case r.lost() && r.Cause == netem.CauseTooBig && prev.Cause == r.Cause:
			text += " That one was too long, too."
		case r.lost():
			text += " That one " + w.fate(r.Packet) + ", too."
		}
		prev = r
	}
	story := Story{At: f.Sent, Took: trace.Never, kind: kindUnrepaired}
	if there == trace.Never {
		story.Text = text + w.unrepaired(s, prev)
		return story
	}
	text += arrived(there, f.Sent)
	var n int
	if s.direction == w.t.Data {
		n, story.Wait = w.queue.behind(f.to, there)
		text += waited(n, story.Wait)
	}
	if more := len(tries) - needed; more > 0 {
		text += fmt.Sprintf(" It was sent %s more, for nothing.", times(more))
	}
	story.Text, story.Took, story.kind = text, there-f.Sent, kindOf(tries[:needed])
	return story
}

// unrepaired says that nothing came of it.
func (w *teller) unrepaired(s *side, last *sending) string {
	for i := range w.t.TCP {
		if k := &w.t.TCP[i]; k.Host == w.host(s.direction) && k.State == "CLOSED" && k.At > last.Sent && k.Event != "state" {
			return fmt.Sprintf(" It never came through: the connection ended at %s (%s).", clock(k.At), k.Event)
		}
	}
	if last.open {
		return " That was still on its way when the trial ended."
	}
	return " When the trial ended it had not come through."
}

// arrival is the instant at which all bytes of f had arrived in what was sent again, or trace.Never.
func arrival(f *sending, tries []*sending) time.Duration {
	there := trace.Never
	for _, r := range tries {
		if r.taken != trace.Never && r.from <= f.from && r.to >= f.to && (there == trace.Never || r.taken < there) {
			there = r.taken
		}
	}
	if there != trace.Never {
		return there
	}
	parts := slices.Clone(tries)
	slices.SortStableFunc(parts, func(a, b *sending) int { return int(min(1, max(-1, a.from-b.from))) })
	reach := f.from
	for _, r := range parts {
		if r.taken != trace.Never && r.from <= reach && r.to > reach {
			reach = r.to
			there = max(there, r.taken)
		}
	}
	if reach < f.to {
		return trace.Never
	}
	return there
}

// needless tells of a segment that arrived and was sent again all the same. The earliest of what was sent later arrived at next.
func (w *teller) needless(s *side, f *sending, tries []*sending, next time.Duration, blamed map[*sending]bool) Story {
	r := tries[0]
	story := Story{At: f.Sent, Took: f.taken - f.Sent, kind: kindNeedless}
	text := fmt.Sprintf("%s, sent at %s, arrived at %s", w.name(s, f), clock(f.Sent), clock(f.taken))
	switch lost := s.ackLost(f, r); {
	case f.taken > r.Sent:
		text = fmt.Sprintf("%s, sent at %s, was not lost but late: it arrived at %s, after %s.", w.name(s, f), clock(f.Sent), clock(f.taken), span(f.taken-f.Sent))
		story.kind = kindLate
	case lost != nil:
		blamed[lost] = true
		text += fmt.Sprintf(", but the ACK of it, sent at %s, %s.", clock(lost.Sent), w.fate(lost.Packet))
		story.kind = kindAckLost
	case next < f.taken:
		text = fmt.Sprintf("%s, sent at %s, was not lost but overtaken: it arrived at %s, %s after one that was sent later.",
			w.name(s, f), clock(f.Sent), clock(f.taken), span(f.taken-next))
		story.kind = kindLate
	default:
		text += ", but its ACK had not come back in time."
	}
	text += " " + w.evidence(s, f, f, r, 1)
	switch {
	case len(tries) > 1:
		text += fmt.Sprintf(" In all it was sent %s more, for nothing.", times(len(tries)))
	case r.lost():
		text += " That was for nothing, and that it " + w.fate(r.Packet) + " did no harm."
	default:
		text += " That was for nothing."
	}
	if s.direction == w.t.Data && story.kind == kindLate {
		var n int
		n, story.Wait = w.queue.behind(f.to, f.taken)
		text += waited(n, story.Wait)
	}
	story.Text = text
	return story
}

// ackLost returns the first ACK of f that was lost before f was sent again as r; nil if there is none.
func (s *side) ackLost(f, r *sending) *sending {
	if s.peer == nil {
		return nil
	}
	sent := s.peer.sendings
	i, _ := slices.BinarySearchFunc(sent, f.taken, func(g sending, at time.Duration) int {
		if g.Sent < at {
			return -1
		}
		return 1
	})
	for ; i < len(sent) && sent[i].Sent <= r.Sent; i++ {
		if g := &sent[i]; g.lost() && g.ack >= f.to {
			return g
		}
	}
	return nil
}

// overtaken tells of a segment that arrived after some that were sent later.
func (w *teller) overtaken(s *side, f *sending, late time.Duration) Story {
	story := Story{At: f.Sent, Took: f.taken - f.Sent, kind: kindOvertaken}
	text := fmt.Sprintf("%s, sent at %s, was overtaken on the way: it arrived at %s, %s after one that was sent later.",
		w.name(s, f), clock(f.Sent), clock(f.taken), span(late))
	if s.direction == w.t.Data {
		var n int
		n, story.Wait = w.queue.behind(f.to, f.taken)
		text += waited(n, story.Wait)
	}
	story.Text = text + " TCP did not take it for lost."
	return story
}

// harmed tells of one that was damaged, and the host did not notice.
func (w *teller) harmed(s *side, f *sending) Story {
	why := "no checksum told of it"
	if f.Harm == netem.CauseMended {
		why = "its checksum had been made right again"
	}
	return Story{At: f.Sent, Took: trace.Never, kind: kindHarmed,
		Text: fmt.Sprintf("%s, sent at %s, was damaged on the way, and the %s took it: %s.",
			w.name(s, f), clock(f.Sent), w.host(1-s.direction), why)}
}

// times is "once", "twice", "three times".
func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return count(n) + " times"
}
