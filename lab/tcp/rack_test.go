package tcp

import (
	"fmt"
	"testing"
	"time"
)

// byClock returns a connection that recovers by RACK, over a path of 100 ms, that has sent its initial window of n segments
// of 1000 bytes at 100 ms; it has written bytes in all. It is 200 ms now. SRTT is 100 ms, RTO 300 ms, PTO 200 ms and
// 400 ms with one segment on its way, the reordering window 25 ms.
func byClock(t *testing.T, n, bytes int) *script {
	t.Helper()
	s := established(t, 100*ms, "sackok", func(c *Config) { c.Recovery, c.SACK, c.InitialWindow = "rack", true, n })
	s.c.SetSendBuffer(1 << 20)
	s.c.SetNoDelay(s.now, true)
	s.write(bytes)
	s.out(data(1, 1000, n)...)
	s.after(100 * ms)
	return s
}

// As long as no reordering was seen, the third segment sacked tells of a loss at once (RFC 8985 section 6.2 step 4). The two
// before it let two new ones out (limited transmit), and start the reordering timer.
func TestRACKFirstOfTen(t *testing.T) {
	s := byClock(t, 10, 60000)
	s.in(ackOf(1) + " sack 1001-2001")
	s.out("ACK seq 10001 len 1000")
	if s.c.Deadline() != 225*ms { // sent at 100, RTT 100, window 100/4
		t.Errorf("the timer is at %v", s.c.Deadline())
	}
	s.after(ms)
	s.in(ackOf(1) + " sack 1001-3001")
	s.out("ACK seq 11001 len 1000")
	s.after(ms)
	s.in(ackOf(1) + " sack 1001-4001") // 100 + 102 + 0 - 202
	s.out("ACK seq 1 len 1000")
	s.because("rack")
	s.phase(Recovery)
}

// With two segments behind the loss no three ACKs ever come: the reordering timer decides (Early Retransmit, RFC 5827,
// by time).
func TestReorderingTimer(t *testing.T) {
	s := byClock(t, 3, 3000)
	s.in(ackOf(1) + " sack 1001-2001")
	s.after(10 * ms)
	s.in(ackOf(1) + " sack 1001-3001") // sent at 100, RTT 110, window 25
	s.at(235*ms - 1)
	s.out()
	s.phase(Open)
	s.after(1)
	s.out("ACK seq 1 len 1000")
	s.because("reordering timer")
	s.phase(Recovery)
	if want := s.now + s.c.timeout(); s.c.Deadline() != want {
		t.Errorf("deadline %v, want the timeout, %v", s.c.Deadline(), want)
	}
	s.after(100 * ms)
	s.in(ackOf(3001))
	s.phase(Open)
	if s.c.Deadline() != Never {
		t.Errorf("deadline %v", s.c.Deadline())
	}
}

// RFC 8985 section 3.4, figure 1, with its times: P1, P2, P3 of P0 to P3 are lost, then P1 again. In the end nothing has
// waited for a timeout.
func TestRACKFigure1(t *testing.T) {
	s := byClock(t, 4, 4000)
	s.c.proportional = false // both of 5c at once
	s.in(ackOf(1001))        // 2
	s.out()
	s.at(400*ms - 1)
	s.out()
	s.after(1)
	s.out("ACK seq 3001 len 1000") // 3b, two round trips later
	s.because("tail loss probe")
	if s.c.Deadline() != 700*ms { // the RTO, from now on
		t.Errorf("deadline %v", s.c.Deadline())
	}
	s.after(100 * ms)
	s.in(ackOf(1001) + " sack 3001-4001") // 4
	s.out(data(1001, 1000, 2)...)         // 5c
	s.because("rack")
	s.phase(Recovery)
	s.after(100 * ms)
	s.in(ackOf(1001) + " sack 2001-4001") // 6: P2's retransmission was sent behind P1's
	s.out("ACK seq 1001 len 1000")        // 7b
	s.because("rack")
	s.after(100 * ms)
	s.in(ackOf(4001)) // 8
	s.phase(Open)
}

// The last segment alone is lost. Two round trips and the time for a delayed ACK would come behind the timeout, so that the
// probe goes at its time (section 7.2). That it has repaired a loss shows when something behind it is acknowledged without a
// D-SACK: then cwnd is halved (section 7.4.2).
func TestProbeRepairs(t *testing.T) {
	s := byClock(t, 10, 10000)
	s.in(ackOf(9001))
	s.window(12, 0)
	s.at(500*ms - 1)
	s.out()
	s.after(1)
	s.out("ACK seq 9001 len 1000")
	s.because("tail loss probe")
	s.after(100 * ms)
	s.in(ackOf(10001))
	s.phase(Open)
	s.window(13, 0)
	s.write(6000)
	s.out(data(10001, 1000, 6)...)
	s.after(100 * ms)
	s.in(ackOf(11001)) // 6 were on their way
	s.phase(Open)
	s.window(3, 3)
}

// Where both the segment and the probe arrive, cwnd stays: a D-SACK says so, or a duplicate ACK without SACK.
func TestProbeInVain(t *testing.T) {
	for _, c := range []struct{ name, text string }{
		{"D-SACK", ackOf(10001) + " sack 9001-10001"}, {"duplicate", ackOf(10001)},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := byClock(t, 10, 10000)
			s.c.cfg.SlowStartAfterIdle = false // nor does it shrink while it is not used
			s.in(ackOf(9001))
			s.at(500 * ms)
			s.out("ACK seq 9001 len 1000")
			s.in(ackOf(10001))
			s.after(100 * ms)
			s.in(c.text)
			s.write(1000)
			s.out(data(10001, 1000, 1)...)
			s.after(100 * ms)
			s.in(ackOf(11001))
			s.window(13, 0)
			if s.c.board.time.reordered || s.c.reo.mult != 1 {
				t.Error("a probe's D-SACK has widened the reordering window")
			}
		})
	}
}

// The probe is a new segment where there is one, beyond cwnd if need be; what was sent before it is then found lost.
func TestProbeOfNewData(t *testing.T) {
	s := byClock(t, 4, 6000)
	s.at(300*ms - 1) // 100 + 2*100
	s.out()
	s.after(1)
	s.out("ACK seq 4001 len 1000")
	s.because("tail loss probe")
	s.after(100 * ms)
	s.in(ackOf(1) + " sack 4001-5001")
	s.phase(Recovery)
	if s.c.board.lost != 4000 {
		t.Errorf("%d bytes lost, want all 4000 sent before the probe", s.c.board.lost)
	}
}

// One probe, then the timeout (section 7.3); it is the RTO from the probe on.
func TestProbeOnce(t *testing.T) {
	s := byClock(t, 10, 10000)
	s.at(300 * ms)
	s.out("ACK seq 9001 len 1000")
	s.at(600 * ms)
	s.out("ACK seq 1 len 1000")
	s.because("timeout")
	s.phase(Loss)
	s.window(1, 5)
}

// Section 3.5: at a timeout only what was sent a round trip ago is lost. Here three segments go, and one more behind the
// second tail loss probe's time, shortly before the timeout.
func TestTimeoutSparesTheRecent(t *testing.T) {
	s := byClock(t, 3, 3000)
	s.at(300 * ms)
	s.out("ACK seq 2001 len 1000") // the probe; the timeout is at 600
	s.c.w.Cwnd = 20000
	s.at(550 * ms)
	s.write(1000)
	s.out("ACK seq 3001 len 1000")
	s.at(600 * ms)
	s.out("ACK seq 1 len 1000")
	s.because("timeout")
	for i, want := range []bool{true, true, true, false} {
		if got := s.c.board.at(i).lost; got != want {
			t.Errorf("segment %d: lost %v", i, got)
		}
	}
	s.at(650 * ms)
	s.in(ackOf(3001) + " sack 3001-3001")
	s.out() // the fourth is still on its way
}

// Reordering by 1, 3 and 10 segments, which come 10 ms late. The first time it may look like a loss: three segments sacked.
// From then on a segment that is late by less than a quarter of the round trip is waited for.
func TestRACKReordering(t *testing.T) {
	for _, by := range []int{1, 3, 10} {
		t.Run(fmt.Sprint(by), func(t *testing.T) {
			s := byClock(t, 40, 200000) // so that half of it is more than 11, too
			ack := 1
			again := [2]int{}
			for round := range 2 {
				s.sent = nil
				for i := range by {
					s.in(fmt.Sprintf("%s sack %d-%d", ackOf(ack), ack+1000, ack+1000*(i+2)))
				}
				s.after(10 * ms)
				ack += 1000 * (by + 1)
				s.in(ackOf(ack))
				for _, e := range s.sent {
					if e.s.Seq.Less(Seq(ack)) {
						again[round]++
					}
				}
				end := int(s.c.nxt)
				if round == 0 && again[0] > 0 { // the copy arrives as well
					s.after(100 * ms)
					s.in(fmt.Sprintf("%s sack 1-1001", ackOf(ack)))
				} else {
					s.after(90 * ms)
				}
				s.in(ackOf(end))
				s.after(100 * ms)
				ack = end
			}
			want := 0
			if by >= dupThresh {
				want = 1
			}
			if again != [2]int{want, 0} {
				t.Errorf("%d segments were sent again in the first round and the second, want %d and none", again, want)
			}
			if !s.c.board.time.reordered {
				t.Error("no reordering seen")
			}
		})
	}
}

// Each round trip with a D-SACK widens the window by a quarter of the least round trip, up to SRTT; sixteen recoveries
// without one bring it back (step 4).
func TestReorderingWindow(t *testing.T) {
	s := byClock(t, 4, 1<<18)
	c := s.c
	c.board.time.reordered = true
	c.resent = 1000
	for n, want := range []time.Duration{25, 50, 75, 100, 100} {
		if got := c.reorderingWindow(); got != want*ms {
			t.Fatalf("after %d rounds with a D-SACK the window is %v, want %v", n, got, want*ms)
		}
		for range 2 { // two in one round count once
			s.in(ackOf(int(c.una)) + fmt.Sprintf(" sack %d-%d", c.una-500, c.una-400))
		}
		s.in(ackOf(int(c.nxt)))
		s.after(100 * ms)
	}
	for range reoPersist - 1 {
		c.recovered()
	}
	if got := c.reorderingWindow(); got != 100*ms {
		t.Errorf("after 15 recoveries %v", got)
	}
	c.recovered()
	if got := c.reorderingWindow(); got != 25*ms {
		t.Errorf("after 16 recoveries %v", got)
	}
}

// D-SACKs of more segments than were sent again tell of copies that the network has made, not of a window too small.
func TestNetworkDuplicates(t *testing.T) {
	s := byClock(t, 4, 40000)
	s.in(ackOf(3001))
	s.in(ackOf(3001) + " sack 1-1001")
	if s.c.reo.mult != 1 || s.c.board.time.reordered {
		t.Error("a copy counts as reordering")
	}
}

// Who may recover by time: with SACK agreed on, else NewReno it is.
func TestRACKWantsSACK(t *testing.T) {
	s := established(t, 100*ms, "", func(c *Config) { c.Recovery, c.SACK = "rack", true })
	s.write(1000)
	if s.c.board.time.on || s.c.cfg.Recovery != "newreno" || s.c.probeAt != Never {
		t.Errorf("recovery %s", s.c.cfg.Recovery)
	}
}

// What is sacked is not probed: here a receiver sacks all and acknowledges nothing. The timeout takes it that it has taken its
// SACKs back.
func TestNoProbeOfSacked(t *testing.T) {
	s := byClock(t, 2, 2000)
	s.in(ackOf(1) + " sack 1-2001")
	s.at(400*ms - 1)
	s.out()
	s.after(1)
	s.out("ACK seq 1 len 1000")
	s.because("timeout")
}

// Without tail loss probes the timeout comes; RACK is the same otherwise.
func TestWithoutProbe(t *testing.T) {
	s := byClock(t, 10, 10000)
	s.c.cfg.TLP, s.c.probeAt = false, Never
	s.in(ackOf(8001)) // two round trips would be over at 400 ms
	s.at(500*ms - 1)
	s.out()
	s.after(1)
	s.out("ACK seq 8001 len 1000")
	s.because("timeout")
}
