package inet

import (
	"fmt"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
)

// A socket that is not read loses what finds its buffer full, and only that: datagrams of 300 bytes and one of 99 into a
// buffer of 1000.
func TestFullBufferDropsAndTells(t *testing.T) {
	l := newLab(t, client4, server4, 1500, direct)
	s := must(l.s.Socket(host.IPv4, host.Datagram, 0))
	check(s.Bind(netip.AddrPortFrom(server4, 7)))
	check(s.SetOption(host.ReceiveBuffer(1000)))
	check(s.SetOption(host.ReceiveTimeout(1)))
	c := must(l.c.Socket(host.IPv4, host.Datagram, 0))
	check(c.Connect(netip.AddrPortFrom(server4, 7)))
	for _, n := range []int{300, 301, 300, 300, 99, 1} { // 901, then no room for 300, then 1000, then no room for 1
		must(c.Send(make([]byte, n), netip.AddrPort{}, 0))
	}
	if got, want := fmt.Sprint(l.deaths), fmt.Sprint([]death{{4, CauseBufferFull, 328}, {6, CauseBufferFull, 29}}); got != want {
		t.Errorf("thrown away %v, want %v", got, want)
	}
	l.program(func() {
		buf := make([]byte, 200) // longer ones are cut
		for _, want := range []int{200, 200, 200, 99} {
			if n, _, err := s.Recv(buf, 0); n != want || err != nil {
				t.Errorf("%d, %v; want %d", n, err, want)
			}
		}
		if _, _, err := s.Recv(buf, 0); err != syscall.EAGAIN {
			t.Errorf("%v, want EAGAIN", err)
		}
		must(c.Send(make([]byte, 1000), netip.AddrPort{}, 0)) // there is room again
		must(c.Send(nil, netip.AddrPort{}, 0))
	})
	l.deaths = l.deaths[2:]
	l.expectCauses(CauseBufferFull)
	check(s.Close())
	l.expectCauses(CauseClosed)
}

// The buffer of a datagram in fragments is full like any other's; every fragment goes.
func TestFullBufferDropsAllFragments(t *testing.T) {
	l := newLab(t, client4, server4, 1500, direct)
	s := must(l.s.Socket(host.IPv4, host.Datagram, 0))
	check(s.Bind(netip.AddrPortFrom(server4, 7)))
	check(s.SetOption(host.ReceiveBuffer(2999)))
	c := must(l.c.Socket(host.IPv4, host.Datagram, 0))
	must(c.Send(make([]byte, 3000), netip.AddrPortFrom(server4, 7), 0))
	l.expectCauses(CauseBufferFull, CauseBufferFull, CauseBufferFull)
}

// A checksum of 0 means none: IPv4 takes it, IPv6 does not. One that comes out as 0 is sent as ffff (RFC 768).
func TestZeroChecksum(t *testing.T) {
	for i, a := range families {
		l := newLab(t, a[0], a[1], 1500, direct)
		s := must(l.s.Socket(host.FamilyOf(a[1]), host.Datagram, 0))
		check(s.Bind(netip.AddrPortFrom(a[1], 7)))
		p, b := l.c.packet(protoUDP, fromNetip(a[0]), fromNetip(a[1]), 9, false)
		p.Sound = false
		copy(b, []byte{0, 1, 0, 7, 0, 9, 0, 0, 'x'})
		l.s.Receive(p)
		want := [][]netem.Cause{nil, {CauseChecksum}}[i]
		l.expectCauses(want...)

		t8 := make([]byte, 10)
		for v := range 1 << 16 {
			putUDP(t8, 1, 7, []byte{byte(v >> 8), byte(v)})
			sealUDP(t8, fromNetip(a[0]), fromNetip(a[1]))
			if get16(t8[6:]) == 0 {
				t.Fatalf("payload %04x: the checksum is 0", v)
			}
		}
	}
}

// To whom a datagram goes: a connected socket before one bound to the address, that before one bound to any.
func TestDatagramFindsTheClosestSocket(t *testing.T) {
	l := newLab(t, client4, server4, 1500, direct)
	at := func(a string) netip.AddrPort { return netip.MustParseAddrPort(a) }
	open := func(bind, peer string) host.Socket {
		s := must(l.s.Socket(host.IPv4, host.Datagram, 0))
		check(s.SetOption(host.ReuseAddress(true)))
		check(s.SetOption(host.ReceiveTimeout(time.Nanosecond)))
		check(s.Bind(at(bind)))
		if peer != "" {
			check(s.Connect(at(peer)))
		}
		return s
	}
	all := []host.Socket{open("10.0.0.2:7", "10.0.0.1:5"), open("10.0.0.2:7", ""), open("0.0.0.0:7", ""), open("10.0.0.2:7", "10.0.0.1:6")}
	c := must(l.c.Socket(host.IPv4, host.Datagram, 0))
	check(c.Bind(at("10.0.0.1:5")))
	l.program(func() {
		for range 3 { // each time the closest is closed, the next gets it
			must(c.Send([]byte("x"), at("10.0.0.2:7"), 0))
			for i, s := range all {
				if _, _, err := s.Recv(make([]byte, 1), 0); (err == nil) != (i == 0) {
					t.Errorf("socket %d: %v, want the first to get it", i, err)
				}
			}
			check(all[0].Close())
			all = all[1:]
		}
	})
	must(c.Send([]byte("x"), at("10.0.0.2:7"), 0)) // the last one has another peer
	l.expectCauses(CauseNoSocket)
}

func TestDatagramErrors(t *testing.T) {
	l := newLab(t, client4, server4, 1500, direct)
	to := netip.AddrPortFrom(server4, 7)
	for _, c := range []struct {
		name string
		n    int
		to   string
		want error
	}{
		{"port 0", 1, "10.0.0.2:0", syscall.EINVAL},
		{"broadcast", 1, "255.255.255.255:7", syscall.EACCES},
		{"the other family", 1, "[::1]:7", syscall.EAFNOSUPPORT},
		{"65508 bytes", 65508, "10.0.0.2:7", syscall.EMSGSIZE},
		{"65536 bytes", 65536, "10.0.0.2:7", syscall.EMSGSIZE},
		{"65507 bytes", 65507, "10.0.0.2:7", nil},
	} {
		s := must(l.c.Socket(host.IPv4, host.Datagram, 0))
		n, err := s.Send(make([]byte, c.n), netip.MustParseAddrPort(c.to), 0)
		if err != c.want || err == nil && n != c.n || err != nil && n != 0 {
			t.Errorf("%s: %d, %v; want %v", c.name, n, err, c.want)
		}
	}
	s := must(l.c.Socket(host.IPv4, host.Datagram, 0))
	check(s.Bind(netip.MustParseAddrPort("127.0.0.1:0")))
	if _, err := s.Send(nil, to, 0); err != syscall.EINVAL {
		t.Errorf("from loopback to elsewhere: %v, want EINVAL", err)
	}
	if _, err := New(l.w, l.config("alone", client4, 1500)).Socket(host.IPv6, host.Datagram, 0); err != syscall.EAFNOSUPPORT {
		t.Errorf("an IPv6 socket on an IPv4 host: %v", err)
	}
	if _, err := l.c.Socket(host.IPv4, 3, 0); err != syscall.EPROTONOSUPPORT {
		t.Errorf("a raw socket: %v", err)
	}
	alone := must(New(l.w, l.config("alone", client4, 1500)).Socket(host.IPv4, host.Datagram, 0))
	if _, err := alone.Send(nil, to, 0); err != syscall.ENETUNREACH {
		t.Errorf("on a host without a link: %v, want ENETUNREACH", err)
	}
}

// Sending and receiving a datagram allocates nothing, small or in fragments.
func TestDatagramsDoNotAllocate(t *testing.T) {
	for _, n := range []int{1, 1448, 9000} {
		l := newLab(t, client4, server4, 1500, direct)
		l.record = false
		s := must(l.s.Socket(host.IPv4, host.Datagram, 0))
		check(s.Bind(netip.AddrPortFrom(server4, 7)))
		c := must(l.c.Socket(host.IPv4, host.Datagram, 0))
		buf := make([]byte, n)
		send := func() {
			must(c.Send(buf, netip.AddrPortFrom(server4, 7), 0))
			if got, _, err := s.Recv(buf, 0); got != n || err != nil {
				t.Fatal(got, err)
			}
		}
		for range 10 {
			send()
		}
		if got := testing.AllocsPerRun(100, send); got != 0 {
			t.Errorf("%d bytes: %v allocations", n, got)
		}
	}
}
