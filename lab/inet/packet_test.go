package inet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
)

// decode reads a packet with another's decoder, which fails the test where it finds something wrong.
func decode(t *testing.T, b []byte) gopacket.Packet {
	t.Helper()
	first := gopacket.LayerType(layers.LayerTypeIPv4)
	if b[0]>>4 == 6 {
		first = layers.LayerTypeIPv6
	}
	p := gopacket.NewPacket(b, first, gopacket.Default)
	if e := p.ErrorLayer(); e != nil {
		t.Fatalf("%x: %v", b, e.Error())
	}
	return p
}

// checksums verifies all checksums of an unfragmented packet, with naive arithmetic.
func checksums(t *testing.T, b []byte) {
	t.Helper()
	var proto byte
	var body, addrs []byte
	if b[0]>>4 == 4 {
		n := int(b[0]&15) * 4
		if naive(b[:n]) != 0xffff {
			t.Errorf("IPv4 header %x: wrong checksum", b[:n])
		}
		proto, body, addrs = b[9], b[n:], b[12:20]
	} else {
		proto, body, addrs = b[6], b[40:], b[8:40]
	}
	var whole []byte
	if proto != 1 {
		whole = append(whole, addrs...)
		whole = binary.BigEndian.AppendUint16(append(whole, 0, proto), uint16(len(body)))
	}
	if whole = append(whole, body...); naive(whole) != 0xffff {
		t.Errorf("protocol %d, %d bytes: wrong checksum", proto, len(body))
	}
}

// A conversation whose packets are looked at with another decoder: UDP to an open and to a closed port, an echo, TCP.
func TestPacketsOnTheWire(t *testing.T) {
	for _, a := range [][2]netip.Addr{{client4, server4}, {client6, server6}} {
		t.Run(fmt.Sprint(a[0]), func(t *testing.T) {
			l := newLab(t, a[0], a[1], 1500, direct)
			text := []byte("seven b")
			l.program(func() { udpOnce(l, a[1], text) })
			p := decode(t, l.sent[0])
			u, ok := p.TransportLayer().(*layers.UDP)
			if !ok || u.DstPort != 7 || u.Length != 15 || u.SrcPort < ephemeralFirst || u.SrcPort > ephemeralLast || !bytes.Equal(u.Payload, text) {
				t.Errorf("datagram %v", p)
			}
			if ip, ok := p.NetworkLayer().(*layers.IPv4); ok && (ip.TTL != 64 || ip.Flags != layers.IPv4DontFragment || ip.Length != 35 || ip.Protocol != layers.IPProtocolUDP) {
				t.Errorf("IPv4 header %v", ip)
			}
			if ip, ok := p.NetworkLayer().(*layers.IPv6); ok && (ip.HopLimit != 64 || ip.Length != 15 || ip.NextHeader != layers.IPProtocolUDP) {
				t.Errorf("IPv6 header %v", ip)
			}
			l.program(func() { tcpOnce(l, a[1], text) })
			payload := 0
			for _, b := range l.sent[1:] {
				p := decode(t, b)
				s, ok := p.TransportLayer().(*layers.TCP)
				if !ok {
					t.Fatalf("no segment: %v", p)
				}
				if ip, ok := p.NetworkLayer().(*layers.IPv4); ok && ip.Flags != layers.IPv4DontFragment {
					t.Errorf("flags %v, want DF", ip.Flags)
				}
				payload += len(s.Payload)
			}
			if payload != len(text) {
				t.Errorf("%d bytes of TCP payload, want %d", payload, len(text))
			}
			for _, b := range l.sent {
				checksums(t, b)
			}
		})
	}
}

func udpOnce(l *lab, to netip.Addr, text []byte) {
	s := must(l.s.Socket(host.FamilyOf(to), host.Datagram, 0))
	check(s.Bind(netip.AddrPortFrom(to, 7)))
	c := must(l.c.Socket(host.FamilyOf(to), host.Datagram, 0))
	must(c.Send(text, netip.AddrPortFrom(to, 7), 0))
	buf := make([]byte, 1<<16)
	n, from, err := s.Recv(buf, 0)
	check(err)
	if !bytes.Equal(buf[:n], text) || from.Addr() != l.c.Addr() {
		l.t.Errorf("%d bytes from %v, want %d from %v", n, from, len(text), l.c.Addr())
	}
	check(c.Close())
	check(s.Close())
}

func tcpOnce(l *lab, to netip.Addr, text []byte) {
	s := must(l.s.Socket(host.FamilyOf(to), host.Stream, 0))
	check(s.Bind(netip.AddrPortFrom(to, 7)))
	check(s.Listen(1))
	l.c.Go(func() {
		c := must(l.c.Socket(host.FamilyOf(to), host.Stream, 0))
		check(c.Connect(netip.AddrPortFrom(to, 7)))
		must(c.Send(text, netip.AddrPort{}, 0))
		check(c.Close())
	})
	c, _, err := s.Accept()
	check(err)
	var got []byte
	for buf := make([]byte, 1000); ; {
		n, _, err := c.Recv(buf, 0)
		check(err)
		if n == 0 {
			break
		}
		got = append(got, buf[:n]...)
	}
	if !bytes.Equal(got, text) {
		l.t.Errorf("got %q, want %q", got, text)
	}
	check(c.Close())
	check(s.Close())
}

// Whether a packet's checksums are verified or known to be right makes no difference to what happens: the same
// conversation, with every packet declared sound and none, byte for byte.
func TestSoundAndVerifiedAgree(t *testing.T) {
	for _, a := range [][2]netip.Addr{{client4, server4}, {client6, server6}} {
		var wire [2][][]byte
		for i, sound := range []bool{true, false} {
			l := newLab(t, a[0], a[1], 1500, func(l *lab, to netem.Port) netem.Port {
				return func(p *netem.Packet) {
					if !p.Sound {
						t.Error("a host sent a packet that it does not call sound")
					}
					p.Seal()
					p.Sound = sound
					to(p)
				}
			})
			l.program(func() {
				udpOnce(l, a[1], numbered(100))
				udpOnce(l, a[1], numbered(5000))
				tcpOnce(l, a[1], numbered(10000))
				c := must(l.c.Socket(host.FamilyOf(a[1]), host.Datagram, 0))
				must(c.Send(numbered(1), netip.AddrPortFrom(a[1], 9), 0))
				check(c.Close())
			})
			l.expectCauses(CauseNoSocket) // the datagram to port 9
			wire[i] = l.sent
		}
		if len(wire[0]) != len(wire[1]) {
			t.Fatalf("%d packets when sound, %d when verified", len(wire[0]), len(wire[1]))
		}
		for i := range wire[0] {
			if !bytes.Equal(wire[0][i], wire[1][i]) {
				t.Fatalf("packet %d: %x when sound, %x when verified", i, wire[0][i], wire[1][i])
			}
		}
	}
}

// A single flipped bit in anything but IP's own fields without a checksum (IPv6 has none) is always found out.
func TestEveryFlippedBitIsFound(t *testing.T) {
	for _, a := range [][2]netip.Addr{{client4, server4}, {client6, server6}} {
		l := newLab(t, a[0], a[1], 1500, direct)
		s := must(l.s.Socket(host.FamilyOf(a[1]), host.Datagram, 0))
		check(s.Bind(netip.AddrPortFrom(a[1], 7)))
		check(s.SetOption(host.ReceiveTimeout(time.Nanosecond)))
		c := must(l.c.Socket(host.FamilyOf(a[1]), host.Datagram, 0))
		must(c.Send([]byte("x"), netip.AddrPortFrom(a[1], 7), 0))
		good := l.sent[0]
		begin := 0
		if l.c.v6 {
			begin = header6
		}
		l.deaths = nil
		for bit := begin * 8; bit < len(good)*8; bit++ {
			p := l.pool.Get(len(good))
			copy(p.Data, good)
			p.Data[bit/8] ^= 1 << (bit % 8)
			l.s.Receive(p)
			if len(l.deaths) != 1 || l.deaths[0].cause != CauseChecksum && l.deaths[0].cause != CauseMalformed {
				t.Errorf("bit %d of %x: %v", bit, good, l.deaths)
			}
			l.deaths = nil
		}
	}
}

// numbered is n bytes that differ with their place.
func numbered(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i ^ i>>8*31)
	}
	return b
}
