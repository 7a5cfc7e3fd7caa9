package trace

import "reliabilitylab/netem"

// notes holds one Note of each kind.
type notes struct {
	recent [4]*Note // those made or looked up last; most packets have one of them
	next   int      // whose place the next one takes
	known  map[noteKey]*Note
}

// noteKey is a Note without blocks.
type noteKey struct {
	reason              string
	cause, harm, marked netem.Cause
}

// of returns the Note that says this. One with the blocks of a SACK is made anew: they are hardly ever the same twice.
func (n *notes) of(reason string, cause, harm, marked netem.Cause, sack [][2]uint32) *Note {
	if len(sack) > 0 {
		return &Note{reason, cause, harm, marked, sack}
	}
	for _, k := range n.recent {
		if k != nil && k.Reason == reason && k.Cause == cause && k.Harm == harm && k.Marked == marked {
			return k
		}
	}
	k := noteKey{reason, cause, harm, marked}
	note := n.known[k]
	if note == nil {
		if n.known == nil {
			n.known = map[noteKey]*Note{}
		}
		note = &Note{Reason: reason, Cause: cause, Harm: harm, Marked: marked}
		n.known[k] = note
	}
	n.recent[n.next] = note
	n.next = (n.next + 1) % len(n.recent)
	return note
}
