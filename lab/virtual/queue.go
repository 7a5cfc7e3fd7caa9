package virtual

import "time"

// An event is a function and when to call it. Events are called by (at, order): order is the number of the asking, so
// that equal instants are never luck.
type event struct {
	at    time.Duration
	order uint64
	f     func()
}

func (a *event) before(b *event) bool {
	return a.at < b.at || a.at == b.at && a.order < b.order
}

// queue holds what is to come: a 4-ary heap for later instants and a ring for this one. What is asked for "now" comes
// in order already, so waking a program costs no heap operation.
type queue struct {
	order uint64
	heap  []event
	now   ring
}

// add puts f in at instant at, which is not before the present instant now.
func (q *queue) add(now, at time.Duration, f func()) {
	q.order++
	e := event{at, q.order, f}
	if at == now {
		q.now.push(e)
		return
	}
	h := append(q.heap, e)
	i := len(h) - 1
	for i > 0 {
		parent := (i - 1) / 4
		if !e.before(&h[parent]) {
			break
		}
		h[i] = h[parent]
		i = parent
	}
	h[i] = e
	q.heap = h
}

// empty tells whether nothing is to come.
func (q *queue) empty() bool { return q.now.n == 0 && len(q.heap) == 0 }

// next returns the instant of the next event, if there is one.
func (q *queue) next() (at time.Duration, some bool) {
	if q.now.n > 0 {
		return q.now.first().at, true // this instant, before which nothing can be
	}
	if len(q.heap) == 0 {
		return 0, false
	}
	return q.heap[0].at, true
}

// pop takes the next event out, if it is due at until or before.
func (q *queue) pop(until time.Duration) (e event, ok bool) {
	if q.now.n > 0 {
		if r := q.now.first(); len(q.heap) == 0 || r.before(&q.heap[0]) {
			if r.at > until {
				return event{}, false
			}
			return q.now.pop(), true
		}
	}
	if len(q.heap) == 0 || q.heap[0].at > until {
		return event{}, false
	}
	return q.popHeap(), true
}

// popHeap takes the earliest event out of the heap.
func (q *queue) popHeap() event {
	h := q.heap
	top := h[0]
	last := h[len(h)-1]
	h[len(h)-1] = event{}
	h = h[:len(h)-1]
	q.heap = h
	if len(h) == 0 {
		return top
	}
	i := 0
	for {
		c := 4*i + 1
		if c >= len(h) {
			break
		}
		least := c
		for k := c + 1; k < min(c+4, len(h)); k++ {
			if h[k].before(&h[least]) {
				least = k
			}
		}
		if !h[least].before(&last) {
			break
		}
		h[i] = h[least]
		i = least
	}
	h[i] = last
	return top
}

// ring is a queue of events in order of asking; its length is a power of two.
type ring struct {
	e       []event
	head, n int
}

func (r *ring) first() *event { return &r.e[r.head] }

func (r *ring) push(e event) {
	if r.n == len(r.e) {
		grown := make([]event, max(16, 2*len(r.e)))
		for i := range r.n {
			grown[i] = r.e[(r.head+i)&(len(r.e)-1)]
		}
		r.e, r.head = grown, 0
	}
	r.e[(r.head+r.n)&(len(r.e)-1)] = e
	r.n++
}

func (r *ring) pop() event {
	e := r.e[r.head]
	r.e[r.head] = event{}
	r.head = (r.head + 1) & (len(r.e) - 1)
	r.n--
	return e
}
