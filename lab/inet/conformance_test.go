package inet

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"reliabilitylab/lab/host/hosttest"
	"reliabilitylab/netem"
)

// TestConformance holds the host to what every kind of host must do, in both families. The cases that need a path that
// takes time run over 5 ms each way; the others also over a link without delay (where packets arrive while their sender
// is still in the call), by themselves, and over a bad path.
func TestConformance(t *testing.T) {
	for _, a := range [][2]netip.Addr{{client4, server4}, {client6, server6}} {
		pair := func(way link, self bool) func(t *testing.T) hosttest.Pair {
			return func(t *testing.T) hosttest.Pair {
				l := newLab(t, a[0], a[1], 1500, way)
				l.record = false
				p := hosttest.Pair{Client: l.c, Server: l.s, Run: func() error { return l.w.Run(context.Background(), time.Hour) }}
				if self {
					p.Server = l.c
				}
				return p
			}
		}
		name := func(s string) string { return fmt.Sprintf("%v/%s", a[0], s) }
		t.Run(name("5ms"), func(t *testing.T) { hosttest.Run(t, pair(delayed(5*time.Millisecond), false)) })
		t.Run(name("direct"), func(t *testing.T) { hosttest.RunLossy(t, pair(direct, false)) })
		t.Run(name("self"), func(t *testing.T) { hosttest.RunLossy(t, pair(direct, true)) })
		t.Run(name("bad"), func(t *testing.T) { hosttest.RunLossy(t, pair(bad, false)) })
	}
}

// bad is a link that loses 3 % of the packets, damages 1 %, copies 1 % and delays each by 5 to 7 ms, out of order. The
// seed is fixed, so a run that ends well always does.
func bad(l *lab, to netem.Port) netem.Port {
	dice := netem.NewStream(7)
	n := uint64(0)
	forward := func(p *netem.Packet) {
		n++
		l.w.After(5*time.Millisecond+time.Duration(netem.Below(dice.At(n, 3), 2000))*time.Microsecond, func() { to(p) })
	}
	return func(p *netem.Packet) {
		switch d := dice.At(n, 0) % 100; {
		case d < 3:
			n++
			l.pool.Put(p)
			return
		case d < 4:
			p.Seal()
			p.Data = slices.Clone(p.Data)
			p.Data[netem.Below(dice.At(n, 1), uint64(len(p.Data)))] ^= 1 << (dice.At(n, 2) % 8)
			p.Sound = false
		case d < 5:
			forward(l.pool.Copy(p))
		}
		forward(p)
	}
}
