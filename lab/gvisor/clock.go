package gvisor

import (
	"container/heap"
	"sync"
	"sync/atomic"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// epoch is where the stack's calendar begins: lab time zero. (Sequence numbers are made of it, so it is the same always.)
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// A clock is the world's time as the stack's goroutines see it. It stands still while they run. A timer that they set
// waits here; the host asks the world for one call at the earliest, and calls what is due one by one.
type clock struct {
	now atomic.Int64 // lab time, nanoseconds
	ops atomic.Int64 // how often anything was set or stopped

	mu     sync.Mutex
	asked  uint64
	timers timers
}

// Now implements tcpip.Clock.
func (c *clock) Now() time.Time { return epoch.Add(time.Duration(c.now.Load())) }

// NowMonotonic implements tcpip.Clock.
func (c *clock) NowMonotonic() tcpip.MonotonicTime {
	var zero tcpip.MonotonicTime
	return zero.Add(time.Duration(c.now.Load()))
}

// AfterFunc implements tcpip.Clock.
func (c *clock) AfterFunc(d time.Duration, f func()) tcpip.Timer {
	t := &timer{c: c, f: f, place: -1}
	t.Reset(d)
	return t
}

// next returns the instant of the earliest timer, if there is one.
func (c *clock) next() (at time.Duration, some bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.timers) == 0 {
		return 0, false
	}
	return c.timers[0].at, true
}

// due takes the first of the timers whose time has come, or returns nil.
func (c *clock) due(now time.Duration) *timer {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.timers) == 0 || c.timers[0].at > now {
		return nil
	}
	return heap.Pop(&c.timers).(*timer)
}

// A timer is one of the stack's. It implements tcpip.Timer.
type timer struct {
	c     *clock
	f     func()
	at    time.Duration
	order uint64
	place int // in c.timers, or -1
}

// Stop implements tcpip.Timer.
func (t *timer) Stop() bool {
	t.c.ops.Add(1)
	t.c.mu.Lock()
	defer t.c.mu.Unlock()
	if t.place < 0 {
		return false
	}
	heap.Remove(&t.c.timers, t.place)
	return true
}

// Reset implements tcpip.Timer.
func (t *timer) Reset(d time.Duration) {
	t.c.ops.Add(1)
	t.c.mu.Lock()
	defer t.c.mu.Unlock()
	if t.place >= 0 {
		heap.Remove(&t.c.timers, t.place)
	}
	t.c.asked++
	t.at, t.order = time.Duration(t.c.now.Load())+max(0, d), t.c.asked
	heap.Push(&t.c.timers, t)
}

// timers is a heap by (instant, order of asking).
type timers []*timer

func (h timers) Len() int { return len(h) }

func (h timers) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].order < h[j].order
}

func (h timers) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push implements heap.Interface.
func (h *timers) Push(x any) {
	t := x.(*timer)
	t.place = len(*h)
	*h = append(*h, t)
}

// Pop implements heap.Interface.
func (h *timers) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.place = -1
	return t
}
