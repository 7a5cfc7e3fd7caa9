package app

import (
	"testing"
	"time"

	"reliabilitylab/netem"
)

func TestStream(t *testing.T) {
	for _, c := range []struct {
		name     string
		message  int
		rate     netem.Rate
		length   time.Duration
		count    int
		interval time.Duration
	}{
		{"a call", 160, 64 * netem.Kbit, time.Second, 50, 20 * ms}, // G.711: 160 bytes every 20 ms
		{"one more that is due before the end", 160, 64 * netem.Kbit, time.Second + 1, 51, 20 * ms},
		{"shorter than an interval", 160, 64 * netem.Kbit, 1, 1, 20 * ms},
	} {
		for _, protocol := range []string{"tcp", "udp"} {
			t.Run(c.name+" "+protocol, func(t *testing.T) {
				p := Program{App: "stream", Protocol: protocol, Message: c.message, Rate: c.rate, For: c.length}
				if got := p.Offered(); got != int64(c.count*c.message) {
					t.Errorf("offered %d bytes, want %d messages of %d", got, c.count, c.message)
				}
				r := talk(newWire(t), p)
				r.check(t)
				for i, at := range r.checkSent(t, c.count, c.message, c.message) {
					want := time.Duration(i) * c.interval
					if protocol == "tcp" {
						want += 20 * ms // the handshake
					}
					if at != want || r.delivered[i].at != want+10*ms {
						t.Errorf("message %d sent at %v and delivered at %v, want sent at %v", i+1, at, r.delivered[i].at, want)
					}
				}
				expect(t, "delivered", r.order(), upTo(c.count))
			})
		}
	}
}

// 1448 bytes at 7 bit/s: an interval that is no whole number of nanoseconds. No error may add up.
func TestPaceDoesNotDrift(t *testing.T) {
	o := oneWay{messages: messages{1 << 40, 1448}, rate: 7}
	for _, n := range []uint64{1, 2, 3, 1_000_000} {
		// floor((n-1) * 1448 * 8 * 10^9 / 7), by Python for the last
		want := map[uint64]time.Duration{1: 0, 2: 1654857142857, 3: 3309714285714, 1_000_000: 1654855488000000000}[n]
		if got := o.due(o.offset(n)); got != want {
			t.Errorf("message %d is due at %d, want %d", n, got, want)
		}
	}
	for _, rate := range []netem.Rate{0, 1, 7, 64 * netem.Kbit, 500*netem.Mbit + 1, 1<<63 - 1} {
		for _, size := range []int{16, 1448, 65507} {
			o := oneWay{messages: messages{1 << 40, size}, rate: rate}
			p := o.pace(size)
			for n := uint64(1); n <= 1000; n++ {
				if got, want := p.next(), o.due(o.offset(n)); got != want {
					t.Fatalf("%d bit/s, %d bytes: message %d is due at %d, want %d", rate, size, n, got, want)
				}
			}
		}
	}
}
