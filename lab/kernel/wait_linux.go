package kernel

import (
	"time"

	"reliabilitylab/lab/host"
)

// A waitq is the programs that are blocked on one socket. They are all woken together, by the kernel's word that something
// has changed (epoll), by a deadline, or by Close, and each looks again for itself.
type waitq struct {
	w     *World
	tasks []host.Task
	armed time.Duration // when the clock will call; never: it was not asked
}

// wait blocks the running program until something may have changed or the deadline has come (never: none).
func (q *waitq) wait(deadline time.Duration) {
	me := q.w.blocking()
	q.join(me, deadline)
	q.w.Park()
	q.leave(me)
}

// blocking returns the program that is about to wait.
func (w *World) blocking() host.Task {
	me := w.Current()
	if me == nil {
		panic("kernel: a blocking call outside a program")
	}
	return me
}

// join has a program woken, at the deadline at the latest.
func (q *waitq) join(me host.Task, deadline time.Duration) {
	q.tasks = append(q.tasks, me)
	if deadline < q.armed {
		q.armed = deadline
		q.w.After(deadline-q.w.Now(), q.ring)
	}
}

// leave takes a program out that does not wait any more: it is still there if it was not wake that ended the wait.
func (q *waitq) leave(me host.Task) {
	for i, t := range q.tasks {
		if t == me {
			q.tasks = append(q.tasks[:i], q.tasks[i+1:]...)
			return
		}
	}
}

// ring is the clock's call. Those whose deadline is later wait again, and ask for another.
func (q *waitq) ring() {
	if q.w.Now() >= q.armed {
		q.armed = never
		q.wake()
	}
}

func (q *waitq) wake() {
	tasks := q.tasks
	q.tasks = q.tasks[:0]
	for _, t := range tasks {
		q.w.Wake(t)
	}
}

// deadline is the instant at which a call that begins now gives up: at once where it may not wait, never where there is no
// timeout (SO_RCVTIMEO, SO_SNDTIMEO).
func deadline(now, timeout time.Duration, mayNotWait bool) time.Duration {
	switch {
	case mayNotWait:
		return now
	case timeout == 0:
		return never
	}
	return now + timeout
}
