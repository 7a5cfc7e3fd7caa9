package inet

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
)

// held keeps what the client sends until the test passes it on.
func held(t testing.TB, a [2]netip.Addr, mtu int) (l *lab, taken *[]*netem.Packet, s, c host.Socket) {
	l = newLab(t, a[0], a[1], mtu, direct)
	taken = new([]*netem.Packet)
	l.c.Transmit(func(p *netem.Packet) { *taken = append(*taken, p) })
	s = must(l.s.Socket(host.FamilyOf(a[1]), host.Datagram, 0))
	check(s.Bind(netip.AddrPortFrom(a[1], 7)))
	check(s.SetOption(host.ReceiveTimeout(1)))
	c = must(l.c.Socket(host.FamilyOf(a[1]), host.Datagram, 0))
	check(c.Connect(netip.AddrPortFrom(a[1], 7)))
	return l, taken, s, c
}

var families = [][2]netip.Addr{{client4, server4}, {client6, server6}}

// Fragments have the sizes that RFC 791 and RFC 8200 say: multiples of 8 that fit, the last the rest.
func TestFragmentSizes(t *testing.T) {
	for _, c := range []struct {
		a    [2]netip.Addr
		mtu  int
		n    int
		want []int // bytes of the IP packets
	}{
		{families[0], 1500, 1472, []int{1500}},
		{families[0], 1500, 1473, []int{1500, 21}},
		{families[0], 1499, 1473, []int{1492, 29}},                    // 1479 bytes fit behind the header, 1472 of them a multiple of 8
		{families[0], 68, 100, []int{68, 68, 32}},                     // 108 bytes in 48, 48 and 12
		{families[1], 1500, 1452, []int{1500}},                        // 1500 - 40 - 8
		{families[1], 1500, 1453, []int{1496, 61}},                    // 1448 fit; 1461 - 1448 = 13 behind 48
		{families[1], 1280, 4000, []int{1280, 1280, 1280, 360}},       // 4008 in 1232 and 312
		{families[0], 65535, 65507, []int{65535}},                     // the longest
		{families[0], 40000, 65507, []int{39996, 20 + 65515 - 39976}}, // 39980 & ^7 = 39976
	} {
		l, taken, s, sender := held(t, c.a, c.mtu)
		must(sender.Send(numbered(c.n), netip.AddrPort{}, 0))
		var got []int
		for _, p := range *taken {
			got = append(got, len(p.Data))
			l.s.Receive(p)
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%v: %d bytes at MTU %d: packets of %v, want %v", c.a[0], c.n, c.mtu, got, c.want)
		}
		buf := make([]byte, 1<<16)
		if n, _, err := s.Recv(buf, 0); err != nil || !bytes.Equal(buf[:n], numbered(c.n)) {
			t.Errorf("%v: %d bytes at MTU %d came out as %d, %v", c.a[0], c.n, c.mtu, n, err)
		}
	}
}

// Datagrams whose fragments come in any order, several datagrams mixed, some twice, some not at all: exactly the complete
// ones come out whole, and every packet is accounted for.
func TestReassemblyInAnyOrder(t *testing.T) {
	const seed = 5
	r := dice{stream: netem.NewStream(seed)}
	for round := range 300 {
		a := families[round%2]
		l, taken, s, c := held(t, a, 1280)
		var mixed []*netem.Packet
		whole := map[int]bool{} // by length
		discarded := 0
		for range 1 + r.below(4) {
			n := 1300 + r.below(6000)
			must(c.Send(numbered(n), netip.AddrPort{}, 0))
			fate := r.below(3)
			dup := r.below(len(*taken))
			for i, p := range *taken {
				if fate == 1 && i == dup { // lost
					l.pool.Put(p)
					continue
				}
				mixed = append(mixed, p)
			}
			if fate == 1 {
				discarded += len(*taken) - 1
			} else if whole[n] = true; fate == 2 {
				mixed = append(mixed, l.pool.Copy((*taken)[dup]))
				discarded++ // either there is one already, or it begins a datagram that is never complete
			}
			*taken = nil
		}
		for i := range mixed {
			j := i + r.below(len(mixed)-i)
			mixed[i], mixed[j] = mixed[j], mixed[i]
		}
		for _, p := range mixed {
			l.s.Receive(p)
		}
		l.program(func() {
			l.s.Sleep(2 * time.Minute)
			for range whole {
				buf := make([]byte, 1<<16)
				n, _, err := s.Recv(buf, 0)
				if err != nil || !whole[n] || !bytes.Equal(buf[:n], numbered(n)) {
					t.Errorf("seed %d, round %d: %d bytes, %v", seed, round, n, err)
				}
			}
		})
		if len(l.deaths) != discarded {
			t.Errorf("seed %d, round %d: %d discarded, want %d: %v", seed, round, len(l.deaths), discarded, l.deaths)
		}
		if f := &l.s.frags; f.memory != 0 || len(f.entries) != 0 || f.first != nil || f.last != nil {
			t.Errorf("seed %d, round %d: the reassembly still holds %+v", seed, round, f)
		}
	}
}

func TestReassemblyTimesOut(t *testing.T) {
	for i, a := range families {
		l, taken, _, c := held(t, a, 1280)
		limit := []time.Duration{30 * time.Second, 60 * time.Second}[i]
		must(c.Send(numbered(3000), netip.AddrPort{}, 0))
		l.s.Receive((*taken)[0])
		l.s.Receive((*taken)[1])
		l.program(func() {
			l.s.Sleep(limit - 1)
			l.expectCauses()
			l.s.Sleep(1)
			l.s.Sleep(1)
			l.expectCauses(CauseReassembly, CauseReassembly)
		})
		last := l.sent[len(l.sent)-1] // time exceeded, reassembly: types 11 and 3, code 1
		checksums(t, last)
		if want := []byte{11, 1}; i == 0 && !bytes.Equal(last[20:22], want) || i == 1 && !bytes.Equal(last[40:42], []byte{3, 1}) {
			t.Errorf("no message that time is exceeded but %x", last)
		}
		// Without the first fragment nothing is said.
		n := len(l.sent)
		*taken = nil
		must(c.Send(numbered(3000), netip.AddrPort{}, 0))
		l.s.Receive((*taken)[1])
		l.program(func() { l.s.Sleep(2 * limit) })
		l.expectCauses(CauseReassembly)
		if len(l.sent) != n {
			t.Errorf("sent %x", l.sent[n:])
		}
	}
}

// rawFragment is a fragment of IPv4 from client to server with that body.
func rawFragment(l *lab, id uint16, at int, more bool, body []byte) *netem.Packet {
	p := l.pool.Get(header4 + len(body))
	frag := uint16(at / 8)
	if more {
		frag |= flagMF
	}
	put4(p.Data, protoUDP, fromNetip(client4), fromNetip(server4), id, frag)
	copy(p.Data[header4:], body)
	return p
}

func TestOverlapEndsTheDatagram(t *testing.T) {
	eight := make([]byte, 8)
	for _, c := range []struct {
		name   string
		second func(l *lab) *netem.Packet
		want   []netem.Cause
	}{
		{"across the first", func(l *lab) *netem.Packet { return rawFragment(l, 1, 8, true, make([]byte, 16)) }, []netem.Cause{CauseOverlap, CauseOverlap}},
		{"around it", func(l *lab) *netem.Packet { return rawFragment(l, 1, 8, true, make([]byte, 32)) }, []netem.Cause{CauseOverlap, CauseOverlap}},
		{"an end inside it", func(l *lab) *netem.Packet { return rawFragment(l, 1, 16, false, eight) }, []netem.Cause{CauseOverlap, CauseOverlap}},
		{"an end before it", func(l *lab) *netem.Packet { return rawFragment(l, 1, 8, false, eight) }, []netem.Cause{CauseOverlap, CauseOverlap}},
		{"the same again", func(l *lab) *netem.Packet { return rawFragment(l, 1, 16, true, make([]byte, 16)) }, []netem.Cause{CauseDuplicate}},
		{"another datagram", func(l *lab) *netem.Packet { return rawFragment(l, 2, 8, true, make([]byte, 16)) }, nil},
		{"no multiple of 8", func(l *lab) *netem.Packet { return rawFragment(l, 1, 8, true, make([]byte, 7)) }, []netem.Cause{CauseMalformed}},
		{"beyond 65535", func(l *lab) *netem.Packet { return rawFragment(l, 1, 65528, false, eight) }, []netem.Cause{CauseMalformed}},
	} {
		l := newLab(t, client4, server4, 1500, direct)
		l.s.Receive(rawFragment(l, 1, 16, true, make([]byte, 16)))
		l.s.Receive(c.second(l))
		if got := l.causes(); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if len(c.want) == 2 { // what comes later goes the same way
			l.s.Receive(rawFragment(l, 1, 200, true, eight))
			l.expectCauses(CauseOverlap)
		}
	}
}

// What lies behind the end contradicts it.
func TestNothingIsBehindTheEnd(t *testing.T) {
	l := newLab(t, client4, server4, 1500, direct)
	l.s.Receive(rawFragment(l, 1, 16, false, make([]byte, 8)))
	l.s.Receive(rawFragment(l, 1, 32, true, make([]byte, 8)))
	l.expectCauses(CauseOverlap, CauseOverlap)
}

func TestFragmentMemoryIsBounded(t *testing.T) {
	l := newLab(t, client4, server4, 1500, direct)
	for id := range 4096 {
		l.s.Receive(rawFragment(l, uint16(id), 8, true, make([]byte, 8)))
		if l.s.frags.memory > reassemblyMemory {
			t.Fatalf("%d bytes", l.s.frags.memory)
		}
	}
	// A packet takes 2048 bytes and an entry 256: 4 MiB hold 1820 of them.
	if n := len(l.deaths); n != 4096-1820 || l.deaths[0].cause != CauseFragmentMemory {
		t.Errorf("%d thrown away, the first for %v", n, l.deaths[0])
	}
	l.run()
	if n := len(l.deaths); n != 4096 || l.s.frags.memory != 0 {
		t.Errorf("%d thrown away in the end, %d bytes left", n, l.s.frags.memory)
	}
}
