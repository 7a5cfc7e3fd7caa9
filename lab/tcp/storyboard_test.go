package tcp

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// The storyboards of loss recovery: a connection of two Conns over 25 ms each way, with timestamps. The SYN goes at 0, ten
// segments of 1000 bytes go at 50 ms and arrive at 75, and every ACK is back at 100: SRTT is 50 ms, RTO 250 ms (50 + 200),
// PTO 100 ms, and 300 ms with one segment on its way. What matters is which segment is sent again, when and why; each
// board says it for the three ways of recovery.
func TestStoryboards(t *testing.T) {
	for _, b := range []struct {
		name     string
		segments int
		fate     func(n, try int, now time.Duration) (lost bool, extra time.Duration) // of the n-th segment's try-th transmission, now
		acks     func(nth int) bool                                                   // which ACKs of data are lost
		want     map[string][]string
	}{
		{
			// Three ACKs of what was behind it are back at 100 ms.
			name: "the first is lost", segments: 10, fate: lose(1, 1),
			want: map[string][]string{
				"newreno": {"100 1 fast retransmit"}, "sack": {"100 1 fast retransmit"}, "rack": {"100 1 rack"},
			},
		}, {
			name: "one in the middle is lost", segments: 10, fate: lose(5, 1),
			want: map[string][]string{
				"newreno": {"100 5 fast retransmit"}, "sack": {"100 5 fast retransmit"}, "rack": {"100 5 rack"},
			},
		}, {
			// Nothing tells of it. The timers have started at 100 ms, with the ACK of the ninth; with one segment on its way
			// the probe would wait 300 ms, so that it goes at the timeout's instant, 250 ms on.
			name: "the last is lost", segments: 10, fate: lose(10, 1),
			want: map[string][]string{
				"newreno": {"350 10 timeout"}, "sack": {"350 10 timeout"}, "rack": {"350 10 tail loss probe"},
			},
		}, {
			// The probe goes two round trips after the ACK of the eighth. Its SACK, 50 ms later, tells of the ninth.
			name: "the last two are lost", segments: 10, fate: lose(9, 1, 10, 1),
			want: map[string][]string{
				"newreno": {"350 9 timeout", "400 10 after timeout"},
				"sack":    {"350 9 timeout", "400 10 after timeout"},
				"rack":    {"200 10 tail loss probe", "250 9 rack"},
			},
		}, {
			// The last SACKs at 100 ms tell of the seventh. By RFC 6675 it takes three segments behind it to know; the second
			// lets it go on suspicion, since there is nothing new to send (NextSeg rule 3). NewReno hears of it by the
			// partial ACK at 150.
			name: "two are lost", segments: 10, fate: lose(3, 1, 7, 1),
			want: map[string][]string{
				"newreno": {"100 3 fast retransmit", "150 7 partial ack"},
				"sack":    {"100 3 fast retransmit", "100 7 unsacked hole"},
				"rack":    {"100 3 rack", "100 7 rack"},
			},
		}, {
			// New data that was sent behind the retransmission at 100 ms is sacked at 150. By RACK that tells of the
			// retransmission; the others wait for the timeout, which the retransmission has started anew.
			name: "the retransmission is lost", segments: 20, fate: lose(3, 1, 3, 2),
			want: map[string][]string{
				"newreno": {"100 3 fast retransmit", "350 3 timeout"},
				"sack":    {"100 3 fast retransmit", "350 3 timeout"},
				"rack":    {"100 3 rack", "150 3 rack"},
			},
		}, {
			// All ACKs but the last of the flight are lost: that one acknowledges all.
			name: "ACKs are lost", segments: 10, acks: func(nth int) bool { return nth < 10 },
			want: map[string][]string{},
		}, {
			// The first comes 5 ms late, behind nine others: it is sent again for nothing. At 105 its original fills the hole
			// with an old timestamp, the window is restored, and 16 to 20 go. Of these 17 is late again, behind three others,
			// which are sacked at 155. RACK knows that reordering happens, waits a quarter of the round trip, 12.5 ms, and
			// the ACK of 17 is there at 160.
			name: "late by 5 ms, twice", segments: 20, fate: func(n, try int, _ time.Duration) (bool, time.Duration) {
				if try == 1 && (n == 1 || n == 17) {
					return false, 5 * ms
				}
				return false, 0
			},
			want: map[string][]string{
				"newreno": {"100 1 fast retransmit", "155 17 fast retransmit"},
				"sack":    {"100 1 fast retransmit", "155 17 fast retransmit"},
				"rack":    {"100 1 rack"},
			},
		}, {
			// Nothing gets through until 475 ms, then all of it does, in order. At 300, an RTO after it was sent, the first
			// goes again. Its original's ACK is back at 500 with an old timestamp, and nothing else is sent again. RACK has
			// sent a probe at 150, a new segment, and its timeout is an RTO behind that.
			name: "late beyond the timeout", segments: 30, fate: func(_, _ int, now time.Duration) (bool, time.Duration) {
				return false, max(0, 450*ms-now)
			},
			want: map[string][]string{"newreno": {"300 1 timeout"}, "sack": {"300 1 timeout"}, "rack": {"400 1 timeout"}},
		},
	} {
		for _, recovery := range []string{"newreno", "sack", "rack"} {
			t.Run(b.name+", "+recovery, func(t *testing.T) { storyboard(t, recovery, b.segments, b.fate, b.acks, b.want[recovery]) })
		}
	}
}

// lose says which transmissions are lost: pairs of a segment's number and the try.
func lose(pairs ...int) func(n, try int, _ time.Duration) (bool, time.Duration) {
	return func(n, try int, _ time.Duration) (bool, time.Duration) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == n && pairs[i+1] == try {
				return true, 0
			}
		}
		return false, 0
	}
}

func storyboard(t *testing.T, recovery string, segments int, fate func(n, try int, now time.Duration) (bool, time.Duration), lostACKs func(int) bool, want []string) {
	p := newPair(t, 25*ms)
	for _, e := range []*end{p.a, p.b} {
		e.cfg = Defaults(1012)
		e.cfg.Congestion = "reno"
		e.cfg.Recovery, e.cfg.SACK = recovery, recovery != "newreno"
	}
	p.a.write = pattern(1000 * segments)
	var got []string
	tries, acks := map[int]int{}, 0
	p.fate = func(from *end, s *Segment) []time.Duration {
		now := []time.Duration{0}
		switch n := (int(s.Seq) + 999) / 1000; {
		case from == p.a && s.Len() == 1000:
			tries[n]++
			if tries[n] > 1 {
				got = append(got, fmt.Sprintf("%d %d %s", p.w.Now()/ms, n, s.Reason))
			}
			if fate == nil {
				return now
			}
			lost, extra := fate(n, tries[n], p.w.Now())
			if lost {
				return nil
			}
			return []time.Duration{extra}
		case from == p.b && s.Len() == 0:
			if acks++; lostACKs != nil && lostACKs(acks) {
				return nil
			}
		}
		return now
	}
	p.a.connect()
	p.run(10 * time.Second)
	if n := p.b.got.Len(); n != 1000*segments {
		t.Errorf("%d bytes have arrived of %d", n, 1000*segments)
	}
	if !slices.Equal(got, want) {
		t.Errorf("sent again: %q, want %q", got, want)
	}
}
