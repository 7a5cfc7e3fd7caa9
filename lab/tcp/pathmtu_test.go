package tcp

import (
	"fmt"
	"testing"

	"reliabilitylab/netem"
)

// Ten segments of 1000 bytes meet a link that takes 600 of TCP's text and options: all are cut and sent again at once, as far as cwnd
// goes, which stays ten segments (RFC 5681 section 3.1): 6000 bytes. 1000 = 600 + 400.
func TestPacketTooBig(t *testing.T) {
	for _, recovery := range []string{"newreno", "sack", "rack"} {
		s := established(t, 100*ms, "win 20000 sackok", func(c *Config) {
			c.SACK, c.Recovery = true, recovery
		})
		s.write(10000)
		s.out(data(1, 1000, 10)...)
		s.after(10 * ms)
		s.c.TooBig(s.now, 1, 600)
		s.out(pieces(0, 6)...)
		s.because("packet too big")
		s.window(6, 0)
		s.c.TooBig(s.now, 1001, 600) // the router speaks of each packet: it is old news
		s.c.TooBig(s.now, 2001, 900) // and no reason to grow
		s.out()
		s.after(100 * ms)
		s.in("ACK seq 5001 ack 6001")
		s.out(pieces(6, 10)...)
		s.because("packet too big")
		s.after(100 * ms)
		s.in("ACK seq 5001 ack 10001")
		s.write(1000)
		s.out("ACK seq 10001 len 600", "ACK seq 10601 len 400")
	}
}

// pieces are what becomes of the segments of 1000 bytes from the i-th to before the k-th, from 0.
func pieces(i, k int) (out []string) {
	for ; i < k; i++ {
		out = append(out, data(1+i*1000, 600, 1)...)
		out = append(out, data(601+i*1000, 400, 1)...)
	}
	return out
}

// A router is believed only about what is on its way (RFC 5927 section 4.1).
func TestPacketTooBigNotSent(t *testing.T) {
	s := established(t, 100*ms, "win 20000", nil)
	s.c.TooBig(s.now, 1, 600)
	s.write(2000)
	s.out(data(1, 1000, 2)...)
	s.c.TooBig(s.now, 2001, 600)
	s.c.TooBig(s.now, 0, 600)
	s.out()
	if s.c.mss != 1000 {
		t.Errorf("MSS %d", s.c.mss)
	}
}

// What the receiver has is not sent again, and a FIN goes with the last piece: 2500 bytes from 701 on are segments of 1000, 1000 and
// 500, of which the first is sacked; with BBR, which paces and keeps a delivery rate for each segment, the FIN goes with the last.
func TestPacketTooBigParts(t *testing.T) {
	for congestion, last := range map[string]string{"reno": "3101+100 false", "bbr": "3101+100 true"} {
		s := established(t, 100*ms, "win 20000 sackok", func(c *Config) {
			c.SACK, c.Congestion, c.TLP, c.Nagle = true, congestion, false, false
		})
		s.write(700)
		s.write(2500)
		s.c.CloseWrite(s.now)
		s.after(90 * ms)
		s.in("ACK seq 5001 ack 1 sack 701-1701")
		s.sent = nil
		s.c.TooBig(s.now, 1, 400)
		s.after(100 * ms)
		got := map[string]bool{}
		for _, e := range s.sent {
			got[fmt.Sprintf("%d+%d %v", e.s.Seq, e.len, e.s.Flags&netem.FlagFIN != 0)] = true
		}
		for _, want := range []string{"1+400 false", "401+300 false", "1701+400 false", "2101+400 false", "2501+200 false", "2701+400 false", last} {
			if !got[want] {
				t.Errorf("%s: not sent again: %s, of %v", congestion, want, got)
			}
			delete(got, want)
		}
		if len(got) != 0 {
			t.Errorf("%s: sent again for nothing: %v", congestion, got)
		}
		s.in("ACK seq 5001 ack 3202")
		s.state(FinWait2)
	}
}
