package tcp

import "time"

// A timeline is what RACK (RFC 8985) knows of the segments on their way: the scoreboard's segments in the order of their
// latest transmission, and which of all that have arrived was sent latest. A segment stands in the row from its
// transmission until it is acknowledged, sacked or thought lost. Each step along the row is paid for by a transmission, so
// that an ACK costs what is new in it, however much is on its way.
type timeline struct {
	on          bool
	first, last int32  // slots of the segments sent earliest and latest, or none
	edge        int32  // the last one that was sent before RACK.segment, or none
	sent        uint32 // transmissions so far, which number them

	known     bool          // something has arrived, so that there is a RACK.segment
	order     uint32        // the number of its latest transmission
	rtt       time.Duration // RACK.rtt
	minRTT    time.Duration // RACK.min_RTT: the least of this connection; Never before the first
	fack      Seq           // RACK.fack
	reordered bool          // RACK.reordering_seen

	// The ACK under way.
	now     time.Duration
	fackWas Seq           // RACK.fack before it
	news    bool          // it says that something has arrived
	latest  uint32        // the number of the latest transmission of that
	at      time.Duration // when that was
}

// none is no slot.
const none = -1

func newTimeline(start Seq) timeline {
	return timeline{on: true, first: none, last: none, edge: none, minRTT: Never, fack: start}
}

// listed tells whether a segment stands in the row.
func (s *sent) listed() bool { return !s.sacked && (!s.lost || s.again) }

// enlist puts a segment that is sent now at the end of the row.
func (b *scoreboard) enlist(s *sent) {
	t := &b.time
	t.sent++
	s.order = t.sent
	s.earlier, s.later = t.last, none
	if t.last == none {
		t.first = s.slot
	} else {
		b.ring[t.last].later = s.slot
	}
	t.last = s.slot
}

// delist takes a segment out of the row.
func (b *scoreboard) delist(s *sent) {
	t := &b.time
	if t.edge == s.slot {
		t.edge = s.earlier
	}
	if s.earlier == none {
		t.first = s.later
	} else {
		b.ring[s.earlier].later = s.later
	}
	if s.later == none {
		t.last = s.earlier
	} else {
		b.ring[s.later].earlier = s.earlier
	}
}

// begin begins an ACK.
func (t *timeline) begin(now time.Duration) { t.now, t.fackWas, t.news = now, t.fack, false }

// arrived books a segment that the ACK under way says has arrived, before it is marked so (RFC 8985 section 6.2, steps 1 to
// 3). What was sent again may have arrived from an earlier transmission: it does not count if it was sent after echoed, or
// less than the least round-trip time ago. An ACK out of order echoes an old timestamp: for a SACK, echoed is Never.
func (b *scoreboard) arrived(s *sent, echoed time.Duration) {
	t := &b.time
	if s.listed() {
		b.delist(s)
	}
	if t.fack.Less(s.end) {
		t.fack = s.end
	}
	if rtt := t.now - s.at; !s.resent {
		t.minRTT = min(t.minRTT, rtt)
		t.reordered = t.reordered || s.end.Less(t.fackWas)
	} else if s.at > echoed || rtt < t.minRTT {
		return
	}
	if !t.news || int32(s.order-t.latest) > 0 {
		t.news, t.latest, t.at = true, s.order, s.at
	}
}

// settle takes over what the ACK under way has said, and moves edge up to RACK.segment.
func (b *scoreboard) settle() {
	t := &b.time
	if !t.news {
		return
	}
	t.news = false
	t.rtt = t.now - t.at
	if !t.known || int32(t.latest-t.order) > 0 {
		t.known, t.order = true, t.latest
	}
}

// overdue marks as lost what was sent before RACK.segment and has not arrived within RACK.rtt and the reordering window
// (step 5). It returns the instant when that is true of all that was sent before RACK.segment, or Never if it is.
func (b *scoreboard) overdue(now, window time.Duration, why sign) time.Duration {
	t := &b.time
	if !t.known {
		return Never
	}
	for {
		next := t.first
		if t.edge != none {
			next = b.ring[t.edge].later
		}
		if next == none || int32(t.order-b.ring[next].order) <= 0 {
			break
		}
		t.edge = next
	}
	for t.edge != none {
		if b.ring[t.first].at+t.rtt+window > now {
			return b.ring[t.edge].at + t.rtt + window
		}
		b.lose(b.index(t.first), why)
	}
	return Never
}

// index returns the place on the board of the segment in a slot.
func (b *scoreboard) index(slot int32) int { return (int(slot) - b.head) & (len(b.ring) - 1) }
