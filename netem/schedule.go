package netem

import "time"

// A schedule holds packets until their instants, which come in any order; packets of the same instant leave in the order
// of their numbers. It is a binary heap by (due, order), and asks the clock for one call for each packet: since no call
// can be taken back, that is the least that never comes too late.
type schedule struct {
	clock Clock
	out   func(p *Packet, order uint64)
	heap  []appointment
	wake  func() // release, bound once so that asking allocates nothing
}

type appointment struct {
	due   time.Duration
	order uint64
	p     *Packet
}

func (a *appointment) before(b *appointment) bool {
	return a.due < b.due || a.due == b.due && a.order < b.order
}

func newSchedule(clock Clock, out func(p *Packet, order uint64)) *schedule {
	s := &schedule{clock: clock, out: out}
	s.wake = s.release
	return s
}

// add takes p, to be passed on after d.
func (s *schedule) add(p *Packet, order uint64, d time.Duration) {
	a := appointment{s.clock.Now() + d, order, p}
	i := len(s.heap)
	s.heap = append(s.heap, a)
	for i > 0 {
		up := (i - 1) / 2
		if !a.before(&s.heap[up]) {
			break
		}
		s.heap[i] = s.heap[up]
		i = up
	}
	s.heap[i] = a
	s.clock.After(d, s.wake)
}

// release passes on all that is due: one packet on a clock that calls at the very instant, more on one that is late.
func (s *schedule) release() {
	now := s.clock.Now()
	for len(s.heap) > 0 && s.heap[0].due <= now {
		a := s.pop()
		s.out(a.p, a.order)
	}
}

func (s *schedule) pop() appointment {
	first := s.heap[0]
	n := len(s.heap) - 1
	a := s.heap[n]
	s.heap[n] = appointment{}
	s.heap = s.heap[:n]
	i := 0
	for {
		down := 2*i + 1
		if down >= n {
			break
		}
		if down+1 < n && s.heap[down+1].before(&s.heap[down]) {
			down++
		}
		if !s.heap[down].before(&a) {
			break
		}
		s.heap[i] = s.heap[down]
		i = down
	}
	if n > 0 {
		s.heap[i] = a
	}
	return first
}
