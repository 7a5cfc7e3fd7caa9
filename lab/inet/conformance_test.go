package inet

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"reliabilitylab/lab/host/hosttest"
)

// TestConformance holds the host to what every kind of host must do, in both families, over a link without delay (where
// packets arrive while their sender is still in the call), a link of 5 ms, and by itself.
func TestConformance(t *testing.T) {
	for _, a := range [][2]netip.Addr{{client4, server4}, {client6, server6}} {
		for _, delay := range []time.Duration{-1, 0, 5 * time.Millisecond} {
			way := direct
			if delay >= 0 {
				way = delayed(delay)
			}
			t.Run(fmt.Sprintf("%v/%v", a[0], delay), func(t *testing.T) {
				hosttest.Run(t, func(t *testing.T) hosttest.Pair {
					l := newLab(t, a[0], a[1], 1500, way)
					return hosttest.Pair{Client: l.c, Server: l.s, Run: l.worldRun}
				})
			})
		}
		t.Run(fmt.Sprintf("%v/self", a[0]), func(t *testing.T) {
			hosttest.Run(t, func(t *testing.T) hosttest.Pair {
				l := newLab(t, a[0], a[1], 1500, direct)
				return hosttest.Pair{Client: l.c, Server: l.c, Run: l.worldRun}
			})
		})
	}
}

func (l *lab) worldRun() error { return l.w.Run(context.Background(), time.Hour) }
