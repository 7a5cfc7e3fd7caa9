package kernel

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/tcp"
	"reliabilitylab/netem"
)

// TestObserverSeesWhatNobodyHolds: of a connection that its program has closed and left, what it still does is told: both FINs
// are lost twice, so for both ends the timer expires after the last program has ended; and the world waits for it.
func TestObserverSeesWhatNobodyHolds(t *testing.T) {
	n := notes{}
	r := newRig(t, linux, linux, [2]netip.Addr{client4, server4}, tcp.Defaults(0), n)
	r.join(append(netem.Pipe{{Name: "script", Stage: netem.Script{Rules: []netem.Rule{lose(netem.KindFIN, 1, 2, 3, 4)}}}}, delayed...))
	at := netip.AddrPortFrom(server4, 9000)
	var left time.Duration
	r.server.Go(func() {
		l, _ := r.server.Socket(host.IPv4, host.Stream, 0)
		if err := l.Bind(at); err != nil {
			t.Error(err)
		}
		_ = l.Listen(1)
		s, _, err := l.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		_ = s.Close()
		_ = l.Close()
	})
	r.client.Go(func() {
		s, _ := r.client.Socket(host.IPv4, host.Stream, 0)
		if err := s.Connect(at); err != nil {
			t.Error(err)
		}
		_ = s.Close()
		left = r.w.Now()
	})
	r.w.Quiet = 50 * time.Millisecond // less than the timeouts
	if err := r.w.Run(context.Background(), 30*time.Second); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"client", "server"} {
		timeouts := 0
		for _, s := range n[name] {
			if s.Event == "timeout" {
				timeouts++
			}
		}
		if timeouts == 0 {
			t.Errorf("of the %s no timeout was told: %+v", name, n[name])
		}
	}
	if end := r.w.Now(); left == 0 || end < left+200*time.Millisecond || end > 20*time.Second {
		t.Errorf("the programs ended at %v, the world at %v", left, end)
	}
}
