package inet

import (
	"bytes"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
)

// narrow puts a link of that MTU into the client's way, 5 ms off, behind a router that throws away what is too long for it; if it
// speaks, it tells the sender so, with the MTU that it says.
func narrow(l *lab, mtu, says int) {
	send := l.c.port
	l.c.Transmit(func(p *netem.Packet) {
		if len(p.Data) <= mtu {
			l.w.After(5*time.Millisecond, func() { send(p) })
			return
		}
		p.Seal()
		quote := bytes.Clone(p.Data[:min(len(p.Data), 100)])
		l.pool.Put(p)
		if says < 0 {
			return
		}
		l.w.After(10*time.Millisecond, func() {
			if l.s.v6 {
				l.s.sendICMP(l.s.self, l.c.self, icmp6TooBig, 0, uint32(says), quote, "packet too big")
			} else {
				l.s.sendICMP(l.s.self, l.c.self, icmpUnreachable, codeTooBig, uint32(says), quote, "packet too big")
			}
		})
	})
}

// A transfer over a path whose middle takes less than its ends (RFC 1191, RFC 8201): the router's word is all it costs, one more
// trip to the router. Where it says nothing, or not how much it takes, nothing long ever passes (a black hole).
func TestPathMTU(t *testing.T) {
	for _, c := range []struct {
		client, server netip.Addr
		mtu, says      int
		passes         bool
		longest        int // of the packets that pass
	}{
		{client4, server4, 1400, 1400, true, 1400},
		{client4, server4, 600, 600, true, 600},
		{client6, server6, 1300, 1300, true, 1300},
		{client4, server4, 1400, -1, false, 0},  // the message is lost
		{client4, server4, 1400, 0, false, 0},   // it is of RFC 792's old kind; Linux does not guess either
		{client4, server4, 1400, 68, true, 552}, // a liar is believed to 552 bytes
	} {
		l := newLab(t, c.client, c.server, 1500, direct)
		narrow(l, c.mtu, c.says)
		text := numbered(100_000)
		var got []byte
		var took time.Duration
		at := netip.AddrPortFrom(c.server, 7)
		l.program(func() {
			s := must(l.s.Socket(host.FamilyOf(c.server), host.Stream, 0))
			check(s.Bind(at))
			check(s.Listen(1))
			l.s.Go(func() {
				a, _, err := s.Accept()
				check(err)
				check(a.SetOption(host.ReceiveTimeout(30 * time.Minute)))
				b := make([]byte, 1<<16)
				for {
					n, _, err := a.Recv(b, 0)
					if n == 0 || err != nil {
						break
					}
					got = append(got, b[:n]...)
				}
				took = l.s.Now()
				check(a.Close())
				check(s.Close())
			})
			w := must(l.c.Socket(host.FamilyOf(c.client), host.Stream, 0))
			check(w.Connect(at))
			must(w.Send(text, netip.AddrPort{}, 0))
			check(w.Close())
		})
		if !c.passes {
			if len(got) != 0 {
				t.Errorf("%+v: %d bytes have passed", c, len(got))
			}
			continue
		}
		if !bytes.Equal(got, text) {
			t.Errorf("%+v: %d bytes have come, or wrong ones", c, len(got))
		}
		longest := 0
		for _, p := range l.sent {
			longest = max(longest, len(p))
		}
		if longest != c.longest {
			t.Errorf("%+v: the longest packet that passed has %d bytes", c, longest)
		}
		// One way 5 ms, back at once: the SYN 5 ms, 10 ms for the router's word, and then the text in windows of ten segments
		// that double: 100,000 bytes in at most four round trips of 5 ms with segments of 1200 bytes or more, for those are
		// 180,000, and in five with 500, for those are 155,000.
		if took > 40*time.Millisecond || c.longest > 1000 && took > 35*time.Millisecond {
			t.Errorf("%+v: it took %v", c, took)
		}
	}
}

// A datagram that is too long for a router is lost. A connected socket learns of it in its next call; whoever sends another one
// sees it arrive, in fragments that fit, for ten minutes (man 7 ip, RFC 1191 section 6.3).
func TestPathMTUOfDatagrams(t *testing.T) {
	for _, c := range []struct {
		client, server netip.Addr
		mtu, says      int
		connected      bool
		errs           error
		passes         int   // of two datagrams sent 20 ms apart, a third after 10 minutes and a fourth 20 ms later
		lengths        []int // of the packets that pass
	}{
		// 1472 bytes are 1480 with UDP's header; of these 1376, a multiple of 8, fit 1400 bytes.
		{client4, server4, 1400, 1400, true, syscall.EMSGSIZE, 2, []int{1396, 124, 1396, 124}},
		{client4, server4, 1400, 1400, false, nil, 2, []int{1396, 124, 1396, 124}},
		// Over IPv6 1460 bytes with the header are cut at 1232, which 1280 bytes hold with headers of 40 and 8.
		{client6, server6, 1280, 1280, true, syscall.EMSGSIZE, 2, []int{1280, 276, 1280, 276}},
		{client4, server4, 1400, -1, true, nil, 0, nil},
		{client4, server4, 1400, 0, true, nil, 0, nil},
	} {
		l := newLab(t, c.client, c.server, 1500, direct)
		narrow(l, c.mtu, c.says)
		payload := make([]byte, 1472)
		if l.c.v6 {
			payload = payload[:1452]
		}
		at := netip.AddrPortFrom(c.server, 7)
		got := 0
		l.program(func() {
			s := must(l.s.Socket(host.FamilyOf(c.server), host.Datagram, 0))
			check(s.Bind(at))
			check(s.SetOption(host.ReceiveTimeout(11 * time.Minute)))
			l.s.Go(func() {
				b := make([]byte, 1<<16)
				for {
					n, _, err := s.Recv(b, 0)
					if err != nil {
						break
					}
					if n != len(payload) {
						t.Errorf("%+v: a datagram of %d bytes", c, n)
					}
					got++
				}
				check(s.Close())
			})
			w := must(l.c.Socket(host.FamilyOf(c.client), host.Datagram, 0))
			to := at
			if c.connected {
				check(w.Connect(at))
				to = netip.AddrPort{}
			}
			for _, pause := range []time.Duration{20 * time.Millisecond, 10 * time.Minute, 20 * time.Millisecond, 0} {
				must(w.Send(payload, to, 0))
				l.c.Sleep(pause)
				if pause == 20*time.Millisecond {
					if c.errs != nil {
						if _, err := w.Send(payload, to, 0); err != c.errs {
							t.Errorf("%+v: the send behind the news: %v", c, err)
						}
					}
				}
			}
			check(w.Close())
		})
		var lengths []int
		for _, p := range l.sent {
			if g := netem.ReadHeader(p); g.Kind != netem.KindICMP {
				lengths = append(lengths, len(p))
			}
		}
		if got != c.passes || !slices.Equal(lengths, c.lengths) {
			t.Errorf("%+v: %d datagrams arrived, in packets of %v bytes", c, got, lengths)
		}
	}
}
