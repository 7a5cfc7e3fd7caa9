package tcp

import (
	"testing"
	"time"
)

// The window does not grow while the program, or the peer's window, is what holds the sender back.
func TestNoGrowthWhenLimited(t *testing.T) {
	s := established(t, 10*ms, "", nil)
	at := 1
	for range 50 {
		s.write(2000)
		at += 2000
		s.in(ackOf(at))
	}
	s.window(10, 0)

	r := established(t, 10*ms, "win 3000", nil)
	r.write(20000)
	for i := range 17 {
		r.in(ackOf(1001 + 1000*i))
	}
	r.window(10, 0)

	// In congestion avoidance, too.
	a := established(t, 10*ms, "", nil)
	a.c.w.Ssthresh = 5000
	at = 1
	for range 50 {
		a.write(9000)
		at += 9000
		a.in(ackOf(at))
	}
	a.window(10, 5)
}

// A window of data in which cwnd has held the sender back counts to its end, though the last of its transmissions was not held
// back: the program had to be woken first. The next window counts by itself.
func TestWindowOfDataCounts(t *testing.T) {
	s := established(t, 100*ms, "", func(c *Config) { c.InitialWindow = 4 })
	s.c.w.Ssthresh = 2000 // congestion avoidance: a segment more for each four acknowledged
	s.write(5000)
	s.out(data(1, 1000, 4)...)
	s.in(ackOf(2001)) // one goes, and there is room for another
	s.in(ackOf(4001)) // this would not count, but that what it acknowledges was sent while cwnd was full
	s.window(5, 2)
	s.write(1000)
	s.in(ackOf(5001)) // nor this, of the same window of data; that ends here
	for at := 6001; at < 40000; at += 1000 {
		s.in(ackOf(at))
		s.write(1000)
	}
	s.window(5, 2)
}

// A program that uses a part of its window for a whole timeout, 300 ms here, loses half of the rest, and the threshold is three
// quarters (RFC 2861 section 3.1). Four segments a round trip of 100 ms: 20, 12, 8 and 6 segments. Then the threshold makes it slow
// start, for which half a window is use enough: the next ACKs bring it to 8, and it goes to and fro.
func TestWindowComesDownToItsUse(t *testing.T) {
	for _, off := range []bool{false, true} {
		s := established(t, 100*ms, "", func(k *Config) { k.InitialWindow, k.SlowStartAfterIdle = 4, !off })
		s.c.w.Cwnd, s.c.w.Ssthresh = 20000, 8000
		at := 1
		for _, want := range []struct{ cwnd, ssthresh int }{
			{20, 8}, {20, 8}, {20, 8}, {12, 15}, {12, 15}, {12, 15}, {8, 15}, {8, 15}, {8, 15}, {6, 15}, {8, 15}, {8, 15}, {6, 15},
		} {
			if off {
				want.cwnd, want.ssthresh = 20, 8
			}
			s.write(4000)
			s.window(want.cwnd, want.ssthresh)
			s.after(100 * ms)
			for range 4 {
				at += 1000
				s.in(ackOf(at))
			}
		}
	}
}

// The most that was used counts, not the last; a window that was full in between counts anew from there; a send buffer that is too
// small is not the program's fault; and in a recovery nothing happens.
func TestWindowThatIsUsedStays(t *testing.T) {
	for _, c := range []struct {
		name        string
		first, cwnd int // bytes that are written 100 ms after the handshake; the window 300 ms after it, in segments
		then        func(s *script)
	}{
		{"little", 1000, 12, nil},
		{"a peak", 10000, 15, nil},
		{"full", 22000, 21, nil}, // and one more for a full window acknowledged
		{"recovery", 1000, 20, func(s *script) { s.c.w.Phase, s.c.point = Recovery, s.c.nxt+1; s.write(1000) }},
		{"send buffer", 1000, 20, func(s *script) {
			s.c.SetSendBuffer(3000)
			if n, err := s.c.Write(s.now, pattern(4000)); n != 3000 || err != nil {
				s.t.Fatalf("Write: %d, %v", n, err)
			}
		}},
	} {
		s := established(t, 100*ms, "", func(k *Config) { k.InitialWindow = 4 })
		s.c.w.Cwnd, s.c.w.Ssthresh = 20000, 8000
		s.at(200 * ms)
		s.write(c.first)
		s.at(300 * ms)
		s.in(ackOf(1 + min(c.first, 20000)))
		s.at(400 * ms)
		if s.c.timeout() != 300*ms {
			t.Fatalf("timeout %v", s.c.timeout())
		}
		if c.then == nil {
			s.write(1000)
		} else {
			c.then(s)
		}
		if s.c.w.Cwnd != c.cwnd*1000 {
			t.Errorf("%s: cwnd %d, want %d segments", c.name, s.c.w.Cwnd, c.cwnd)
		}
	}
}

// After an idle time longer than the timeout, 300 ms here, the window is halved for each timeout, down to the initial one,
// and the threshold is three quarters of it (RFC 2861 section 3); not after a shorter one, nor where that is switched off.
func TestRestartAfterIdle(t *testing.T) {
	for _, c := range []struct {
		idle           time.Duration
		off            bool
		cwnd, ssthresh int
	}{
		{300 * ms, false, 20, 8}, {300*ms + 1, false, 10, 15}, {600 * ms, false, 10, 15}, {600*ms + 1, false, 5, 15},
		{900*ms + 1, false, 4, 15}, {time.Hour, false, 4, 15}, {time.Hour, true, 20, 8},
	} {
		s := established(t, 100*ms, "", func(k *Config) { k.InitialWindow, k.SlowStartAfterIdle = 4, !c.off })
		s.c.w.Cwnd, s.c.w.Ssthresh = 20000, 8000
		s.write(1000)
		s.after(100 * ms)
		s.in(ackOf(1001))
		s.sent = nil
		s.at(100*ms + c.idle)
		if s.c.timeout() != 300*ms {
			t.Fatalf("timeout %v", s.c.timeout())
		}
		s.write(30000)
		s.out(data(1001, 1000, c.cwnd)...)
		s.window(c.cwnd, c.ssthresh)
	}
}
