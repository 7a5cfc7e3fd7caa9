package tcp

import (
	"fmt"
	"testing"
)

// RFC 6937 section 4's first example, by RFC 9937: the first of 20 segments is lost, and ssthresh is 10. RecoverFS is 20: at
// the third SACK 22 segments are out, three of them sacked, and one of those three is this ACK's. The k-th ACK of the
// recovery lets ceil(k 10/20) segments out in all: the retransmission, then a new one for every other ACK. At the ACK of the
// 19th no more is on its way than ssthresh says, and from then on it stays so: a segment for each ACK.
func TestPRROneLoss(t *testing.T) {
	for _, recovery := range []string{"sack", "rack"} {
		t.Run(recovery, func(t *testing.T) {
			s := proportional(t, recovery, 20, 100000)
			next := 20001
			for ack := 1; ack <= 21; ack++ {
				s.in(fmt.Sprintf("%s sack 1001-%d", ackOf(1), 1000*ack+1001))
				switch {
				case ack == 3:
					s.out("ACK seq 1 len 1000")
					s.phase(Recovery)
				case ack < 3 || ack%2 == 1 && ack < 19 || ack > 19:
					s.out(data(next, 1000, 1)...)
					next += 1000
				default:
					s.out()
				}
				if k := ack - 2; k > 0 { // 22 less 3 sacked less one lost are 18; then each ACK takes one off
					want := 18 - (k - 1) + (k+1)/2
					if ack >= 19 {
						want = 10
					}
					s.window(want, 10)
				}
			}
			s.in(ackOf(22001))
			s.phase(Open)
			s.window(10, 10)
			s.out(data(next, 1000, 1)...)
		})
	}
}

// proportional is selective with PRR and a way of recovery.
func proportional(t *testing.T, recovery string, n, bytes int) *script {
	t.Helper()
	s := established(t, 100*ms, "sackok", func(c *Config) { c.Recovery, c.SACK, c.InitialWindow = recovery, true, n })
	s.c.SetSendBuffer(1 << 20)
	s.c.SetNoDelay(s.now, true)
	s.write(bytes)
	s.out(data(1, 1000, n)...)
	s.after(100 * ms)
	return s
}

// The second example: the first 15 of 20 are lost. The pipe falls to 4 at once, far below ssthresh. The conservative
// reduction bound sends a segment for each that is delivered; the first ACK that moves the cumulative point without a sign
// of another loss begins slow start, one segment more for each such ACK.
func TestPRRHeavyLoss(t *testing.T) {
	for _, recovery := range []string{"sack", "rack"} {
		t.Run(recovery, func(t *testing.T) {
			s := proportional(t, recovery, 20, 100000)
			s.in(ackOf(1) + " sack 15001-16001")
			s.out(data(20001, 1000, 1)...)
			s.in(ackOf(1) + " sack 15001-17001")
			s.out(data(21001, 1000, 1)...)
			s.in(ackOf(1) + " sack 15001-18001")
			s.out(data(1, 1000, 1)...)
			s.phase(Recovery)
			s.window(5, 10)
			for k := range 4 { // ACKs of 18 to 21, the new ones among them
				s.in(fmt.Sprintf("%s sack 15001-%d", ackOf(1), 19001+1000*k))
				s.out(data(1001+1000*k, 1000, 1)...)
				s.window(5, 10)
			}
			s.after(100 * ms)
			next := 5001
			for k := 1; k <= 5; k++ { // of the retransmissions: delivered 5 + k, sent 5 + 2 (k - 1)
				s.in(fmt.Sprintf("%s sack 15001-22001", ackOf(1000*k+1)))
				s.out(data(next, 1000, 2)...)
				s.window(5+k, 10)
				next += 2000
			}
		})
	}
}

// Without PRR cwnd is the threshold at once, and the network hears nothing for half a round trip (RFC 6675).
func TestWithoutPRR(t *testing.T) {
	s := proportional(t, "sack", 20, 100000)
	s.c.proportional = false
	next := 20001
	for ack := 1; ack <= 19; ack++ {
		s.in(fmt.Sprintf("%s sack 1001-%d", ackOf(1), 1000*ack+1001))
		switch {
		case ack < 3:
			next += 1000
		case ack == 3:
			s.window(10, 10)
		case ack < 13:
			s.out()
		case ack >= 13: // one later than in the RFC's table, of which the cwnd is 11
			s.out(data(next, 1000, 1)...)
			next += 1000
		}
		s.sent = nil
	}
}
