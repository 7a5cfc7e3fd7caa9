package tcp

import "testing"

// selective returns a connection with SACK that has sent its initial window of n segments of 1000 bytes, at 100 ms; it has
// written bytes in all.
func selective(t *testing.T, n, bytes int) *script {
	t.Helper()
	s := established(t, 100*ms, "sackok", func(c *Config) { c.SACK, c.PRR, c.InitialWindow = true, false, n })
	s.c.SetSendBuffer(1 << 20)
	s.c.SetNoDelay(s.now, true)
	s.write(bytes)
	s.out(data(1, 1000, n)...)
	s.after(100 * ms)
	return s
}

// phase demands a phase.
func (s *script) phase(want Phase) {
	s.t.Helper()
	if s.c.w.Phase != want {
		s.t.Fatalf("at %v phase %v, want %v", s.now, s.c.w.Phase, want)
	}
}

// RFC 6675 section 5: the first, fourth and fifth of ten are lost.
func TestSACKRecovery(t *testing.T) {
	s := selective(t, 10, 60000)
	s.in(ackOf(1) + " sack 1001-2001") // limited transmit: flight 10, one sacked
	s.out("ACK seq 10001 len 1000")
	s.in(ackOf(1) + " sack 1001-3001")
	s.out("ACK seq 11001 len 1000")
	s.in(ackOf(1) + " sack 5001-6001 sack 1001-3001") // the third: pipe 12 - 3 - 1 lost + 1 sent again = 9
	s.out("ACK seq 1 len 1000")
	s.window(5, 5)
	s.phase(Recovery)
	s.in(ackOf(1) + " sack 5001-7001 sack 1001-3001") // pipe 8; two segments above the fourth are not more than two
	s.out()
	s.in(ackOf(1) + " sack 5001-8001 sack 1001-3001") // three are: 12 - 5 - 3 + 1 = 5
	s.out()
	s.in(ackOf(1) + " sack 5001-9001 sack 1001-3001")
	s.out("ACK seq 3001 len 1000")
	s.in(ackOf(1) + " sack 5001-10001 sack 1001-3001")
	s.out("ACK seq 4001 len 1000")
	s.in(ackOf(1) + " sack 5001-11001 sack 1001-3001")
	s.out("ACK seq 12001 len 1000") // rule 2
	s.in(ackOf(1) + " sack 5001-12001 sack 1001-3001")
	s.out("ACK seq 13001 len 1000")
	s.in(ackOf(3001) + " sack 5001-12001") // partial: flight 11, 7 sacked, 2 lost and sent again: 4
	s.out("ACK seq 14001 len 1000")
	s.window(5, 5)
	s.in(ackOf(4001) + " sack 5001-12001")
	s.out("ACK seq 15001 len 1000")
	s.phase(Recovery)
	s.in(ackOf(12001)) // RecoveryPoint
	s.phase(Open)
	s.window(5, 5)
	s.out("ACK seq 16001 len 1000") // 4 on their way
}

// One ACK that says three segments above have arrived is enough (RFC 6675 section 5 step 2), and so are three ACKs of small
// segments (step 1) and three separate blocks (IsLost).
func TestSACKEntry(t *testing.T) {
	s := selective(t, 10, 20000)
	s.in(ackOf(1) + " sack 1001-3001") // two: not more than two segments' worth
	s.phase(Open)
	s.sent = nil
	s.in(ackOf(1) + " sack 1001-3001") // says nothing new, and does not count
	s.phase(Open)
	s.out()
	s.in(ackOf(1) + " sack 1001-4001")
	s.phase(Recovery)

	d := selective(t, 10, 20000)
	d.in("ACK seq 5001 ack 1 len 10 sack 1001-4001") // a duplicate ACK by section 2, though it carries data
	d.phase(Recovery)

	c := selective(t, 10, 20000)
	c.in(ackOf(1001) + " sack 2001-5001") // one that moves the cumulative point as well
	c.phase(Recovery)
	c = selective(t, 10, 20000)
	c.in(ackOf(1001) + " sack 2001-2002") // this moves the point, and says nothing of a whole segment
	c.in(ackOf(2001) + " sack 3001-4001") // this counts as the first of three
	if c.c.dup != 1 {
		t.Errorf("%d duplicates", c.c.dup)
	}

	small := selective(t, 1, 1000)
	for range 4 {
		small.c.w.Cwnd = 10000
		small.write(10)
	}
	small.sent = nil
	small.in(ackOf(1) + " sack 1001-1011")
	small.in(ackOf(1) + " sack 1001-1021")
	small.phase(Open)
	small.in(ackOf(1) + " sack 1001-1031")
	small.phase(Recovery)
	small.out("ACK seq 1 len 1000")
}

// A D-SACK says nothing about what is on its way (RFC 2883 section 5).
func TestDSACKIsNoDuplicate(t *testing.T) {
	s := selective(t, 10, 60000)
	s.in(ackOf(3001))
	s.sent = nil
	for range 5 {
		s.in(ackOf(3001) + " sack 1001-2001")
	}
	s.out()
	s.phase(Open)
	s.in(ackOf(3001) + " sack 5001-6001 sack 4001-6001") // above: the second block is the news, 2000 bytes of it
	if s.c.board.sacked != 2000 || s.c.dup != 1 {
		t.Errorf("%d bytes sacked, %d duplicates", s.c.board.sacked, s.c.dup)
	}
	for _, block := range []string{"4001-4001", "5001-4001", "1-99999999", "3001-99001"} { // no blocks at all
		s.in(ackOf(3001) + " sack " + block)
	}
	if s.c.board.sacked != 2000 {
		t.Errorf("%d bytes sacked by nonsense", s.c.board.sacked)
	}
}

// A retransmission that is lost is not noticed before the timeout (RFC 6675 knows no better); then slow start sends what
// is not sacked, and skips what is.
func TestLostRetransmission(t *testing.T) {
	s := selective(t, 10, 60000)
	s.in(ackOf(1) + " sack 1001-4001")
	s.out("ACK seq 1 len 1000") // lost again; with 10 - 3 - 1 + 1 = 7 on their way nothing else may go
	s.window(5, 5)
	s.in(ackOf(1) + " sack 1001-4001 sack 6001-10001") // pipe: 10 - 7 - 3 + 1 = 1, so the fifth, the sixth and two new ones
	s.out("ACK seq 4001 len 1000", "ACK seq 5001 len 1000", "ACK seq 10001 len 1000", "ACK seq 11001 len 1000")
	s.in(ackOf(1) + " sack 1001-12001")
	s.out(data(12001, 1000, 4)...)
	s.at(s.c.rtoAt - 1)
	s.out()
	s.after(1)
	s.out("ACK seq 1 len 1000")
	s.phase(Loss)
	s.window(1, 5) // a timeout inside of a recovery: one threshold for one congestion, as Linux has it
	s.in(ackOf(12001))
	s.window(2, 5)
	s.phase(Loss)
	s.out(data(12001, 1000, 2)...)
	s.in(ackOf(12001) + " sack 13001-14001") // below RecoveryPoint no new recovery begins (section 5.1)
	s.in(ackOf(12001) + " sack 13001-16001")
	s.phase(Loss)
	s.sent = nil
	s.in(ackOf(16001))
	s.phase(Open)
}

// After a timeout what was sacked is skipped.
func TestSlowStartSkipsSacked(t *testing.T) {
	s := selective(t, 10, 10000)
	s.in(ackOf(1) + " sack 2001-3001 sack 5001-6001") // two ACKs, no recovery
	s.at(s.c.rtoAt)
	s.out("ACK seq 1 len 1000")
	s.in(ackOf(1001) + " sack 2001-3001 sack 5001-6001")
	s.out("ACK seq 1001 len 1000", "ACK seq 3001 len 1000")
	s.in(ackOf(3001) + " sack 5001-6001")
	s.out("ACK seq 4001 len 1000", "ACK seq 6001 len 1000")
}

// Rule 3: where nothing is known to be lost and nothing new is there, a hole that might be. It counts twice, and when
// it is found lost later it is not sent once more (HighRxt).
func TestUnsackedHole(t *testing.T) {
	s := selective(t, 10, 10000)
	s.in(ackOf(1) + " sack 1001-4001")
	s.out("ACK seq 1 len 1000")
	s.in(ackOf(1) + " sack 1001-7001") // 10 - 6 - 1 + 1 = 4: room for one, but no hole
	s.out()
	s.in(ackOf(1) + " sack 1001-7001 sack 8001-9001") // 3: the eighth
	s.out("ACK seq 7001 len 1000")
	if s.c.pipe() != 4000 { // first, tenth, the eighth twice
		t.Errorf("pipe %d", s.c.pipe())
	}
	s.in(ackOf(1) + " sack 1001-7001 sack 8001-10001") // 3, and RescueRxt is the first segment still
	s.out()
	s.write(2000)
	s.out(data(10001, 1000, 2)...)
	s.in(ackOf(1) + " sack 1001-7001 sack 8001-11001") // now the eighth is lost: pipe 12 - 9 - 2 + 2 = 3
	s.out()
	if s.c.pipe() != 3000 {
		t.Errorf("pipe %d", s.c.pipe())
	}
}

// Rule 4: the last segment, once a recovery, and not before the first retransmission has been acknowledged (section 5 step
// 4.3: "premature rescue retransmission").
func TestRescue(t *testing.T) {
	s := selective(t, 10, 10000)
	s.in(ackOf(1) + " sack 1001-4001")
	s.out("ACK seq 1 len 1000")
	s.in(ackOf(1) + " sack 1001-9001")
	s.out()
	s.in(ackOf(9001))
	s.out("ACK seq 9001 len 1000")
	s.window(5, 5)
	s.phase(Recovery)
	s.write(10) // something new goes, and is the last segment now: it is not rescued as well
	s.out("ACK seq 10001 len 10")
	s.in(ackOf(9001))
	s.out()
	s.in(ackOf(10011))
	s.phase(Open)
	if s.c.Deadline() != Never {
		t.Errorf("deadline %v", s.c.Deadline())
	}
}

// What is found lost behind RecoveryPoint begins a recovery of its own, with a threshold of its own.
func TestNextRecovery(t *testing.T) {
	s := selective(t, 10, 60000)
	s.in(ackOf(1) + " sack 1001-10001") // pipe 1, so four new ones: 11, 12, 13, 14; RecoveryPoint is 10001
	s.out("ACK seq 1 len 1000", "ACK seq 10001 len 1000", "ACK seq 11001 len 1000", "ACK seq 12001 len 1000", "ACK seq 13001 len 1000")
	s.window(5, 5)
	s.in(ackOf(10001) + " sack 11001-14001") // the eleventh is lost: flight 4, so half is 2
	s.phase(Recovery)
	s.window(2, 2)
	s.out("ACK seq 10001 len 1000", "ACK seq 14001 len 1000")
}

// The receiver may take back what it has sacked (RFC 2018 section 8). A timeout that finds the first segment sacked means
// that it has; then no SACK counts, and everything is sent again.
func TestReneging(t *testing.T) {
	s := selective(t, 4, 4000)
	s.in(ackOf(1) + " sack 1001-4001")
	s.out("ACK seq 1 len 1000")
	s.in(ackOf(1001)) // the others are gone
	s.out()
	s.at(s.c.rtoAt)
	s.out("ACK seq 1001 len 1000")
	s.in(ackOf(2001))
	s.out(data(2001, 1000, 2)...)
	s.in(ackOf(4001))
	s.phase(Open)
}
