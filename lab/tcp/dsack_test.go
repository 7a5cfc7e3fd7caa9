package tcp

import (
	"fmt"
	"testing"
)

// What is a D-SACK (RFC 2883 section 4): a first block below the cumulative ACK, or inside of the second block; and not one
// of long ago, nor a block of nothing.
func TestTakeDSACK(t *testing.T) {
	s := established(t, 10*ms, "sackok", func(c *Config) { c.SACK = true })
	s.c.una, s.c.nxt, s.c.maxWindow = 100_000, 120_000, 60_000
	for _, c := range []struct {
		ack  int
		sack string
		want Block
	}{
		{100_000, "", Block{}},
		{100_000, " sack 99000-100000", Block{99_000, 100_000}},
		{101_000, " sack 100000-101000", Block{100_000, 101_000}}, // below the ACK that carries it
		{100_000, " sack 99000-100001", Block{}},
		{100_000, " sack 105000-106000", Block{}},
		{100_000, " sack 105000-106000 sack 105000-108000", Block{105_000, 106_000}},
		{100_000, " sack 107000-108000 sack 105000-108000", Block{107_000, 108_000}},
		{100_000, " sack 104000-106000 sack 105000-108000", Block{}},
		{100_000, " sack 107000-109000 sack 105000-108000", Block{}},
		{100_000, " sack 105000-108000 sack 99000-100000", Block{}}, // not the first
		{100_000, " sack 40000-41000", Block{40_000, 41_000}},
		{100_000, " sack 39999-41000", Block{}},
		{100_000, " sack 99000-99000", Block{}},
		{100_000, " sack 99000-98000", Block{}},
	} {
		g := s.parse(fmt.Sprintf("ACK seq 5001 ack %d%s", c.ack, c.sack))
		if got := s.c.takeDSACK(&g); got != c.want {
			t.Errorf("ack %d%s: %v, want %v", c.ack, c.sack, got, c.want)
		}
	}
}

// A copy that comes so late that its timestamp is old is thrown away by PAWS (RFC 7323 section 5.3), and reported like any
// other copy; what is old and beyond is not.
func TestDSACKOfOldTimestamp(t *testing.T) {
	s := established(t, 10*ms, "sackok ts 100/0", func(c *Config) { c.SACK, c.Timestamps, c.DelayedACK = true, true, 0 })
	s.in("ACK seq 5001 ack 1 len 500 ts 200/0")
	s.in("ACK seq 5501 ack 1 len 500 ts 300/0")
	s.sent = nil
	s.in("ACK seq 5001 ack 1 len 500 ts 150/0")
	s.out("ACK seq 1 ack 6001 sack 5001-5501")
	s.in("ACK seq 6001 ack 1 len 500 ts 150/0")
	s.out("ACK seq 1 ack 6001")
}

// A receiver whose D-SACKs are switched off acknowledges what comes twice without a word about it.
func TestWithoutDSACK(t *testing.T) {
	for _, on := range []bool{true, false} {
		s := established(t, 10*ms, "sackok", func(c *Config) { c.SACK, c.DSACK = true, on })
		s.in("ACK seq 5001 ack 1 len 500")
		s.in("ACK seq 6001 ack 1 len 500")
		s.sent = nil
		s.in("ACK seq 5001 ack 1 len 500")
		s.in("ACK seq 6001 ack 1 len 500")
		if on {
			s.out("ACK seq 1 ack 5501 sack 5001-5501 sack 6001-6501", "ACK seq 1 ack 5501 sack 6001-6501 sack 6001-6501")
		} else {
			s.out("ACK seq 1 ack 5501 sack 6001-6501", "ACK seq 1 ack 5501 sack 6001-6501")
		}
	}
}
