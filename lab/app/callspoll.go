package app

import (
	"net/netip"
	"slices"
	"time"

	"reliabilitylab/lab/host"
)

// One program that serves many connections at once by asking poll(2) which of its sockets has something to tell: none of its calls waits
// for one connection while another could go on.

// A served is a connection, and how far its list of calls has come.
type served struct {
	*ended
	rest  []Call
	at    int64         // bytes that the first of them has sent or received
	until time.Duration // when a sleep is over; 0: it has not begun
}

// poll accepts so many connections and does with each what is to be done, all at once.
func (e *end) poll(l *ended, c Call) error {
	left, open := c.Times, []*served(nil)
	for left > 0 || len(open) > 0 {
		fds, wait := make([]host.PollFD, 1+len(open)), time.Duration(-1)
		if left > 0 {
			fds[0] = host.PollFD{Socket: l.Socket, Events: host.PollIn}
		}
		for i, s := range open {
			fds[1+i] = host.PollFD{Socket: s.Socket, Events: s.awaited()}
			if due := max(s.until-e.h.Now(), 0); s.rest[0].Name == "sleep" && (wait < 0 || due < wait) {
				wait = due
			}
		}
		if _, err := e.h.Poll(fds, wait); err != nil {
			return failed(err, "poll")
		}
		for i, s := range open {
			if err := e.advance(s, fds[1+i].Revents != 0); err != nil {
				return err
			}
		}
		open = slices.DeleteFunc(open, func(s *served) bool { return len(s.rest) == 0 })
		if fds[0].Revents == 0 {
			continue
		}
		s, err := e.accept(l)
		if err != nil {
			return err
		}
		left--
		open = append(open, &served{ended: s, rest: append(slices.Clone(c.Do), Call{Name: "close"})})
	}
	return nil
}

// awaited are the events for which the next call of a connection waits.
func (s *served) awaited() host.Events {
	switch s.rest[0].Name {
	case "recv":
		return host.PollIn
	case "send":
		return host.PollOut
	}
	return 0
}

// advance goes on with a connection until a call would wait; ready says that its next recv or send would not.
func (e *end) advance(s *served, ready bool) error {
	for len(s.rest) > 0 {
		c, done, err := s.rest[0], true, error(nil)
		switch c.Name {
		case "recv", "send":
			if !ready {
				return nil
			}
			ready = false
			if c.Name == "recv" {
				done, err = e.recvSome(s.ended, c, &s.at)
			} else {
				done, err = e.sendSome(s, c.Size)
			}
			err = failed(err, "%s", c.Name)
		case "sleep":
			if s.until == 0 {
				s.until = e.h.Now() + c.For
			}
			done = e.h.Now() >= s.until
		case "shutdown":
			err = e.shutdown(s.ended, c.Option)
		case "setsockopt":
			err = e.set(s.ended, c.Option)
		case "close":
			s.rest = nil
			return failed(s.Close(), "close")
		}
		if err != nil || !done {
			return err
		}
		s.rest, s.at, s.until = s.rest[1:], 0, 0
	}
	return nil
}

// sendSome sends what there is room for, and says whether that was all.
func (e *end) sendSome(s *served, size int64) (done bool, err error) {
	if len(s.due) == 0 {
		s.at += e.fill(s.ended, size-s.at)
	}
	n, err := s.Send(s.due, netip.AddrPort{}, host.DontWait)
	s.due = s.due[max(n, 0):]
	return len(s.due) == 0 && s.at == size, unlessLate(err)
}
