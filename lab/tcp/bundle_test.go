package tcp

import (
	"testing"
	"time"
)

// messages writes n messages of 22 bytes, each of which leaves in a segment of its own.
func messages(t *testing.T, n int, set func(*Config)) *script {
	s := established(t, 100*ms, "win 20000 sackok", func(c *Config) {
		c.Nagle, c.TLP, c.SACK, c.FRTO = false, false, true, false
		if set != nil {
			set(c)
		}
	})
	for range n {
		s.write(22)
	}
	s.out(data(1, 22, n)...)
	return s
}

// Small segments that were lost together go again in one. A full segment of 1000 bytes holds 45 of them (990 bytes), and after
// a timeout (300 ms: SRTT 100 ms, 4 RTTVAR 200 ms) cwnd has room for one. Its ACK acknowledges all 45.
func TestLostTogetherSentTogether(t *testing.T) {
	for _, recovery := range []string{"newreno", "sack", "rack"} {
		s := messages(t, 100, func(c *Config) { c.Recovery = recovery })
		s.at(400 * ms)
		s.out("ACK seq 1 len 990")
		s.because("timeout")
		s.after(100 * ms)
		s.in("ACK seq 5001 ack 991")
		s.out("ACK seq 991 len 990", "ACK seq 1981 len 220") // slow start: two segments
		s.after(100 * ms)
		s.in("ACK seq 5001 ack 2201")
		s.at(time.Hour)
		s.out()
	}
}

// What the receiver has parts what goes again: of ten messages it has the fourth and the fifth.
func TestBundleEndsAtSacked(t *testing.T) {
	s := messages(t, 10, nil)
	s.in("ACK seq 5001 ack 1 sack 67-111")
	s.at(400 * ms)
	s.out("ACK seq 1 len 66", "ACK seq 111 len 110")
}

// The FIN goes with the last of them.
func TestBundleWithFIN(t *testing.T) {
	s := messages(t, 3, nil)
	s.c.CloseWrite(s.now)
	s.out("ACK,FIN seq 67")
	s.at(400 * ms)
	s.out("ACK,FIN seq 1 len 66")
	s.in("ACK seq 5001 ack 68")
	s.state(FinWait2)
}
