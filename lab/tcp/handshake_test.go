package tcp

import (
	"syscall"
	"testing"
	"time"

	"reliabilitylab/netem"
)

const ms = time.Millisecond

// RFC 9293 section 3.5, figure 6, seen from either side.
func TestActiveOpen(t *testing.T) {
	s := newScript(t, nil)
	s.connect()
	s.out("SYN seq 0 ack 0 mss 1000 win 65535")
	s.state(SynSent)
	s.at(30 * ms)
	s.in("SYN,ACK seq 5000 ack 1 mss 1000")
	s.out("ACK seq 1 ack 5001")
	s.state(Established)
	s.at(time.Hour)
	s.out()
}

func TestPassiveOpen(t *testing.T) {
	s := newScript(t, nil)
	s.accept("SYN seq 5000 mss 1000")
	s.out("SYN,ACK seq 0 ack 5001 mss 1000")
	s.state(SynReceived)
	if n, err := s.c.Write(0, pattern(10)); n != 0 || err != nil {
		t.Errorf("Write in SYN-RECEIVED: %d, %v", n, err)
	}
	s.at(30 * ms)
	s.in("ACK seq 5001 ack 1")
	s.out()
	s.state(Established)
}

// The ACK of the handshake may be lost; data that carries it completes it (section 3.10.7.4, fifth).
func TestDataCompletesHandshake(t *testing.T) {
	s := newScript(t, nil)
	s.accept("SYN seq 5000 mss 1000")
	s.sent = nil
	s.in("ACK seq 5001 ack 1 len 10")
	s.out("ACK seq 1 ack 5011")
	s.state(Established)
	s.read(10, nil)
}

// Linux tries a SYN 10 times more (since 6.5): four and one more 1 s apart, then 2 s, 4 s … (net.ipv4.tcp_syn_linear_timeouts),
// and gives up when the last of them has not been answered, 131 s after the first: 5 + 2 + 4 + 8 + 16 + 32 + 64. A SYN-ACK,
// and a SYN without the linear ones, is tried 6 times more, 1 s, 2 s, 4 s … apart (RFC 6298 sections 2.1, 5.5): 127 s.
func TestSYNRetries(t *testing.T) {
	linear := []time.Duration{1, 2, 3, 4, 5, 7, 11, 19, 35, 67, 131}
	doubling := []time.Duration{1, 3, 7, 15, 31, 63, 127}
	for _, c := range []struct {
		passive bool
		linear  int
		at      []time.Duration
	}{{false, 4, linear}, {false, 0, doubling}, {true, 4, doubling}} {
		s := newScript(t, func(cfg *Config) { cfg.SYNLinear = c.linear })
		want := "SYN seq 0"
		if c.passive {
			s.accept("SYN seq 5000")
			want = "SYN,ACK seq 0 ack 5001"
		} else {
			s.connect()
		}
		s.out(want)
		last := c.at[len(c.at)-1] * time.Second
		for _, sec := range c.at[:len(c.at)-1] {
			s.at(sec*time.Second - 1)
			s.out()
			s.at(sec * time.Second)
			s.out(want)
		}
		s.at(last - 1)
		s.out()
		if s.c.State() == Closed {
			t.Fatal("given up too early")
		}
		s.at(last)
		s.out()
		s.state(Closed)
		s.read(0, syscall.ETIMEDOUT)
		s.eof()
		if s.c.Err() != syscall.ETIMEDOUT {
			t.Errorf("Err: %v", s.c.Err())
		}
	}
}

// Simultaneous open: section 3.5, figure 7. The ACK that answers the SYN-ACK is not in the figure; it does no harm.
func TestSimultaneousOpen(t *testing.T) {
	s := newScript(t, nil)
	s.connect()
	s.out("SYN seq 0")
	s.in("SYN seq 5000 mss 700")
	s.out("SYN,ACK seq 0 ack 5001")
	s.state(SynReceived)
	s.in("SYN,ACK seq 5000 ack 1 mss 700")
	s.out("ACK seq 1 ack 5001")
	s.state(Established)
}

// An ACK completes it as well; and what was closed meanwhile goes on to FIN-WAIT-1 (section 3.10.4), either way.
func TestCloseInSynReceived(t *testing.T) {
	for _, answer := range []string{"ACK seq 5001 ack 1", "SYN,ACK seq 5000 ack 1"} {
		s := newScript(t, nil)
		s.connect()
		s.in("SYN seq 5000")
		s.state(SynReceived)
		s.sent = nil
		s.c.CloseWrite(s.now)
		s.out()
		s.state(SynReceived)
		s.in(answer)
		s.state(FinWait1)
		last := s.sent[len(s.sent)-1].s
		if last.Flags&netem.FlagFIN == 0 || last.Seq != 1 {
			t.Errorf("%s: sent %v", answer, &last)
		}
		s.in("ACK seq 5001 ack 2")
		s.state(FinWait2)
	}
}

// Two Conns that open at the same time.
func TestSimultaneousOpenPair(t *testing.T) {
	p := newPair(t, 10*ms)
	p.b.listens = false
	p.a.write, p.a.close = pattern(5000), true
	p.b.write, p.b.close = pattern(7000), true
	p.a.connect()
	p.b.connect()
	p.run(time.Hour)
	p.complete(5000, 7000)
}

// Section 3.5, figure 8: an old duplicate SYN. B accepts it, A refuses B's answer, B forgets.
func TestOldDuplicateSYN(t *testing.T) {
	a := newScript(t, nil)
	a.connect()
	a.sent = nil
	a.in("SYN,ACK seq 300 ack 5091") // acknowledges what A has never sent
	a.out("RST seq 5091")
	a.state(SynSent)
	a.in("SYN,ACK seq 5000 ack 1")
	a.out("ACK seq 1 ack 5001")
	a.state(Established)

	b := newScript(t, nil)
	b.accept("SYN seq 90")
	b.out("SYN,ACK seq 0 ack 91")
	b.in("RST seq 91")
	b.out()
	b.state(Closed)
}

// Section 3.10.7.3: what SYN-SENT does with each kind of segment.
func TestSynSent(t *testing.T) {
	for _, c := range []struct {
		in, out string
		state   State
		err     error
	}{
		{"ACK seq 5000 ack 0", "RST seq 0", SynSent, nil},               // not beyond ISS
		{"ACK seq 5000 ack 2", "RST seq 2", SynSent, nil},               // beyond SND.NXT
		{"RST,ACK seq 0 ack 2", "", SynSent, nil},                       // a RST is not answered
		{"RST,ACK seq 0 ack 1", "", Closed, syscall.ECONNREFUSED},       // this one is for our SYN
		{"RST seq 0", "", SynSent, nil},                                 // who knows whose
		{"ACK seq 5000 ack 1", "", SynSent, nil},                        // fifth: neither SYN nor RST
		{"FIN seq 5000", "", SynSent, nil},                              // no SYN
		{"SYN,RST seq 5000", "", SynSent, nil},                          // RST without ACK
		{"SYN,ACK seq 5000 ack 7", "RST seq 7", SynSent, nil},           // the ACK counts first
		{"SYN,ACK seq 5000 ack 1", "ACK seq 1", Established, nil},       //
		{"SYN,FIN seq 5000", "SYN,ACK seq 0", SynReceived, nil},         // the FIN has to come again
		{"SYN,ACK seq 5000 ack 1 len 9", "ACK seq 1", Established, nil}, // and so has the data
	} {
		s := newScript(t, nil)
		s.connect()
		s.sent = nil
		s.in(c.in)
		if c.out == "" {
			s.out()
		} else {
			s.out(c.out)
		}
		s.state(c.state)
		if c.err != nil {
			s.read(0, c.err) // once
			s.eof()
		}
	}
}

// Closing in SYN-SENT ends it (section 3.10.4).
func TestCloseInSynSent(t *testing.T) {
	for _, end := range []func(*Conn, time.Duration){(*Conn).CloseWrite, (*Conn).Close, (*Conn).Abort} {
		s := newScript(t, nil)
		s.connect()
		s.sent = nil
		end(s.c, 0)
		s.out()
		s.state(Closed)
		s.eof()
	}
}

// A SYN-ACK that was lost: the SYN comes again and is answered again (section 3.10.7.4 first). Where the ACK of the
// handshake was lost, the SYN-ACK comes again and is acknowledged again.
func TestLostSYNACKAndLostACK(t *testing.T) {
	s := newScript(t, nil)
	s.accept("SYN seq 5000")
	s.sent = nil
	s.at(500 * ms)
	s.in("SYN seq 5000")
	s.out("SYN,ACK seq 0 ack 5001")
	s.state(SynReceived)
	s.at(time.Second) // the timer runs from the first SYN-ACK
	s.out("SYN,ACK seq 0 ack 5001")
	s.in("ACK seq 5001 ack 1")
	s.state(Established)

	a := established(t, 10*ms, "", nil)
	a.in("SYN,ACK seq 5000 ack 1")
	a.out("ACK seq 1 ack 5001")
	a.state(Established)
}

// SYN-RECEIVED refuses an ACK of what was never sent (section 3.10.7.4 fifth), and a RST ends it, without a word.
func TestSynReceived(t *testing.T) {
	for _, ack := range []string{"0", "2"} {
		s := newScript(t, nil)
		s.accept("SYN seq 5000")
		s.sent = nil
		s.in("ACK seq 5001 ack " + ack)
		s.out("RST seq " + ack)
		s.state(SynReceived)
	}
	s := newScript(t, nil)
	s.accept("SYN seq 5000")
	s.sent = nil
	s.in("RST seq 5002") // in the window, not at its edge: RFC 5961 section 3
	s.out("ACK seq 1 ack 5001")
	s.in("FIN seq 5001") // no ACK: dropped
	s.out()
	s.state(SynReceived)
}

// RFC 9293 section 3.10.7.1: what is answered where there is no connection.
func TestReset(t *testing.T) {
	for _, c := range []struct{ in, out string }{
		{"RST seq 5", ""},
		{"RST,ACK seq 5 ack 7", ""},
		{"ACK seq 5 ack 7 len 3", "RST seq 7"},
		{"SYN seq 5", "RST,ACK seq 0 ack 6"},
		{"SYN,FIN seq 5 len 10", "RST,ACK seq 0 ack 17"},
		{"FIN seq 4294967295", "RST,ACK seq 0 ack 0"},
	} {
		s := newScript(t, nil)
		g := s.parse(c.in)
		g.SrcPort, g.DstPort = 1, 2
		r, ok := Reset(&g)
		if ok != (c.out != "") {
			t.Errorf("%s: answered %v", c.in, ok)
		} else if ok {
			if why := s.differs(&emission{s: r}, c.out); why != "" || r.SrcPort != 2 || r.DstPort != 1 {
				t.Errorf("%s is answered with %v: %s", c.in, &r, why)
			}
		}
	}
}

// After more than one SYN was lost, the initial window is one segment; after one, RFC 6928 section 2 leaves it. The first
// timeout is then 3 s where the handshake gave no sample (RFC 6298 section 5.7).
func TestInitialWindowAfterLostSYN(t *testing.T) {
	for lost, want := range map[int]int{0: 10, 1: 10, 2: 1} {
		s := newScript(t, nil)
		s.connect()
		s.at(map[int]time.Duration{0: 0, 1: 1, 2: 3}[lost]*time.Second + 50*ms)
		s.in("SYN,ACK seq 5000 ack 1 mss 1000")
		s.sent = nil
		s.write(20000)
		s.out(data(1, 1000, want)...)
		rto := 3 * time.Second
		if lost == 0 {
			rto = 250 * ms // SRTT 50 ms and the minimum of 200 ms under the variance
		}
		if got := s.c.timeout(); got != rto {
			t.Errorf("%d SYNs lost: RTO %v, want %v", lost, got, rto)
		}
	}
}

// Timestamps give a sample even of a SYN that was sent twice (RFC 7323 section 4).
func TestHandshakeSampleByTimestamp(t *testing.T) {
	s := newScript(t, func(c *Config) { c.Timestamps = true })
	s.connect()
	s.out("SYN seq 0 ts 0/0")
	s.at(time.Second)
	s.out("SYN seq 0 ts 1000/0")
	s.at(1080 * ms)
	s.in("SYN,ACK seq 5000 ack 1 mss 1000 ts 777/1000")
	s.out("ACK seq 1 ts 1080/777")
	if s.c.rtt.srtt != 80*ms {
		t.Errorf("SRTT %v", s.c.rtt.srtt)
	}
}
