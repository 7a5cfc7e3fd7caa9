package inet

import (
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/tcp"
)

// Poll: what each socket has to tell, in Linux's words (tcp_poll, datagram_poll), and the wait for several at once.

// A pollable is a socket of this host.
type pollable interface {
	poll() host.Events // what it has to tell
	changes() *waitq   // where it is told that this may have changed; nil where that does not happen by itself
}

// Poll implements host.Host. A socket of another host is POLLNVAL.
func (h *Host) Poll(fds []host.PollFD, timeout time.Duration) (int, error) {
	limit := tcp.Never
	if timeout >= 0 {
		limit = h.s.Now() + timeout
	}
	for {
		n := 0
		for i := range fds {
			f := &fds[i]
			f.Revents = 0
			if s, ours := f.Socket.(pollable); ours {
				f.Revents = s.poll() & (f.Events | host.Always)
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

// pollWait blocks the running program until one of the sockets may have something to tell.
func (h *Host) pollWait(fds []host.PollFD, limit time.Duration) {
	me := blocking(h.s)
	each := func(do func(*waitq)) {
		for i := range fds {
			if s, ours := fds[i].Socket.(pollable); ours {
				if q := s.changes(); q != nil {
					do(q)
				}
			}
		}
	}
	join := func(q *waitq) { q.tasks = append(q.tasks, me) }
	each(join)
	if limit != tcp.Never {
		join(&h.polls)
		h.polls.alarm(limit)
	}
	h.s.Park()
	each(func(q *waitq) { q.leave(me) })
	h.polls.leave(me)
}

func (s *tcpSocket) poll() host.Events {
	switch {
	case s.closed:
		return host.PollNval
	case s.l != nil && len(s.l.ready) > 0:
		return host.PollIn
	case s.l != nil:
		return 0
	case s.e == nil:
		return host.PollOut | host.PollHup
	}
	c := s.e.conn
	var got host.Events
	readShut, writeShut := c.Shut()
	if readShut && writeShut {
		got |= host.PollHup
	}
	if readShut {
		got |= host.PollIn | host.PollRdHup
	}
	if s.err != nil || c.Failed() {
		got |= host.PollErr
	}
	if s.e.connecting() {
		return got
	}
	if c.Readable() {
		got |= host.PollIn
	}
	if c.Writable() {
		got |= host.PollOut
	}
	return got
}

func (s *tcpSocket) changes() *waitq {
	switch {
	case s.l != nil:
		return &s.l.wait
	case s.e != nil:
		return &s.e.wait
	}
	return nil
}

func (s *udpSocket) poll() host.Events {
	if s.closed {
		return host.PollNval
	}
	got := host.PollOut
	if s.err != 0 {
		got |= host.PollErr
	}
	if s.deaf {
		got |= host.PollIn | host.PollRdHup
	}
	if s.deaf && s.shut {
		got |= host.PollHup
	}
	if s.queue.n > 0 {
		got |= host.PollIn
	}
	return got
}

func (s *udpSocket) changes() *waitq { return &s.wait }
