package gvisor

import (
	"slices"
	"time"

	"reliabilitylab/lab/host"
)

// A waitq is the programs that are blocked on one socket. They are all woken together, and each looks again for itself.
type waitq struct {
	s     host.Scheduler
	tasks []host.Task
	wakes int // how often wake was called
}

// wait blocks the running program until wake or the deadline; the caller looks again. seen is what wakes was before the
// caller looked: if it has moved since, there is no wait.
func (w *waitq) wait(seen int, deadline time.Duration) {
	if w.wakes != seen {
		return
	}
	me := w.s.Current()
	w.tasks = append(w.tasks, me)
	if deadline != never {
		w.s.After(deadline-w.s.Now(), w.wake)
	}
	w.s.Park()
	w.leave(me)
}

// leave takes a program out that does not wait any more.
func (w *waitq) leave(me host.Task) {
	w.tasks = slices.DeleteFunc(w.tasks, func(t host.Task) bool { return t == me })
}

// wake lets all go on.
func (w *waitq) wake() {
	w.wakes++
	tasks := w.tasks
	w.tasks = nil
	for _, t := range tasks {
		w.s.Wake(t)
	}
}
