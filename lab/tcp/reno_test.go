package tcp

import (
	"fmt"
	"testing"
)

func ackOf(seq int) string { return fmt.Sprintf("ACK seq 5001 ack %d", seq) }

// Slow start (RFC 5681 section 3.1, RFC 3465 section 2.3): a segment for each one acknowledged, two an ACK at most.
func TestSlowStart(t *testing.T) {
	s := established(t, 100*ms, "", func(c *Config) { c.InitialWindow = 4 })
	s.write(8000) // all that the send buffer takes at first
	s.out(data(1, 1000, 4)...)
	s.in(ackOf(1001))
	s.window(5, 0)
	s.out(data(4001, 1000, 2)...)
	s.in(ackOf(3001))
	s.window(7, 0)
	s.out(data(6001, 1000, 2)...)
	s.write(9000)
	s.out(data(8001, 1000, 2)...)
	s.in(ackOf(6001)) // three segments, L = 2
	s.window(9, 0)
	s.out(data(10001, 1000, 5)...)
}

// Slow start ends at the threshold, and what is left of the ACK counts for congestion avoidance: then the window grows by
// one segment for each window acknowledged (RFC 3465 section 2.1), however the ACKs cut it up.
func TestCongestionAvoidance(t *testing.T) {
	for _, stride := range []int{1, 2} {
		w := Window{MSS: 1000, Cwnd: 9000, Ssthresh: 10000}
		control := newCongestion("reno")
		control.Ack(&w, Ack{Bytes: 2000, Limited: true})
		if w.Cwnd != 10000 || w.grown != 1000 {
			t.Errorf("at the threshold: cwnd %d, %d left", w.Cwnd, w.grown)
		}
		for _, want := range []int{10000, 11000, 12000, 13000} {
			for acked := w.grown; acked < want; acked += 1000 * stride {
				if w.Cwnd != want {
					t.Fatalf("cwnd %d after %d bytes, want %d", w.Cwnd, acked, want)
				}
				control.Ack(&w, Ack{Bytes: 1000 * stride, Limited: true})
			}
			if w.Cwnd != want+1000 {
				t.Fatalf("cwnd %d after a window of %d", w.Cwnd, want)
			}
		}
	}
}

// After a timeout slow start takes one segment an ACK (RFC 3465 section 2.3: L = 1).
func TestSlowStartAfterTimeout(t *testing.T) {
	w := Window{MSS: 1000, Cwnd: 1000, Ssthresh: 5000, Phase: Loss}
	reno{}.Ack(&w, Ack{Bytes: 4000, Limited: true})
	if w.Cwnd != 2000 {
		t.Errorf("cwnd %d", w.Cwnd)
	}
}

// Equation (4): half of what is in flight, never less than two segments.
func TestHalf(t *testing.T) {
	for _, c := range []struct{ flight, cwnd, want int }{
		{10000, 10000, 5000}, {12000, 10000, 5000}, {6000, 10000, 3000}, {3000, 10000, 2000}, {0, 1000, 2000},
	} {
		w := Window{MSS: 1000, Cwnd: c.cwnd, Flight: c.flight}
		if a, b := (reno{}).Loss(&w, 0), (reno{}).Timeout(&w, 0); a != c.want || b != c.want {
			t.Errorf("%+v: %d, %d", c, a, b)
		}
	}
}
