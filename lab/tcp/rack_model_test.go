package tcp

import (
	"fmt"
	"testing"
	"time"
)

// A naiveSegment is one segment as RFC 8985 section 5.2 has it.
type naiveSegment struct {
	seq, end                    Seq
	xmit                        time.Duration
	lost, retransmitted, sacked bool
}

// naiveRACK is RFC 8985 section 6.2, steps 1 to 3 and 5, as its pseudocode has them: every ACK goes over all segments.
type naiveRACK struct {
	segments         []*naiveSegment
	known, reordered bool
	xmit, rtt, min   time.Duration
	end, fack        Seq
}

func (m *naiveRACK) arrive(now, echoed time.Duration, is func(*naiveSegment) bool, cumulative bool) {
	var latest *naiveSegment
	was := m.fack
	for _, s := range m.segments {
		if s.sacked || !is(s) {
			continue
		}
		if m.fack.Less(s.end) {
			m.fack = s.end
		} else if s.end.Less(was) && !s.retransmitted {
			m.reordered = true
		}
		rtt := now - s.xmit
		if !s.retransmitted {
			m.min = min(m.min, rtt)
		} else if cumulative && s.xmit > echoed || rtt < m.min {
			continue
		}
		if latest == nil || s.xmit > latest.xmit || s.xmit == latest.xmit && latest.end.Less(s.end) {
			latest = s
		}
	}
	if latest == nil {
		return
	}
	m.rtt = now - latest.xmit
	if !m.known || latest.xmit > m.xmit || latest.xmit == m.xmit && m.end.Less(latest.end) {
		m.known, m.xmit, m.end = true, latest.xmit, latest.end
	}
}

func (m *naiveRACK) detect(now, window time.Duration) time.Duration {
	timeout := time.Duration(0)
	for _, s := range m.segments {
		if s.sacked || s.lost || !m.known || !(m.xmit > s.xmit || m.xmit == s.xmit && s.end.Less(m.end)) {
			continue
		}
		if remaining := s.xmit + m.rtt + window - now; remaining <= 0 {
			s.lost = true
		} else {
			timeout = max(timeout, remaining)
		}
	}
	if timeout == 0 {
		return Never
	}
	return now + timeout
}

// The timeline says of every row of transmissions, ACKs, SACKs, timers, timeouts and undone losses what the RFC's pseudocode says.
func TestTimelineAgainstModel(t *testing.T) {
	trials := 2000
	if testing.Short() {
		trials = 300
	}
	for seed := range trials {
		if why := timelineTrial(newDice(uint64(seed))); why != "" {
			t.Fatalf("seed %d: %s", seed, why)
		}
	}
}

func timelineTrial(d *dice) string {
	start := Seq(1<<32 - 40)
	b := &scoreboard{time: newTimeline(start)}
	m := &naiveRACK{min: Never, fack: start}
	now, una, nxt := time.Duration(0), start, start
	for step := range 120 {
		now += time.Duration(1 + d.below(20))
		op := d.below(10)
		switch {
		case op < 3 || len(m.segments) == 0:
			for range 1 + d.below(40) {
				b.push(sent{seq: nxt, end: nxt + 1, at: now})
				m.segments = append(m.segments, &naiveSegment{seq: nxt, end: nxt + 1, xmit: now})
				nxt++
			}
		case op < 5: // what is due is sent again, or some of it
			for range 1 + d.below(6) {
				s := b.due()
				if s == nil {
					break
				}
				k := m.segments[int(s.seq-una)]
				b.sentAgain(s, now)
				k.xmit, k.lost, k.retransmitted = now, false, true
			}
		case op < 9:
			b.time.begin(now)
			echoed := Never
			if d.below(2) == 0 {
				echoed = now - time.Duration(d.below(200))
			}
			if n := len(m.segments); d.below(4) > 0 {
				left := una + Seq(d.below(n))
				k := Block{left, left + 1 + Seq(d.below(min(5, int(nxt-left))))}
				b.sack([]Block{k})
				in := func(s *naiveSegment) bool { return k.Left.LessEq(s.seq) && s.end.LessEq(k.Right) }
				m.arrive(now, Never, in, false)
				for _, s := range m.segments {
					s.sacked = s.sacked || in(s)
				}
			} else {
				ack := una + Seq(1+d.below(min(n, 12)))
				b.ack(ack, echoed)
				m.arrive(now, echoed, func(s *naiveSegment) bool { return s.end.LessEq(ack) }, true)
				m.segments = m.segments[int(ack-una):]
				una = ack
			}
			b.settle()
		case d.below(2) == 0: // all of it was spurious
			b.loseNothing()
			for _, s := range m.segments {
				s.lost = false
			}
		default: // a timeout
			sentBy := now - time.Duration(d.below(100))
			if len(m.segments) > 0 && !m.segments[0].sacked {
				b.loseAll(sentBy)
				for i, s := range m.segments {
					s.lost = s.lost || !s.sacked && (i == 0 || s.xmit <= sentBy)
				}
			}
		}
		window := time.Duration(d.below(3) * d.below(60))
		got, want := b.overdue(now, window, byTime), m.detect(now, window)
		if b.n > 0 && got != want {
			return fmt.Sprintf("step %d: the timer is at %v, want %v", step, got, want)
		}
		if b.n == 0 {
			continue
		}
		if b.time.rtt != m.rtt || b.time.minRTT != m.min || b.time.reordered != m.reordered || b.time.fack != m.fack {
			return fmt.Sprintf("step %d: %+v, want %+v", step, b.time, m)
		}
		for i, s := range m.segments {
			p := b.at(i)
			if p.seq != s.seq || p.sacked != s.sacked || !s.sacked && (p.lost && !p.again) != s.lost {
				return fmt.Sprintf("step %d: %+v, want %+v", step, *p, *s)
			}
		}
		if why := b.row(); why != "" {
			return fmt.Sprintf("step %d: %s", step, why)
		}
	}
	return ""
}

// row says what is wrong with the row of the timeline, if anything is: it holds every segment that may still arrive, once,
// in the order of their transmissions, and edge is the last before RACK.segment.
func (b *scoreboard) row() string {
	t := &b.time
	if !t.on {
		return ""
	}
	n, edge, before := 0, int32(none), int32(none)
	for k := t.first; k != none; k = b.ring[k].later {
		s := &b.ring[k]
		switch {
		case !s.listed() || s.slot != k || b.index(k) >= b.n:
			return fmt.Sprintf("%+v stands in the row", *s)
		case s.earlier != before:
			return fmt.Sprintf("%+v stands behind %d", *s, before)
		case before != none && (b.ring[before].at > s.at || b.ring[before].order >= s.order):
			return fmt.Sprintf("%+v stands behind a later one", *s)
		}
		if t.known && s.order < t.order {
			edge = k
		}
		before = k
		n++
	}
	marks := 0
	for i := range b.n {
		if b.at(i).listed() {
			n--
		}
		if b.at(i).sacked {
			marks++
		}
	}
	if n != 0 || before != t.last || marks != b.marks {
		return fmt.Sprintf("%d too many in the row, last %d, %d sacked: %+v", n, before, marks, *t)
	}
	if t.edge != none && t.edge != edge { // it is moved when losses are looked for
		for k := t.edge; k != edge; k = b.ring[k].later {
			if k == none {
				return fmt.Sprintf("edge %d, want %d", t.edge, edge)
			}
		}
	}
	return ""
}
