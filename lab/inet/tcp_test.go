package inet

import (
	"errors"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/tcp"
	"reliabilitylab/netem"
)

// A connection outlives its socket: who closes first keeps the port in TIME-WAIT for 60 s; then nothing is left.
func TestTimeWaitOutlivesTheSocket(t *testing.T) {
	l := newLab(t, client4, server4, 1500, delayed(time.Millisecond))
	at := netip.AddrPortFrom(server4, 7)
	mine := netip.AddrPortFrom(client4, 5000)
	l.program(func() {
		s := must(l.s.Socket(host.IPv4, host.Stream, 0))
		check(s.Bind(at))
		check(s.Listen(1))
		c := must(l.c.Socket(host.IPv4, host.Stream, 0))
		check(c.Bind(mine))
		check(c.Connect(at))
		a, _, err := s.Accept()
		check(err)
		check(c.Close())
		l.c.Sleep(10 * time.Millisecond)
		check(a.Close())
		l.c.Sleep(10 * time.Millisecond)
		if len(l.c.tcp.conns) != 1 || len(l.s.tcp.conns) != 0 {
			t.Fatalf("%d and %d connections, want 1 (TIME-WAIT) and 0", len(l.c.tcp.conns), len(l.s.tcp.conns))
		}
		for _, step := range []struct {
			wait  time.Duration
			reuse bool
			want  error
		}{{0, false, syscall.EADDRINUSE}, {58 * time.Second, false, syscall.EADDRINUSE}, {3 * time.Second, false, nil}} {
			l.c.Sleep(step.wait)
			d := must(l.c.Socket(host.IPv4, host.Stream, 0))
			check(d.SetOption(host.ReuseAddress(step.reuse)))
			if err := d.Bind(mine); !errors.Is(err, step.want) {
				t.Errorf("at %v: bind: %v, want %v", l.c.Now(), err, step.want)
			}
			check(d.Close())
		}
		check(s.Close())
	})
	if n := len(l.c.tcpPorts.held.at(5000)) + len(l.s.tcpPorts.held.at(7)) + len(l.c.tcp.conns); n != 0 {
		t.Errorf("%d bindings and connections are left", n)
	}
}

// A full accept queue drops a SYN with its cause, and the SYN comes again a second later (RFC 6298, initial RTO).
func TestFullBacklogTells(t *testing.T) {
	l := newLab(t, client4, server4, 1500, delayed(time.Millisecond))
	at := netip.AddrPortFrom(server4, 7)
	s := must(l.s.Socket(host.IPv4, host.Stream, 0))
	check(s.Bind(at))
	check(s.Listen(0)) // one may wait
	var connected []time.Duration
	for range 2 {
		l.c.Go(func() {
			c := must(l.c.Socket(host.IPv4, host.Stream, 0))
			check(c.Connect(at))
			connected = append(connected, l.c.Now())
		})
	}
	l.w.Go(func() {
		l.s.Sleep(500 * time.Millisecond)
		l.expectCauses(CauseBacklog) // both SYNs came before there was a connection; the second's last ACK is not heard
		for range 2 {
			_, _, err := s.Accept()
			check(err)
		}
	})
	l.run()
	if want := []time.Duration{2 * time.Millisecond, 2 * time.Millisecond}; !slices.Equal(connected, want) {
		t.Errorf("connected at %v, want %v", connected, want)
	}
	// A third and a fourth, one after the other: the first of them fills the queue, and the other's SYN is dropped.
	var took time.Duration
	l.program(func() {
		for range 2 {
			begin := l.c.Now()
			c := must(l.c.Socket(host.IPv4, host.Stream, 0))
			l.w.After(500*time.Millisecond, func() { l.s.tcp.listener(l.s.self, 7).ready = nil }) // as if accepted
			check(c.Connect(at))
			took = l.c.Now() - begin
		}
	})
	if want := time.Second + 2*time.Millisecond; took != want {
		t.Errorf("connecting past a full queue took %v, want %v", took, want)
	}
	l.expectCauses(CauseBacklog)
}

type observed struct {
	states []string
	local  netip.AddrPort
}

func (o *observed) TCP(_ host.Host, local, _ netip.AddrPort, info host.TCPInfo) {
	if n := len(o.states); n == 0 || o.states[n-1] != info.State {
		o.states = append(o.states, info.State)
	}
	o.local = local
}

// The observer is told of the states of RFC 9293's figure 5, from SYN-SENT to CLOSED, long after the socket is gone.
func TestObserverIsTold(t *testing.T) {
	l := newLab(t, client4, server4, 1500, delayed(time.Millisecond))
	o := &observed{}
	l.c.c.Observer = o
	l.program(func() { tcpOnce(l, server4, []byte("text")) })
	want := []string{"SYN-SENT", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "CLOSED"}
	if !slices.Equal(o.states, want) || o.local.Addr() != client4 || o.local.Port() < ephemeralFirst {
		t.Errorf("%v saw %q, want %q", o.local, o.states, want)
	}
}

// The MSS that is announced is the MTU less 40 or 60 bytes, or less if the setting says so, and never more (RFC 6691).
func TestMSSFollowsTheMTU(t *testing.T) {
	for _, c := range []struct {
		a         netip.Addr
		mtu, mss  int
		announced int
	}{{client4, 1500, 0, 1460}, {client6, 1500, 0, 1440}, {client4, 576, 0, 536}, {client4, 1500, 1000, 1000}, {client4, 1500, 9000, 1460}} {
		l := newLab(t, client4, server4, 1500, direct)
		cfg := l.config("one", c.a, c.mtu)
		cfg.TCP.MSS = c.mss
		if h := New(l.w, cfg); h.c.TCP.MSS != c.announced {
			t.Errorf("%v, MTU %d, MSS %d: %d, want %d", c.a, c.mtu, c.mss, h.c.TCP.MSS, c.announced)
		}
	}
}

// Initial sequence numbers differ from connection to connection, and go up by one every 4 µs for the same one.
func TestInitialSequence(t *testing.T) {
	var table tcpTable
	table.init(netem.NewStream(1))
	k := newFlowKey(fromNetip(client4), 1, fromNetip(server4), 2)
	a := table.initialSequence(k, 0)
	if b := table.initialSequence(k, time.Second); b != a+tcp.Seq(250000) {
		t.Errorf("%d a second after %d, want 250000 more", b, a)
	}
	seen := map[tcp.Seq]bool{a: true}
	for _, k := range []flowKey{
		newFlowKey(fromNetip(client4), 2, fromNetip(server4), 1), newFlowKey(fromNetip(client4), 1, fromNetip(server4), 3),
		newFlowKey(fromNetip(server4), 1, fromNetip(client4), 2), newFlowKey(fromNetip(client6), 1, fromNetip(server6), 2),
	} {
		if b := table.initialSequence(k, 0); seen[b] {
			t.Errorf("%+v begins with %d too", k, b)
		} else {
			seen[b] = true
		}
	}
}

func TestCheck(t *testing.T) {
	l := newLab(t, client4, server4, 1500, direct)
	good := l.config("x", client4, 1500)
	for name, change := range map[string]func(c *Config){
		"":                   func(*Config) {},
		"no address":         func(c *Config) { c.Addr = netip.Addr{} },
		"multicast":          func(c *Config) { c.Addr = netip.MustParseAddr("224.0.0.1") },
		"MTU of 67":          func(c *Config) { c.MTU = 67 },
		"MTU of 65536":       func(c *Config) { c.MTU = 65536 },
		"IPv6, MTU of 1279":  func(c *Config) { c.Addr, c.MTU = client6, 1279 },
		"no pool":            func(c *Config) { c.Pool = nil },
		"less than no bytes": func(c *Config) { c.UDPReceiveBuffer = -1 },
	} {
		c := good
		change(&c)
		if err := c.Check(); (err == nil) != (name == "") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
