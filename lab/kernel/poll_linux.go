package kernel

import (
	"time"

	"golang.org/x/sys/unix"

	"reliabilitylab/lab/host"
)

// Poll implements host.Host: the kernel is asked and never waits; between the questions the program is parked until epoll says
// that one of the sockets may have something new. A socket of another host is POLLNVAL.
func (h *Host) Poll(fds []host.PollFD, timeout time.Duration) (int, error) {
	limit := time.Duration(never)
	if timeout >= 0 {
		limit = h.w.Now() + timeout
	}
	asked := make([]unix.PollFd, len(fds))
	for {
		n, err := h.ask(fds, asked)
		if err != nil {
			return 0, err
		}
		if n > 0 || h.w.Now() >= limit {
			h.w.giveWay()
			return n, nil
		}
		h.pollWait(fds, limit)
	}
}

// ask asks the kernel.
func (h *Host) ask(fds []host.PollFD, asked []unix.PollFd) (int, error) {
	for i := range fds {
		asked[i] = unix.PollFd{Fd: -1, Events: int16(fds[i].Events)} // Linux has the same numbers
		if s, ours := fds[i].Socket.(*socket); ours {
			asked[i].Fd = int32(s.fd)
		}
	}
	if _, err := unix.Poll(asked, 0); err != nil && err != unix.EINTR {
		return 0, err
	}
	n := 0
	for i := range fds {
		f := &fds[i]
		f.Revents = host.Events(asked[i].Revents)
		if f.Socket != nil && asked[i].Fd < 0 {
			f.Revents = host.PollNval
		}
		if f.Revents != 0 {
			n++
		}
	}
	return n, nil
}

// pollWait blocks the running program until one of the sockets may have something to tell.
func (h *Host) pollWait(fds []host.PollFD, limit time.Duration) {
	me := h.w.blocking()
	for i := range fds {
		if s, ours := fds[i].Socket.(*socket); ours {
			s.wait.tasks = append(s.wait.tasks, me)
		}
	}
	h.polls.join(me, limit)
	h.w.Park()
	for i := range fds {
		if s, ours := fds[i].Socket.(*socket); ours {
			s.wait.leave(me)
		}
	}
	h.polls.leave(me)
}
