package inet

import (
	"bytes"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
)

// TestPortUnreachable looks at the message that a datagram to a closed port brings: its type and code, whom it is from,
// and what it quotes.
func TestPortUnreachable(t *testing.T) {
	for i, a := range families {
		l := newLab(t, a[0], a[1], 1500, direct)
		c := must(l.c.Socket(host.FamilyOf(a[1]), host.Datagram, 0))
		for _, n := range []int{0, 10, 1400} {
			l.sent = nil
			must(c.Send(numbered(n), netip.AddrPortFrom(a[1], 9), 0))
			if len(l.sent) != 2 {
				t.Fatalf("%d packets, want a datagram and an answer", len(l.sent))
			}
			asked, said := l.sent[0], l.sent[1]
			checksums(t, said)
			header, longest, kind := 20, 576, []byte{3, 3}
			if i == 1 {
				header, longest, kind = 40, 1280, []byte{1, 4}
			}
			quote := asked[:min(len(asked), longest-header-8)]
			if m := said[header:]; !bytes.Equal(m[:2], kind) || !bytes.Equal(m[4:8], make([]byte, 4)) || !bytes.Equal(m[8:], quote) {
				t.Errorf("%d bytes were answered with %x, want type and code %d and the quotation %x", n, m, kind, quote)
			}
			decode(t, said)
		}
		l.expectCauses(CauseNoSocket, CauseNoSocket, CauseNoSocket)
	}
}

// Two rules keep ICMP from a storm: no error about an error, and not more than a thousand a second, 50 at once.
func TestICMPIsLimited(t *testing.T) {
	l := newLab(t, client4, server4, 1500, direct)
	l.c.Transmit(func(p *netem.Packet) { l.s.Receive(p) })
	c := must(l.c.Socket(host.IPv4, host.Datagram, 0))
	flood := func(n int) int {
		before := len(l.sent)
		for range n {
			must(c.Send(nil, netip.AddrPortFrom(server4, 9), 0))
		}
		return len(l.sent) - before
	}
	l.program(func() {
		for _, step := range []struct {
			wait    time.Duration
			n, want int
		}{{0, 60, 50}, {time.Millisecond - 1, 5, 0}, {1, 5, 1}, {5 * time.Millisecond, 10, 5}, {time.Hour / 2, 1000, 50}} {
			l.c.Sleep(step.wait)
			if got := flood(step.n); got != step.want {
				t.Errorf("%v later %d of %d datagrams were answered, want %d", step.wait, got, step.n, step.want)
			}
		}
	})
	// A protocol that does not exist is answered with type 3, code 2 …
	l.w.After(time.Second, func() {
		n := len(l.sent)
		p := l.pool.Get(header4 + 8)
		put4(p.Data, 200, fromNetip(client4), fromNetip(server4), 1, 0)
		l.s.Receive(p)
		if len(l.sent) != n+1 || !bytes.Equal(l.sent[n][20:22], []byte{3, 2}) {
			t.Errorf("protocol 200 was answered with %x", l.sent[n:])
		}
		// … but an ICMP error is not, whatever is in it.
		for _, kind := range []byte{3, 11, 12} {
			n := len(l.sent)
			l.c.sendICMP(fromNetip(client4), fromNetip(server4), kind, 0, 0, make([]byte, 28), "")
			if len(l.sent) != n {
				t.Errorf("ICMP type %d was answered with %x", kind, l.sent[n:])
			}
		}
	})
	l.run()
}

func TestEcho(t *testing.T) {
	for i, a := range families {
		l := newLab(t, a[0], a[1], 1500, direct)
		request, reply, header := byte(8), byte(0), 20
		if i == 1 {
			request, reply, header = 128, 129, 40
		}
		for _, n := range []int{0, 56, 3000} {
			l.sent = nil
			l.c.sendICMP(fromNetip(a[0]), fromNetip(a[1]), request, 0, 0x12340007, numbered(n), "echo")
			if len(l.sent)%2 != 0 || n < 1400 && len(l.sent) != 2 {
				t.Fatalf("%d packets for an echo of %d bytes", len(l.sent), n)
			}
			if len(l.sent) > 2 { // what comes of fragments TestReassembly shows
				continue
			}
			checksums(t, l.sent[1])
			if want := append([]byte{0x12, 0x34, 0, 7}, numbered(n)...); l.sent[1][header] != reply || !bytes.Equal(l.sent[1][header+4:], want) {
				t.Errorf("answered with %x", l.sent[1])
			}
		}
	}
}

// connecting is a client whose SYN is on its way to a server that says nothing, until f has made an ICMP message about it.
func connecting(t *testing.T, f func(l *lab, syn []byte)) (took time.Duration, err error) {
	l := newLab(t, client4, server4, 1500, direct)
	var syn []byte
	l.c.Transmit(func(p *netem.Packet) {
		if syn == nil {
			p.Seal()
			syn = bytes.Clone(p.Data)
			l.w.After(time.Millisecond, func() { f(l, syn) })
		}
		l.pool.Put(p)
	})
	l.program(func() {
		c := must(l.c.Socket(host.IPv4, host.Stream, 0))
		err = c.Connect(netip.AddrPortFrom(server4, 7))
		took = l.c.Now()
	})
	return took, err
}

// What ICMP says to a connection that is being opened (RFC 1122 section 4.2.3.9, RFC 5927): hard errors end it if they
// quote its SYN, soft ones explain why it timed out.
func TestICMPWhileConnecting(t *testing.T) {
	const whole = 131 * time.Second // 5 times 1 s, 2 + 4 + … + 64 s: the SYN and ten more, as Linux has it
	unreachable := func(code byte, change func(q []byte)) func(l *lab, syn []byte) {
		return func(l *lab, syn []byte) {
			change(syn)
			l.s.sendICMP(fromNetip(server4), fromNetip(client4), icmpUnreachable, code, 0, syn[:28], "")
		}
	}
	as := func([]byte) {}
	for _, c := range []struct {
		name string
		f    func(l *lab, syn []byte)
		want error
		took time.Duration
	}{
		{"nothing", func(*lab, []byte) {}, syscall.ETIMEDOUT, whole},
		{"port unreachable", unreachable(3, as), syscall.ECONNREFUSED, time.Millisecond},
		{"protocol unreachable", unreachable(2, as), syscall.ECONNREFUSED, time.Millisecond},
		{"host unreachable", unreachable(1, as), syscall.EHOSTUNREACH, whole},
		{"net unreachable", unreachable(0, as), syscall.ENETUNREACH, whole},
		{"fragmentation needed", unreachable(4, as), syscall.ETIMEDOUT, whole},
		{"another sequence number", unreachable(3, func(q []byte) { q[27]++ }), syscall.ETIMEDOUT, whole},
		{"another port", unreachable(3, func(q []byte) { q[23]++ }), syscall.ETIMEDOUT, whole},
		{"of another's packet", unreachable(3, func(q []byte) { q[15]++ }), syscall.ETIMEDOUT, whole},
	} {
		if took, err := connecting(t, c.f); err != c.want || took != c.took {
			t.Errorf("%s: %v after %v, want %v after %v", c.name, err, took, c.want, c.took)
		}
	}
}

// Once it is established, a hard error is a soft one: the connection goes on.
func TestICMPWhenEstablished(t *testing.T) {
	l := newLab(t, client4, server4, 1500, direct)
	l.program(func() {
		s := must(l.s.Socket(host.IPv4, host.Stream, 0))
		check(s.Bind(netip.AddrPortFrom(server4, 7)))
		check(s.Listen(1))
		c := must(l.c.Socket(host.IPv4, host.Stream, 0))
		check(c.Connect(netip.AddrPortFrom(server4, 7)))
		l.s.sendICMP(fromNetip(server4), fromNetip(client4), icmpUnreachable, codePort, 0, l.sent[0][:28], "")
		must(c.Send([]byte("still there"), netip.AddrPort{}, 0))
		a, _, err := s.Accept()
		check(err)
		buf := make([]byte, 100)
		if n, _, err := a.Recv(buf, 0); string(buf[:n]) != "still there" || err != nil {
			t.Errorf("%q, %v", buf[:n], err)
		}
	})
	l.expectCauses()
}
