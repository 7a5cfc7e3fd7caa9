package inet

import (
	"context"
	"net/netip"
	"slices"
	"testing"
	"time"

	"reliabilitylab/lab/tcp"
	"reliabilitylab/lab/virtual"
	"reliabilitylab/netem"
)

var (
	client4 = netip.MustParseAddr("10.0.0.1")
	server4 = netip.MustParseAddr("10.0.0.2")
	client6 = netip.MustParseAddr("fd00::1")
	server6 = netip.MustParseAddr("fd00::2")
)

// A death is a packet that a host threw away.
type death struct {
	id    uint64
	cause netem.Cause
	n     int // its length
}

// A lab is two hosts on one link, and what happens there.
type lab struct {
	t      testing.TB
	w      *virtual.World
	pool   netem.Pool
	c, s   *Host
	deaths []death
	sent   [][]byte // every packet put on the link, in order
	record bool
}

// A link makes the way from one host to the port of the other.
type link func(l *lab, to netem.Port) netem.Port

func direct(_ *lab, to netem.Port) netem.Port { return to }

// delayed is a link with that delay, in order.
func delayed(d time.Duration) link {
	return func(l *lab, to netem.Port) netem.Port {
		return func(p *netem.Packet) { l.w.After(d, func() { to(p) }) }
	}
}

// config is a host's setting for tests.
func (l *lab) config(name string, a netip.Addr, mtu int) Config {
	return Config{
		Name: name, Addr: a, MTU: mtu, Rand: netem.NewStream(1).Sub(name), Pool: &l.pool, TCP: tcp.Defaults(0),
		Discard: func(p *netem.Packet, c netem.Cause) { l.deaths = append(l.deaths, death{p.ID, c, len(p.Data)}) },
	}
}

func newLab(t testing.TB, c, s netip.Addr, mtu int, way link) *lab {
	l := &lab{t: t, w: virtual.New(), record: true}
	l.c, l.s = New(l.w, l.config("client", c, mtu)), New(l.w, l.config("server", s, mtu))
	tap := func(next netem.Port) netem.Port {
		return func(p *netem.Packet) {
			if l.record {
				p.Seal()
				l.sent = append(l.sent, slices.Clone(p.Data))
			}
			next(p)
		}
	}
	l.c.Transmit(tap(way(l, l.s.Receive)))
	l.s.Transmit(tap(way(l, l.c.Receive)))
	t.Cleanup(func() {
		if err := l.w.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// run runs everything there is to happen within an hour.
func (l *lab) run() {
	l.t.Helper()
	if err := l.w.Run(context.Background(), l.w.Now()+time.Hour); err != nil {
		l.t.Fatal(err)
	}
}

// program runs f as a program on the client's host, and all that follows from it.
func (l *lab) program(f func()) {
	l.t.Helper()
	ended := false
	l.w.Go(func() {
		f()
		ended = true
	})
	l.run()
	if !ended {
		l.t.Fatal("the program hangs")
	}
}

// causes are the causes of the deaths so far, in order; it forgets them.
func (l *lab) causes() []netem.Cause {
	var all []netem.Cause
	for _, d := range l.deaths {
		all = append(all, d.cause)
	}
	l.deaths = nil
	return all
}

func (l *lab) expectCauses(want ...netem.Cause) {
	l.t.Helper()
	if got := l.causes(); !slices.Equal(got, want) {
		l.t.Errorf("thrown away for %q, want %q", got, want)
	}
}

// must returns v if there was no error. Use it in programs and tests alike: it does not end the test.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// dice are thrown one after the other.
type dice struct {
	stream netem.Stream
	n      uint64
}

// below returns a number from 0 to n-1.
func (d *dice) below(n int) int {
	d.n++
	return int(netem.Below(d.stream.At(d.n, 0), uint64(n)))
}
