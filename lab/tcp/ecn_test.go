package tcp

import (
	"testing"
	"time"
)

func ecnOn(c *Config) { c.ECN = true }

// negotiated returns a script behind a handshake in which both ends wanted ECN.
func negotiated(t *testing.T, set func(*Config)) *script {
	t.Helper()
	s := newScript(t, func(c *Config) {
		ecnOn(c)
		if set != nil {
			set(c)
		}
	})
	s.connect()
	s.at(100 * ms)
	s.in("SYN,ACK,ECE seq 5000 ack 1 mss 1000")
	s.sent = nil
	return s
}

// The handshake (RFC 3168 section 6.1.1): a SYN asks with ECE and CWR, a SYN-ACK grants with ECE alone; whoever does not want
// it neither asks nor grants, and an answer with both flags, from a host that only reflects what it gets, grants nothing.
// No segment of it is ECT.
func TestECNHandshake(t *testing.T) {
	for _, c := range []struct {
		want   bool
		answer string
		on     bool
	}{
		{true, "SYN,ACK,ECE", true}, {true, "SYN,ACK", false}, {true, "SYN,ACK,ECE,CWR", false}, {false, "SYN,ACK,ECE", false},
	} {
		s := newScript(t, func(f *Config) { f.ECN = c.want })
		s.connect()
		if c.want {
			s.out("SYN,ECE,CWR seq 0")
		} else {
			s.out("SYN seq 0")
		}
		s.in(c.answer + " seq 5000 ack 1 mss 1000")
		s.out("ACK seq 1 ack 5001")
		s.write(1000)
		if c.on {
			s.out("ACK seq 1 len 1000 ect0")
		} else {
			s.out("ACK seq 1 len 1000")
		}
	}
	for _, c := range []struct {
		want        bool
		syn, answer string
	}{
		{true, "SYN,ECE,CWR", "SYN,ACK,ECE"}, {false, "SYN,ECE,CWR", "SYN,ACK"}, {true, "SYN", "SYN,ACK"}, {true, "SYN,ECE", "SYN,ACK"},
	} {
		s := newScript(t, func(f *Config) { f.ECN = c.want })
		s.accept(c.syn + " seq 5000 mss 1000")
		s.out(c.answer + " seq 0 ack 5001")
	}
}

// A SYN that is sent again does not ask (section 6.1.1.1).
func TestECNFallsBack(t *testing.T) {
	s := newScript(t, ecnOn)
	s.connect()
	s.out("SYN,ECE,CWR seq 0")
	s.at(time.Second)
	s.out("SYN seq 0")
}

// The receiver (section 6.1.3): a CE mark is echoed at once, and on every segment until CWR comes; a segment with both begins
// a new echo. ACKs and retransmissions are not ECT.
func TestECNEcho(t *testing.T) {
	s := negotiated(t, nil)
	s.in("ACK seq 5001 ack 1 len 1000 ect0")
	s.out("ACK seq 1 ack 6001")
	s.c.quick = 0
	s.in("ACK seq 6001 len 1000 ce")
	s.out("ACK,ECE seq 1 ack 7001")
	s.in("ACK seq 7001 len 1000 ect0")
	s.in("ACK seq 8001 len 1000 ect0")
	s.out("ACK,ECE seq 1 ack 9001")
	s.write(10)
	s.out("ACK,ECE seq 1 len 10 ect0")
	s.in("ACK,CWR seq 9001 ack 11 len 1000 ect0")
	s.in("ACK seq 10001 len 1000 ect0")
	s.out("ACK seq 11 ack 11001")
	s.in("ACK,CWR seq 11001 len 1000 ce")
	s.out("ACK,ECE seq 11 ack 12001")
}

// The sender (section 6.1.2): an echo lowers the window as a loss would, once for what was on its way; the next new data,
// and only that, carries CWR. A retransmission is not ECT (section 6.1.5), and a loss in the same window does not lower
// the window again.
func TestECNReduction(t *testing.T) {
	s := negotiated(t, nil)
	s.c.SetSendBuffer(1 << 20)
	s.write(30000)
	s.sent = nil
	s.in("ACK,ECE seq 5001 ack 2001")
	s.window(5, 5) // half of the ten that were on their way
	s.in("ACK,ECE seq 5001 ack 4001")
	s.in("ACK,ECE seq 5001 ack 5001")
	s.window(5, 5)
	s.out()
	s.in("ACK,ECE seq 5001 ack 6001")
	s.in("ACK,ECE seq 5001 ack 7001")
	s.out("ACK,CWR seq 10001 len 1000 ect0", "ACK seq 11001 len 1000 ect0")
	for range 3 {
		s.in("ACK,ECE seq 5001 ack 7001")
	}
	s.out("ACK seq 12001 len 1000 ect0", "ACK seq 13001 len 1000 ect0", "ACK seq 7001 len 1000", "ACK seq 14001 len 1000 ect0") // limited transmit, the loss, and what there is room for
	s.window(5, 5)
}

// DCTCP's receiver (RFC 8257 section 3.2): a mark begins the echo at once and the first segment without one ends it, whatever
// CWR says; what came before is acknowledged with the old state. All segments are ECT, ACKs and SYN, too (section 3.6).
func TestDCTCPEcho(t *testing.T) {
	s := newScript(t, func(c *Config) { c.Congestion = "dctcp" })
	s.connect()
	s.out("SYN,ECE,CWR seq 0 ect0")
	s.in("SYN,ACK,ECE seq 5000 ack 1 mss 1000")
	s.out("ACK seq 1 ack 5001 ect0")
	s.in("ACK seq 5001 len 1000 ect0")
	s.out("ACK seq 1 ack 6001 ect0")
	s.c.quick = 0
	s.in("ACK seq 6001 len 500 ect0") // its ACK is delayed
	s.out()
	s.in("ACK seq 6501 len 500 ce")
	s.out("ACK seq 1 ack 6501 ect0", "ACK,ECE seq 1 ack 7001 ect0")
	s.in("ACK seq 7001 len 1000 ce")
	s.in("ACK seq 8001 len 1000 ce")
	s.out("ACK,ECE seq 1 ack 9001 ect0")
	s.in("ACK seq 9001 len 500 ce")
	s.in("ACK seq 9501 len 500 ect0")
	s.out("ACK,ECE seq 1 ack 9501 ect0", "ACK seq 1 ack 10001 ect0")
}

// Without ECN on the other end DCTCP is Reno, and nothing is ECT.
func TestDCTCPWithoutECN(t *testing.T) {
	s := established(t, 10*ms, "", func(c *Config) { c.Congestion = "dctcp" })
	s.write(1000)
	s.out("ACK seq 1 len 1000")
}

// Transfers between ends that want ECN, on a path that marks and loses, arrive whole; the window is lowered by marks alone
// where nothing is lost.
func TestECNTransfers(t *testing.T) {
	for _, name := range []string{"reno", "cubic", "dctcp", "westwood", "vegas"} {
		for _, loss := range []int{0, 20} {
			p := newPair(t, 5*time.Millisecond)
			for _, e := range []*end{p.a, p.b} {
				e.cfg.ECN, e.cfg.Congestion = true, name
			}
			n, marks := 0, 0
			p.fate = func(from *end, s *Segment) []time.Duration {
				if n++; loss > 0 && n%loss == 0 {
					return nil
				}
				if s.ECN == ECT0 && n%30 == 0 {
					s.ECN = CE
					marks++
				}
				return []time.Duration{0}
			}
			p.a.write, p.a.close = pattern(300000), true
			p.b.close = true
			p.a.connect()
			p.run(time.Hour)
			p.complete(300000, 0)
			resent := p.a.reasons["fast retransmit"] + p.a.reasons["timeout"]
			if marks == 0 || loss == 0 && (resent > 0 || p.a.c.w.Ssthresh == Unlimited) {
				t.Errorf("%s, loss 1 in %d: %d marks, %d sent again, threshold %d", name, loss, marks, resent, p.a.c.w.Ssthresh)
			}
		}
	}
}
