package story

import (
	"fmt"
	"slices"
	"time"

	"reliabilitylab/lab/trace"
)

// A kind is what stories have in common: what one and what many of them were.
type kind struct{ one, many string }

// The kinds of stories.
var (
	kindSignal            = kind{"SYN, SYN-ACK or FIN had to be sent again", "SYN, SYN-ACK or FIN segments had to be sent again"}
	kindTooBig            = kind{"segment was too long for a link and sent again in shorter ones", "segments were too long for a link and sent again in shorter ones"}
	kindACKed             = kind{"segment was lost and sent again because of ACKs for later ones", "segments were lost and sent again because of ACKs for later ones"}
	kindTimedOut          = kind{"segment was lost and sent again by timeout", "segments were lost and sent again by timeout"}
	kindProbed            = kind{"segment was lost and sent again by a tail loss probe", "segments were lost and sent again by tail loss probes"}
	kindAgain             = kind{"segment was lost and sent again", "segments were lost and sent again"}
	kindTwice             = kind{"segment was lost, sent again, and lost again", "segments were lost, sent again, and lost again"}
	kindUnrepaired        = kind{"segment was lost and never arrived", "segments were lost and never arrived"}
	kindLate              = kind{"segment was late and taken for lost", "segments were late and taken for lost"}
	kindAckLost           = kind{"segment was sent again because its ACK was lost", "segments were sent again because their ACKs were lost"}
	kindNeedless          = kind{"segment was sent again for nothing", "segments were sent again for nothing"}
	kindOvertaken         = kind{"segment was overtaken", "segments were overtaken"}
	kindCopied            = kind{"segment arrived more than once, without harm", "segments arrived more than once, without harm"}
	kindHarmed            = kind{"packet was damaged, and nobody noticed", "packets were damaged, and nobody noticed"}
	kindACKs              = kind{"direction lost ACKs", "directions lost ACKs"}
	kindShut              = kind{"time the receiver's window was shut", "times the receiver's window was shut"}
	kindWindow            = kind{"direction waited for the receiver's window", "directions waited for the receiver's window"}
	kindNagle             = kind{"direction waited for Nagle's algorithm", "directions waited for Nagle's algorithm"}
	kindCork              = kind{"direction waited for the cork", "directions waited for the cork"}
	kindGone              = kind{"datagram never came", "datagrams never came"}
	kindDoubled           = kind{"datagram came more than once", "datagrams came more than once"}
	kindNumberedLost      = kind{"message was lost and sent again by its program", "messages were lost and sent again by their program"}
	kindNumberedGone      = kind{"message was lost and never arrived", "messages were lost and never arrived"}
	kindNumberedEarly     = kind{"message arrived before its turn and was thrown away", "messages arrived before their turn and were thrown away"}
	kindNumberedNeedless  = kind{"message was sent again for nothing", "messages were sent again for nothing"}
	kindDatagramOvertaken = kind{"datagram was overtaken", "datagrams were overtaken"}
)

// kindOf is the kind of a loss that was repaired by these transmissions.
func kindOf(tries []*sending) kind {
	if len(tries) > 0 && !slices.ContainsFunc(tries, func(r *sending) bool { return r.Reason != tooBig || r.lost() }) {
		return kindTooBig
	}
	switch len(tries) {
	case 0: // it arrived before it was sent: no ledger that a network has made says so
		return kindAgain
	case 1:
	default:
		return kindTwice
	}
	switch tries[0].Reason {
	case "fast retransmit", "rack", "reordering timer", "partial ack", "unsacked hole", "rescue":
		return kindACKed
	case "timeout", "after timeout":
		return kindTimedOut
	case "tail loss probe":
		return kindProbed
	}
	return kindAgain
}

// mostAlike is how many of a kind are told.
const mostAlike = 2

// Pick chooses at most n stories that are worth telling: first the one with the longest wait, then, in their order, one of each
// kind, then more, but no more than two of a kind. more sums up the others, a sentence a kind.
func Pick(all []Story, n int) (first []Story, more []string) {
	if len(all) == 0 || n < 1 {
		return nil, nil
	}
	chosen := make([]bool, len(all))
	longest := 0
	for i := range all {
		if a, b := &all[i], &all[longest]; a.Wait > b.Wait || a.Wait == b.Wait && a.Took > b.Took {
			longest = i
		}
	}
	chosen[longest] = true
	left := n - 1
	seen := map[kind]int{all[longest].kind: 1}
	for most := range mostAlike {
		for i := range all {
			if left > 0 && !chosen[i] && seen[all[i].kind] <= most {
				chosen[i] = true
				seen[all[i].kind]++
				left--
			}
		}
	}
	first = append(first, all[longest])
	for i := range all {
		if chosen[i] && i != longest {
			first = append(first, all[i])
		}
	}
	var kinds []kind
	others := map[kind][]time.Duration{}
	for i := range all {
		if k := all[i].kind; !chosen[i] {
			if others[k] == nil {
				kinds = append(kinds, k)
			}
			others[k] = append(others[k], all[i].Took)
		}
	}
	for _, k := range kinds {
		more = append(more, k.sum(others[k]))
	}
	return first, more
}

// sum sums up stories of a kind, by how long each took.
func (k kind) sum(took []time.Duration) string {
	text := fmt.Sprintf("%s more %s", upper(count(len(took))), k.many)
	if len(took) == 1 {
		text = "One more " + k.one
	}
	took = slices.DeleteFunc(took, func(d time.Duration) bool { return d == trace.Never })
	slices.Sort(took)
	switch n := len(took); {
	case n == 0:
		return text + "."
	case n == 1:
		return text + ": it took " + span(took[0]) + " to arrive."
	default:
		return fmt.Sprintf("%s: half of them took at most %s to arrive, the slowest %s.", text, span(took[(n-1)/2]), span(took[n-1]))
	}
}
