package tcp

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"reliabilitylab/netem"
)

// Zero window (RFC 9293 section 3.8.6.1): the first probe one timeout after nothing could be sent, the next ones twice as
// far apart each, until the window opens. RTT 100 ms: SRTT 100 ms, 4 RTTVAR 200 ms, RTO 300 ms.
func TestZeroWindowProbes(t *testing.T) {
	s := established(t, 100*ms, "win 1000", nil)
	s.write(3000)
	s.out("ACK seq 1 len 1000")
	s.in("ACK seq 5001 ack 1001 win 0")
	s.out()
	start := s.now
	rto := s.c.timeout()
	for _, n := range []time.Duration{1, 3, 7, 15, 31} {
		s.at(start + n*rto - 1)
		s.out()
		s.at(start + n*rto)
		s.out("ACK seq 1000") // one below what the peer expects: it must answer
		s.in("ACK seq 5001 ack 1001 win 0")
		s.out()
	}
	s.in("ACK seq 5001 ack 1001 win 2000")
	s.out(data(1001, 1000, 2)...)
	if s.c.timeout() >= rto*2 {
		t.Errorf("the backoff stays after the window has opened: %v", s.c.timeout())
	}
}

// MUST-37: as long as probes are answered the connection stays, for days; when they are not, it fails after as many as
// data would be sent again. The same holds where the peer has taken its window back (SHLD-17).
func TestZeroWindowForEver(t *testing.T) {
	for _, answer := range []string{"before the data: ACK seq 5001 ack 1 win 0", "shut: ACK seq 5001 ack 1 win 0", "smaller: ACK seq 5001 ack 1 win 500"} {
		for _, closed := range []bool{false, true} {
			s := established(t, 100*ms, "win 1000", nil)
			when, text, _ := strings.Cut(answer, ": ")
			if when == "before the data" {
				s.in(text)
				s.write(1000)
			} else {
				s.write(1000)
				s.in(text)
			}
			if closed {
				s.c.Close(s.now)
			}
			for range 200 {
				s.after(120 * time.Second)
				if s.c.State() == Closed {
					t.Fatalf("%s, closed %v: given up at %v", answer, closed, s.now)
				}
				s.in(text)
			}
			timeouts := 0
			for s.c.State() != Closed {
				s.at(s.c.Deadline())
				timeouts++
			}
			if timeouts != 16 || s.c.Err() != syscall.ETIMEDOUT {
				t.Errorf("%s, closed %v: %d timeouts, %v", answer, closed, timeouts, s.c.Err())
			}
		}
	}
}

// The answer that opens the window is lost: the next probe brings it.
func TestWindowUpdateLost(t *testing.T) {
	p := newPair(t, 10*ms)
	p.b.cfg.ReceiveBuffer = 20000
	p.b.lazy = true
	p.a.write, p.a.close = pattern(100000), true
	p.b.close = true
	lose := false
	p.fate = func(from *end, s *Segment) []time.Duration {
		if lose && from == p.b {
			return nil
		}
		return []time.Duration{0}
	}
	p.w.After(5*time.Second, func() { lose = true; p.b.lazy = false; p.b.serve() })
	p.w.After(5*time.Second+1, func() { lose = false })
	p.a.connect()
	p.run(time.Hour)
	p.complete(100000, 0)
	if p.a.reasons["window probe"] < 4 || p.a.reasons["window probe"] > 8 {
		t.Errorf("%d probes in 5 s", p.a.reasons["window probe"])
	}
}

// Silly-window avoidance of the sender (section 3.8.6.2.1): less than a segment goes only where it is half of the largest
// window seen, or when the override timeout has come, or where it is all there is.
func TestSenderSWS(t *testing.T) {
	s := established(t, 100*ms, "win 4000", nil)
	s.write(8000)
	s.out(data(1, 1000, 4)...)
	s.in("ACK seq 5001 ack 4001 win 900")
	s.out()
	s.after(s.c.timeout() - 1)
	s.out()
	s.after(1)
	s.out("ACK seq 4001 len 900") // rule 4
	s.in("ACK seq 5001 ack 4901 win 1000")
	s.out("ACK seq 4901 len 1000") // rule 1

	h := established(t, 100*ms, "win 1200", nil)
	h.write(3000)
	h.out("ACK seq 1 len 1000")
	h.in("ACK seq 5001 ack 1001 win 600")
	h.out("ACK seq 1001 len 600") // rule 3

	d := established(t, 100*ms, "win 4000", nil)
	d.in("ACK seq 5001 ack 1 win 100")
	d.write(80)
	d.out("ACK seq 1 len 80") // rule 2
}

// Silly-window avoidance of the receiver (section 3.8.6.2.2): the edge moves by a segment or half of the buffer, or not.
func TestReceiverSWS(t *testing.T) {
	s := established(t, 10*ms, "", func(c *Config) { c.ReceiveBuffer = 4000 })
	for i := range 4 {
		s.in(data(5001+1000*i, 1000, 1)[0] + " ack 1")
	}
	s.sent = s.sent[3:]
	s.out("ACK seq 1 ack 9001 win 0")
	s.read(990, nil)
	s.out()
	s.in("ACK seq 9000 ack 1") // a probe hears that the window is shut still
	s.out("ACK seq 1 ack 9001 win 0")
	s.read(20, nil)
	s.out("ACK seq 1 ack 9001 win 1010")
	s.in("ACK seq 9001 ack 1 len 10") // 1000 of the window are left: kept to the byte
	s.out("ACK seq 1 ack 9011 win 1000")
	s.read(2990+10, nil)
	s.out("ACK seq 1 ack 9011 win 4000")
}

// The right edge of the window never moves back (section 3.8.6, SHLD-14): not when the buffer is made smaller, not by the
// rounding of the scale; nor does it creep forward without end when small segments come into a full buffer.
func TestWindowNeverShrinks(t *testing.T) {
	for _, scaled := range []bool{false, true} {
		const buffer = 100000
		s := newScript(t, func(c *Config) { c.ReceiveBuffer, c.WindowScaling, c.DelayedACK = buffer, scaled, 0 })
		syn := "SYN seq 5000 mss 1000"
		if scaled {
			syn += " scale 0"
		}
		s.accept(syn)
		s.in("ACK seq 5001 ack 1")
		unit := 1 << s.c.scale
		if scaled != (unit == 2) {
			t.Fatalf("unit %d", unit)
		}
		last, far := Seq(0), s.c.edge // the edge said last, and the furthest
		for i := range 5000 {
			n := 1 + i*i%1999
			room := int(s.c.edge - s.c.next)
			switch {
			case i == 100:
				s.c.SetReceiveBuffer(s.now, buffer/2)
			case i > 100 && room > 3000:
				n = 999
			case i > 100: // the full buffer is filled byte by byte
				n = 1
			}
			g := Segment{Seq: s.c.next, Ack: 1, Flags: netem.FlagACK, Window: 65535, Payload: make([]byte, max(1, min(n, room)))}
			s.sent = nil
			s.c.Deliver(s.now, &g)
			if i < 100 && i%3 == 0 {
				if _, err := s.c.Read(s.now, make([]byte, 2000)); err != nil {
					t.Fatal(err)
				}
			}
			for _, e := range s.sent {
				now := e.s.Ack + Seq(int(e.s.Window)*unit)
				if now.Less(last) && int(far-now) >= unit {
					t.Fatalf("segment %d: the edge moves back from %d (%d) to %d", i, last, far, now)
				}
				last = now
				if far.Less(now) {
					far = now
				}
			}
			if s.c.in.unread >= buffer+unit {
				t.Fatalf("%d bytes in a buffer of %d", s.c.in.unread, buffer)
			}
		}
		if s.c.in.unread < buffer/2 {
			t.Fatalf("only %d bytes came in", s.c.in.unread)
		}
	}
}

// Nagle's algorithm with Minshall's change (section 3.7.4): a small segment waits for another small one that is not
// acknowledged, but not for a full one. NoDelay sends at once, and what has waited, too.
func TestNagle(t *testing.T) {
	s := established(t, 100*ms, "", nil)
	s.write(100)
	s.out("ACK seq 1 len 100")
	s.write(100)
	s.write(200)
	s.out()
	s.write(1000) // together a full one, which goes; 300 are left
	s.out("ACK seq 101 len 1000")
	s.in("ACK seq 5001 ack 101")
	s.out("ACK seq 1101 len 300") // the small one is acknowledged, the full one is not
	s.write(10)
	s.out()
	s.c.SetNoDelay(s.now, true)
	s.out("ACK seq 1401 len 10")
	s.write(1)
	s.out("ACK seq 1411 len 1")
	s.c.SetNoDelay(s.now, false)
	s.write(5)
	s.out()
	s.c.CloseWrite(s.now) // the last segment does not wait
	s.out("FIN,ACK seq 1412 len 5")
}

// Delayed ACKs (section 3.8.6.3, RFC 5681 section 4.2): 40 ms, or the second full segment, or data that carries them; at
// once where a gap appears, is there, or is filled.
func TestDelayedACK(t *testing.T) {
	s := established(t, 10*ms, "", nil)
	s.c.quick, s.c.peerMSS = 0, 1000
	s.in("ACK seq 5001 ack 1 len 1000")
	s.after(40*ms - 1)
	s.out()
	s.after(1)
	s.out("ACK seq 1 ack 6001")
	s.after(100 * ms)
	s.in("ACK seq 6001 ack 1 len 1000")
	s.after(30 * ms)
	s.out()
	s.in("ACK seq 7001 ack 1 len 1000")
	s.out("ACK seq 1 ack 8001")
	s.in("ACK seq 8001 ack 1 len 10")
	s.after(5 * ms)
	s.write(20) // data carries it
	s.out("ACK seq 1 ack 8011 len 20")
	s.after(35 * ms)
	s.out()
	s.in("ACK seq 8031 ack 21 len 10") // a gap
	s.out("ACK seq 21 ack 8011")
	s.c.quick = 0
	s.in("ACK seq 8011 ack 21 len 10") // a part of it filled
	s.out("ACK seq 21 ack 8021")
	s.in("ACK seq 8021 ack 21 len 10") // all of it
	s.out("ACK seq 21 ack 8041")
	s.in("ACK seq 8021 ack 21 len 10") // again
	s.out("ACK seq 21 ack 8041")
	s.in("FIN,ACK seq 8041 ack 21")
	s.out("ACK seq 21 ack 8042")
}

// With a delay of nothing every segment is acknowledged at once; at the start, after a pause, and behind data
// that came again, sixteen are (Linux's quick ACKs), unless the program answers and its data carries the ACKs.
func TestQuickACKs(t *testing.T) {
	n := established(t, 10*ms, "", func(c *Config) { c.DelayedACK = 0 })
	for i := range 50 {
		n.in("ACK seq " + data(5001+i, 1, 1)[0][8:])
	}
	if len(n.sent) != 50 {
		t.Errorf("%d ACKs of 50", len(n.sent))
	}
	s := established(t, 10*ms, "", nil)
	s.c.peerMSS = 1000
	for i := range 50 {
		s.in("ACK seq " + data(5001+i, 1, 1)[0][8:])
	}
	if len(s.sent) != 15 { // the ACK of the handshake was the sixteenth
		t.Errorf("%d quick ACKs", len(s.sent))
	}
	for _, c := range []struct {
		what  string
		first func(g *script)
		want  int
	}{
		{"a gap that is filled", func(g *script) { g.in("ACK seq 5021 ack 1 len 10"); g.in("ACK seq 5011 ack 1 len 10") }, 0},
		{"data that comes again", func(g *script) {
			g.in("ACK seq 5021 ack 1 len 10")
			g.in("ACK seq 5011 ack 1 len 10")
			g.in("ACK seq 5001 ack 1 len 10")
		}, 15},
		{"a pause longer than the timeout", func(g *script) {
			g.in("ACK seq 5011 ack 1 len 10")
			g.after(time.Second)
			g.in("ACK seq 5021 ack 1 len 10")
		}, 15},
		{"a shorter pause", func(g *script) {
			g.in("ACK seq 5011 ack 1 len 10")
			g.after(100 * ms)
			g.in("ACK seq 5021 ack 1 len 10")
		}, 0},
	} {
		g := established(t, 10*ms, "", nil)
		g.c.quick, g.c.peerMSS = 0, 1000
		g.in("ACK seq 5001 ack 1 len 10")
		g.after(50 * ms)
		c.first(g)
		g.sent = nil
		for i := range 30 {
			g.in("ACK seq " + data(5031+i, 1, 1)[0][8:])
		}
		if len(g.sent) != c.want {
			t.Errorf("%d quick ACKs behind %s, want %d", len(g.sent), c.what, c.want)
		}
	}
	a := established(t, 10*ms, "", nil)
	a.in("ACK seq 5001 ack 1 len 10")
	a.out("ACK seq 1 ack 5011")
	a.write(10)
	a.out("ACK seq 1 ack 5011 len 10")
	a.in("ACK seq 5011 ack 11 len 10")
	a.out()
}

// The send buffer: Write takes what has room, and says when there is more; it always takes at least a segment in the end.
func TestSendBuffer(t *testing.T) {
	s := established(t, 10*ms, "", nil)
	s.c.SetSendBuffer(6000)
	if n, err := s.c.Write(s.now, pattern(10000)); n != 6000 || err != nil {
		t.Errorf("Write: %d, %v", n, err)
	}
	if n, err := s.c.Write(s.now, pattern(10000)); n != 0 || err != nil {
		t.Errorf("Write into a full buffer: %d, %v", n, err)
	}
	notes := s.notes
	s.in("ACK seq 5001 ack 1001")
	if s.notes != notes {
		t.Error("told of a sixth of the buffer")
	}
	s.in("ACK seq 5001 ack 2001")
	if s.notes != notes+1 {
		t.Errorf("told %d times of a third of the buffer", s.notes-notes)
	}
	s.in("ACK seq 5001 ack 6001")
	s.c.SetSendBuffer(0)
	if n, err := s.c.Write(s.now, pattern(10000)); n != 1000 || err != nil {
		t.Errorf("Write with a buffer of nothing: %d, %v", n, err)
	}
}
