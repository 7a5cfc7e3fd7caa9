package inet

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/tcp"
	"reliabilitylab/lab/virtual"
	"reliabilitylab/netem"
)

// What a host takes from the wire, by the addresses of the packet (RFC 1122 section 3.2.1.3).
func TestAddressesOnTheWire(t *testing.T) {
	for _, c := range []struct {
		src, dst string
		want     netem.Cause // of a datagram to a closed port
		answers  int
	}{
		{"10.0.0.1", "10.0.0.2", CauseNoSocket, 1},
		{"10.0.0.1", "10.0.0.3", CauseNotMine, 0},
		{"10.0.0.1", "127.0.0.1", CauseNotMine, 0},
		{"10.0.0.1", "224.0.0.1", CauseNotMine, 0},
		{"10.0.0.1", "255.255.255.255", CauseNotMine, 0},
		{"127.0.0.1", "10.0.0.2", CauseMalformed, 0},
		{"0.0.0.0", "10.0.0.2", CauseMalformed, 0},
		{"0.1.2.3", "10.0.0.2", CauseMalformed, 0},
		{"224.0.0.1", "10.0.0.2", CauseMalformed, 0},
		{"240.0.0.1", "10.0.0.2", CauseMalformed, 0},
		{"255.255.255.255", "10.0.0.2", CauseMalformed, 0},
		{"10.0.0.2", "10.0.0.2", CauseMalformed, 0},
		{"fd00::1", "fd00::2", CauseNoSocket, 1},
		{"fd00::1", "fd00::3", CauseNotMine, 0},
		{"fd00::1", "::1", CauseNotMine, 0},
		{"fd00::1", "ff02::1", CauseNotMine, 0},
		{"::", "fd00::2", CauseMalformed, 0},
		{"::1", "fd00::2", CauseMalformed, 0},
		{"ff02::1", "fd00::2", CauseMalformed, 0},
		{"::ffff:10.0.0.1", "fd00::2", CauseMalformed, 0},
		{"fd00::2", "fd00::2", CauseMalformed, 0},
	} {
		src, dst := netip.MustParseAddr(c.src), netip.MustParseAddr(c.dst)
		a := families[0]
		if dst.Is6() {
			a = families[1]
		}
		l := newLab(t, a[0], a[1], 1500, direct)
		p, b := l.c.packet(protoUDP, fromNetip(src), fromNetip(dst), 8, false)
		putUDP(b, 1, 7, nil)
		sealUDP(b, fromNetip(src), fromNetip(dst))
		l.s.Receive(p)
		l.deaths = l.deaths[:1] // the answer has no socket either
		l.expectCauses(c.want)
		if len(l.sent) != c.answers {
			t.Errorf("%s to %s: %d packets in answer, want %d", c.src, c.dst, len(l.sent), c.answers)
		}
	}
}

// Extension headers are walked (RFC 8200 section 4): those that may be skipped are, the others end the packet.
func TestExtensionHeaders(t *testing.T) {
	udp := make([]byte, 9)
	putUDP(udp, 1, 7, []byte("x"))
	sealUDP(udp, fromNetip(client6), fromNetip(server6))
	pad := func(next byte) []byte { return []byte{next, 0, 1, 4, 0, 0, 0, 0} } // PadN
	for _, c := range []struct {
		name string
		next uint8
		head []byte
		want []netem.Cause // none: the datagram is delivered
	}{
		{"none", 17, nil, nil},
		{"hop by hop", 0, pad(17), nil},
		{"two", 0, append(pad(60), pad(17)...), nil},
		{"Pad1", 60, []byte{17, 0, 0, 0, 0, 0, 0, 0}, nil},
		{"an unknown option to be skipped", 60, []byte{17, 0, 0x1e, 4, 0, 0, 0, 0}, nil},
		{"an unknown option not to be skipped", 60, []byte{17, 0, 0x5e, 4, 0, 0, 0, 0}, []netem.Cause{CauseMalformed}},
		{"an option longer than its header", 60, []byte{17, 0, 1, 5, 0, 0, 0, 0}, []netem.Cause{CauseMalformed}},
		{"a header longer than the packet", 60, []byte{17, 9, 1, 4, 0, 0, 0, 0}, []netem.Cause{CauseMalformed}},
		{"a route that is used up", 43, []byte{17, 0, 0, 0, 0, 0, 0, 0}, nil},
		{"a route that is not", 43, []byte{17, 0, 0, 1, 0, 0, 0, 0}, []netem.Cause{CauseMalformed}},
		{"an atomic fragment", 44, []byte{17, 0, 0, 0, 0, 0, 0, 1}, nil},
		{"a fragment in an atomic fragment", 44, []byte{44, 0, 0, 0, 0, 0, 0, 1, 17, 0, 0, 0, 0, 0, 0, 1}, []netem.Cause{CauseMalformed}},
		{"no next header", 59, nil, []netem.Cause{CauseNoSocket}},
	} {
		l := newLab(t, client6, server6, 1500, direct)
		s := must(l.s.Socket(host.IPv6, host.Datagram, 0))
		check(s.Bind(netip.AddrPortFrom(server6, 7)))
		p, b := l.c.packet(c.next, fromNetip(client6), fromNetip(server6), len(c.head)+len(udp), false)
		copy(b[copy(b, c.head):], udp)
		p.Sound = false
		l.s.Receive(p)
		if got := l.causes(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if n := s.(*udpSocket).queue.n; (n == 1) != (c.want == nil) {
			t.Errorf("%s: %d datagrams delivered", c.name, n)
		}
	}
}

// clock counts what is asked of a world's clock.
type clock struct {
	*virtual.World
	calls int
}

func (c *clock) After(d time.Duration, f func()) {
	c.calls++
	c.World.After(d, f)
}

// A timer runs at the instant that was set last, earlier or later than the one before, and asks the clock no more than
// it must.
func TestTimer(t *testing.T) {
	for _, c := range []struct {
		name  string
		sets  []time.Duration // all at instant 0
		fires []time.Duration
		calls int
	}{
		{"once", []time.Duration{5}, []time.Duration{5}, 1},
		{"later and later", []time.Duration{5, 6, 7, 8, 9}, []time.Duration{9}, 2},
		{"earlier", []time.Duration{9, 5}, []time.Duration{5}, 2},
		{"earlier, then later than both", []time.Duration{9, 5, 12}, []time.Duration{12}, 3},
		{"stopped", []time.Duration{5, tcp.Never}, nil, 1},
		{"stopped and set again", []time.Duration{5, tcp.Never, 5}, []time.Duration{5}, 1},
		{"now", []time.Duration{0}, []time.Duration{0}, 1},
	} {
		l := newLab(t, client4, server4, 1500, direct)
		k := &clock{World: l.w}
		var fired []time.Duration
		var tm timer
		tm.init(k, func() { fired = append(fired, l.w.Now()) })
		for _, at := range c.sets {
			tm.set(at)
		}
		l.run()
		if !slices.Equal(fired, c.fires) || k.calls != c.calls {
			t.Errorf("%s: ran at %v with %d calls, want %v with %d", c.name, fired, k.calls, c.fires, c.calls)
		}
	}
}
