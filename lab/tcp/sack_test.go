package tcp

import (
	"testing"
	"time"
)

// A step is a segment of 500 bytes or more that arrives, and the ACK that answers it, in RFC 2883's way of writing.
type step struct {
	left, right int
	ack         string
}

// receiver plays the steps into a connection whose peer's byte n is sequence number 5001 + n - base.
func receiver(t *testing.T, name string, base int, steps []step) {
	t.Run(name, func(t *testing.T) {
		s := established(t, 10*ms, "sackok", func(c *Config) { c.SACK, c.DelayedACK = true, 0 })
		s.c.irs, s.c.next, s.c.acked = Seq(base-1), Seq(base), Seq(base)
		s.c.edge, s.c.wl1 = Seq(base+60000), Seq(base-1)
		for _, k := range steps {
			s.in("ACK seq " + data(k.left, k.right-k.left, 1)[0][8:] + " ack 1")
			s.out("ACK seq 1 ack " + k.ack)
		}
	})
}

// RFC 2018 section 7: a burst of eight segments of 500 bytes, the first of them 5000.
func TestRFC2018Examples(t *testing.T) {
	receiver(t, "case 1: the last four are dropped", 5000, []step{
		{5000, 5500, "5500"}, {5500, 6000, "6000"}, {6000, 6500, "6500"}, {6500, 7000, "7000"},
	})
	receiver(t, "case 2: the first is dropped", 5000, []step{
		{5500, 6000, "5000 sack 5500-6000"}, {6000, 6500, "5000 sack 5500-6500"}, {6500, 7000, "5000 sack 5500-7000"},
		{7000, 7500, "5000 sack 5500-7500"}, {7500, 8000, "5000 sack 5500-8000"}, {8000, 8500, "5000 sack 5500-8500"},
		{8500, 9000, "5000 sack 5500-9000"},
	})
	receiver(t, "case 3: the second, fourth, sixth and eighth are dropped; the fourth and the second come late", 5000, []step{
		{5000, 5500, "5500"},
		{6000, 6500, "5500 sack 6000-6500"},
		{7000, 7500, "5500 sack 7000-7500 sack 6000-6500"},
		{8000, 8500, "5500 sack 8000-8500 sack 7000-7500 sack 6000-6500"},
		{6500, 7000, "5500 sack 6000-7500 sack 8000-8500"},
		{5500, 6000, "7500 sack 8000-8500"},
	})
}

// RFC 2018 section 4: after the block of the segment that came last, the others in the order in which they were reported
// last, each once; with D-SACK or without, four at most, three beside timestamps.
func TestSACKOrder(t *testing.T) {
	receiver(t, "five blocks", 1000, []step{
		{2000, 2500, "1000 sack 2000-2500"},
		{3000, 3500, "1000 sack 3000-3500 sack 2000-2500"},
		{4000, 4500, "1000 sack 4000-4500 sack 3000-3500 sack 2000-2500"},
		{5000, 5500, "1000 sack 5000-5500 sack 4000-4500 sack 3000-3500 sack 2000-2500"},
		{6000, 6500, "1000 sack 6000-6500 sack 5000-5500 sack 4000-4500 sack 3000-3500"},
		{6500, 6600, "1000 sack 6000-6600 sack 5000-5500 sack 4000-4500 sack 3000-3500"},
		{6600, 6700, "1000 sack 6000-6700 sack 5000-5500 sack 4000-4500 sack 3000-3500"},
		{6700, 6800, "1000 sack 6000-6800 sack 5000-5500 sack 4000-4500 sack 3000-3500"},
		{2500, 2600, "1000 sack 2000-2600 sack 6000-6800 sack 5000-5500 sack 4000-4500"},
	})
	s := established(t, 10*ms, "sackok ts 1/0", func(c *Config) { c.SACK, c.Timestamps, c.DelayedACK = true, true, 0 })
	for i := range 4 {
		s.in("ACK seq " + data(5101+200*i, 100, 1)[0][8:] + " ack 1 ts 1/0")
	}
	s.sent = s.sent[3:]
	s.out("ACK seq 1 ack 5001 sack 5701-5801 sack 5501-5601 sack 5301-5401")
}

// A FIN takes a sequence number and is sacked like a byte, with the data before it or alone, where it comes out of order.
func TestSACKOfFIN(t *testing.T) {
	s := established(t, 10*ms, "sackok", func(c *Config) { c.SACK = true })
	s.in("FIN,ACK seq 6001 ack 1 len 500")
	s.out("ACK seq 1 ack 5001 sack 6001-6502")
	s.in("ACK seq 5501 ack 1 len 500")
	s.out("ACK seq 1 ack 5001 sack 5501-6502")
	s.in("ACK seq 5001 ack 1 len 500")
	s.out("ACK seq 1 ack 6502")
	s.state(CloseWait)

	s = established(t, 10*ms, "sackok", func(c *Config) { c.SACK = true })
	s.in("FIN,ACK seq 6001 ack 1")
	s.out("ACK seq 1 ack 5001 sack 6001-6002")
	s.in("ACK seq 5501 ack 1 len 100")
	s.out("ACK seq 1 ack 5001 sack 5501-5601 sack 6001-6002")
	s.in("ACK seq 5601 ack 1 len 400")
	s.out("ACK seq 1 ack 5001 sack 5501-6002")
	s.in("ACK seq 5001 ack 1 len 500")
	s.out("ACK seq 1 ack 6002")
	s.state(CloseWait)
}

// RFC 2883 section 4.1 and 4.2.
func TestRFC2883Examples(t *testing.T) {
	receiver(t, "example 1", 3000, []step{
		{3000, 3500, "3500"}, {3500, 4000, "4000"}, {3000, 3500, "4000 sack 3000-3500"},
	})
	receiver(t, "example 2", 3000, []step{
		{3000, 3500, "3500"}, {3500, 4000, "4000"}, {4500, 5000, "4000 sack 4500-5000"},
		{3000, 3500, "4000 sack 3000-3500 sack 4500-5000"},
	})
	receiver(t, "example 3", 3500, []step{
		{3500, 4000, "4000"}, {4500, 5000, "4000 sack 4500-5000"}, {5000, 5500, "4000 sack 4500-5500"},
		{5000, 5500, "4000 sack 5000-5500 sack 4500-5500"},
	})
	receiver(t, "example 4", 500, []step{
		{500, 1000, "1000"}, {2000, 2500, "1000 sack 2000-2500"}, {1000, 1500, "1500 sack 2000-2500"},
		{1000, 2000, "2500 sack 1000-1500"},
	})
	receiver(t, "example 5", 500, []step{
		{500, 1000, "1000"}, {3000, 3500, "1000 sack 3000-3500"}, {1000, 1500, "1500 sack 3000-3500"},
		{2000, 2500, "1500 sack 2000-2500 sack 3000-3500"}, {1000, 2500, "2500 sack 1000-1500 sack 3000-3500"},
	})
	// The table of the RFC has 2000-2499 arrive, which it says was dropped, and joins it to 1500-1999 by no block; it is
	// 2500-2999 that is told of as delayed.
	receiver(t, "example 6", 500, []step{
		{500, 1000, "1000"}, {3500, 4000, "1000 sack 3500-4000"}, {1500, 2000, "1000 sack 1500-2000 sack 3500-4000"},
		{2500, 3000, "1000 sack 2500-3000 sack 1500-2000 sack 3500-4000"},
		{1500, 3000, "1000 sack 1500-2000 sack 1500-3000 sack 3500-4000"},
	})
	receiver(t, "each duplicate is told of once", 500, []step{
		{500, 1000, "1000"}, {500, 1000, "1000 sack 500-1000"}, {1000, 1500, "1500"},
	})
}

// Without SACK-permitted no block is sent (RFC 2018 section 4), and those that come count for nothing.
func TestNoSACKWithoutPermission(t *testing.T) {
	s := established(t, 10*ms, "", func(c *Config) { c.SACK = true })
	s.in("ACK seq 5101 ack 1 len 100")
	s.out("ACK seq 1 ack 5001")
	s.write(5000)
	s.in("ACK seq 5001 ack 1 sack 2001-5001")
	if s.c.board.sacked != 0 {
		t.Error("SACK without permission was heard")
	}
}

// A full segment of data has no room for blocks: it goes as it is, and an ACK of its own carries them; a small one takes
// as many as fit (RFC 2018 section 3, RFC 6691 section 2).
func TestSACKBesideData(t *testing.T) {
	s := established(t, 10*ms, "sackok", func(c *Config) { c.SACK, c.Nagle = true, false })
	s.in("ACK seq 5101 ack 1 len 100")
	s.out("ACK seq 1 ack 5001 sack 5101-5201")
	s.write(1000)
	s.out("ACK seq 1 ack 5001 len 1000")
	s.write(980)
	s.out("ACK seq 1001 ack 5001 sack 5101-5201 len 980")
	s.in("ACK seq 5301 ack 1001 len 100")
	s.out("ACK seq 1981 ack 5001 sack 5301-5401 sack 5101-5201")
	// A window that opens and a duplicate at once: the data goes out without the D-SACK, the ACK behind it has it.
	s.write(1000)
	s.sent = nil
	w := established(t, 10*ms, "sackok win 0", func(c *Config) { c.SACK = true })
	w.in("ACK seq 5001 ack 1 len 10")
	w.sent = nil
	w.write(1000)
	w.in("ACK seq 5001 ack 1 len 20 win 1000")
	w.out("ACK seq 1 ack 5021 len 1000", "ACK seq 1001 ack 5021 sack 5001-5011")
}

// The peer's MSS may leave no room for a block in a segment of data; ACKs have their own, and do not chase each other.
func TestSACKWithTinyMSS(t *testing.T) {
	s := newScript(t, func(c *Config) { c.SACK = true })
	s.accept("SYN seq 5000 mss 8 sackok")
	s.in("ACK seq 5001 ack 1")
	s.sent = nil
	s.in("ACK seq 5101 ack 1 len 8")
	s.out("ACK seq 1 ack 5001 sack 5101-5109")
	s.in("ACK seq 5001 ack 1")
	s.out()
	s.at(time.Minute)
	s.out()
}
