package tcp

import (
	"syscall"
	"testing"
	"time"
)

// RFC 9293 section 3.10.7.4 first: in every synchronized state a segment outside of the window is answered with an ACK,
// and does nothing else; a RST is not answered.
func TestUnacceptable(t *testing.T) {
	for _, state := range synchronized {
		for _, c := range []struct {
			in     string
			answer bool
		}{
			{"ACK seq 1000 ack 1", true},
			{"ACK seq 1000 ack 1 len 50", true},
			{"ACK seq 100000 ack 1", true},
			{"ACK seq 100000 ack 1 len 5", true},
			{"FIN,ACK seq 1000 ack 1", true},
			{"RST seq 1000", false},
			{"RST seq 100000", false},
			{"RST,ACK seq 5000 ack 1", false},
		} {
			s := reach(t, state)
			before := s.c.una
			s.in(c.in)
			if c.answer {
				s.out("ACK seq " + map[bool]string{true: "2", false: "1"}[s.c.finSent] + " ack " + next(state))
			} else {
				s.out()
			}
			s.state(state)
			if s.c.una != before || s.c.Unread() > 0 {
				t.Errorf("%v: %s was taken", state, c.in)
			}
		}
	}
}

// RFC 5961 section 3: a RST counts at RCV.NXT alone; elsewhere in the window it is challenged. What the program is told
// is RFC 9293's (section 3.10.7.4 second), with Linux's numbers.
func TestRSTInEveryState(t *testing.T) {
	want := map[State]error{Established: syscall.ECONNRESET, FinWait1: syscall.ECONNRESET, FinWait2: syscall.ECONNRESET,
		CloseWait: syscall.EPIPE, Closing: nil, LastAck: nil, TimeWait: nil}
	for _, state := range synchronized {
		s := reach(t, state)
		s.in("RST seq 5003")
		s.out("ACK seq " + map[bool]string{true: "2", false: "1"}[s.c.finSent] + " ack " + next(state))
		s.state(state)
		s.in("RST seq " + next(state) + " len 20") // a RST may explain itself (RFC 1122 section 4.2.2.12)
		s.out()
		s.state(Closed)
		if s.c.Err() != want[state] || s.c.Deadline() != Never {
			t.Errorf("%v: %v, deadline %v", state, s.c.Err(), s.c.Deadline())
		}
	}
}

// A RST counts while the window is shut (section 3.10.7.4), whether or not it explains itself.
func TestRSTIntoZeroWindow(t *testing.T) {
	s := established(t, 10*ms, "", func(c *Config) { c.ReceiveBuffer = 100 })
	s.in("ACK seq 5001 ack 1 len 100")
	s.sent = nil
	s.in("RST seq 5101 len 10")
	s.state(Closed)
}

// RFC 5961 section 4: a SYN is challenged in every synchronized state, wherever it lies.
func TestSYNIsChallenged(t *testing.T) {
	for _, state := range synchronized {
		for _, seq := range []string{"5010", "17", "900000"} {
			s := reach(t, state)
			s.in("SYN seq " + seq)
			s.out("ACK seq " + map[bool]string{true: "2", false: "1"}[s.c.finSent] + " ack " + next(state))
			s.state(state)
		}
	}
}

// RFC 9293 section 3.5.1, figure 10: B has crashed and opens anew; A challenges, B refuses with the number A expects.
func TestHalfOpen(t *testing.T) {
	a := established(t, 10*ms, "", nil)
	a.write(100)
	a.sent = nil
	a.in("SYN seq 400")
	a.out("ACK seq 101 ack 5001")
	b := newScript(t, nil)
	b.connect()
	b.sent = nil
	b.in("ACK seq 101 ack 5001")
	b.out("RST seq 5001")
	a.in("RST seq 5001")
	a.state(Closed)
	a.read(0, syscall.ECONNRESET)
}

// RFC 5961 section 5, RFC 9293 section 3.10.7.4 fifth: an ACK of what was never sent, or one further back than the
// largest window (65535 from SND.UNA = 1, modulo 2^32), is answered, and its text is not taken.
func TestUnacceptableACK(t *testing.T) {
	for ack, taken := range map[string]bool{"2": false, "4294901761": false, "4294901762": true, "1": true} {
		s := established(t, 10*ms, "", nil)
		s.in("ACK seq 5001 ack " + ack + " len 10")
		if taken {
			s.out("ACK seq 1 ack 5011")
			s.read(10, nil)
		} else {
			s.out("ACK seq 1 ack 5001")
			s.read(0, nil)
		}
	}
	s := established(t, 10*ms, "", nil)
	s.in("PSH seq 5001 len 10") // no ACK flag: dropped
	s.out()
	s.read(0, nil)
}

// Text that overlaps what is there already is cut in front, what lies behind the window is cut behind.
func TestOverlap(t *testing.T) {
	s := established(t, 10*ms, "", func(c *Config) { c.ReceiveBuffer = 300 })
	s.in("ACK seq 5001 ack 1 len 100")
	s.in("ACK seq 5051 ack 1 len 100")
	s.out("ACK seq 1 ack 5101", "ACK seq 1 ack 5151")
	s.in("ACK seq 5151 ack 1 len 300")
	s.out("ACK seq 1 ack 5301 win 0")
	s.read(300, nil)
}

// Sequence numbers go around 2^32 in the midst of a transfer (section 3.4), at either end, with losses.
func TestSequenceWrap(t *testing.T) {
	for _, recovery := range []string{"sack", "newreno"} {
		p := newPair(t, 10*ms)
		p.a.iss, p.b.iss = 1<<32-20000, 1<<32-3000
		p.a.cfg.Recovery, p.a.cfg.SACK = recovery, recovery == "sack"
		p.fate = p.lose(7, 0.03)
		p.a.write, p.a.close = pattern(100000), true
		p.b.write, p.b.close = pattern(50000), true
		p.a.connect()
		p.run(3600e9)
		p.complete(100000, 50000)
	}
}

// What an old mark in the sequence space says must not come back when the numbers have gone half around.
func TestOldMarks(t *testing.T) {
	s := established(t, 10*ms, "", nil)
	s.write(1500) // leaves a small segment behind
	s.in("ACK seq 5001 ack 1501")
	s.sent = nil
	at := 1501
	for range 5 { // five quarters of the whole space, without a small segment and without a loss
		jump := Seq(1<<30 - 1000)
		s.c.iss, s.c.una, s.c.nxt, s.c.outSeq = s.c.iss+jump, s.c.una+jump, s.c.nxt+jump, s.c.outSeq+jump
		s.c.wl2 = s.c.una
		at += int(jump)
		s.write(1000)
		s.sent = nil
		at += 1000
		s.ack = Seq(at)
		s.in("ACK seq 5001")
		if s.c.una != Seq(at) {
			t.Fatalf("una %d, want %d", s.c.una, Seq(at))
		}
		if s.c.una.Less(s.c.small) || !s.c.beyond() { // NewReno's, the stricter one
			t.Fatalf("una %d: small %d, point %d", s.c.una, s.c.small, s.c.point)
		}
	}
}

// Answers to segments without text are throttled (RFC 5961 section 7: ten in five seconds), so that two ends cannot answer
// each other's answers for ever; those to text are not.
func TestAnswersAreThrottled(t *testing.T) {
	for _, text := range []string{"ACK seq 1000 ack 1", "RST seq 5002", "SYN seq 5000", "ACK seq 5001 ack 9"} {
		s := established(t, 10*ms, "", nil)
		for range 3 {
			for range 100 {
				s.in(text)
			}
			if len(s.sent) != 10 {
				t.Errorf("%s: %d answers", text, len(s.sent))
			}
			s.sent = nil
			s.after(5 * time.Second)
		}
		for range 100 {
			s.in("ACK seq 1000 ack 1 len 10")
		}
		if len(s.sent) != 100 {
			t.Errorf("%d answers to text", len(s.sent))
		}
	}
}

// A path on which every segment overtakes others, and timestamps of a millisecond, once kept two ends busy without end.
func TestNoACKWar(t *testing.T) {
	p := newPair(t, 10*ms)
	p.mute = true
	d := newDice(1)
	p.fate = func(*end, *Segment) []time.Duration {
		return []time.Duration{time.Duration(d.below(30)) * ms, time.Duration(d.below(30)) * ms}
	}
	p.a.cfg.Nagle, p.b.cfg.DelayedACK = false, 0
	p.a.chunk = 20
	p.a.write, p.a.close = pattern(20000), true
	p.b.write, p.b.close = pattern(20000), true
	p.a.connect()
	p.run(10 * time.Minute)
	p.complete(20000, 20000)
	if p.a.sent+p.b.sent > 20000 {
		t.Errorf("%d segments", p.a.sent+p.b.sent)
	}
}
