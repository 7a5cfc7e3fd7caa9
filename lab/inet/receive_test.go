package inet

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
)

// FuzzReceive throws packets of any bytes at a host with sockets of all kinds, calling them sound or not. Whatever they
// are, the host takes each or throws it away with a cause, gives each back to the pool exactly once, and keeps its memory
// bounded.
func FuzzReceive(f *testing.F) {
	for _, a := range families {
		seed := newLab(f, a[0], a[1], 1280, direct)
		seed.program(func() {
			udpOnce(seed, a[1], numbered(3000))
			tcpOnce(seed, a[1], numbered(2000))
			seed.c.sendICMP(fromNetip(a[0]), fromNetip(a[1]), icmpUnreachable, 3, 0, seed.sent[0], "")
		})
		for _, b := range seed.sent {
			f.Add(b, b, a[0].Is6(), true)
			f.Add(b, b[:len(b)-1], a[0].Is6(), false)
		}
	}
	f.Fuzz(func(t *testing.T, one, two []byte, v6, sound bool) {
		if len(one) > 65535 || len(two) > 65535 {
			return
		}
		a := families[0]
		if v6 {
			a = families[1]
		}
		l := fuzzLab(t, a[0], a[1])
		made := map[*netem.Packet]bool{}
		l.s.Transmit(func(p *netem.Packet) {
			made[p] = true
			l.pool.Put(p)
		})
		for _, b := range [][]byte{one, two, one} {
			p := l.pool.Get(len(b))
			made[p] = true
			copy(p.Data, b)
			p.Sound = sound
			l.s.Receive(p)
		}
		if m := l.s.frags.memory; m > reassemblyMemory {
			t.Errorf("%d bytes of fragments", m)
		}
		if err := l.w.Run(context.Background(), time.Hour); err != nil {
			t.Fatal(err)
		}
		l.expectAllReturned(t, made)
	})
}

// fuzzLab is a server with a UDP socket and a listener on port 7, whose own packets go nowhere.
func fuzzLab(t testing.TB, client, server netip.Addr) *lab {
	l := newLab(t, client, server, 1280, direct)
	l.record = false
	l.s.Transmit(l.pool.Put)
	u := must(l.s.Socket(host.FamilyOf(server), host.Datagram, 0))
	check(u.Bind(netip.AddrPortFrom(server, 7)))
	l.s.Go(func() {
		for {
			if _, _, err := u.Recv(make([]byte, 10), 0); err != nil {
				return
			}
		}
	})
	l.s.Go(func() {
		s := must(l.s.Socket(host.FamilyOf(server), host.Stream, 0))
		check(s.Bind(netip.AddrPortFrom(server, 7)))
		check(s.Listen(1))
		for {
			c, _, err := s.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	})
	if err := l.w.Run(context.Background(), 0); err != nil {
		t.Fatal(err)
	}
	return l
}

// expectAllReturned looks whether all those packets, and no others were ever made, are back in the pool, each once: drawn
// from until it is surely empty, the pool gives out every one of them, and nothing twice.
func (l *lab) expectAllReturned(t *testing.T, made map[*netem.Packet]bool) {
	t.Helper()
	for _, d := range l.deaths {
		if d.cause == "" {
			t.Error("thrown away without a cause")
		}
	}
	seen := map[*netem.Packet]bool{}
	for range len(made) + 1 {
		p := l.pool.Get(0)
		if seen[p] {
			t.Fatal("a packet was given back twice")
		}
		seen[p] = true
	}
	for p := range made {
		if !seen[p] {
			t.Error("a packet was not given back")
		}
	}
}
