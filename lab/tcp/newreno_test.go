package tcp

import (
	"testing"
	"time"
)

// newReno returns a connection without SACK that has sent its initial window of n segments of 1000 bytes, at 100 ms, and
// has more.
func newReno(t *testing.T, n int) *script {
	t.Helper()
	s := established(t, 100*ms, "", func(c *Config) { c.Recovery, c.InitialWindow = "newreno", n })
	s.c.SetSendBuffer(1 << 20)
	s.write(60000)
	s.out(data(1, 1000, n)...)
	s.after(100 * ms)
	return s
}

// Limited transmit (RFC 3042 section 2): a new segment for each of the first two duplicate ACKs, cwnd as it is; the third
// is fast retransmit (RFC 5681 section 3.2), with half of what was in flight less what limited transmit has sent.
func TestLimitedTransmitAndFastRetransmit(t *testing.T) {
	s := newReno(t, 4)
	s.in(ackOf(1))
	s.out("ACK seq 4001 len 1000")
	s.window(4, 0)
	s.in(ackOf(1))
	s.out("ACK seq 5001 len 1000")
	s.window(4, 0)
	s.in(ackOf(1))
	s.out("ACK seq 1 len 1000")
	s.window(2, 2)
	// In RFC 5681's terms cwnd is ssthresh + 3 = 5 now, with 6 in flight: one duplicate brings it to 6, the next to 7.
	s.in(ackOf(1))
	s.out()
	s.in(ackOf(1))
	s.out("ACK seq 6001 len 1000")
	s.in(ackOf(7001)) // full: min(ssthresh, max(0, SMSS) + SMSS)
	s.window(2, 2)
	s.out(data(7001, 1000, 2)...)
}

// What is not a duplicate ACK (RFC 5681 section 2): other windows, data, a FIN; and one where nothing is on its way.
func TestNotDuplicates(t *testing.T) {
	s := newReno(t, 4)
	for _, text := range []string{"ACK seq 5001 ack 1 win 60000", "ACK seq 5001 ack 1 win 60001", "ACK seq 5001 ack 1 len 10 win 60001",
		"ACK seq 5011 ack 1 len 10", "FIN,ACK seq 5021 ack 1"} {
		s.in(text)
	}
	if s.c.dup != 0 || s.c.w.Phase != Open {
		t.Errorf("%d duplicates", s.c.dup)
	}
	s.in("ACK seq 5022 ack 3001")
	s.in("ACK seq 5022 ack 3001")
	if s.c.dup != 1 { // this one is: window and all as before
		t.Errorf("%d duplicates", s.c.dup)
	}
}

// Two losses in a window of ten, the first and the fifth: RFC 6582 section 3.2 with cwnd = 5 + 3 inflated, deflated by what
// a partial ACK acknowledges and one segment added back.
func TestNewRenoPartialACK(t *testing.T) {
	s := newReno(t, 10)
	s.in(ackOf(1))
	s.out("ACK seq 10001 len 1000")
	s.in(ackOf(1))
	s.out("ACK seq 11001 len 1000")
	s.in(ackOf(1)) // cwnd 8, flight 12
	s.out("ACK seq 1 len 1000")
	s.window(5, 5)
	for range 4 { // to 12: nothing goes
		s.in(ackOf(1))
		s.out()
	}
	for i := range 3 { // 13, 14, 15: one new segment each
		s.in(ackOf(1))
		s.out(data(12001+1000*i, 1000, 1)...)
	}
	s.after(50 * ms)
	s.in(ackOf(4001)) // partial: cwnd 15 - 4 + 1 = 12, flight 11
	s.out("ACK seq 4001 len 1000", "ACK seq 15001 len 1000")
	if want := s.now + s.c.timeout(); s.c.rtoAt != want {
		t.Errorf("the first partial ACK leaves the timer at %v, want %v", s.c.rtoAt, want)
	}
	for i := range 3 { // of 13, 14, 15
		s.in(ackOf(4001))
		s.out(data(16001+1000*i, 1000, 1)...)
	}
	s.window(5, 5)
	s.in(ackOf(15001)) // full: flight 4, so 5
	s.window(5, 5)
	s.out(data(19001, 1000, 1)...)
	if s.c.w.Phase != Open {
		t.Errorf("phase %v", s.c.w.Phase)
	}
}

// Only the first partial ACK restarts the timer (the Impatient variant of RFC 6582 section 4, Linux's).
func TestNewRenoImpatient(t *testing.T) {
	s := newReno(t, 10)
	for range 3 {
		s.in(ackOf(1))
	}
	s.after(50 * ms)
	s.in(ackOf(1001))
	at := s.c.rtoAt
	s.after(50 * ms)
	s.in(ackOf(2001))
	s.after(50 * ms)
	s.in(ackOf(3001))
	if s.c.rtoAt != at {
		t.Errorf("the timer has moved from %v to %v", at, s.c.rtoAt)
	}
	s.sent = nil
	s.at(at)
	s.out("ACK seq 3001 len 1000")
	s.window(1, 5) // the threshold is this recovery's already
}

// After a full ACK with little in flight cwnd is small (RFC 6582 section 3.2 step 3, option 1): no burst.
func TestNewRenoFullACKWithoutBurst(t *testing.T) {
	s := newReno(t, 20)
	for range 3 {
		s.in(ackOf(1))
	}
	s.window(10, 10)
	s.sent = nil
	s.in(ackOf(22001))
	s.window(2, 10)
	s.out(data(22001, 1000, 2)...)
}

// After a timeout no fast retransmit until more than was sent before it is acknowledged (RFC 6582 section 4, ack_number -
// 1 > recover), and limited transmit sends two segments at most.
func TestNoFastRetransmitBelowRecover(t *testing.T) {
	s := newReno(t, 4)
	s.at(s.c.rtoAt)
	s.out("ACK seq 1 len 1000")
	s.window(1, 2)
	s.in(ackOf(1001)) // cwnd 2, of the Loss phase
	s.window(2, 2)
	s.out(data(1001, 1000, 2)...)
	s.in(ackOf(4001)) // all that was sent before the timeout, and not a byte more
	s.window(3, 2)    // n = 3000 in congestion avoidance, a window
	s.out(data(4001, 1000, 3)...)
	for i := range 4 {
		s.in(ackOf(4001))
		if i < 2 {
			s.out(data(7001+1000*i, 1000, 1)...)
		} else {
			s.out()
		}
	}
	s.window(3, 2)
	s.in(ackOf(5001)) // now it is more
	s.sent = nil
	for range 3 {
		s.in(ackOf(5001))
	}
	if s.c.w.Phase != Recovery {
		t.Errorf("phase %v", s.c.w.Phase)
	}
}

// With SACK agreed on, a connection set to NewReno tells of what it has, and makes nothing of what it is told.
func TestNewRenoIgnoresSACK(t *testing.T) {
	s := established(t, 100*ms, "sackok", func(c *Config) { c.Recovery, c.SACK, c.InitialWindow = "newreno", true, 4 })
	s.write(8000)
	s.out(data(1, 1000, 4)...)
	s.in(ackOf(1) + " sack 1001-2001")
	s.out("ACK seq 4001 len 1000")
	s.in(ackOf(1) + " sack 1001-3001")
	s.out("ACK seq 5001 len 1000")
	s.in(ackOf(1) + " sack 1001-4001")
	s.out("ACK seq 1 len 1000")
	s.in(ackOf(1) + " sack 1001-5001")
	s.out()
	s.in("ACK seq 5101 ack 1 len 100")
	s.out("ACK seq 6001 ack 5001 sack 5101-5201")
}

// A timeout (RFC 5681 section 3.1): the threshold once for each loss, cwnd one segment, all that is not acknowledged is sent
// again in slow start, in order.
func TestTimeoutAndSlowStart(t *testing.T) {
	s := newReno(t, 10)
	rto := s.c.timeout()
	s.at(s.c.rtoAt)
	s.out("ACK seq 1 len 1000")
	s.window(1, 5)
	s.after(2*rto - time.Nanosecond)
	s.out()
	s.after(1)
	s.out("ACK seq 1 len 1000")
	s.window(1, 5) // not again
	s.in(ackOf(1001))
	s.window(2, 5)
	s.out(data(1001, 1000, 2)...)
	s.in(ackOf(2001))
	s.in(ackOf(3001))
	s.window(4, 5)
	s.out(data(3001, 1000, 4)...)
	s.in(ackOf(10001)) // the others had arrived
	if s.c.w.Phase != Open {
		t.Errorf("phase %v", s.c.w.Phase)
	}
}
