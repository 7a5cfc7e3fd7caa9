package tcp

import "slices"

// A reduction of the window for nothing is taken back. That nothing was lost shows in three ways: the ACK that fills the
// hole echoes a timestamp from before the first retransmission (Eifel, RFC 3522); D-SACKs come for all that was sent again
// (RFC 3708); after a timeout F-RTO tells (frto.go). The response is Linux's, not RFC 4015's: cwnd and ssthresh become again
// what they were, at once.

// A prior is what was before a recovery or a timeout began.
type prior struct {
	armed          bool
	recovery       bool // it was a fast recovery that began, not a timeout
	kept           bool // the window stayed, for a mark had lowered it in this window of data (RFC 3168 section 6.1.2)
	cwnd, ssthresh int
	from, end      Seq  // SND.UNA and SND.NXT then
	real           bool // a hole was filled by what was sent again for it
	resent         int  // segments sent again since, or just before and on their way
	duplicates     int  // segments of which D-SACKs have told that they came twice
}

// remember keeps the window before it is reduced.
func (c *Conn) remember(recovery bool) {
	c.prior = prior{
		armed: c.cfg.Undo, recovery: recovery, cwnd: c.w.Cwnd, ssthresh: c.w.Ssthresh, from: c.una, end: c.nxt,
		resent: c.board.underWayAgain(),
	}
}

// underWayAgain returns how many segments have been sent again and are on their way.
func (b *scoreboard) underWayAgain() int {
	n := 0
	for i := 0; b.again > 0 && i < b.n; i++ {
		if s := b.at(i); s.again && !s.sacked {
			n++
		}
	}
	return n
}

// original tells whether an ACK of new data, of which some was sent again, was sent for a transmission from before: it
// echoes a timestamp older than the first of the retransmissions that are on their way (RFC 3522 section 3.2 step 5).
// Once one of them was needed, no ACK tells that all were not.
func (c *Conn) original(s *Segment) bool {
	o := &s.Options
	if !c.prior.armed || c.prior.real || !c.timestamps || !o.HasTimestamps || o.TSEcr == 0 {
		return false
	}
	c.prior.real = int32(o.TSEcr-c.againStamp) >= 0
	return !c.prior.real
}

// countDuplicate counts a D-SACK of a segment that was sent again since the reduction; where that is so of all of them,
// the reduction was for nothing.
func (c *Conn) countDuplicate(k Block) {
	p := &c.prior
	if !p.armed || p.resent == 0 || !p.from.Less(k.Right) || p.end.Less(k.Right) {
		return
	}
	if p.duplicates += max(1, int(k.Right-k.Left)/c.mss); p.duplicates >= p.resent {
		c.undo()
	}
}

// forget gives up waiting for D-SACKs when two windows more than were on their way have been acknowledged.
func (c *Conn) forget() {
	if c.prior.armed && c.w.Phase == Open && int(int32(c.una-c.prior.end)) > 2*c.maxWindow {
		c.prior.armed = false
	}
}

// undo takes the reduction back, and with it all that is thought lost.
func (c *Conn) undo() {
	p := &c.prior
	p.armed = false
	c.w.Cwnd = max(c.w.Cwnd, p.cwnd)
	c.w.Ssthresh = max(c.w.Ssthresh, p.ssthresh)
	if !p.kept {
		c.control.Undo(&c.w)
	}
	c.board.loseNothing()
	if p.recovery {
		c.board.time.reordered = true
	}
	c.w.Phase = Open
	c.frto, c.credit, c.dup = 0, 0, 0
	c.event = "spurious timeout"
	if p.recovery {
		c.event = "spurious recovery"
	}
}

// loseNothing takes back what is thought lost: it is on its way, each segment since its latest transmission.
func (b *scoreboard) loseNothing() {
	if b.lost > 0 {
		for i := range b.n {
			if s := b.at(i); s.lost && !s.sacked {
				b.count(s, -s.len())
				s.lost = false
				b.count(s, s.len())
			}
		}
	}
	b.judged = 0
	if b.time.on {
		b.relist()
	}
}

// relist makes the row of the timeline anew.
func (b *scoreboard) relist() {
	var row []*sent
	for i := range b.n {
		if s := b.at(i); s.listed() {
			row = append(row, s)
		}
	}
	slices.SortFunc(row, func(x, y *sent) int { return int(int32(x.order - y.order)) })
	t := &b.time
	t.first, t.last, t.edge = none, none, none
	for _, s := range row {
		s.earlier, s.later = t.last, none
		if t.last == none {
			t.first = s.slot
		} else {
			b.ring[t.last].later = s.slot
		}
		t.last = s.slot
	}
}
