package app

import (
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"syscall"
	"testing"
	"time"

	"reliabilitylab/netem"
)

// arqCase is a hand-made protocol with a window of 4 messages of 100 bytes; of the file's ten the last has 20.
func arqCase(protocol string, from netem.Direction) Program {
	return Program{App: "transfer", Protocol: protocol, From: from, Size: 920, Message: 100, Window: 4, Timeout: 50 * ms}
}

// The format is documented: this is a datagram written by hand, with zlib's CRC-32 worked out elsewhere (Python's zlib.crc32).
func TestNumberedDatagram(t *testing.T) {
	b := append(make([]byte, netem.NumberedSize), "hello"...)
	netem.Numbered{Sort: netem.SortData, Why: netem.WhyTimeout, Number: 0x01020304}.Put(b)
	if want := "RLnd\x01\x01\x00\x00\x01\x02\x03\x04\x97\xc1\x1f\xc2hello"; string(b) != want {
		t.Errorf("%q, want %q; CRC %08x", b, want, crc32.ChecksumIEEE([]byte("RLnd\x01\x01\x00\x00\x01\x02\x03\x04\x00\x00\x00\x00hello")))
	}
	for i := range b {
		for bit := range 8 {
			b[i] ^= 1 << bit
			if _, ok := numbered(b); ok {
				t.Errorf("bit %d of byte %d flipped, and nobody sees it", bit, i)
			}
			b[i] ^= 1 << bit
		}
	}
}

func TestARQDeliversAll(t *testing.T) {
	for _, protocol := range handMade {
		for _, from := range []netem.Direction{netem.Forward, netem.Reverse} {
			t.Run(protocol+" "+from.String(), func(t *testing.T) {
				r := talk(newWire(t), arqCase(protocol, from))
				r.check(t)
				r.checkSent(t, 10, 100, 20)
				expect(t, "delivered", r.order(), upTo(10))
			})
		}
	}
}

// What a step of the textbooks' drawings takes: 10 ms each way, messages at once, timeout 50 ms. The instants are those at which
// the program had each message.
func TestARQRepairs(t *testing.T) {
	drop := func(dropped ...int) func(int, string, []byte) []arrival {
		return func(n int, _ string, b []byte) []arrival {
			if slices.Contains(dropped, n) {
				return nil
			}
			return []arrival{{0, b}}
		}
	}
	at := func(ms ...int) (out []time.Duration) {
		for _, m := range ms {
			out = append(out, time.Duration(m)*time.Millisecond)
		}
		return out
	}
	for _, c := range []struct {
		protocol string
		what     string
		fate     func(int, string, []byte) []arrival
		want     []time.Duration
		packets  int // all datagrams of both
	}{
		// data 1, ACK, data 2 … end, its ACK
		{"stop-and-wait", "nothing", nil, at(10, 30, 50, 70, 90, 110, 130, 150, 170, 190), 22},
		// data 2 (the third datagram) is lost: 50 ms later again
		{"stop-and-wait", "data", drop(3), at(10, 80, 100, 120, 140, 160, 180, 200, 220, 240), 23},
		// ACK 2 is lost: 2 arrives twice, and the program has it once
		{"stop-and-wait", "ACK", drop(4), at(10, 30, 100, 120, 140, 160, 180, 200, 220, 240), 24},
		// four at 0, four at 20, two at 40
		{"go-back-n", "nothing", nil, at(10, 10, 10, 10, 30, 30, 30, 30, 50, 50), 22},
		// 2 is lost at 0; ACK 1 lets 5 go at 20, and starts the timer anew; 2, 3, 4, 5 again at 70; 6 to 9 at 90, 10 at 110: 5 + 4 +
		// 5 data, an ACK for each that arrives, end and its ACK
		{"go-back-n", "data", drop(2), at(10, 80, 80, 80, 80, 100, 100, 100, 100, 120), 29},
		// ACK 2, the sixth datagram, is lost, and ACK 3 says the same
		{"go-back-n", "ACK", drop(6), at(10, 10, 10, 10, 30, 30, 30, 30, 50, 50), 22},
		{"selective-repeat", "nothing", nil, at(10, 10, 10, 10, 30, 30, 30, 30, 50, 50), 22},
		// 2 is lost at 0 and again on its way at 50; what came behind it is delivered with it
		{"selective-repeat", "data", drop(2), at(10, 60, 60, 60, 60, 80, 80, 80, 80, 100), 23},
		// ACK 2 is lost: 5 goes at 20, the window waits for 2 until 50
		{"selective-repeat", "ACK", drop(6), at(10, 10, 10, 10, 30, 80, 80, 80, 80, 100), 24},
	} {
		t.Run(c.protocol+", lost "+c.what, func(t *testing.T) {
			n := newWire(t)
			n.fate = c.fate
			r := talk(n, arqCase(c.protocol, netem.Forward))
			r.check(t)
			expect(t, "delivered", r.order(), upTo(10))
			var got []time.Duration
			for _, d := range r.delivered {
				got = append(got, d.at)
			}
			expect(t, "at", got, c.want)
			if n.count != c.packets {
				t.Errorf("%d datagrams, want %d", n.count, c.packets)
			}
		})
	}
}

// Random paths, with loss, copies, reordering and damage both ways: the stream that comes out is the one that went in, each message
// once and intact, and both ends return.
func TestARQOverRandomPaths(t *testing.T) {
	trials := 2000
	if testing.Short() {
		trials = 100
	}
	for seed := range uint64(trials) {
		dice := netem.NewStream(seed).Sub("arq")
		draws := uint64(0)
		below := func(n uint64) uint64 { draws++; return netem.Below(dice.At(draws, 0), n) }
		p := Program{
			App: "transfer", Protocol: handMade[below(3)], From: netem.Direction(below(2)), Message: 16 + int(below(200)),
			Window: 1 + int(below(40)), Timeout: time.Duration(below(3)) * 100 * ms,
		}
		p.Size = int64(1 + below(100*uint64(p.Message)))
		worst := 1 + below(15) // per cent, of each
		n := newWire(t)
		n.fate = func(_ int, _ string, b []byte) []arrival {
			var all []arrival
			for range 1 + below(100)/(100-worst) {
				if below(100) < worst {
					continue
				}
				a := arrival{time.Duration(below(worst)) * ms, slices.Clone(b)}
				if below(100) < worst {
					a.b[below(uint64(len(b)))] ^= 1 << below(8)
				}
				all = append(all, a)
			}
			return all
		}
		r := talk(n, p)
		name := fmt.Sprintf("seed %d, %+v", seed, p)
		if errors.Is(r.client, syscall.ETIMEDOUT) || errors.Is(r.server, syscall.ETIMEDOUT) {
			t.Errorf("%s: given up: %v, %v", name, r.client, r.server)
			continue
		}
		if r.client != nil || r.server != nil {
			t.Errorf("%s: client %v, server %v", name, r.client, r.server)
		}
		m := messages{p.Size, p.Message}
		if got := r.order(); !slices.Equal(got, upTo(int(m.count()))) {
			t.Errorf("%s: delivered %v of %d", name, got, m.count())
		}
	}
}

// Nobody there is an error; a peer that falls silent is one after a while.
func TestARQGivesUp(t *testing.T) {
	for _, protocol := range handMade {
		p := arqCase(protocol, netem.Forward)
		n := newWire(t)
		client := n.host("client", "10.0.0.1")
		var got error
		client.Go(func() { got = p.Client(client, serverAddr) })
		n.run()
		if !errors.Is(got, syscall.ECONNREFUSED) {
			t.Errorf("%s to nobody: %v", protocol, got)
		}
		n = newWire(t)
		n.fate = func(i int, _ string, b []byte) []arrival {
			if i > 4 {
				return nil
			}
			return []arrival{{0, b}}
		}
		r := talk(n, p)
		if !errors.Is(r.client, syscall.ETIMEDOUT) || !errors.Is(r.server, syscall.ETIMEDOUT) {
			t.Errorf("%s in a dead path: client %v, server %v", protocol, r.client, r.server)
		}
		if r.clientAt < hopeless || r.clientAt > hopeless+10*time.Second {
			t.Errorf("%s gave up after %v", protocol, r.clientAt)
		}
	}
}

// RFC 6298 section 2 by hand: R = 100 ms, then 200 ms.
func TestRTO(t *testing.T) {
	r := newRTO(0)
	if r.after(0) != time.Second || r.after(2) != 4*time.Second {
		t.Errorf("before any round trip: %v, %v", r.after(0), r.after(2))
	}
	r.measured(100 * ms) // SRTT 100, RTTVAR 50
	if got := r.after(0); got != 300*ms {
		t.Errorf("after one: %v, want 300ms", got)
	}
	r.measured(200 * ms) // RTTVAR 3/4*50 + 1/4*100 = 62.5, SRTT 7/8*100 + 1/8*200 = 112.5
	if got := r.after(0); got != 362500*time.Microsecond {
		t.Errorf("after two: %v, want 362.5ms", got)
	}
	if got := r.after(100); got != time.Minute {
		t.Errorf("at the longest: %v", got)
	}
	if f := newRTO(70 * ms); f.after(0) != 70*ms || f.after(9) != 70*ms {
		t.Errorf("fixed: %v, %v", f.after(0), f.after(9))
	}
}
