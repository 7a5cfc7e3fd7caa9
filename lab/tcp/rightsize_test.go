package tcp

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// A reader is a script whose Conn has a buffer that grows by itself, and whose peer sends segments of 1000 bytes, 100 ms away.
type reader struct {
	*script
	stamps bool
	seq    int
}

func newReader(t *testing.T, stamps bool, set func(*Config)) *reader {
	options := "win 65535 scale 7"
	if stamps {
		options += " ts 0/0"
	}
	s := established(t, 100*ms, options, func(c *Config) {
		c.Autotuning, c.WindowScaling, c.Timestamps, c.ReceiveBuffer = true, true, stamps, 6<<20
		if set != nil {
			set(c)
		}
	})
	return &reader{s, stamps, 5001}
}

// get delivers n segments now; those that have timestamps echo what was sent 100 ms ago.
func (r *reader) get(n int) {
	for range n {
		text := fmt.Sprintf("ACK seq %d ack 1 len 1000", r.seq)
		if r.stamps {
			text += fmt.Sprintf(" ts 0/%d", (r.now-100*ms)/ms)
		}
		r.in(text)
		r.seq += 1000
	}
}

// round lets a round trip pass, then n segments come, and the program reads them.
func (r *reader) round(n int) {
	r.t.Helper()
	r.after(100 * ms)
	r.get(n)
	r.read(1000*n, nil)
}

// offers demands the window that was offered last, but for less than a segment, which was not worth saying, and for what scaling
// rounds.
func (r *reader) offers(want int) {
	r.t.Helper()
	last := r.sent[len(r.sent)-1].s
	said := int(last.Ack + Seq(int(last.Window)<<r.c.scale) - r.c.next)
	if unit := 1 << r.c.scale; said >= want+unit || said <= want-1000-unit {
		r.t.Fatalf("at %v the window is %d, want %d", r.now, said, want)
	}
}

// What is read in a round trip doubles from one to the next, as in slow start: then the window is six times what was read in the last
// one, twice for what it will be and as often as much again for twice its growth. It begins with 64 KiB, which is enough for ten
// segments and for twenty, and ends with what there is to have.
func TestWindowOfSlowStart(t *testing.T) {
	for _, stamps := range []bool{true, false} {
		r := newReader(t, stamps, nil)
		r.after(0)
		if !stamps { // a first window is measured: its 65 segments take a round trip
			r.c.size.rtt = 100 * ms
		}
		for _, c := range []struct{ segments, window int }{
			{10, 64 << 10}, {20, 120_000}, {40, 240_000}, {80, 480_000}, {160, 960_000}, {320, 1_920_000}, {640, 3_840_000}, {1280, 6 << 20}, {2560, 6 << 20},
		} {
			r.round(c.segments)
			if r.c.size.goal != c.window {
				t.Fatalf("timestamps %v: after %d segments in a round trip the window is to become %d, want %d", stamps, c.segments, r.c.size.goal, c.window)
			}
		}
		r.after(100 * ms)
		r.get(40)
		r.offers(6<<20 - 40_000)
	}
}

// What is read stays the same: nothing grows. It grows by a half, from 30 to 45: 2 x 45 and as much again are 180. It falls:
// nothing shrinks.
func TestWindowOfSteadyFlow(t *testing.T) {
	r := newReader(t, true, nil)
	for _, c := range []struct{ segments, window int }{
		{20, 120_000}, {20, 120_000}, {30, 120_000}, {30, 120_000}, {45, 180_000}, {5, 180_000}, {44, 180_000}, {46, 180_000}, {92, 92 * 6_000},
	} {
		was := r.c.size.most
		r.round(c.segments)
		want := r.c.size.goal
		if n := 1000 * c.segments; n > was { // the arithmetic of the rule, beside the numbers worked out by hand
			want = max(want, 2*n+4*n*(n-was)/was)
		}
		if r.c.size.goal != c.window || want != c.window {
			t.Errorf("after %d segments in a round trip the window is to become %d, want %d", c.segments, r.c.size.goal, c.window)
		}
	}
}

// The buffer grows by two bytes for each that comes in order, so that the window says so in the ACKs that go anyway; those that tell
// of a gap are duplicates to the letter, with the window that was there (RFC 5681 section 2).
func TestBufferGrowsWithWhatComes(t *testing.T) {
	r := newReader(t, true, nil)
	r.round(20)
	for i := range 30 {
		r.sent = nil
		r.get(1)
		if want := min(64<<10+2000*(i+1), 120_000); r.c.buffer != want {
			t.Fatalf("%d bytes behind segment %d, want %d", r.c.buffer, i+1, want)
		}
		if len(r.sent) > 0 {
			r.offers(r.c.buffer - r.c.in.unread)
		}
		r.read(1000, nil)
	}
	for _, e := range r.sent {
		if e.s.Reason == "window update" {
			t.Error("a window update")
		}
	}

	r = newReader(t, true, nil)
	r.round(20)
	r.get(2)
	r.sent = nil
	hole := r.seq
	r.seq += 1000
	r.get(3)
	for i, e := range r.sent {
		if len(r.sent) != 3 || e.s.Ack != Seq(hole) || e.s.Window != r.sent[0].s.Window {
			t.Errorf("ACK %d of %d is %s, behind %s", i+1, len(r.sent), words(&e.s), words(&r.sent[0].s))
		}
	}
	r.seq = hole
	r.get(1)
	if want := 64<<10 + 2000*6; r.c.buffer != want {
		t.Errorf("%d bytes when the gap is filled, want %d", r.c.buffer, want)
	}
}

// A program that does not read what comes in a round trip, or reads less than before, leaves the window as it is.
func TestSlowReaderKeepsTheWindow(t *testing.T) {
	r := newReader(t, true, nil)
	for range 20 { // 20 segments come in a round trip, of which 10 are read; at last they are what the window lets through
		r.after(100 * ms)
		r.get(min(20, int(r.c.edge-r.c.next)/1000))
		r.read(10_000, nil)
		if r.c.buffer != 64<<10 || r.c.size.goal != 64<<10 {
			t.Fatalf("the buffer is %d, and to become %d", r.c.buffer, r.c.size.goal)
		}
	}
	if r.c.in.unread < 50_000 {
		t.Errorf("only %d bytes wait", r.c.in.unread)
	}
}

// The round trip as the receiver sees it: of echoes the least, and longer ones by an eighth, unless the program is behind; without
// timestamps the least time in which a window is used up.
func TestReceiverTimesTheSender(t *testing.T) {
	rtt := func(r *reader, want time.Duration) {
		t.Helper()
		if r.c.size.rtt != want {
			t.Fatalf("%v, want %v", r.c.size.rtt, want)
		}
	}
	r := newReader(t, true, nil)
	echo := func(len int, age time.Duration) {
		r.after(10 * ms)
		r.in(fmt.Sprintf("ACK seq %d ack 1 len %d ts 0/%d", r.seq, len, (r.now-age)/ms))
		r.seq += len
	}
	rtt(r, 0)
	echo(1000, 100*ms)
	rtt(r, 100*ms)
	r.read(1000, nil)
	echo(1000, 180*ms) // 100 + 80/8
	rtt(r, 110*ms)
	echo(1000, 190*ms) // 1000 bytes wait
	rtt(r, 110*ms)
	echo(1000, 80*ms)
	rtt(r, 80*ms)
	r.read(3000, nil)
	echo(999, 40*ms) // it has waited for its program, or for Nagle
	rtt(r, 80*ms)

	w := newReader(t, false, nil)
	w.round(30) // this begins a window of 65535 bytes
	for _, c := range []struct {
		segments int
		want     time.Duration
	}{{30, 0}, {7, 200 * ms}, {66, 100 * ms}, {30, 100 * ms}, {36, 100 * ms}} {
		w.round(c.segments)
		rtt(w, c.want)
	}
}

// What a program asks for it has at once, and nothing else after that. A buffer that may grow to less than 64 KiB begins with it.
func TestFixedReceiveBuffer(t *testing.T) {
	s := newScript(t, func(c *Config) { c.WindowScaling, c.ReceiveBuffer = true, 1<<20 })
	s.connect()
	s.out("SYN seq 0 win 65535")
	s.in("SYN,ACK seq 5000 ack 1 mss 1000 win 65535 scale 7")
	s.out(fmt.Sprintf("ACK seq 1 win %d", 1<<20>>s.c.scale))

	r := newReader(t, true, nil)
	r.c.SetReceiveBuffer(r.now, 100_000)
	for n := 10; n <= 80; n *= 2 {
		r.round(n)
	}
	if r.c.buffer != 100_000 {
		t.Errorf("%d bytes, after the program has asked for 100000", r.c.buffer)
	}
	small := newReader(t, true, func(c *Config) { c.ReceiveBuffer = 30_000 })
	small.round(20)
	small.round(25)
	if small.c.buffer != 30_000 {
		t.Errorf("%d bytes of 30000", small.c.buffer)
	}
}

// A path of 100 Mbit/s and 100 ms holds 833 segments, 1.2 MB. A window of 64 KiB, 45 segments, uses 45 of 834 of it and no more; one that grows
// fills it, and memory with it only where the program reads.
func TestLongFatPathIsFilled(t *testing.T) {
	const segment = 120 * time.Microsecond
	for _, grows := range []bool{true, false} {
		b := &bottleneck{segment: segment, limit: 1000, settled: 3 * time.Second, set: func(c *Config) {
			if c.Autotuning = grows; !grows {
				c.ReceiveBuffer = 64 << 10
			}
		}}
		used := b.through(t, "reno", 100*ms, 3*time.Second)
		low, high := 0.99, 1.001
		if !grows {
			want := 45 * segment.Seconds() / (100*ms + segment).Seconds()
			low, high = 0.97*want, 1.03*want
		}
		if used < low || used > high {
			t.Errorf("buffer grows %v: %.4f of the path is used, want %.4f to %.4f", grows, used, low, high)
		}
	}
}

// A program that reads 1 Mbit/s on that path: 12,500 bytes a round trip, for which 64 KiB are plenty. The sender is kept to what is read.
func TestSlowReaderOnALongFatPath(t *testing.T) {
	p := newPair(t, 50*ms)
	p.mute = true
	p.a.write = pattern(4 << 20)
	p.a.chunk = 65536
	p.b.pause, p.b.chunk = 10*ms, 1250
	p.a.connect()
	p.w.After(0, p.b.wake)
	if err := p.w.Run(context.Background(), 20*time.Second); err != nil {
		t.Fatal(err)
	}
	if got := p.b.got.Len(); got < 2_400_000 || got > 2_500_000 {
		t.Errorf("%d bytes read in 20 s of 125000 a second", got)
	}
	if p.b.c.buffer != 64<<10 || len(p.b.c.in.b) > 128<<10 {
		t.Errorf("a buffer of %d bytes, in memory %d", p.b.c.buffer, len(p.b.c.in.b))
	}
}
