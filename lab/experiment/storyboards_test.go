package experiment

import (
	"errors"
	"net/netip"
	"syscall"
	"time"

	"reliabilitylab/lab/host"
)

// The storyboards are conversations in which one thing goes wrong, at a known place. golden_test.go plays them on both
// stacks. All go over 25 ms each way at 10 Mbit/s, where a full segment takes 1.2 ms, with an MTU of 1500.

// A storyboard is one of them.
type storyboard struct {
	name   string
	path   string // YAML: the script, or path settings beside the ones that all have
	tcp    string // settings of the connection
	client program
	server program // nil: reads to the end and closes
	differ string  // why the stacks play it differently, by whose rule,
	until  int     // and how many segments they play alike before
}

// A program is one side of a conversation; at is the server's address.
type program func(h host.Host, at netip.AddrPort) error

// mss is the payload of a full segment with timestamps.
const mss = 1448

// sends is a client that sends so many segments, closes its side, and waits for the end of the server's.
func sends(segments int) program { return sendsBytes(segments * mss) }

func sendsBytes(n int) program {
	return func(h host.Host, at netip.AddrPort) error {
		s, err := connected(h, at)
		if err != nil {
			return err
		}
		_, err = s.Send(make([]byte, n), netip.AddrPort{}, 0)
		return errors.Join(err, s.Shutdown(host.ShutWrite), drain(s), s.Close())
	}
}

// connected returns a connected socket.
func connected(h host.Host, at netip.AddrPort) (host.Socket, error) {
	s, err := h.Socket(host.IPv4, host.Stream, 0)
	if err != nil {
		return nil, err
	}
	return s, s.Connect(at)
}

// drain reads to the end.
func drain(s host.Socket) error {
	for buf := make([]byte, 1<<16); ; {
		if n, _, err := s.Recv(buf, 0); n == 0 || err != nil {
			return err
		}
	}
}

// accepts is a server that does something with its one connection.
func accepts(do func(h host.Host, s host.Socket) error) program {
	return func(h host.Host, at netip.AddrPort) error {
		l, err := h.Socket(host.IPv4, host.Stream, 0)
		if err != nil {
			return err
		}
		if err := errors.Join(l.Bind(at), l.Listen(1)); err != nil {
			return err
		}
		s, _, err := l.Accept()
		if err != nil {
			return err
		}
		return errors.Join(do(h, s), l.Close())
	}
}

var reads = accepts(func(_ host.Host, s host.Socket) error { return errors.Join(drain(s), s.Close()) })

func drop(match string) string { return "script: [{match: {" + match + "}, do: drop}]" }

func hold(nth string, packets string) string {
	return "script: [{match: {kind: data, nth: " + nth + "}, do: {hold: " + packets + "}}]"
}

var storyboards = []storyboard{
	{name: "nothing goes wrong", client: sends(30)},
	{name: "lost SYN", path: drop("kind: syn, nth: 1"), client: sends(3)},
	{name: "lost SYN-ACK", path: drop("kind: syn-ack, nth: 1"), client: sends(3), until: 2,
		differ: "Both ends' timers go off a second later (RFC 6298), so the SYN that comes again and the SYN-ACK's own timer meet: in the lab at the same instant, on Linux in either order."},
	{name: "lost last ACK of the handshake", path: drop("kind: ack, direction: forward, nth: 1"), client: sends(3)},
	{name: "lost first segment", path: drop("kind: data, nth: 1"), client: sends(30)},
	{name: "lost segment in the middle", path: drop("kind: data, nth: 15"), client: sends(30)},
	{name: "lost last segment", path: drop("kind: data, nth: 30"), client: sends(30)},
	{name: "lost only segment", path: drop("kind: data, nth: 1"), client: sends(1)},
	{name: "lost tail of three", path: drop("kind: data, nth: 28-30"), client: sends(30)},
	{name: "two losses in a window", path: drop("kind: data, nth: [15, 18]"), client: sends(30)},
	{name: "lost retransmission", path: "script: [{match: {kind: data, nth: 15}, do: drop}, {match: {kind: retransmission, nth: 1}, do: drop}]", client: sends(56)},
	{name: "lost ACKs", path: drop("kind: ack, direction: reverse, nth: 3-8"), client: sends(30), until: 27,
		differ: "The ACK behind the lost ones acknowledges seven segments: by RFC 3465 section 2.3 slow start grows by two for it (L = 2), on Linux by seven."},
	{name: "lost FIN", path: drop("kind: fin, direction: forward, nth: 1"), client: sends(3)},
	{name: "reordered by 1", path: hold("15", "1"), client: sends(30)},
	{name: "reordered by 3", path: hold("15", "3"), client: sends(30)},
	{name: "reordered by 10", path: hold("15", "10"), client: sends(40)},
	{name: "duplicate", path: "script: [{match: {kind: data, nth: 15}, do: duplicate}]", client: sends(30)},
	{name: "delayed beyond the timeout", path: "script: [{match: {kind: data, nth: 1-10}, do: {delay: 400ms}}]", client: sends(30), until: 29,
		differ: "A receiver may acknowledge every segment or every second (RFC 5681 section 4.2). Linux's goes over to the second one ACK earlier here, so the window grows one ACK later."},
	{name: "zero window", tcp: "receive_buffer: 32KiB", client: sends(60), server: accepts(func(h host.Host, s host.Socket) error {
		h.Sleep(time.Second)
		return errors.Join(drain(s), s.Close())
	}), until: 14, differ: "How much fits a buffer is each stack's own: Linux counts what a packet takes in memory, the lab its bytes (RFC 9293 section 3.8.6 leaves it to them)."},
	{name: "half-close", client: sends(3), server: accepts(func(_ host.Host, s host.Socket) error {
		err := drain(s)
		_, more := s.Send(make([]byte, 3*mss), netip.AddrPort{}, 0)
		return errors.Join(err, more, s.Close())
	})},
	{name: "simultaneous close", client: closesAt, server: accepts(func(h host.Host, s host.Socket) error {
		h.Sleep(500*time.Millisecond - h.Now())
		return s.Close()
	})},
	{name: "reset", client: func(h host.Host, at netip.AddrPort) error {
		s, err := connected(h, at)
		if err != nil {
			return err
		}
		_, err = s.Send(make([]byte, 3*mss), netip.AddrPort{}, 0)
		if _, _, reset := s.Recv(make([]byte, 1), 0); reset != syscall.ECONNRESET {
			err = errors.Join(err, errors.New("recv is not refused with ECONNRESET"))
		}
		return errors.Join(err, s.Close())
	}, server: accepts(func(h host.Host, s host.Socket) error {
		h.Sleep(500*time.Millisecond - h.Now())
		return s.Close() // with data unread
	})},
	{name: "refused port", client: func(h host.Host, at netip.AddrPort) error {
		if _, err := connected(h, at); err != syscall.ECONNREFUSED {
			return errors.New("connect is not refused with ECONNREFUSED")
		}
		return nil
	}, server: func(host.Host, netip.AddrPort) error { return nil }},
}

// closesAt closes half a second after the beginning, as the server does.
func closesAt(h host.Host, at netip.AddrPort) error {
	s, err := connected(h, at)
	if err != nil {
		return err
	}
	h.Sleep(500*time.Millisecond - h.Now())
	return s.Close()
}
