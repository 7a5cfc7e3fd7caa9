package gvisor

import (
	"time"

	"gvisor.dev/gvisor/pkg/waiter"

	"reliabilitylab/lab/host"
)

// Poll implements host.Host.
func (h *Host) Poll(fds []host.PollFD, timeout time.Duration) (int, error) {
	limit := never
	if timeout >= 0 {
		limit = h.s.Now() + timeout
	}
	for {
		n := 0
		for i := range fds {
			f := &fds[i]
			f.Revents = 0
			if s, ours := f.Socket.(*socket); ours {
				f.Revents = s.ready() & (f.Events | host.Always)
			} else if f.Socket != nil {
				f.Revents = host.PollNval
			}
			if f.Revents != 0 {
				n++
			}
		}
		if n > 0 || h.s.Now() >= limit {
			return n, nil
		}
		h.pollWait(fds, limit)
	}
}

// ready is what a socket has to tell. The stack counts events as Linux does.
func (s *socket) ready() (e host.Events) {
	if s.closed {
		return host.PollNval
	}
	s.h.do(func() { e = host.Events(s.ep.Readiness(waiter.AllEvents | waiter.EventMask(host.PollRdHup))) })
	return e & (host.PollIn | host.PollOut | host.PollRdHup | host.Always)
}

// pollWait blocks the running program until one of the sockets may have something to tell.
func (h *Host) pollWait(fds []host.PollFD, limit time.Duration) {
	me := h.s.Current()
	for i := range fds {
		if s, ours := fds[i].Socket.(*socket); ours {
			s.wait.tasks = append(s.wait.tasks, me)
		}
	}
	if limit != never {
		h.s.After(limit-h.s.Now(), func() { h.s.Wake(me) })
	}
	h.s.Park()
	for i := range fds {
		if s, ours := fds[i].Socket.(*socket); ours {
			s.wait.leave(me)
		}
	}
}
