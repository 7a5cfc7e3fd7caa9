// Package virtual is a world whose time is only counted: one loop calls functions in the order of (instant, asking),
// and jumps from each instant to the next. Programs are coroutines: one runs at a time, until it parks. Nothing here
// reads a wall clock, so the same experiment gives the same events on every machine.
package virtual

import (
	"context"
	"iter"
	"time"

	"reliabilitylab/lab/host"
)

// A World is a host.World in virtual time. It must be used from one goroutine.
type World struct {
	now     time.Duration
	queue   queue
	current *task
	tasks   []*task // all that have not ended
	closing bool
}

var _ host.World = (*World)(nil)

// New returns a world at instant zero in which nothing is going to happen yet.
func New() *World { return &World{} }

// Now implements netem.Clock.
func (w *World) Now() time.Duration { return w.now }

// After implements netem.Clock.
func (w *World) After(d time.Duration, f func()) {
	w.queue.add(w.now, w.now+max(0, d), f)
}

// Next returns the instant of the next event, if one is to come.
func (w *World) Next() (at time.Duration, some bool) { return w.queue.next() }

// Run implements host.World. After it returned, time stands at the last event, or at until if more is to come.
func (w *World) Run(ctx context.Context, until time.Duration) error {
	for n := 0; ; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		e, ok := w.queue.pop(until)
		if !ok {
			if !w.queue.empty() {
				w.now = max(w.now, until)
			}
			return nil
		}
		w.now = e.at
		e.f()
	}
}

// Close implements host.World: programs that are still parked are unwound (their deferred calls run).
func (w *World) Close() error {
	w.closing = true
	for len(w.tasks) > 0 {
		t := w.tasks[len(w.tasks)-1]
		w.current = t
		t.stop()
		t.ended()
	}
	w.current = nil
	return nil
}

// A task is one program: a coroutine.
type task struct {
	w          *World
	place      int // in w.tasks
	resume     func() (struct{}, bool)
	stop       func()
	yield      func(struct{}) bool
	parked     bool
	woken      bool   // run is in the queue, or the next Park returns at once
	run        func() // (*task).step, bound once
	alarm      func() // (*task).ring, bound once
	sleepUntil time.Duration
}

// stopped unwinds a program whose world is closed.
type stopped struct{}

// Go implements host.Scheduler.
func (w *World) Go(f func()) {
	t := &task{w: w, place: len(w.tasks), parked: true, woken: true}
	t.run, t.alarm = t.step, t.ring
	t.resume, t.stop = iter.Pull(func(yield func(struct{}) bool) {
		defer func() {
			if r := recover(); r != nil && r != (stopped{}) {
				panic(r)
			}
		}()
		t.yield = yield
		f()
	})
	w.tasks = append(w.tasks, t)
	w.After(0, t.run)
}

// step lets the program run until it parks or ends.
func (t *task) step() {
	t.parked, t.woken = false, false
	t.w.current = t
	_, alive := t.resume()
	t.w.current = nil
	if !alive {
		t.ended()
	}
}

// ended forgets the task.
func (t *task) ended() {
	all := t.w.tasks
	last := all[len(all)-1]
	all[t.place], last.place = last, t.place
	all[len(all)-1] = nil
	t.w.tasks = all[:len(all)-1]
}

// Current implements host.Scheduler.
func (w *World) Current() host.Task {
	if w.current == nil {
		return nil
	}
	return w.current
}

// Park implements host.Scheduler. It must be called by a program.
func (w *World) Park() {
	t := w.current
	if w.closing {
		panic(stopped{})
	}
	if t.woken {
		t.woken = false
		return
	}
	t.parked = true
	if !t.yield(struct{}{}) {
		panic(stopped{})
	}
}

// Wake implements host.Scheduler.
func (w *World) Wake(x host.Task) {
	t := x.(*task)
	if t.woken {
		return
	}
	t.woken = true
	if t.parked {
		w.After(0, t.run)
	}
}

// Sleep implements host.Scheduler.
func (w *World) Sleep(d time.Duration) {
	t := w.current
	t.sleepUntil = w.now + max(0, d)
	w.After(d, t.alarm)
	for {
		w.Park()
		if w.now >= t.sleepUntil {
			return
		}
	}
}

// ring ends a sleep. It is an event of its own, so the program can go on at once.
func (t *task) ring() {
	if t.w.now >= t.sleepUntil && t.parked && !t.woken {
		t.step()
	}
}
