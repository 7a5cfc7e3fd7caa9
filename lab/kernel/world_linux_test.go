package kernel

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/tcp"
	"reliabilitylab/netem"
)

func TestRunStopsAtUntilAndWhenItIsQuiet(t *testing.T) {
	w, err := NewWorld()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	w.Quiet = 20 * time.Millisecond
	var slept []time.Duration
	w.Go(func() {
		for range 3 {
			w.Sleep(10 * time.Millisecond)
			slept = append(slept, w.Now())
		}
	})
	w.After(time.Hour, func() { t.Error("an hour has passed") })
	begin := time.Now()
	if err := w.Run(context.Background(), 15*time.Millisecond); err != nil || w.Now() != 15*time.Millisecond || len(slept) != 1 {
		t.Errorf("until 15 ms: error %v, now %v, slept until %v", err, w.Now(), slept)
	}
	if took := time.Since(begin); took < 15*time.Millisecond {
		t.Errorf("15 ms took %v", took)
	}
	if err := w.Run(context.Background(), time.Minute); err != nil || len(slept) != 3 || w.Now() >= time.Minute {
		t.Errorf("to the end: error %v, now %v, slept until %v", err, w.Now(), slept)
	}
	for i, at := range slept { // what is late on the wall is in time in the world
		if want := time.Duration(i+1) * 10 * time.Millisecond; at != want {
			t.Errorf("sleep %d ended at %v, want %v", i, at, want)
		}
	}
	if took := time.Since(begin); took < 50*time.Millisecond {
		t.Errorf("30 ms and 20 of quiet took %v", took)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	w, err := NewWorld()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	w.Go(w.Park) // for ever
	ctx, cancel := context.WithCancel(context.Background())
	w.After(10*time.Millisecond, func() { go cancel() })
	if err := w.Run(ctx, time.Hour); !errors.Is(err, context.Canceled) || w.Now() > time.Minute {
		t.Errorf("ended with %v at %v", err, w.Now())
	}
}

// TestCloseLeavesNothing: programs that are blocked in the kernel do not return, no descriptor is left, and the thread is
// back where it was.
func TestCloseLeavesNothing(t *testing.T) {
	need(t)
	home, fds := threadNamespace(t), descriptors(t)
	w, err := NewWorld()
	if err != nil {
		t.Fatal(err)
	}
	var pool netem.Pool
	unwound := 0
	for _, name := range []string{"a", "b"} {
		h, err := w.AddHost(Config{Name: name, Addr: client4, MTU: 1500, Pool: &pool, TCP: tcp.Defaults(0)})
		if err != nil {
			t.Fatal(err)
		}
		if threadNamespace(t) == home {
			t.Error("the host is not in a namespace of its own")
		}
		for _, k := range []host.Kind{host.Stream, host.Datagram} {
			h.Go(func() {
				defer func() { unwound++ }()
				s, err := h.Socket(host.IPv4, k, 0)
				if err != nil {
					t.Error(err)
				}
				if err := s.Bind(netip.AddrPortFrom(client4, 9000)); err != nil {
					t.Error(err)
				}
				if k == host.Stream {
					_ = s.Listen(1)
					_, _, err = s.Accept()
				} else {
					_, _, err = s.Recv(make([]byte, 10), 0)
				}
				t.Errorf("the call returned: %v", err)
			})
		}
	}
	if err := w.Run(context.Background(), 20*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if unwound != 4 {
		t.Errorf("%d of 4 programs ended", unwound)
	}
	if threadNamespace(t) != home {
		t.Error("the thread is not where it was")
	}
	if n := descriptors(t); n > fds { // fewer, where the collector has closed one of an earlier test
		t.Errorf("%d descriptors, were %d", n, fds)
	}
}

// threadNamespace names the network namespace that the thread is in.
func threadNamespace(t *testing.T) string {
	t.Helper()
	s, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// TestHostsAreQuiet: a host whose programs say nothing sends nothing, in the time in which IPv6 would look for routers.
func TestHostsAreQuiet(t *testing.T) {
	for _, a := range [][2]netip.Addr{{client4, server4}, {client6, server6}} {
		r := newRig(t, linux, linux, a, tcp.Defaults(0), nil)
		r.client.Transmit(func(p *netem.Packet) { t.Errorf("%v sent %x", a[0], p.Data) })
		r.client.Go(func() { r.client.Sleep(1500 * time.Millisecond) })
		r.run(time.Minute)
	}
}

func TestAddHostRefuses(t *testing.T) {
	need(t)
	w, err := NewWorld()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var pool netem.Pool
	good := Config{Name: "a", Addr: client6, MTU: 1500, Pool: &pool, TCP: tcp.Defaults(0)}
	for _, c := range []struct {
		change func(*Config)
		unable bool
	}{
		{func(c *Config) { c.Addr = netip.IPv6Unspecified() }, false},
		{func(c *Config) { c.MTU = 1279 }, false}, // RFC 8200 section 5
		{func(c *Config) { c.Pool = nil }, false},
		{func(c *Config) { c.TCP.Congestion = "no such thing" }, true},
		{func(c *Config) { c.TCP.InitialRTO = 3 * time.Second }, true},
		{func(c *Config) { c.TCP.Recovery = "newreno" }, true}, // with SACK on
		{func(c *Config) { c.TCP.Recovery = "sack" }, true},
		{func(c *Config) { c.TCP.SACK = false }, true}, // with rack
		{func(c *Config) { c.TCP.PRR = false }, true},
		{func(c *Config) { c.TCP.Undo = false }, true},
	} {
		bad := good
		c.change(&bad)
		if _, err := w.AddHost(bad); err == nil || errors.Is(err, ErrUnable) != c.unable {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	h, err := w.AddHost(good)
	if err != nil {
		t.Fatal(err)
	}
	other := tcp.Defaults(0)
	other.Congestion, other.Nagle = "cubic", false
	if _, err := h.WithTCP(other); err != nil {
		t.Error(err)
	}
	other.Timestamps, other.InitialWindow = false, 4
	const want = "timestamps and initial_window"
	if _, err := h.WithTCP(other); !errors.Is(err, ErrUnable) || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want one that names %s", err, want)
	}
}
