package tcp

import (
	"syscall"
	"testing"
	"time"
)

// reach brings a fresh connection into a state behind ESTABLISHED, without data. What it has sent is forgotten. Our FIN,
// if there is one, is byte 1, the peer's is byte 5001.
func reach(t *testing.T, state State) *script {
	t.Helper()
	s := established(t, 10*ms, "", nil)
	switch state {
	case FinWait1, FinWait2, Closing, TimeWait:
		s.c.CloseWrite(s.now)
	case CloseWait, LastAck:
		s.in("FIN,ACK seq 5001 ack 1")
	}
	switch state {
	case FinWait2, TimeWait:
		s.in("ACK seq 5001 ack 2")
	case Closing:
		s.in("FIN,ACK seq 5001 ack 1")
	case LastAck:
		s.c.CloseWrite(s.now)
	}
	if state == TimeWait {
		s.in("FIN,ACK seq 5001 ack 2")
	}
	s.sent = nil
	s.state(state)
	return s
}

var synchronized = []State{Established, FinWait1, FinWait2, CloseWait, Closing, LastAck, TimeWait}

// next is RCV.NXT in the state that reach gives.
func next(state State) string {
	switch state {
	case CloseWait, Closing, LastAck, TimeWait:
		return "5002"
	}
	return "5001"
}

// RFC 9293 section 3.6, figure 12: this end closes first.
func TestNormalClose(t *testing.T) {
	s := established(t, 10*ms, "", nil)
	s.c.CloseWrite(s.now)
	s.out("FIN,ACK seq 1 ack 5001")
	s.state(FinWait1)
	if _, err := s.c.Write(s.now, pattern(1)); err != syscall.EPIPE {
		t.Errorf("Write after CloseWrite: %v", err)
	}
	s.c.CloseWrite(s.now) // again does nothing
	s.in("ACK seq 5001 ack 2")
	s.out()
	s.state(FinWait2)
	s.in("ACK seq 5001 ack 2 len 100") // a half-closed connection still receives (section 3.6, case 1)
	s.read(100, nil)
	s.sent = nil
	s.in("FIN,ACK seq 5101 ack 2")
	s.out("ACK seq 2 ack 5102")
	s.state(TimeWait)
	s.eof()
	s.after(60*time.Second - 1)
	s.state(TimeWait)
	s.after(1)
	s.state(Closed)
	s.out()
	if s.c.Deadline() != Never || s.c.Err() != nil {
		t.Errorf("deadline %v, error %v", s.c.Deadline(), s.c.Err())
	}
}

// The other end closes first: CLOSE-WAIT, where this one may send as long as it likes, LAST-ACK, CLOSED.
func TestPeerCloses(t *testing.T) {
	s := established(t, 10*ms, "", nil)
	s.in("FIN,ACK seq 5001 ack 1 len 7")
	s.out("ACK seq 1 ack 5009")
	s.state(CloseWait)
	s.read(7, nil)
	s.eof()
	s.eof()
	s.write(1500)
	s.out("ACK seq 1 len 1000", "ACK seq 1001 len 500")
	s.in("ACK seq 5009 ack 1501")
	s.c.CloseWrite(s.now)
	s.out("FIN,ACK seq 1501 ack 5009")
	s.state(LastAck)
	s.in("ACK seq 5009 ack 1501") // not of the FIN
	s.state(LastAck)
	s.in("ACK seq 5009 ack 1502")
	s.out()
	s.state(Closed)
	s.eof()
	if s.c.Err() != nil {
		t.Errorf("error %v", s.c.Err())
	}
}

// Section 3.6, figure 13: both close at the same time. The FIN may come with the ACK of ours as well.
func TestSimultaneousClose(t *testing.T) {
	s := established(t, 10*ms, "", nil)
	s.c.CloseWrite(s.now)
	s.out("FIN,ACK seq 1 ack 5001")
	s.in("FIN,ACK seq 5001 ack 1")
	s.out("ACK seq 2 ack 5002")
	s.state(Closing)
	s.in("ACK seq 5002 ack 2")
	s.out()
	s.state(TimeWait)
	s.after(60 * time.Second)
	s.state(Closed)

	s = reach(t, FinWait1)
	s.in("FIN,ACK seq 5001 ack 2")
	s.out("ACK seq 2 ack 5002")
	s.state(TimeWait)
}

// A FIN that comes again in TIME-WAIT is acknowledged, and the wait begins anew; nothing else prolongs it (section
// 3.10.7.4 eighth).
func TestTimeWaitRestarts(t *testing.T) {
	s := reach(t, TimeWait)
	s.after(50 * time.Second)
	s.in("FIN,ACK seq 5001 ack 2")
	s.out("ACK seq 2 ack 5002")
	s.after(30 * time.Second)
	s.in("ACK seq 5001 ack 2")
	s.in("ACK seq 5002 ack 2")
	s.after(30*time.Second - 1)
	s.state(TimeWait)
	s.after(1)
	s.state(Closed)
}

// The FIN takes its place behind what was written, goes with the last data, and is sent again when it is lost.
func TestFINWithDataAndLost(t *testing.T) {
	s := established(t, 100*ms, "", func(c *Config) { c.InitialWindow = 2 })
	s.write(2500)
	s.c.CloseWrite(s.now)
	s.out(data(1, 1000, 2)...)
	s.state(FinWait1)
	s.after(10 * ms)
	s.in("ACK seq 5001 ack 2001")
	s.out("FIN,ACK seq 2001 len 500")
	s.after(s.c.timeout() - 1)
	s.out()
	s.after(1)
	s.out("FIN,ACK seq 2001 len 500")
	s.in("ACK seq 5001 ack 2501") // the data without the FIN
	s.state(FinWait1)
	s.after(s.c.rtoAt - s.now)
	s.out("FIN,ACK seq 2501")
	s.in("ACK seq 5001 ack 2502")
	s.state(FinWait2)
	if s.c.Deadline() != Never {
		t.Errorf("FIN-WAIT-2 waits for %v", s.c.Deadline())
	}
}

// The FIN takes a sequence number, and so room in the window (section 3.4): with data that fills the window it waits.
func TestFINFitsWindow(t *testing.T) {
	s := established(t, 10*ms, "win 500", nil)
	s.write(500)
	s.c.CloseWrite(s.now)
	s.out("ACK seq 1 len 500")
	s.in("ACK seq 5001 ack 501 win 0")
	s.out()
	s.in("ACK seq 5001 ack 501 win 1")
	s.out("FIN,ACK seq 501")

	// Nor is a FIN taken that lies outside of the window.
	r := established(t, 10*ms, "", func(c *Config) { c.ReceiveBuffer = 500 })
	r.in("FIN,ACK seq 5001 ack 1 len 500")
	r.out("ACK seq 1 ack 5501 win 0")
	r.state(Established)
	r.read(500, nil)
	r.sent = nil
	r.in("FIN,ACK seq 5501 ack 1")
	r.out("ACK seq 1 ack 5502")
	r.state(CloseWait)
	if w := int32(r.c.edge - r.c.next); w < 0 {
		t.Errorf("the window is %d", w)
	}
}

// A FIN that comes before data in front of it waits for it, and nothing counts that stands behind it.
func TestFINOutOfOrder(t *testing.T) {
	s := established(t, 10*ms, "", nil)
	s.in("FIN,ACK seq 5101 ack 1")
	s.state(Established)
	s.in("ACK seq 5102 ack 1 len 50") // data behind the FIN
	s.in("ACK seq 5051 ack 1 len 51") // over it
	s.sent = nil
	s.in("ACK seq 5001 ack 1 len 100")
	s.out("ACK seq 1 ack 5102")
	s.state(CloseWait)
	s.in("ACK seq 5102 ack 1 len 50")
	s.read(100, nil)
	s.eof()
}

// A FIN in the midst of what has arrived already is a lie.
func TestFINBelowData(t *testing.T) {
	s := established(t, 10*ms, "", nil)
	s.in("ACK seq 5101 ack 1 len 100")
	s.in("FIN,ACK seq 5051 ack 1")
	s.in("ACK seq 5001 ack 1 len 100")
	s.state(Established)
	s.read(200, nil)
}

// Closing with unread data, or getting data after closing, resets (section 3.6.1, RFC 1122 section 4.2.2.13).
func TestDataAfterClose(t *testing.T) {
	s := established(t, 10*ms, "", nil)
	s.in("ACK seq 5001 ack 1 len 10")
	s.sent = nil
	s.c.Close(s.now)
	s.out("RST,ACK seq 1 ack 5011")
	s.state(Closed)

	for _, state := range []State{Established, FinWait1, FinWait2} {
		s := reach(t, state)
		s.c.Close(s.now)
		s.sent = nil
		ack, rst := "1", "RST seq 1"
		if state == FinWait2 {
			ack, rst = "2", "RST seq 2"
		}
		s.in("ACK seq 5001 ack " + ack + " len 10")
		s.out(rst)
		s.state(Closed)
	}
	// In LAST-ACK, too, the peer hears that data was lost; in TIME-WAIT it has heard all there is.
	for _, state := range []State{CloseWait, FinWait2} {
		s := reach(t, state)
		if state == FinWait2 {
			s.in("FIN,ACK seq 5001 ack 2 len 10")
			s.state(TimeWait)
			s.sent = nil
			s.c.Close(s.now)
			s.out()
			s.state(TimeWait)
			continue
		}
		s = established(t, 10*ms, "", nil)
		s.in("FIN,ACK seq 5001 ack 1 len 10")
		s.c.CloseWrite(s.now)
		s.state(LastAck)
		s.sent = nil
		s.c.Close(s.now)
		s.out("RST,ACK seq 2 ack 5012")
		s.state(Closed)
	}
}

// CloseWrite then Close: the FIN is not repeated, and nobody waits in FIN-WAIT-2 for ever (Linux: tcp_fin_timeout).
func TestOrphanInFinWait2(t *testing.T) {
	for _, early := range []bool{true, false} {
		s := established(t, 10*ms, "", nil)
		if early {
			s.c.Close(s.now)
			s.in("ACK seq 5001 ack 2")
		} else {
			s.c.CloseWrite(s.now)
			s.in("ACK seq 5001 ack 2")
			s.after(time.Hour)
			s.c.Close(s.now)
		}
		s.state(FinWait2)
		s.after(60*time.Second - 1)
		s.state(FinWait2)
		s.after(1)
		s.state(Closed)
	}
}

// Abort (section 3.10.5): a RST where the peer may still want something; in SYN-SENT, CLOSING, LAST-ACK and TIME-WAIT none.
func TestAbort(t *testing.T) {
	for _, state := range synchronized {
		s := reach(t, state)
		s.c.Abort(s.now)
		switch state {
		case Established, CloseWait:
			s.out("RST,ACK seq 1 ack " + next(state))
		case FinWait1, FinWait2:
			s.out("RST,ACK seq 2 ack 5001")
		default:
			s.out()
		}
		s.state(Closed)
		s.c.Abort(s.now)
		s.in("ACK seq 5001 ack 1 len 10")
		s.out() // the socket layer answers for a connection that is no more
	}
}

// What a program is told after a failure: that failure, once; then the end of the stream, and EPIPE.
func TestFailureOnce(t *testing.T) {
	s := established(t, 10*ms, "", nil)
	s.in("ACK seq 5001 ack 1 len 10")
	s.in("RST seq 5011")
	s.state(Closed)
	s.read(10, nil) // what has arrived is still there
	s.read(0, syscall.ECONNRESET)
	s.eof()
	if _, err := s.c.Write(s.now, pattern(1)); err != syscall.EPIPE {
		t.Errorf("Write: %v", err)
	}
	if s.c.Err() != syscall.ECONNRESET {
		t.Errorf("Err: %v", s.c.Err())
	}

	w := established(t, 10*ms, "", nil)
	w.in("RST seq 5001")
	if _, err := w.c.Write(w.now, pattern(1)); err != syscall.ECONNRESET {
		t.Errorf("Write: %v", err)
	}
	if _, err := w.c.Write(w.now, pattern(1)); err != syscall.EPIPE {
		t.Errorf("second Write: %v", err)
	}
	w.eof()

	f := newScript(t, nil)
	f.connect()
	f.c.Fail(0, syscall.EHOSTUNREACH)
	f.read(0, syscall.EHOSTUNREACH)
	f.state(Closed)
}

// Both directions end alone: A closes early and still gets all that B sends; and the other way round.
func TestHalfClose(t *testing.T) {
	for _, sizes := range [][2]int{{0, 200000}, {200000, 0}, {1, 200000}, {0, 0}} {
		p := newPair(t, 10*ms)
		p.a.write, p.a.close = pattern(sizes[0]), true
		p.b.write, p.b.close = pattern(sizes[1]), true
		p.a.connect()
		p.run(time.Hour)
		p.complete(sizes[0], sizes[1])
	}
}
