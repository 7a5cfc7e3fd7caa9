package app

import (
	"fmt"
	"net/netip"
	"syscall"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
)

// A sendWindow is what the sender of a hand-made protocol knows: which messages are under way, since when, and what is heard of
// them. It is told the time and does nothing by itself.
//
//	may ▸ sent ▸ … acknowledged, or overdue ▸ sent again
type sendWindow struct {
	size       uint64
	selective  bool
	count      uint64   // messages in all
	base, next uint64   // the oldest that is not acknowledged, the first that was not sent
	flights    []flight // of the messages from base to next, each at its number modulo size
	timer      rto
	heard      time.Duration // when something new was acknowledged last, or nothing was under way
}

// A flight is a message under way.
type flight struct {
	sent         time.Duration // last
	again        bool          // it was sent more than once
	timeouts     int           // of its own: not when it went because one before it did
	acknowledged bool
}

func newSendWindow(o *overARQ, now time.Duration) *sendWindow {
	w := &sendWindow{size: min(o.window, o.count()), selective: o.selective, count: o.count(), base: 1, next: 1, heard: now, timer: newRTO(o.Timeout)}
	w.flights = make([]flight, w.size)
	return w
}

func (w *sendWindow) flight(n uint64) *flight { return &w.flights[n%w.size] }

// may tells whether the window lets a new message go.
func (w *sendWindow) may() bool { return w.next <= w.count && w.next < w.base+w.size }

// done tells whether all messages are acknowledged.
func (w *sendWindow) done() bool { return w.base > w.count }

// sent notes that message n goes out now, for the first time where it is the next.
func (w *sendWindow) sent(n uint64, now time.Duration) {
	f := w.flight(n)
	if n == w.next {
		if w.base == w.next { // nothing was under way, so nobody was silent
			w.heard = now
		}
		*f = flight{sent: now}
		w.next++
		return
	}
	f.sent, f.again = now, true
}

// acknowledged notes an ACK. One of a message that was sent once is a measurement of the round trip; of others nobody knows
// which sending it answers (Karn and Partridge, 1987).
func (w *sendWindow) acknowledged(n uint64, now time.Duration) {
	if n < w.base || n >= w.next || w.flight(n).acknowledged {
		return
	}
	w.heard = now
	if f := w.flight(n); !f.again {
		w.timer.measured(now - f.sent)
	}
	if !w.selective {
		w.base = n + 1
		return
	}
	w.flight(n).acknowledged = true
	for w.base < w.next && w.flight(w.base).acknowledged {
		w.base++
	}
}

// overdueAt returns when a message is sent again if nothing is heard of it. Selective repeat has a timer for each message; go-back-N
// has one, for the oldest, which starts anew when that changes (Kurose and Ross; RFC 6298 section 5.3).
func (w *sendWindow) overdueAt(f *flight) time.Duration {
	since := f.sent
	if !w.selective {
		since = max(since, w.heard)
	}
	return since + w.timer.after(f.timeouts)
}

// deadline returns when the next timeout is; ok is false where nothing is under way.
func (w *sendWindow) deadline() (at time.Duration, ok bool) {
	for n := w.base; n < w.next; n++ {
		f := w.flight(n)
		if f.acknowledged {
			continue
		}
		if end := w.overdueAt(f); !ok || end < at {
			at, ok = end, true
		}
		if !w.selective {
			break
		}
	}
	return at, ok
}

// overdue calls again for each message that is to be sent again now, in their order, and says why. It has gone out when again
// returns.
func (w *sendWindow) overdue(now time.Duration, again func(n uint64, why netem.Why) error) error {
	why := netem.WhyTimeout
	for n := w.base; n < w.next; n++ {
		f := w.flight(n)
		if why == netem.WhyTimeout && (f.acknowledged || now < w.overdueAt(f)) {
			if w.selective {
				continue
			}
			return nil
		}
		w.sent(n, now)
		if why == netem.WhyTimeout {
			f.timeouts++
		}
		if err := again(n, why); err != nil {
			return err
		}
		if !w.selective {
			why = netem.WhyGoBack
		}
	}
	return nil
}

// A sender gives up when the oldest message has had so many timeouts, and nothing new was heard of for so long.
const (
	mostTimeouts = 15
	hopeless     = 2 * time.Minute
)

func (w *sendWindow) hopeless(now time.Duration) bool {
	return w.base < w.next && w.flight(w.base).timeouts >= mostTimeouts && now-w.heard > hopeless
}

// send sends all messages to the peer, until all are acknowledged.
func (o overARQ) send(h host.Host, s host.Socket, peer netip.AddrPort) error {
	w := newSendWindow(&o, h.Now())
	socket := timedSocket{Socket: s}
	b, ack := make([]byte, netem.NumberedSize+o.size), make([]byte, netem.NumberedSize)
	transmit := func(n uint64, why netem.Why) error {
		k := netem.NumberedSize + o.put(b[netem.NumberedSize:], n)
		netem.Numbered{Sort: netem.SortData, Why: why, Number: uint32(n)}.Put(b[:k])
		if err := sendDatagram(s, b[:k]); err != nil {
			return fmt.Errorf("send to %s: %w", peer, err)
		}
		return nil
	}
	for begin := h.Now(); !w.done(); {
		now := h.Now()
		for w.may() && begin+o.due(o.offset(w.next)) <= now {
			n := w.next
			w.sent(n, now)
			o.Journal.Sent(n, o.offset(n), o.length(n))
			if err := transmit(n, netem.WhyNew); err != nil {
				return err
			}
		}
		if err := w.overdue(now, transmit); err != nil {
			return err
		}
		if w.hopeless(now) {
			return fmt.Errorf("send to %s: no ACK of message %d after %d timeouts: %w", peer, w.base, w.flight(w.base).timeouts, syscall.ETIMEDOUT)
		}
		at, ok := w.deadline()
		if w.may() {
			if due := begin + o.due(o.offset(w.next)); !ok || due < at {
				at = due
			}
		}
		n, _, err := socket.recvWithin(at-now, ack)
		if err != nil {
			return fmt.Errorf("await ACKs of %s: %w", peer, err)
		}
		if n.Sort == netem.SortACK {
			w.acknowledged(uint64(n.Number), h.Now())
		}
	}
	return o.end(h, &socket, w, peer)
}

// end tells the receiver that all is acknowledged. That it is not heard, or that the receiver has gone, is no failure: all has
// arrived.
func (o overARQ) end(h host.Host, s *timedSocket, w *sendWindow, peer netip.AddrPort) error {
	b, ack := make([]byte, netem.NumberedSize), make([]byte, netem.NumberedSize)
	why := netem.WhyNew
	for try := range endTries {
		netem.Numbered{Sort: netem.SortEnd, Why: why, Number: uint32(o.count() + 1)}.Put(b)
		if err := sendDatagram(s, b); refused(err) {
			return nil
		} else if err != nil {
			return fmt.Errorf("end to %s: %w", peer, err)
		}
		for until := h.Now() + w.timer.after(try); h.Now() < until; {
			n, _, err := s.recvWithin(until-h.Now(), ack)
			if refused(err) || n.Sort == netem.SortEndACK {
				return nil
			}
			if err != nil {
				return fmt.Errorf("await the end of %s: %w", peer, err)
			}
		}
		why = netem.WhyTimeout
	}
	return nil
}
