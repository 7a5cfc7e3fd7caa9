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
	me := q.w.Current()
	if me == nil {
		panic("kernel: a blocking call outside a program")
	}
	q.tasks = append(q.tasks, me)
	if deadline < q.armed {
		q.armed = deadline
		q.w.After(deadline-q.w.Now(), q.ring)
	}
	q.w.Park()
	for i, t := range q.tasks { // still there if it was not wake that ended the wait
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

// deadline is the instant at which a call that begins now gives up: timeout 0 is never (SO_RCVTIMEO).
func deadline(now, timeout time.Duration) time.Duration {
	if timeout == 0 {
		return never
	}
	return now + timeout
}
