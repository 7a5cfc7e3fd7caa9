package story

import (
	"fmt"
	"slices"
	"time"

	"reliabilitylab/lab/trace"
)

// Evidence is what told a sender that a segment had to be sent again.

// dupThresh is how many duplicate ACKs make a sender send again (RFC 5681 section 3.2, RFC 6675 section 2).
const dupThresh = 3

// evidence says why f was sent again as r, and when: what came back since it was last sent, as prev, and the reason that the
// sender gives. n is how often it was sent before.
func (w *teller) evidence(s *side, f, prev, r *sending, n int) string {
	at, sent := clock(r.Sent), again(n)
	acks := s.duplicates(f, prev.Sent, r.Sent)
	switch r.Reason {
	case "timeout":
		timer := ""
		if rto := w.rto(s, r.Sent); rto > 0 {
			timer = " of " + span(rto)
		}
		return fmt.Sprintf("No ACK for it came; at %s the retransmission timer%s expired, and it was %s.", at, timer, sent)
	case "after timeout":
		return fmt.Sprintf("After a timeout it counted as lost, too, and was %s at %s.", sent, at)
	case tooBig:
		return w.cut(f, r, n)
	case "tail loss probe":
		return fmt.Sprintf("No ACK for it came; at %s, before the retransmission timer, it was %s as a probe (tail loss probe).", at, sent)
	case "reordering timer":
		return fmt.Sprintf("%s Perhaps it was only late: the sender waited until %s, when its reordering timer expired, before it was %s.",
			s.told(f, acks), at, sent)
	case "partial ack":
		return fmt.Sprintf("The ACK at %s for the retransmission before it ended right here (a partial ACK), so it was %s at once.", at, sent)
	case "unsacked hole", "rescue":
		return fmt.Sprintf("No ACK for it came, and when nothing else was to be sent, at %s, it was %s in case it was lost.", at, sent)
	case "fast retransmit", "rack":
		if len(acks) == 0 {
			return fmt.Sprintf("ACKs for what was sent later told the sender, and it was %s at %s.", sent, at)
		}
		if last := acks[len(acks)-1]; prev != f {
			if k := s.later(f, prev, last); k != 0 {
				return fmt.Sprintf("The ACK at %s told the sender that segment %d, sent after that, had arrived and this one had not. It was %s at %s.",
					clock(last.taken), k, sent, at)
			}
		}
		when := "at once"
		if len(acks) > dupThresh || r.Sent-acks[len(acks)-1].taken > time.Millisecond/2 { // its turn came later
			when = "at " + at
		}
		return fmt.Sprintf("%s It was %s %s.", s.told(f, acks), sent, when)
	case "":
		return fmt.Sprintf("It was %s at %s.", sent, at)
	}
	return fmt.Sprintf("It was %s at %s (%s).", sent, at, r.Reason)
}

// duplicates are the ACKs that told the sender between two instants that something behind f had arrived while f had not: with SACK those
// whose blocks say so, without it the duplicates (RFC 5681 section 2) of the last.
func (s *side) duplicates(f *sending, after, until time.Duration) []*sending {
	if s.peer == nil {
		return nil
	}
	var acks []*sending
	last := int64(-1)
	if before := s.peer.arrived(-1, after); len(before) > 0 {
		last = before[len(before)-1].ack
	}
	for _, g := range s.peer.arrived(after, until) {
		if g.ack < 0 || g.ack > f.from {
			continue
		}
		if len(g.SACK) > 0 && f.beyond(g) != nil || len(g.SACK) == 0 && g.ack == last && g.from == g.to {
			acks = append(acks, g)
		}
		last = g.ack
	}
	return acks
}

// later returns the number of the highest segment that an ACK's SACK names, if that was first sent after prev; else 0.
func (s *side) later(f, prev, ack *sending) int {
	blocks := f.beyond(ack)
	if len(blocks) == 0 {
		return 0
	}
	top := blocks[len(blocks)-1]
	k, _ := slices.BinarySearchFunc(s.first, top[1], func(i int, to int64) int {
		if s.sendings[i].to < to {
			return -1
		}
		return 1
	})
	if k == len(s.first) || s.sendings[s.first[k]].Sent <= prev.Sent {
		return 0
	}
	return s.sendings[s.first[k]].number
}

// beyond returns the blocks of an ACK's SACK that lie behind f, from the lowest.
func (s *sending) beyond(ack *sending) [][2]int64 {
	var blocks [][2]int64
	for _, k := range ack.SACK {
		left := s.from + int64(int32(k[0]-uint32(s.from)))
		if left >= s.to {
			blocks = append(blocks, [2]int64{left, left + int64(k[1]-k[0])})
		}
	}
	slices.SortFunc(blocks, func(a, b [2]int64) int { return int(min(1, max(-1, a[0]-b[0]))) })
	return blocks
}

// told says what the ACKs told the sender.
func (s *side) told(f *sending, acks []*sending) string {
	if len(acks) == 0 {
		return "ACKs told the sender."
	}
	last := acks[len(acks)-1]
	what := ""
	if blocks := f.beyond(last); len(blocks) > 0 {
		from, to := s.segments(blocks[0][0], blocks[len(blocks)-1][1])
		switch {
		case from == 0:
		case len(blocks) == 1:
			what = numbers("segment", from, to) + " had arrived and this one had not"
		default:
			what = fmt.Sprintf("segments up to %d had arrived and this one had not", to)
		}
	}
	who := upper(count(len(acks))) + " duplicate ACKs, the last at " + clock(last.taken) + ","
	switch {
	case len(acks) > dupThresh:
		who = fmt.Sprintf("%s duplicate ACKs, from %s to %s,", upper(count(len(acks))), clock(acks[0].taken), clock(last.taken))
	case len(acks) == 1:
		who = "A duplicate ACK at " + clock(last.taken)
	}
	if what == "" {
		return who + " told the sender that something was missing."
	}
	return who + " told the sender that " + what + "."
}

// rto is the retransmission timeout that was in force just before an instant; 0 if nobody knows.
func (w *teller) rto(s *side, at time.Duration) time.Duration {
	n, _ := slices.BinarySearchFunc(w.t.TCP, at, func(k trace.TCPSample, at time.Duration) int {
		if k.At < at {
			return -1
		}
		return 1
	})
	port := s.sendings[0].Header.SrcPort
	for n--; n >= 0; n-- {
		if k := &w.t.TCP[n]; k.Host == w.host(s.direction) && (k.Local.Port() == port || !k.Local.IsValid()) {
			return k.RTO
		}
	}
	return 0
}
