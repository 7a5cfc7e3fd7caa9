package story

import (
	"fmt"
	"time"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// Packets that are too long for a link on their way: a router drops them and tells the sender (RFC 1191, RFC 8201), if its message
// gets there.

// tooBig is why a sender sends again what a router could not pass on.
const tooBig = netem.ReasonTooBig

// routers returns when each packet's sender first had a router's word about it.
func routers(t *trace.Trace) map[uint64]time.Duration {
	told := map[uint64]time.Duration{} // looked up, never walked through
	for i := range t.Packets {
		p := &t.Packets[i]
		if !p.Reply() {
			continue
		}
		if at, known := told[p.Of]; p.Fate == trace.Arrived && (!known || at == trace.Never || p.Arrived < at) {
			told[p.Of] = p.Arrived
		} else if !known {
			told[p.Of] = trace.Never
		}
	}
	return told
}

// tooBig says what ended a packet that was too long.
func (w *teller) tooBig(p *trace.Packet) string {
	at, said := w.told[p.ID]
	switch {
	case !said:
		return "was too long for the next link, and the router there dropped it without a word"
	case at == trace.Never:
		return "was too long for the next link, and the router there dropped it; that it said so was lost, too"
	}
	return "was too long for the next link, and the router there dropped it"
}

// cut says why a segment was sent again in pieces, of which r is the first; n is how often it was sent before.
func (w *teller) cut(f, r *sending, n int) string {
	news := "ICMP about another one told the sender"
	if at, said := w.told[f.ID]; said && at != trace.Never && at <= r.Sent {
		news = "The router's ICMP came at " + clock(at) + " and told the sender"
	}
	return fmt.Sprintf("%s how much would pass; it was %s at %s, in shorter segments.", news, again(n), clock(r.Sent))
}

// piece tells whether r is another piece of what prev is a piece of: they were cut and sent together.
func (s *sending) piece(prev *sending) bool {
	return s.Reason == tooBig && prev.Reason == tooBig && s.from >= prev.to
}
