package app

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"reliabilitylab/lab/host"
)

// Programs that ask and are answered: echo.go, dns.go, web.go. Of them a message is an exchange: it is sent when the client asks, and
// delivered when the client has the answer, whose bytes it counts. So the delivered share is the share of answers, and the latency
// how long an answer took, with all that was lost and asked again on the way.

// An exchange is a Program of exchanges. What differs from program to program is ask, and how the server answers.
type exchange struct {
	Program
	size int // bytes of an answer
}

// The bounds of what makes programs run long.
const (
	maxCount = 1_000_000
	maxTries = 20
)

// checkExchange checks what these programs have in common, and fills in the defaults.
func checkExchange(p Program, size int, d Program) (exchange, error) {
	if p.Protocol != "tcp" && p.Protocol != "udp" {
		return exchange{}, fmt.Errorf("it runs over tcp or udp, not over %s", p.Protocol)
	}
	if p.Count == 0 {
		p.Count = d.Count
	}
	if p.Every == 0 {
		p.Every = d.Every
	}
	if p.Timeout == 0 {
		p.Timeout = d.Timeout
	}
	if p.Tries == 0 {
		p.Tries = d.Tries
	}
	switch {
	case p.Count < 0 || p.Count > maxCount:
		return exchange{}, fmt.Errorf("a count of %d: it must be from 1 to %d", p.Count, maxCount)
	case p.Every < 0:
		return exchange{}, fmt.Errorf("every %v: it cannot be negative", p.Every)
	case p.Tries < 0 || p.Tries > maxTries:
		return exchange{}, fmt.Errorf("%d tries: it must be from 1 to %d", p.Tries, maxTries)
	}
	return exchange{p, size}, nil
}

func (x exchange) offered() int64 { return int64(x.Count) * int64(x.size) }

// An answer is how an exchange ended.
type answer uint8

const (
	noAnswer   answer = iota
	partAnswer        // there is more to come
	soundAnswer
	damagedAnswer
)

// askAll asks one question after the other, each when it is due and the one before it is over.
func (x exchange) askAll(h host.Host, ask func(n uint64) (answer, error)) error {
	begin := h.Now()
	for n := uint64(1); n <= uint64(x.Count); n++ {
		if wait := begin + time.Duration(n-1)*x.Every - h.Now(); wait > 0 {
			h.Sleep(wait)
		}
		x.Journal.Sent(n, NoOffset, x.size)
		a, err := ask(n)
		if err != nil {
			return fmt.Errorf("question %d: %w", n, err)
		}
		if a != noAnswer {
			x.Journal.Delivered(n, a == soundAnswer)
		}
	}
	return nil
}

// askAgain sends a datagram and waits for its answer, Tries times, each time for twice as long as before; from a part of the answer on it
// waits and counts anew. take says of a datagram whether it is the answer.
func (x exchange) askAgain(h host.Host, s host.Socket, question func() []byte, buf []byte, take func([]byte) answer) (answer, error) {
	wait := x.Timeout
	for try := 0; try < x.Tries; try++ {
		if err := sendDatagram(s, question()); err != nil {
			return noAnswer, fmt.Errorf("send: %w", err)
		}
		for until := h.Now() + wait; h.Now() < until; {
			if err := setTimeout(s, until-h.Now()); err != nil {
				return noAnswer, err
			}
			n, _, err := s.Recv(buf, 0)
			if late(err) {
				break
			}
			if tooLong(err) {
				continue
			}
			if err != nil {
				return noAnswer, fmt.Errorf("receive: %w", err)
			}
			switch a := take(buf[:n]); a {
			case noAnswer:
			case partAnswer:
				try, wait = -1, x.Timeout/2
				until = h.Now() + x.Timeout
			default:
				return a, nil
			}
		}
		wait *= 2
	}
	return noAnswer, nil
}

// patience is how long a server waits for the next question: longer than a client waits between two.
func (x exchange) patience() time.Duration {
	d := x.Quiet + x.Every
	for i := range x.Tries {
		d += min(x.Timeout<<i, time.Hour)
	}
	return d
}

// serveDatagrams answers datagrams, the first of which it awaits without limit, until none has come for a while.
func (x exchange) serveDatagrams(h host.Host, local netip.AddrPort, room int, reply func(question []byte, send func([]byte) error) error) error {
	s, err := x.bind(h, local)
	if err != nil {
		return err
	}
	buf := make([]byte, room)
	for first := true; ; first = false {
		n, from, err := s.Recv(buf, 0)
		if late(err) {
			return closed(s, nil)
		}
		if refused(err) || tooLong(err) {
			continue // of an earlier answer
		}
		if err == nil && first {
			err = setTimeout(s, x.patience())
		}
		if err == nil {
			err = reply(buf[:n], func(b []byte) error { _, err := s.Send(b, from, 0); return err })
		}
		if err != nil {
			return closed(s, fmt.Errorf("serve %s: %w", from, err))
		}
	}
}

// serveStreams accepts so many connections, one after the other, and serves each.
func (x exchange) serveStreams(h host.Host, local netip.AddrPort, connections int, serve func(s streamSocket) error) error {
	l, err := x.listen(h, local, 16)
	if err != nil {
		return err
	}
	for i := range connections {
		s, peer, err := l.Accept()
		if late(err) {
			break
		}
		if err != nil {
			return closed(l, fmt.Errorf("accept %s: %w", local, err))
		}
		if err := closed(s, serve(streamSocket{s})); err != nil {
			return closed(l, fmt.Errorf("serve %s: %w", peer, err))
		}
		if i == 0 {
			if err := setTimeout(l, x.patience()); err != nil {
				return closed(l, err)
			}
		}
	}
	return closed(l, nil)
}

// finish ends a connection from the client's side: it says that there are no more questions, and waits for the server to close.
func finish(s host.Socket) error {
	if err := s.Shutdown(host.ShutWrite); err != nil {
		return fmt.Errorf("shutdown: %w", err)
	}
	if n, _, err := s.Recv(make([]byte, 1), 0); err != nil {
		return fmt.Errorf("await the end: %w", err)
	} else if n > 0 {
		return errors.New("more came than was asked for")
	}
	return nil
}
