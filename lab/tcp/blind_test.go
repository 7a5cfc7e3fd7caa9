package tcp

import (
	"fmt"
	"testing"
	"time"

	"reliabilitylab/netem"
)

// Blind attacks (RFC 5961): somebody who knows addresses and ports, but not the numbers in use, sends segments into a
// connection. Whatever he sends, the streams arrive as they were sent and the connection ends in order, unless he hits what
// the RFC cannot protect: a RST at RCV.NXT exactly, or a segment in the window with an ACK of what is on its way or was
// within the last window.

// harmless tells whether the RFC protects c from a segment.
func harmless(c *Conn, s *Segment) bool {
	switch {
	case s.Flags&netem.FlagRST != 0:
		return s.Seq != c.next // section 3.2
	case s.Flags&netem.FlagSYN != 0, s.Flags&netem.FlagACK == 0: // section 4.2
		return true
	case c.nxt.Less(s.Ack) || s.Ack.Less(c.una-Seq(c.maxWindow)): // section 5.2
		return true
	}
	if s.Len() > 0 && s.Seq.Less(c.next) && c.acked.LessEq(s.End()) {
		return false // text that seems to have been sent again for want of an ACK: its timestamp is taken (acceptable)
	}
	in := func(q Seq) bool { return q == c.next || c.next.Less(q) && q.Less(c.edge) }
	return !in(s.Seq) && (s.Len() == 0 || !in(s.End()-1)) // RFC 9293 section 3.10.7.4 first
}

// FuzzBlind plays attacks to a pair in the middle of a conversation both ways: each byte chooses when, whom and what.
func FuzzBlind(f *testing.F) {
	for seed := range uint64(30) {
		f.Add(attacks(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if why := blind(t, b, true); why != "" {
			blind(t, b, false)
			t.Error(why)
		}
	})
}

// TestBlind is FuzzBlind with a fixed set of inputs, for every day.
func TestBlind(t *testing.T) {
	for seed := range uint64(500) {
		if why := blind(t, attacks(seed), true); why != "" {
			blind(t, attacks(seed), false)
			t.Fatalf("seed %d: %s", seed, why)
		}
	}
}

func attacks(seed uint64) []byte {
	d := newDice(seed)
	b := make([]byte, 20+d.below(2000))
	for i := range b {
		b[i] = byte(d.below(256))
	}
	return b
}

func blind(t *testing.T, b []byte, mute bool) string {
	take := func() int {
		if len(b) == 0 {
			return 0
		}
		v := b[0]
		b = b[1:]
		return int(v)
	}
	p := newPair(t, 10*ms)
	p.mute = mute
	bits := take()
	for _, e := range []*end{p.a, p.b} {
		e.cfg.Timestamps, e.cfg.SACK = bits&1 != 0, bits&2 != 0
		e.cfg.ReceiveBuffer = []int{6 << 20, 30000, 3000, 65535}[bits>>2&3]
		e.write, e.close = pattern(40000), true
		if bits&16 != 0 {
			e.pause, e.chunk = 7*ms, 900
		}
	}
	var strike func()
	strike = func() {
		e := p.a
		if take()%2 == 0 {
			e = p.b
		}
		if c := e.c; c != nil && c.state >= Established {
			s := segmentNear(c, take)
			if take()%4 == 0 {
				s.Options.TSVal += 1 << 30 // taken for the peer's, it would make all that the peer sends old
			}
			if harmless(c, s) {
				p.say("attack on %s: %s", e.name, words(s))
				c.Deliver(p.w.Now(), s)
				e.serve()
			}
		}
		if len(b) > 0 {
			p.w.After(time.Duration(take()/8)*ms, strike)
		}
	}
	p.w.After(0, strike)
	p.a.connect()
	for _, e := range []*end{p.a, p.b} {
		if e.pause > 0 {
			e.wake()
		}
	}
	p.run(10 * time.Minute)
	if why := p.incomplete(40000, 40000); why != "" {
		return fmt.Sprintf("after blind attacks: %s", why)
	}
	return ""
}
