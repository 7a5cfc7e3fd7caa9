package app

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
)

// A receiveWindow is what the receiver of a hand-made protocol has: the messages up to next, and of selective repeat those that
// came before their turn.
type receiveWindow struct {
	size uint64
	next uint64   // the first that is missing
	held [][]byte // messages behind it, each at its number modulo size; empty where there is none
}

// newReceiveWindow returns a window in which nothing has come. Without selective repeat its size is 1.
func newReceiveWindow(o *overARQ) *receiveWindow {
	w := &receiveWindow{size: 1, next: 1}
	if o.selective {
		w.size = min(o.window, o.count())
	}
	w.held = make([][]byte, w.size)
	return w
}

// take takes message n and calls deliver for all whose turn it is then. The bytes are copied where they must wait.
func (w *receiveWindow) take(n uint64, message []byte, deliver func(n uint64, message []byte)) {
	switch {
	case n < w.next || n >= w.next+w.size: // had before, or no room for it
		return
	case n > w.next:
		if h := &w.held[n%w.size]; len(*h) == 0 {
			*h = append(*h, message...)
		}
		return
	}
	deliver(n, message)
	for w.next++; ; w.next++ {
		h := &w.held[w.next%w.size]
		if len(*h) == 0 {
			return
		}
		deliver(w.next, *h)
		*h = (*h)[:0]
	}
}

// An arqReceiver is the receiving end at work.
type arqReceiver struct {
	overARQ
	got    *receiveWindow
	host   host.Host
	socket timedSocket
	heard  time.Duration // when the sender was heard last
	some   bool          // it was
	ended  bool          // it has said that it is done
	buf    []byte        // for one datagram, and one byte more, to see what is too long
	reply  [netem.NumberedSize]byte
}

// receive takes messages from the peer and answers them, until it is over. first is what has come already; without it the receiver
// asks until something comes.
func (o overARQ) receive(h host.Host, s host.Socket, peer netip.AddrPort, first []byte) error {
	r := &arqReceiver{overARQ: o, got: newReceiveWindow(&o), host: h, socket: timedSocket{Socket: s}, heard: h.Now(), buf: make([]byte, netem.NumberedSize+o.size+1)}
	var err error
	if first != nil {
		n, _ := numbered(first)
		err = r.take(n, first[netem.NumberedSize:])
	} else {
		err = r.ask()
	}
	for err == nil && (!r.ended || h.Now() < r.heard+r.Quiet) {
		err = r.step()
	}
	if refused(err) && r.complete() || err == errLingered {
		return nil // the sender has gone, and it goes when it knows that all has arrived
	}
	if err != nil {
		return fmt.Errorf("receive from %s: %w", peer, err)
	}
	return nil
}

// errLingered ends a receiver that has all and hears nothing any more, not even the end.
var errLingered = errors.New("the end was never heard")

// complete tells whether all messages have come.
func (r *arqReceiver) complete() bool { return r.got.next > r.count() }

// ask asks the sender to begin, until something comes.
func (r *arqReceiver) ask() error {
	for range askTimes {
		if err := r.answer(netem.SortACK, 0); err != nil {
			return fmt.Errorf("ask for the first message: %w", err)
		}
		for until := r.host.Now() + askEvery; !r.some && r.host.Now() < until; {
			if err := r.hear(until - r.host.Now()); err != nil {
				return err
			}
		}
		if r.some {
			return nil
		}
	}
	return fmt.Errorf("ask for the first message %d times: %w", askTimes, syscall.ETIMEDOUT)
}

// step waits for the next datagram as long as there is hope for one.
func (r *arqReceiver) step() error {
	patience := silence
	if r.ended {
		patience = r.Quiet
	}
	if err := r.hear(r.heard + patience - r.host.Now()); err != nil || r.ended || r.host.Now() < r.heard+patience {
		return err
	}
	if r.complete() {
		return errLingered
	}
	return fmt.Errorf("message %d is missing, and nothing came for %v: %w", r.got.next, silence, syscall.ETIMEDOUT)
}

// hear waits at most so long for a datagram, and takes it.
func (r *arqReceiver) hear(within time.Duration) error {
	n, message, err := r.socket.recvWithin(within, r.buf)
	if err != nil || n.Sort == 0 {
		return err
	}
	return r.take(n, message)
}

// take takes a datagram and answers it.
func (r *arqReceiver) take(n netem.Numbered, message []byte) error {
	k, w := uint64(n.Number), r.got
	switch {
	case n.Sort == netem.SortEnd && r.complete():
		r.heard, r.ended = r.host.Now(), true
		return r.answer(netem.SortEndACK, k)
	case n.Sort != netem.SortData || k < 1 || k > r.count() || len(message) != r.length(k):
		return nil
	}
	r.heard, r.some = r.host.Now(), true
	w.take(k, message, func(k uint64, message []byte) { r.Journal.Delivered(k, r.intact(message, k)) })
	if !r.selective {
		return r.answer(netem.SortACK, w.next-1)
	}
	if k >= w.next+w.size { // there is no room for it: the sender's window cannot be there
		return nil
	}
	return r.answer(netem.SortACK, k)
}

// answer sends a datagram without a message.
func (r *arqReceiver) answer(sort netem.Sort, n uint64) error {
	b := r.reply[:]
	netem.Numbered{Sort: sort, Number: uint32(n)}.Put(b)
	return sendDatagram(r.socket, b)
}
