package inet

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/tcp"
	"reliabilitylab/netem"
)

// One datagram of 1448 bytes sent, through a port that leads straight to the other host, and received; with its checksum
// verified or known to be right.
func BenchmarkUDP(b *testing.B) {
	for _, sound := range []bool{true, false} {
		b.Run(fmt.Sprintf("sound=%v", sound), func(b *testing.B) {
			l := newLab(b, client4, server4, 1500, direct)
			l.c.Transmit(func(p *netem.Packet) {
				if !sound {
					p.Seal()
				}
				p.Sound = sound
				l.s.Receive(p)
			})
			from, to := must(l.c.Socket(host.IPv4, host.Datagram, 0)), must(l.s.Socket(host.IPv4, host.Datagram, 0))
			check(to.Bind(netip.AddrPortFrom(server4, 7)))
			check(from.Connect(netip.AddrPortFrom(server4, 7)))
			buf := make([]byte, 1448)
			b.SetBytes(int64(len(buf)))
			b.ReportAllocs()
			for b.Loop() {
				must(from.Send(buf, netip.AddrPort{}, 0))
				if n, _, err := to.Recv(buf, 0); n != len(buf) || err != nil {
					b.Fatal(n, err)
				}
			}
		})
	}
}

// What this package adds to a TCP segment: it is made into a packet, sent, received, and brought to its endpoint. The
// connection at the far end is not there, so lab/tcp has next to no part in it: a closed port's RST is not answered.
func BenchmarkSegment(b *testing.B) {
	for _, sound := range []bool{true, false} {
		b.Run(fmt.Sprintf("sound=%v", sound), func(b *testing.B) {
			l := newLab(b, client4, server4, 1500, direct)
			l.s.c.Discard = nil
			payload := make([]byte, 1448)
			s := tcp.Segment{SrcPort: 1, DstPort: 2, Flags: netem.FlagRST, Payload: payload, Options: tcp.Options{HasTimestamps: true}}
			l.c.Transmit(func(p *netem.Packet) {
				if !sound {
					p.Seal()
				}
				p.Sound = sound
				l.s.Receive(p)
			})
			src, dst := fromNetip(client4), fromNetip(server4)
			b.ReportAllocs()
			for b.Loop() {
				l.c.sendSegment(src, dst, &s)
			}
		})
	}
}

// A transfer over TCP, in packets a second: both stacks, both programs and the world.
func BenchmarkTCP(b *testing.B) {
	l := newLab(b, client4, server4, 1500, delayed(time.Millisecond))
	packets := 0
	l.c.Transmit(func(p *netem.Packet) { packets++; l.w.After(time.Millisecond, func() { l.s.Receive(p) }) })
	l.s.Transmit(func(p *netem.Packet) { packets++; l.w.After(time.Millisecond, func() { l.c.Receive(p) }) })
	n := b.N
	l.s.Go(func() {
		s := must(l.s.Socket(host.IPv4, host.Stream, 0))
		check(s.Bind(netip.AddrPortFrom(server4, 7)))
		check(s.Listen(1))
		c, _, err := s.Accept()
		check(err)
		buf := make([]byte, 1<<16)
		for {
			if n, _, _ := c.Recv(buf, 0); n == 0 {
				return
			}
		}
	})
	l.c.Go(func() {
		s := must(l.c.Socket(host.IPv4, host.Stream, 0))
		check(s.Connect(netip.AddrPortFrom(server4, 7)))
		buf := make([]byte, 1448*10)
		for i := 0; i < n; i += 10 {
			must(s.Send(buf, netip.AddrPort{}, 0))
		}
		check(s.Close())
	})
	b.ReportAllocs()
	b.ResetTimer()
	l.run()
	b.ReportMetric(float64(packets)/b.Elapsed().Seconds(), "packets/s")
}
