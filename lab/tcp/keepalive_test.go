package tcp

import (
	"fmt"
	"syscall"
	"testing"
	"time"
)

// keeping is a connection of which the peer was last heard at 100 ms, asked every 5 s three times after 10 s of silence.
func keeping(t *testing.T, set func(*Config)) *script {
	s := established(t, 100*ms, "win 10000", func(c *Config) {
		c.KeepAlive, c.KeepIdle, c.KeepInterval, c.KeepCount = true, 10*time.Second, 5*time.Second, 3
		if set != nil {
			set(c)
		}
	})
	return s
}

// Linux's defaults (tcp(7)): off; two hours, 75 seconds, 9 questions.
func TestKeepAliveDefaults(t *testing.T) {
	if c := Defaults(1000); c.KeepAlive || c.KeepIdle != 7200*time.Second || c.KeepInterval != 75*time.Second || c.KeepCount != 9 {
		t.Errorf("%+v", c)
	}
	s := established(t, 100*ms, "win 10000", nil)
	s.after(24 * time.Hour)
	s.out()
	if d := s.c.Deadline(); d != Never {
		t.Errorf("an idle connection waits for %v", d)
	}
}

// RFC 9293 section 3.8.4: an ACK without data just below SND.UNA. Last heard at 0.1 s: asked at 10.1, 15.1 and 20.1 s, given up
// at 25.1 s, and the peer is told, should it come back.
func TestKeepAliveUnanswered(t *testing.T) {
	s := keeping(t, nil)
	for _, sec := range []time.Duration{10, 15, 20} {
		s.at(sec*time.Second + 100*ms - 1)
		s.out()
		s.after(1)
		s.out("ACK seq 0 ack 5001")
		s.because("keep-alive")
	}
	s.at(25*time.Second + 100*ms)
	s.out("RST,ACK seq 1")
	s.because("keep-alive unanswered")
	s.state(Closed)
	s.read(0, syscall.ETIMEDOUT)
}

// An answer, and whatever else the peer sends, begins the silence anew.
func TestKeepAliveAnswered(t *testing.T) {
	s := keeping(t, nil)
	s.at(10*time.Second + 100*ms)
	s.out("ACK seq 0")
	s.after(2 * time.Second)
	s.in("ACK seq 5001 ack 1") // at 12.1 s; the timer looks again at 15.1 s, and then 10 s after the answer
	s.at(22*time.Second + 100*ms - 1)
	s.out()
	s.after(1)
	s.out("ACK seq 0")
	s.in("ACK seq 5001 ack 1 len 10") // data at 22.1 s, before the timer's 27.1 s
	s.after(40 * ms)
	s.sent = nil
	s.at(32*time.Second + 100*ms - 1)
	s.out()
	s.after(1)
	s.out("ACK seq 0 ack 5011")
	s.at(100 * time.Second)
	s.state(Closed)
}

// What is on its way, or waits for the window, is asked about by its own timers (Linux: "it is alive without keepalive").
func TestKeepAliveWithData(t *testing.T) {
	s := keeping(t, nil)
	s.at(9 * time.Second)
	s.write(1000)
	for s.now < 60*time.Second {
		s.after(time.Second)
	}
	for _, e := range s.sent {
		if e.s.Reason == "keep-alive" {
			t.Fatalf("asked at %v though data is on its way", e.at)
		}
	}
}

// Asked for later, and again sooner: the silence so far counts for TCP_KEEPIDLE (Linux), and an option may be ended.
func TestKeepAliveSet(t *testing.T) {
	s := established(t, 100*ms, "win 10000", nil)
	s.at(50 * time.Second)
	s.c.SetKeepAlive(s.now, true)
	s.c.SetKeepTimes(s.now, 60*time.Second, time.Second, 1)
	s.at(60*time.Second + 100*ms - 1)
	s.out()
	s.after(1)
	s.out("ACK seq 0")
	s.in("ACK seq 5001 ack 1")
	s.c.SetKeepAlive(s.now, false)
	s.at(time.Hour)
	s.out()
	s.state(Established)
	s.c.SetKeepAlive(s.now, true)
	s.c.SetKeepTimes(s.now, 30*time.Second, 0, 0) // which are long over
	s.after(0)
	s.out("ACK seq 0")
	s.after(time.Second)
	s.out("RST,ACK seq 1")
	s.state(Closed)
}

// With a user timeout that alone counts (Linux): 12 s of silence are over at 12.1 s; the timer looks at 15.1 s.
func TestKeepAliveUserTimeout(t *testing.T) {
	s := keeping(t, func(c *Config) { c.UserTimeout, c.KeepCount = 12*time.Second, 100 })
	s.at(10*time.Second + 100*ms)
	s.out("ACK seq 0")
	s.at(15*time.Second + 100*ms)
	s.out("RST,ACK seq 1")
	s.state(Closed)
	s.read(0, syscall.ETIMEDOUT)
}

// RTO 300 ms (SRTT 100 ms, 4 RTTVAR 200 ms): data of 0.1 s goes again at 0.4 s, 1.0 s and 2.2 s, the next would at 4.6 s; a user
// timeout of 3 s from the first of them ends it at 3.4 s (Linux's tcp_clamp_rto_to_user_timeout).
func TestUserTimeout(t *testing.T) {
	s := established(t, 100*ms, "win 10000", func(c *Config) { c.UserTimeout, c.TLP = 3*time.Second, false })
	s.write(1000)
	s.out(data(1, 1000, 1)...)
	for _, at := range []time.Duration{400, 1000, 2200} {
		s.at(at * ms)
		s.out(data(1, 1000, 1)...)
	}
	s.at(3400*ms - 1)
	s.out()
	s.state(Established)
	s.at(3400 * ms)
	s.out()
	s.state(Closed)
	s.read(0, syscall.ETIMEDOUT)
}

// An ACK in time begins anew.
func TestUserTimeoutProgress(t *testing.T) {
	s := established(t, 100*ms, "win 10000", func(c *Config) { c.UserTimeout, c.TLP = 3*time.Second, false })
	for range 5 {
		s.write(1000)
		s.after(2500 * ms)
		s.state(Established)
		s.in(fmt.Sprint("ACK seq 5001 ack ", uint32(s.c.nxt)))
	}
}

// Answers to probes of a shut window do not put the user timeout off (Linux), where without it they would do so for ever.
// The first probe goes at 0.4 s.
func TestUserTimeoutZeroWindow(t *testing.T) {
	s := established(t, 100*ms, "win 0", func(c *Config) { c.UserTimeout = 3 * time.Second })
	s.write(1000)
	s.at(400 * ms)
	s.out("ACK seq 0")
	for s.now < 3300*ms {
		s.in("ACK seq 5001 ack 1 win 0")
		s.after(100 * ms)
	}
	s.state(Established)
	s.at(3400*ms - 1)
	s.state(Established)
	s.at(3400 * ms)
	s.state(Closed)
	s.read(0, syscall.ETIMEDOUT)
}

// Linux: it ends an attempt to connect, too. The first SYN goes again at 1 s.
func TestUserTimeoutConnecting(t *testing.T) {
	s := newScript(t, func(c *Config) { c.UserTimeout = 2500 * ms })
	s.connect()
	s.at(3500*ms - 1)
	s.state(SynSent)
	s.at(3500 * ms)
	s.state(Closed)
	s.read(0, syscall.ETIMEDOUT)
}

// The persist timer backs off to MaxRTO, 120 s (RFC 9293 section 3.8.6.1; Linux's TCP_RTO_MAX): 0.3 s doubled nine times is 153.6 s.
func TestPersistBackoff(t *testing.T) {
	s := established(t, 100*ms, "win 0", nil)
	s.write(1000)
	last, wait := s.now, 300*ms
	for range 12 {
		s.at(last + wait)
		s.out("ACK seq 0")
		s.in("ACK seq 5001 ack 1 win 0")
		last, wait = s.now, min(2*wait, 120*time.Second)
	}
	if wait != 120*time.Second {
		t.Fatalf("waited %v at last", wait)
	}
}

// TCP_CORK: only full segments go, until the cork is drawn.
func TestCork(t *testing.T) {
	s := established(t, 100*ms, "win 10000", func(c *Config) { c.Cork = true })
	s.write(700)
	s.out()
	s.write(700)
	s.out(data(1, 1000, 1)...)
	s.after(50 * ms)
	s.in("ACK seq 5001 ack 1001")
	s.out() // Nagle would let the rest go
	s.c.SetCork(s.now, false)
	s.out("ACK seq 1001 len 400")
}

// A cork holds nothing for longer than the persist timer, which is the retransmission timeout: 300 ms here (Linux: 200 ms and more).
func TestCorkCeiling(t *testing.T) {
	s := established(t, 100*ms, "win 10000", func(c *Config) { c.Cork = true })
	s.write(700)
	s.at(400*ms - 1)
	s.out()
	s.at(400 * ms)
	s.out("ACK seq 1 len 700")
}

// TCP_NODELAY pushes once what a cork holds (tcp(7)), and FIN does not wait.
func TestCorkFlushed(t *testing.T) {
	s := established(t, 100*ms, "win 10000", func(c *Config) { c.Cork = true })
	s.write(700)
	s.c.SetNoDelay(s.now, true)
	s.out("ACK seq 1 len 700")
	s.write(10)
	s.out()
	s.c.CloseWrite(s.now)
	s.out("ACK,FIN seq 701 len 10")
}

// TCP_QUICKACK sends the ACK that is owed, and the next ones at once; switched off, ACKs wait for 40 ms or two segments.
func TestQuickACKOption(t *testing.T) {
	s := established(t, 100*ms, "win 10000", nil)
	s.c.SetQuickACK(s.now, false)
	s.in("ACK seq 5001 ack 1 len 10")
	s.out()
	s.c.SetQuickACK(s.now, true)
	s.out("ACK seq 1 ack 5011")
	s.in("ACK seq 5011 ack 1 len 10")
	s.out("ACK seq 1 ack 5021")
	s.c.SetQuickACK(s.now, false)
	s.in("ACK seq 5021 ack 1 len 10")
	s.after(40*ms - 1)
	s.out()
	s.after(1)
	s.out("ACK seq 1 ack 5031")
}
