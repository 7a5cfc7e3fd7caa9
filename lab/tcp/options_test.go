package tcp

import (
	"testing"
	"time"
)

// MSS (RFC 9293 section 3.7.1): 536 if the peer says nothing (MUST-15), never more than our own (MUST-16), less the
// options of every segment (RFC 6691 section 2).
func TestMSS(t *testing.T) {
	for _, c := range []struct {
		syn  string
		mss  int
		when string
	}{
		{"SYN seq 5000", 536, "none"},
		{"SYN seq 5000 mss 700", 700, "smaller than ours"},
		{"SYN seq 5000 mss 65535", 1000, "larger than ours"},
		{"SYN seq 5000 mss 700 ts 1/0", 688, "timestamps"},
		{"SYN seq 5000 ts 1/0", 524, "timestamps, no MSS"},
		{"SYN seq 5000 mss 1", 8, "nonsense"},
	} {
		s := newScript(t, func(c *Config) { c.Timestamps = true })
		s.accept(c.syn)
		s.in("ACK seq 5001 ack 1 ts 1/0")
		s.sent = nil
		s.c.SetSendBuffer(3000)
		s.write(3000)
		if s.c.mss != c.mss || s.sent[0].len != c.mss || s.c.w.Cwnd != 10*c.mss {
			t.Errorf("%s: segments of %d, %d; want %d", c.when, s.c.mss, s.sent[0].len, c.mss)
		}
	}
}

// Window scale (RFC 7323 section 2): offered in the SYN, in the SYN-ACK only as an answer; used if both have it; never in
// the window of a SYN; above 14 is 14.
func TestWindowScale(t *testing.T) {
	big := func(c *Config) { c.WindowScaling, c.ReceiveBuffer = true, 6<<20 }
	s := newScript(t, big)
	s.connect()
	s.out("SYN seq 0 win 65535 scale 7") // 65535 << 7 is the first that is not less than 6 MiB
	s.in("SYN,ACK seq 5000 ack 1 win 1000 scale 3")
	if s.c.window != 1000 {
		t.Errorf("the window of a SYN-ACK is %d", s.c.window)
	}
	s.in("ACK seq 5001 ack 1 win 1000")
	if s.c.window != 8000 {
		t.Errorf("window %d, want 1000 << 3", s.c.window)
	}
	s.sent = nil
	s.in("ACK seq 5001 ack 1 len 1000")
	s.out("ACK seq 1 ack 6001 win 49145") // (6 MiB - 1000) >> 7, nothing taken back

	n := newScript(t, big)
	n.connect()
	n.in("SYN,ACK seq 5000 ack 1 win 1000")
	n.sent = nil
	n.in("ACK seq 5001 ack 1 len 1000")
	n.out("ACK seq 1 ack 6001 win 65535")
	if n.c.window != 1000 {
		t.Errorf("window %d without scaling", n.c.window)
	}

	p := newScript(t, big)
	p.accept("SYN seq 5000")
	if p.sent[0].s.Options.HasScale {
		t.Error("a SYN-ACK offers what the SYN has not")
	}
	for _, scale := range []uint8{14, 15, 255} {
		var o Options
		o.Parse([]byte{3, 3, scale})
		if !o.HasScale || o.Scale != 14 {
			t.Errorf("scale %d is read as %v %d", scale, o.HasScale, o.Scale)
		}
	}
	if c := newConn(Config{ReceiveBuffer: 1 << 30, Congestion: "reno"}, Env{}, 0, 0); c.scale != 14 {
		t.Errorf("scale %d for 1 GiB", c.scale)
	}
}

// An answer carries only the options that the SYN has (RFC 7323 section 3.2, RFC 2018 section 2).
func TestOptionsAnswered(t *testing.T) {
	all := func(c *Config) { c.SACK, c.Timestamps, c.WindowScaling = true, true, true }
	s := newScript(t, all)
	s.accept("SYN seq 5000")
	if o := s.sent[0].s.Options; o.SACKPermitted || o.HasTimestamps || o.HasScale {
		t.Errorf("offered unasked: %+v", o)
	}
	s = newScript(t, all)
	s.at(7 * ms)
	s.accept("SYN seq 5000 sackok ts 99/0 scale 2")
	s.out("SYN,ACK seq 0 ack 5001 sackok ts 7/99 scale 0")
	s = newScript(t, nil)
	s.accept("SYN seq 5000 sackok ts 99/0 scale 2")
	if o := s.sent[0].s.Options; o.SACKPermitted || o.HasTimestamps || o.HasScale {
		t.Errorf("agreed to what is switched off: %+v", o)
	}
}

func stamped(t *testing.T) *script {
	t.Helper()
	return established(t, 10*ms, "ts 100/0 sackok", func(c *Config) { c.Timestamps, c.SACK = true, true })
}

// RFC 7323 section 4.3: which timestamp is echoed. (A) delayed ACKs echo the first of the segments they acknowledge; (B)
// a segment behind a gap does not count; (C) the one that fills a gap does.
func TestTimestampEcho(t *testing.T) {
	s := stamped(t)
	s.c.quick, s.c.peerMSS = 0, 1000
	s.in("ACK seq 5001 ack 1 len 500 ts 101/10")
	s.after(5 * ms)
	s.in("ACK seq 5501 ack 1 len 501 ts 103/10")
	s.out("ACK seq 1 ack 6002 ts 15/101") // (A)
	s.in("ACK seq 6502 ack 1 len 500 ts 105/10")
	s.out("ACK seq 1 ack 6002 ts 15/101 sack 6502-7002") // (B)
	s.in("ACK seq 6002 ack 1 len 500 ts 104/10")
	s.out("ACK seq 1 ack 7002 ts 15/104") // (C)
	// What is sent again because its ACK was lost counts, too, else the sender would measure its timeout; what lies
	// further back does not.
	s.in("ACK seq 6502 ack 1 len 500 ts 300/10")
	s.out("ACK seq 1 ack 7002 ts 15/300 sack 6502-7002")
	s.in("ACK seq 6002 ack 1 len 500 ts 301/10")
	s.out("ACK seq 1 ack 7002 ts 15/300 sack 6002-6502")
}

// PAWS (RFC 7323 section 5): a segment with an older timestamp is dropped and answered, unless it is a RST, or nothing
// was heard for 24 days.
func TestPAWS(t *testing.T) {
	s := stamped(t)
	s.in("ACK seq 5001 ack 1 len 10 ts 200/10")
	s.sent = nil
	s.in("ACK seq 5011 ack 1 len 10 ts 199/10")
	s.out("ACK seq 1 ack 5011 ts 10/200")
	s.in("ACK seq 5011 ack 1 len 10 ts 200/10") // the same is not older
	s.out("ACK seq 1 ack 5021 ts 10/200")
	s.in("ACK seq 5021 ack 1 len 10") // without one: taken
	s.out("ACK seq 1 ack 5031 ts 10/200")
	s.in("RST seq 5031 ts 5/0")
	s.state(Closed)

	old := stamped(t)
	old.at(old.now + pawsIdle)
	old.sent = nil
	old.in("ACK seq 5001 ack 1 len 10 ts 99/10")
	if old.c.Unread() != 10 {
		t.Error("a timestamp of 24 days ago still counts")
	}

	wrap := established(t, 10*ms, "ts 4294967290/0", func(c *Config) { c.Timestamps = true })
	wrap.in("ACK seq 5001 ack 1 len 10 ts 3/10") // it has gone around
	if wrap.c.Unread() != 10 || wrap.c.tsRecent != 3 {
		t.Errorf("timestamps do not wrap: %d", wrap.c.tsRecent)
	}
}

// A timestamp echoed measures the round trip of what was sent twice (RFC 7323 section 4); without timestamps nothing does
// (Karn, RFC 6298 section 3), and the backoff stays until something was sent once (section 5, after 5.7).
func TestSamplesOfRetransmissions(t *testing.T) {
	k := established(t, 100*ms, "", nil)
	k.write(1000)
	k.after(k.c.timeout())
	before := k.c.rtt
	k.after(50 * ms)
	k.in("ACK seq 5001 ack 1001")
	if k.c.rtt != before || k.c.timeout() != 600*ms {
		t.Errorf("a retransmission was measured: %+v, RTO %v", k.c.rtt, k.c.timeout())
	}
	k.write(1000)
	k.after(100 * ms)
	k.in("ACK seq 5001 ack 2001")
	if k.c.timeout() != 300*ms {
		t.Errorf("RTO %v after a sample; the backoff should have ended", k.c.timeout())
	}

	s := established(t, 100*ms, "ts 9/0", func(c *Config) { c.Timestamps = true })
	s.write(900)
	s.after(s.c.timeout())
	s.after(50 * ms)
	s.in("ACK seq 5001 ack 901 ts 9/400") // sent again at 400 ms
	if want := 100*ms - 50*ms/8; s.c.rtt.srtt != want {
		t.Errorf("SRTT %v, want %v", s.c.rtt.srtt, want)
	}
	s.write(900)
	s.after(time.Hour)
	s.in("ACK seq 5001 ack 1801 ts 9/4294967295") // an echo from the future
	if s.c.rtt.srtt <= 0 {
		t.Errorf("SRTT %v", s.c.rtt.srtt)
	}
}
