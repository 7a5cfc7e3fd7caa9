package tcp

import (
	"fmt"
	"testing"
	"time"
)

// delayed returns a connection with SACK, and with timestamps or not, that has sent its initial window of ten segments of
// 1000 bytes at 100 ms and has more to send. It has timed out at 400 ms, the RTO of 300 ms later: the first segment has gone
// again. The clock of its timestamps shows milliseconds.
func delayed(t *testing.T, recovery string, stamps bool) *script {
	t.Helper()
	options, size := "sackok", 1000
	if stamps {
		options, size = "sackok ts 7/0", 988
	}
	s := established(t, 100*ms, options, func(c *Config) { c.Recovery, c.SACK, c.Timestamps = recovery, true, stamps })
	s.c.SetSendBuffer(1 << 20)
	s.c.SetNoDelay(s.now, true)
	s.write(60000)
	s.out(data(1, size, 10)...)
	s.c.probeAt = Never // no tail loss probe: only the timeout is of interest here
	s.at(400 * ms)
	s.out(data(1, size, 1)...)
	s.because("timeout")
	s.phase(Loss)
	return s
}

// A delay beyond the RTO, without timestamps: F-RTO (RFC 5682 section 3.1). The late ACK of the first segment lets two new
// ones out (2b), the late ACK of the second one tells that it was not lost (3b). cwnd and ssthresh are what they were, and of
// the other eight none is sent again.
func TestFRTO(t *testing.T) {
	for _, recovery := range []string{"sack", "rack"} {
		t.Run(recovery, func(t *testing.T) {
			s := delayed(t, recovery, false)
			if s.c.w.Ssthresh != 5000 {
				t.Errorf("ssthresh %d", s.c.w.Ssthresh)
			}
			s.after(50 * ms)
			s.in(ackOf(1001))
			s.out(data(10001, 1000, 2)...)
			s.because("f-rto")
			s.after(ms)
			s.in(ackOf(2001))
			s.phase(Open)
			if s.c.w.Cwnd < 10000 || s.c.w.Ssthresh != Unlimited || s.c.board.lost != 0 {
				t.Errorf("cwnd %d, ssthresh %d, %d bytes lost", s.c.w.Cwnd, s.c.w.Ssthresh, s.c.board.lost)
			}
			s.sent = nil
			for ack := 3001; ack <= 12001; ack += 1000 {
				s.in(ackOf(ack))
			}
			for _, e := range s.sent {
				if e.s.Seq.Less(12001) {
					t.Errorf("%s is sent again", words(&e.s))
				}
			}
		})
	}
}

// The same where all but the first segment have been lost: the two new ones come out of order (3a), cwnd is three segments
// at most, and slow start sends what is lost.
func TestFRTORealLoss(t *testing.T) {
	s := delayed(t, "sack", false)
	s.after(50 * ms)
	s.in(ackOf(1001))
	s.out(data(10001, 1000, 2)...)
	s.after(100 * ms)
	s.in(ackOf(1001) + " sack 10001-11001")
	s.phase(Loss)
	s.window(2, 5)
	s.out(data(1001, 1000, 1)...) // of the two new ones one is on its way
	s.because("after timeout")
	s.in(ackOf(1001) + " sack 10001-12001")
	s.out(data(2001, 1000, 1)...)
}

// Where nothing new can be sent, or F-RTO is off, or a recovery was under way, all goes as after any timeout; so does it
// where the ACK of the retransmission covers all that was on its way (2a).
func TestNoFRTO(t *testing.T) {
	s := delayed(t, "sack", false)
	s.in(ackOf(10001))
	s.phase(Open)
	s.window(2, 5)

	s = delayed(t, "sack", false)
	s.in("ACK seq 5001 ack 1001 win 9000") // the window ends where the last segment did
	s.window(2, 5)
	s.out(data(1001, 1000, 2)...)
	s.because("after timeout")

	s = established(t, 100*ms, "sackok", func(c *Config) { c.SACK, c.FRTO = true, false })
	s.c.SetSendBuffer(1 << 20)
	s.write(60000)
	s.at(400 * ms)
	s.sent = nil
	s.in(ackOf(1001))
	s.out(data(1001, 1000, 2)...)
}

// A second timeout of the same segment begins F-RTO again (step 2).
func TestFRTOAgain(t *testing.T) {
	s := delayed(t, "sack", false)
	s.at(1000 * ms) // the doubled RTO
	s.out(data(1, 1000, 1)...)
	s.in(ackOf(1001))
	s.out(data(10001, 1000, 2)...)
	s.in(ackOf(2001))
	s.phase(Open)
}

// With timestamps the first ACK tells (RFC 3522): it echoes what the first transmission carried, 100, where the
// retransmission carried 400.
func TestEifelTimeout(t *testing.T) {
	for _, recovery := range []string{"sack", "rack", "newreno"} {
		t.Run(recovery, func(t *testing.T) {
			s := delayed(t, recovery, true)
			s.after(50 * ms)
			s.in(ackOf(989) + " ts 8/100")
			s.phase(Open)
			if s.c.w.Cwnd < 9880 || s.c.w.Ssthresh != Unlimited {
				t.Errorf("cwnd %d ssthresh %d", s.c.w.Cwnd, s.c.w.Ssthresh)
			}
			s.out(data(9881, 988, 2)...) // one for the ACK, and one that slow start adds

			real := delayed(t, recovery, true)
			real.after(50 * ms)
			real.in(ackOf(989) + " ts 8/400")
			real.phase(Loss)
		})
	}
}

// A spurious fast recovery: the first of ten is late by three and more, and fills its hole with the old timestamp.
func TestEifelRecovery(t *testing.T) {
	for _, recovery := range []string{"sack", "rack"} {
		t.Run(recovery, func(t *testing.T) {
			s := established(t, 100*ms, "sackok ts 7/0", func(c *Config) { c.Recovery, c.SACK, c.Timestamps = recovery, true, true })
			s.c.SetSendBuffer(1 << 20)
			s.write(60000)
			s.after(100 * ms)
			s.in(ackOf(1) + " ts 8/100 sack 989-3953")
			s.phase(Recovery)
			s.after(10 * ms)
			s.in(ackOf(3953) + " ts 9/100")
			s.phase(Open)
			if s.c.w.Cwnd < 9880 || s.c.w.Ssthresh != Unlimited {
				t.Errorf("cwnd %d ssthresh %d", s.c.w.Cwnd, s.c.w.Ssthresh)
			}
			if recovery == "rack" && !s.c.board.time.reordered {
				t.Error("no reordering seen")
			}
		})
	}
}

// Without timestamps the D-SACK of the copy tells, a round trip later, in whatever phase the connection is then.
func TestDSACKUndo(t *testing.T) {
	for _, early := range []bool{true, false} {
		t.Run(fmt.Sprint(early), func(t *testing.T) {
			s := selective(t, 10, 60000)
			s.in(ackOf(1) + " sack 1001-4001")
			s.phase(Recovery)
			s.window(5, 5)
			s.after(10 * ms)
			s.in(ackOf(4001))
			s.window(5, 5)
			if !early {
				s.in(ackOf(10001))
				s.phase(Open)
			}
			s.after(90 * ms)
			s.in(ackOf(int(s.c.una)) + " sack 1-1001")
			s.phase(Open)
			s.window(10, 0)
		})
	}
}

// Of two segments sent again one was lost: one D-SACK restores nothing.
func TestHalfSpurious(t *testing.T) {
	s := selective(t, 10, 10000)
	s.in(ackOf(1) + " sack 2001-10001")
	s.out(data(1, 1000, 2)...)
	s.after(100 * ms)
	s.in(ackOf(10001))
	s.in(ackOf(10001) + " sack 1-1001")
	s.window(5, 5)
	s.in(ackOf(10001) + " sack 1001-2001")
	s.window(10, 0)
}

// A control of its own is told; a switch keeps the window reduced.
func TestUndoSwitch(t *testing.T) {
	for _, on := range []bool{true, false} {
		s := established(t, 100*ms, "sackok", func(c *Config) { c.SACK, c.PRR, c.Undo = true, false, on })
		told := &undoControl{}
		s.c.control = told
		s.c.SetSendBuffer(1 << 20)
		s.write(60000)
		s.after(100 * ms)
		s.in(ackOf(1) + " sack 1001-4001")
		s.in(ackOf(10001))
		s.in(ackOf(10001) + " sack 1-1001")
		if told.undone != on || on != (s.c.w.Cwnd >= 10000) {
			t.Errorf("undo %v: told %v, cwnd %d", on, told.undone, s.c.w.Cwnd)
		}
	}
}

type undoControl struct {
	reno
	undone bool
}

func (u *undoControl) Undo(w *Window) { u.undone = w.Cwnd >= 10000 }

// Where nothing but data is lost and nothing comes late, no reduction is taken back, whatever the pattern of losses. Every
// recovery, each of them within the one before or behind a timeout, is real.
func TestRealLossesAreNotUndone(t *testing.T) {
	for _, recovery := range []string{"newreno", "sack", "rack"} {
		undone, entered := 0, 0
		for seed := range uint64(20) {
			p := newPair(t, 25*ms)
			p.mute = true
			p.a.cfg.Recovery, p.a.cfg.SACK, p.a.cfg.Timestamps = recovery, recovery != "newreno", seed%2 == 0
			dice, n := newDice(seed), 0
			p.fate = func(from *end, s *Segment) []time.Duration {
				if n++; from == p.a && len(s.Payload) > 0 && dice.below(100) < 1+int(seed%10) {
					return nil
				}
				return []time.Duration{0}
			}
			p.a.write, p.a.close, p.b.close = pattern(250000), true, true
			p.a.connect()
			p.run(time.Hour)
			p.complete(250000, 0)
			for _, i := range p.a.info {
				switch i.Event {
				case "spurious recovery", "spurious timeout":
					undone++
				case "fast retransmit":
					entered++
				}
			}
		}
		if undone > 0 || entered < 40 {
			t.Errorf("%s: of %d recoveries and some timeouts %d were undone", recovery, entered, undone)
		}
	}
}
