package netem

import (
	"container/heap"
	"encoding/binary"
	"math"
	"testing"
	"time"
)

// testClock calls functions by (time, order).
type testClock struct {
	now   time.Duration
	order uint64
	calls callHeap
	asked int // how many calls were ever asked for
}

type call struct {
	at    time.Duration
	order uint64
	f     func()
}

type callHeap []call

func (h callHeap) Len() int { return len(h) }
func (h callHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].order < h[j].order
}
func (h callHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *callHeap) Push(c any)   { *h = append(*h, c.(call)) }
func (h *callHeap) Pop() any {
	c := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return c
}

func (c *testClock) Now() time.Duration { return c.now }

func (c *testClock) After(d time.Duration, f func()) {
	c.order++
	c.asked++
	heap.Push(&c.calls, call{c.now + max(0, d), c.order, f})
}

// step makes the next call; false if there is none.
func (c *testClock) step() bool {
	if len(c.calls) == 0 {
		return false
	}
	next := heap.Pop(&c.calls).(call)
	c.now = next.at
	next.f()
	return true
}

func (c *testClock) run() {
	for c.step() {
	}
}

// runTo makes all calls up to and at t, and makes it t.
func (c *testClock) runTo(t time.Duration) {
	for len(c.calls) > 0 && c.calls[0].at <= t {
		c.step()
	}
	c.now = t
}

// A world puts packets into a stage behind an Entry and notes what becomes of them.
type world struct {
	testClock
	pool   Pool
	env    Env
	port   Port
	in     int
	copies int
	out    []event
	dead   []event
	queue  []int
	sent   [][]byte // what a test remembers of what it put in
}

// An event is a packet that came out or died.
type event struct {
	at    time.Duration
	cause Cause // of death
	*Packet
}

func newWorld(seed uint64, stages ...Stage) *world {
	pipe := Pipe{{"entry", Entry{}}}
	for _, s := range stages {
		pipe = append(pipe, Step{"stage", s})
	}
	return newWorldOf(seed, pipe)
}

func newWorldOf(seed uint64, pipe Pipe) *world {
	w := new(world)
	w.env = Env{
		Clock: w,
		Rand:  NewStream(seed),
		Drop:  func(p *Packet, c Cause) { w.dead = append(w.dead, event{w.now, c, p}) },
		Copy:  func(p *Packet) *Packet { w.copies++; return w.pool.Copy(p) },
		Queue: func(n int) { w.queue = append(w.queue, n) },

		Weather: NewStream(seed).Sub("weather"),
	}
	w.port = pipe.Attach(w.env, func(p *Packet) { w.out = append(w.out, event{w.now, "", p}) })
	return w
}

// put puts a packet with these bytes on the path now and returns it.
func (w *world) put(b []byte) *Packet {
	w.in++
	w.pool.last++
	p := &Packet{ID: w.pool.last, Data: b, Sound: true}
	w.port(p)
	return p
}

// ids are the IDs of the packets that came out, in order; that of a copy is its original's, negative.
func (w *world) ids() []int {
	ids := []int{}
	for _, e := range w.out {
		if e.Of != 0 {
			ids = append(ids, -int(e.Of))
		} else {
			ids = append(ids, int(e.ID))
		}
	}
	return ids
}

// deaths are the IDs of the packets that died.
func (w *world) deaths() []int {
	ids := []int{}
	for _, e := range w.dead {
		ids = append(ids, int(e.ID))
	}
	return ids
}

// ipv4 returns a packet from 10.0.0.1 to 10.0.0.2 with its header checksum.
func ipv4(proto Protocol, transport []byte) []byte {
	b := make([]byte, 20, 20+len(transport))
	b[0] = 0x45
	binary.BigEndian.PutUint16(b[2:], uint16(20+len(transport)))
	b[8], b[9] = 64, byte(proto)
	copy(b[12:], []byte{10, 0, 0, 1, 10, 0, 0, 2})
	binary.BigEndian.PutUint16(b[10:], ^sum16(b, 0))
	return append(b, transport...)
}

// ipv6 returns a packet from fd00::1 to fd00::2.
func ipv6(proto Protocol, transport []byte) []byte {
	b := make([]byte, 40, 40+len(transport))
	b[0] = 0x60
	binary.BigEndian.PutUint16(b[4:], uint16(len(transport)))
	b[6], b[7] = byte(proto), 64
	b[8], b[23], b[24], b[39] = 0xfd, 1, 0xfd, 2
	return append(b, transport...)
}

// sum16 is the one's complement sum of RFC 1071, the plain way.
func sum16(b []byte, start uint32) uint16 {
	s := start
	for i, c := range b {
		if i%2 == 0 {
			s += uint32(c) << 8
		} else {
			s += uint32(c)
		}
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}

// transportSum sums an ipv4 packet's pseudo header and transport part: 0xffff if its checksum is right.
func transportSum(b []byte) uint16 {
	t := b[20:]
	return sum16(t, uint32(sum16(b[12:20], 0))+uint32(b[9])+uint32(len(t)))
}

// udp returns a datagram with n bytes of payload and its checksum.
func udp(n int) []byte {
	t := make([]byte, 8+n)
	binary.BigEndian.PutUint16(t, 5000)
	binary.BigEndian.PutUint16(t[2:], 6000)
	binary.BigEndian.PutUint16(t[4:], uint16(len(t)))
	for i := range n {
		t[8+i] = byte(37 * i)
	}
	b := ipv4(UDP, t)
	binary.BigEndian.PutUint16(b[26:], ^transportSum(b))
	return b
}

// tcp returns a segment with n bytes of payload and its checksum.
func tcp(flags Flags, seq uint32, n int) []byte {
	t := make([]byte, 20+n)
	binary.BigEndian.PutUint16(t, 5000)
	binary.BigEndian.PutUint16(t[2:], 6000)
	binary.BigEndian.PutUint32(t[4:], seq)
	binary.BigEndian.PutUint32(t[8:], 77)
	t[12], t[13] = 5<<4, byte(flags)
	binary.BigEndian.PutUint16(t[14:], 1000)
	for i := range n {
		t[20+i] = byte(37 * i)
	}
	b := ipv4(TCP, t)
	binary.BigEndian.PutUint16(b[36:], ^transportSum(b))
	return b
}

// tail is the two-sided normal quantile for one false alarm in a million; all random tests are seeded, so each of them
// either always passes or always fails.
const tail = 4.8916

// checkMean fails unless got lies within tail standard errors of want.
func checkMean(t *testing.T, what string, got, want, standardError float64) {
	t.Helper()
	if math.Abs(got-want) > tail*standardError {
		t.Errorf("%s is %.6g, want %.6g ± %.2g", what, got, want, tail*standardError)
	}
}

// checkRatio is checkMean for k hits of n independent trials.
func checkRatio(t *testing.T, what string, k, n int, p float64) {
	t.Helper()
	checkMean(t, what, float64(k)/float64(n), p, math.Sqrt(p*(1-p)/float64(n)))
}
