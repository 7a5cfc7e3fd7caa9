package app

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"time"

	"reliabilitylab/lab/host"
)

// chat is a room: People of them, all at the client, say something of Message bytes Count times, each Every after his last and all
// evenly spread; the server passes on what one says to all the others. A message is delivered when all of them have it. Over TCP each
// has a connection, and the server reads of one and writes to the others; over UDP it knows them by their addresses, from a
// greeting on that each repeats once a second until it is returned; and what is lost there is lost.
func chat(p Program) (conversation, error) {
	if p.Protocol != "tcp" && p.Protocol != "udp" {
		return nil, fmt.Errorf("it runs over tcp or udp, not over %s", p.Protocol)
	}
	if p.People == 0 {
		p.People = 3
	}
	if p.Count == 0 {
		p.Count = 20
	}
	if p.Every == 0 {
		p.Every = 500 * time.Millisecond
	}
	switch {
	case p.People < 2 || p.People > maxPeople:
		return nil, fmt.Errorf("%d people: there must be from 2 to %d", p.People, maxPeople)
	case p.Count < 0 || p.Count > maxCount:
		return nil, fmt.Errorf("a count of %d: it must be from 1 to %d", p.Count, maxCount)
	case p.Every < 0:
		return nil, fmt.Errorf("every %v: it cannot be negative", p.Every)
	}
	total := int64(p.Count) * int64(p.People) * int64(p.Message)
	return room{p, messages{total, p.Message}}, nil
}

const maxPeople = 100

type room struct {
	Program
	messages
}

func (r room) offered() int64 { return r.total }

// due is when person i (from 0) says the k-th thing (from 0), after the beginning.
func (r room) due(i, k int) time.Duration {
	return settle + time.Duration(k)*r.Every + r.Every*time.Duration(i)/time.Duration(r.People)
}

// settle is how long all have to come in before the first says something; who comes later says it then.
const settle = 2 * time.Second

// talkers is what the people share, who all live in one program: the numbers of what they say, and who has it.
type talkers struct {
	room
	begin time.Duration
	said  uint64
	had   map[uint64]int // how many of the others have it, of what not all have
	in    int            // people who are not done
	errs  []error
}

func (r room) client(h host.Host, server netip.AddrPort) error {
	t := &talkers{room: r, begin: h.Now(), had: map[uint64]int{}, in: r.People}
	for i := range r.People - 1 {
		h.Go(func() { t.person(h, server, i+1) })
	}
	t.person(h, server, 0)
	for t.in > 0 { // no call waits for a program: look again
		h.Sleep(10 * time.Millisecond)
	}
	return errors.Join(t.errs...)
}

// person is one of them, from coming to going.
func (t *talkers) person(h host.Host, server netip.AddrPort, i int) {
	defer func() { t.in-- }()
	s, err := t.dial(h, server)
	if err == nil {
		v := &voice{talkers: t, h: h, s: s, i: i, buf: make([]byte, 0, 2*writeSize)}
		if err = v.greet(); err == nil {
			err = v.talk()
		}
		err = closed(s, err)
	}
	if err != nil {
		t.errs = append(t.errs, fmt.Errorf("person %d: %w", i+1, err))
	}
}

// A voice is one person at his socket.
type voice struct {
	*talkers
	h   host.Host
	s   host.Socket
	i   int
	buf []byte              // over TCP, what has come of a message
	had map[uint64]struct{} // over UDP, what he has: copies count once
}

// greet comes into the room: over UDP only a greeting can say so.
func (v *voice) greet() error {
	if v.Protocol == "tcp" {
		return nil
	}
	v.had = map[uint64]struct{}{}
	hello := make([]byte, headerSize)
	putHeader(hello, 0)
	if err := setTimeout(v.s, askEvery); err != nil {
		return err
	}
	for range askTimes {
		if _, err := v.s.Send(hello, netip.AddrPort{}, 0); err != nil {
			return fmt.Errorf("greet: %w", err)
		}
		n, _, err := v.s.Recv(v.buf[:cap(v.buf)], 0)
		if err == nil {
			v.take(v.buf[:n])
			return nil
		}
		if !late(err) {
			return fmt.Errorf("greet: %w", err)
		}
	}
	return fmt.Errorf("greeted %d times, and nobody answered", askTimes)
}

// talk says everything when it is due and hears the others in between, and after it until all are done.
func (v *voice) talk() error {
	out := make([]byte, v.Message)
	for k := 0; ; {
		until := v.begin + v.due(v.i, min(k, v.Count))
		if k == v.Count {
			until = v.begin + v.due(v.People, v.Count) + v.Quiet // over UDP nobody says when it is over
		}
		switch now := v.h.Now(); {
		case now >= until && k == v.Count && v.Protocol == "udp":
			return nil
		case now >= until && k < v.Count:
			if err := v.say(out); err != nil {
				return err
			}
			if k++; k == v.Count && v.Protocol == "tcp" {
				if err := v.s.Shutdown(host.ShutWrite); err != nil {
					return fmt.Errorf("shutdown: %w", err)
				}
			}
			continue
		}
		wait := max(until-v.h.Now(), 1)
		if k == v.Count && v.Protocol == "tcp" {
			wait = 0 // the server says when it is over
		}
		if err := v.hear(wait); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("receive: %w", err)
		}
	}
}

// say says the next thing.
func (v *voice) say(out []byte) error {
	v.said++
	n := v.said
	v.put(out, n)
	v.Journal.Sent(n, NoOffset, len(out))
	if _, err := (streamSocket{v.s}).Write(out); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	return nil
}

// hear waits for something, at most so long; 0 is without limit.
func (v *voice) hear(within time.Duration) error {
	if err := setTimeout(v.s, within); err != nil {
		return err
	}
	if v.Protocol == "udp" {
		n, _, err := v.s.Recv(v.buf[:cap(v.buf)], 0)
		if err == nil {
			v.take(v.buf[:n])
		}
		return unlessLate(err)
	}
	n, err := streamSocket{v.s}.Read(v.buf[len(v.buf):cap(v.buf)])
	v.buf = v.buf[:len(v.buf)+n]
	used := 0
	for ; len(v.buf)-used >= v.Message; used += v.Message {
		v.take(v.buf[used : used+v.Message])
	}
	v.buf = v.buf[:copy(v.buf, v.buf[used:])]
	return unlessLate(err)
}

// take notes a message that one of the others said.
func (v *voice) take(b []byte) {
	n, known := v.number(b)
	if !known || n > v.said || !v.intact(b, n) {
		if k, sound := requestOf(b); !sound || k != 0 { // no greeting returned
			v.Journal.Garbled(len(b))
		}
		return
	}
	if v.Protocol == "udp" {
		if _, again := v.had[n]; again {
			return
		}
		v.had[n] = struct{}{}
	}
	if v.talkers.had[n]++; v.talkers.had[n] == v.People-1 {
		delete(v.talkers.had, n)
		v.Journal.Delivered(n, true)
	}
}

func unlessLate(err error) error {
	if late(err) {
		return nil
	}
	return err
}

func (r room) server(h host.Host, local netip.AddrPort) error {
	if r.Protocol == "udp" {
		return r.relay(h, local)
	}
	l, err := r.listen(h, local, r.People)
	if err != nil {
		return err
	}
	var all []streamSocket
	for range r.People {
		s, _, err := l.Accept()
		if err != nil {
			return closed(l, fmt.Errorf("accept %s: %w", local, err))
		}
		all = append(all, streamSocket{s})
	}
	err = closed(l, nil)
	open := len(all)
	var errs []error
	for i := range all {
		pass := func() {
			if err := r.pass(all, i); err != nil {
				errs = append(errs, fmt.Errorf("pass on what person %d says: %w", i+1, err))
			}
			open--
		}
		if i < len(all)-1 {
			h.Go(pass)
		} else {
			pass()
		}
	}
	for open > 0 {
		h.Sleep(10 * time.Millisecond)
	}
	for _, s := range all {
		errs = append(errs, closed(s, nil))
	}
	return errors.Join(append(errs, err)...)
}

// pass passes on what person i says, each message with one Send.
func (r room) pass(all []streamSocket, i int) error {
	buf := make([]byte, r.Message)
	for {
		if _, err := io.ReadFull(all[i], buf); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		for k := range all {
			if k == i {
				continue
			}
			if _, err := all[k].Write(buf); err != nil {
				return err
			}
		}
	}
}

// relay is the server over UDP: it passes datagrams on to all whom it knows.
func (r room) relay(h host.Host, local netip.AddrPort) error {
	s, err := r.bind(h, local)
	if err != nil {
		return err
	}
	var people []netip.AddrPort
	buf := make([]byte, r.Message+1)
	for {
		n, from, err := s.Recv(buf, 0)
		switch {
		case late(err):
			return closed(s, nil)
		case refused(err):
			continue // one has gone
		case err != nil:
			return closed(s, fmt.Errorf("receive at %s: %w", local, err))
		}
		to, greeting := people, false
		if k, sound := requestOf(buf[:n]); sound && k == 0 {
			to, greeting = []netip.AddrPort{from}, true // it is returned
			if !slices.Contains(people, from) && len(people) < r.People {
				people = append(people, from)
			}
			if err := setTimeout(s, r.due(r.People, 1)+r.Quiet); err != nil {
				return closed(s, err)
			}
		} else if !slices.Contains(people, from) {
			continue
		}
		for _, p := range to {
			if p == from && !greeting {
				continue
			}
			if _, err := s.Send(buf[:n], p, 0); err != nil && !refused(err) {
				return closed(s, fmt.Errorf("send to %s: %w", p, err))
			}
		}
	}
}
