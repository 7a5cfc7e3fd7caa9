package inet

import (
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/tcp"
)

// A waitq is the programs that are blocked on one thing. They are all woken together, and each looks again for itself.
type waitq struct {
	s       host.Scheduler
	tasks   []host.Task
	wakes   int    // how often wake was called
	timeout *timer // made when the first program waits with a deadline
}

// wait blocks the running program until wake, until the deadline (tcp.Never: none), or for no reason; the caller looks
// again at what it waits for. seen is what wakes was before the caller looked: if it has moved since (what the caller did
// may have been answered at once), there is no wait.
func (w *waitq) wait(seen int, deadline time.Duration) {
	if w.wakes != seen {
		return
	}
	me := blocking(w.s)
	w.tasks = append(w.tasks, me)
	if deadline != tcp.Never {
		w.alarm(deadline)
	}
	w.s.Park()
	w.leave(me)
}

// blocking returns the program that is about to wait.
func blocking(s host.Scheduler) host.Task {
	me := s.Current()
	if me == nil {
		panic("inet: a blocking call outside a program")
	}
	return me
}

// leave takes a program out that does not wait any more: it is still there if it was not wake that ended the wait.
func (w *waitq) leave(me host.Task) {
	for i, t := range w.tasks {
		if t == me {
			w.tasks = append(w.tasks[:i], w.tasks[i+1:]...)
			return
		}
	}
}

func (w *waitq) alarm(at time.Duration) {
	if w.timeout == nil {
		w.timeout = new(timer)
		w.timeout.init(w.s, w.wake)
	}
	w.timeout.set(min(at, w.timeout.want))
}

// wake lets all go on.
func (w *waitq) wake() {
	w.wakes++
	tasks := w.tasks
	w.tasks = w.tasks[:0]
	for _, t := range tasks {
		w.s.Wake(t)
	}
}

// deadline is the instant at which a call that begins now gives up: at once where it may not wait, never where there is no
// timeout (SO_RCVTIMEO, SO_SNDTIMEO).
func deadline(now, timeout time.Duration, mayNotWait bool) time.Duration {
	switch {
	case mayNotWait:
		return now
	case timeout == 0:
		return tcp.Never
	}
	return now + timeout
}
