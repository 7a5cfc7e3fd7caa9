package tcp

import (
	"fmt"
	"testing"
	"time"

	"reliabilitylab/lab/host"
)

// A benchWire joins two Conns in one loop: what is sent arrives one delay later, in order, copied once each way. It has no
// packets, no checksums and no event queue, so that what is measured is the Conns.
type benchWire struct {
	ends    [2]*benchEnd
	now     time.Duration
	delay   time.Duration
	every   int // every so many of A's segments are lost; 0: none
	sent    int
	scratch []byte
}

type benchEnd struct {
	w      *benchWire
	c      *Conn
	flying []benchSegment // a ring: what this end has sent
	head   int
	n      int
}

type benchSegment struct {
	at   time.Duration
	s    Segment
	data [1500]byte
}

func (e *benchEnd) output(s *Segment) {
	e.w.sent++
	if e == e.w.ends[0] && e.w.every > 0 && e.w.sent%e.w.every == 0 && len(s.Payload) > 0 {
		return
	}
	if e.n == len(e.flying) {
		grown := make([]benchSegment, max(64, 2*e.n))
		for i := range e.n {
			f := &grown[i]
			*f = e.flying[(e.head+i)%e.n]
			f.s.Payload = f.data[:len(f.s.Payload)]
		}
		e.flying, e.head = grown, 0
	}
	f := &e.flying[(e.head+e.n)%len(e.flying)]
	e.n++
	f.at, f.s = e.w.now+e.w.delay, *s
	k := copy(f.data[:], s.Payload)
	k += copy(f.data[k:], s.More)
	f.s.Payload, f.s.More = f.data[:k], nil
}

// step does the next thing.
func (w *benchWire) step() {
	at, what := w.ends[0].c.Deadline(), 0
	if d := w.ends[1].c.Deadline(); d < at {
		at, what = d, 1
	}
	for i, e := range w.ends {
		if e.n > 0 && e.flying[e.head].at <= at {
			at, what = e.flying[e.head].at, 2+i
		}
	}
	w.now = at
	switch what {
	case 0, 1:
		w.ends[what].c.Expire(at)
	default:
		e := w.ends[what-2]
		f := &e.flying[e.head]
		e.head = (e.head + 1) % len(e.flying)
		e.n--
		w.ends[3-what].c.Deliver(at, &f.s)
	}
}

func newBenchWire(set func(*Config), observed bool) *benchWire {
	w := &benchWire{delay: 10 * ms, scratch: make([]byte, 1<<16)}
	for i := range w.ends {
		w.ends[i] = &benchEnd{w: w}
	}
	cfg := Defaults(1460)
	if set != nil {
		set(&cfg)
	}
	env := func(e *benchEnd) Env {
		v := Env{Output: e.output, Notify: func() {}}
		if observed {
			v.Change = func(host.TCPInfo) {}
		}
		return v
	}
	w.ends[0].c = Connect(cfg, env(w.ends[0]), 0, 0)
	syn := &w.ends[0].flying[0].s
	w.ends[0].head, w.ends[0].n = 1, 0
	w.ends[1].c = Accept(cfg, env(w.ends[1]), 0, 0, syn)
	return w
}

// transfer moves bytes from A to B.
func (w *benchWire) transfer(bytes int) {
	a, b := w.ends[0].c, w.ends[1].c
	for written, read := 0, 0; read < bytes; {
		for written < bytes {
			n, err := a.Write(w.now, w.scratch[:min(len(w.scratch), bytes-written)])
			if err != nil {
				panic(err)
			}
			if n == 0 {
				break
			}
			written += n
		}
		w.step()
		for {
			n, err := b.Read(w.now, w.scratch)
			if err != nil {
				panic(err)
			}
			if n == 0 {
				break
			}
			read += n
		}
	}
}

// BenchmarkConn is the cost of a segment, data or ACK, at both its ends together.
func BenchmarkConn(b *testing.B) {
	for _, k := range []struct {
		name     string
		every    int
		recovery string
		observed bool
	}{
		{"clean", 0, "sack", false}, {"observed", 0, "sack", true},
		{"sack, 1 of 100 lost", 100, "sack", false}, {"newreno, 1 of 100 lost", 100, "newreno", false},
		{"sack, 1 of 1000 lost", 1000, "sack", false},
		{"rack", 0, "rack", false}, {"rack, 1 of 100 lost", 100, "rack", false}, {"rack, 1 of 1000 lost", 1000, "rack", false},
	} {
		b.Run(k.name, func(b *testing.B) {
			w := newBenchWire(func(c *Config) {
				c.Recovery, c.SACK = k.recovery, k.recovery != "newreno"
				c.ReceiveBuffer = 1 << 20
			}, k.observed)
			w.every = k.every
			w.transfer(4 << 20) // the rings and buffers have grown
			b.ReportAllocs()
			w.sent = 0
			b.ResetTimer()
			for w.sent < b.N {
				w.transfer(1 << 20)
			}
			b.ReportMetric(float64(w.sent)/b.Elapsed().Seconds(), "segments/s")
		})
	}
}

// BenchmarkRecovery is a scoreboard with one hole in front of n segments, of which each ACK says one more; with RACK's row
// the hole is waited for, so that it is looked at for each ACK.
func BenchmarkRecovery(b *testing.B) {
	for _, rack := range []bool{false, true} {
		for _, n := range []int{100, 1000, 10000} {
			b.Run(fmt.Sprintf("rack %v, %d", rack, n), func(b *testing.B) {
				b.ReportAllocs()
				for i := 0; i < b.N; {
					var board scoreboard
					if rack {
						board.time = newTimeline(0)
					}
					for k := range n {
						board.push(sent{seq: Seq(1000 * k), end: Seq(1000*k + 1000), at: time.Duration(k)})
					}
					for k := 1; k < n && i < b.N; k++ {
						board.time.begin(time.Duration(n + k))
						board.sack([]Block{{1000, Seq(1000*k + 1000)}})
						if rack {
							board.settle()
							board.overdue(time.Duration(n+k), time.Hour, byTime)
						} else {
							board.judge(1000)
						}
						i++
					}
				}
			})
		}
	}
}

// BenchmarkCongestion is the cost of a segment, data or ACK, at both its ends together, for each control, with one in a
// thousand lost.
func BenchmarkCongestion(b *testing.B) {
	for _, k := range Congestions {
		b.Run(k.Name, func(b *testing.B) {
			w := newBenchWire(func(c *Config) {
				c.Congestion, c.Recovery = k.Name, "rack"
				c.ReceiveBuffer = 1 << 20
			}, false)
			w.every = 1000
			w.transfer(4 << 20)
			b.ReportAllocs()
			w.sent = 0
			b.ResetTimer()
			for w.sent < b.N {
				w.transfer(1 << 20)
			}
			b.ReportMetric(float64(w.sent)/b.Elapsed().Seconds(), "segments/s")
		})
	}
}
