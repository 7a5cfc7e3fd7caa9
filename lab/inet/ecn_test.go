package inet

import (
	"io"
	"net/netip"
	"testing"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/tcp"
	"reliabilitylab/netem"
)

// ECN over both families: the handshake and ACKs without data are not ECT, data is ECT(0); a packet that the network marks is
// echoed with ECE until CWR comes; and every IPv4 header that leaves a host has a right checksum, bits and all.
func TestECN(t *testing.T) {
	for _, family := range []struct{ c, s netip.Addr }{{client4, server4}, {client6, server6}} {
		v6 := family.c.Is6()
		n := 0
		mark := func(l *lab, to netem.Port) netem.Port {
			return delayed(time.Millisecond)(l, func(p *netem.Packet) {
				if codepoint(p.Data, v6) == tcp.ECT0 {
					if n++; n == 3 { // ECT(0) becomes CE
						p.Seal()
						l.s.setECN(p.Data, tcp.ECT1)
					}
				}
				to(p)
			})
		}
		l := newLab(t, family.c, family.s, 1500, mark)
		l.c.c.TCP.ECN, l.s.c.TCP.ECN = true, true
		at := netip.AddrPortFrom(family.s, 7)
		l.w.Go(func() {
			s := must(l.s.Socket(host.FamilyOf(family.s), host.Stream, 0))
			check(s.Bind(at))
			check(s.Listen(1))
			a, _, err := s.Accept()
			check(err)
			for b := make([]byte, 5000); ; {
				if k, _, err := a.Recv(b, 0); err == io.EOF || k == 0 {
					break
				}
			}
			check(a.Close())
			check(s.Close())
		})
		l.program(func() {
			c := must(l.c.Socket(host.FamilyOf(family.c), host.Stream, 0))
			check(c.Connect(at))
			must(c.Send(make([]byte, 100_000), netip.AddrPort{}, 0))
			check(c.Close())
		})
		l.expectCauses()
		ece, cwr := 0, 0
		for i, b := range l.sent {
			header := header4
			if v6 {
				header = header6
			} else if !valid(sum(b[:header4])) {
				t.Errorf("packet %d leaves with a wrong header checksum", i)
			}
			var s tcp.Segment
			if err := s.Parse(b[header:]); err != nil {
				t.Fatal(err)
			}
			want := tcp.NotECT
			if len(s.Payload) > 0 {
				want = tcp.ECT0
			}
			if got := codepoint(b, v6); got != want {
				t.Errorf("packet %d (%v) leaves with %d", i, &s, got)
			}
			if s.Flags&(netem.FlagSYN|netem.FlagECE) == netem.FlagECE {
				ece++
			}
			if s.Flags&(netem.FlagSYN|netem.FlagCWR) == netem.FlagCWR {
				cwr++
			}
		}
		if ece == 0 || cwr != 1 {
			t.Errorf("%v: %d echoes, %d CWR", family.c, ece, cwr)
		}
	}
}
