package inet

import (
	"syscall"
	"testing"

	"reliabilitylab/netem"
)

// All 28232 ephemeral ports are given out, each once, in an order that does not go up one by one; then there is none.
func TestEphemeralPorts(t *testing.T) {
	p := ports{rand: netem.NewStream(3)}
	seen := map[uint16]bool{}
	next, last := 0, uint16(0)
	var all []*binding
	for range 60999 - 32768 + 1 {
		b := &binding{addr: from4(0)}
		if err := p.bind(b); err != nil {
			t.Fatalf("after %d ports: %v", len(seen), err)
		}
		if b.port < 32768 || b.port > 60999 || seen[b.port] {
			t.Fatalf("port %d", b.port)
		}
		if b.port == last+1 {
			next++
		}
		seen[b.port], last = true, b.port
		all = append(all, b)
		if len(all) == 100 && next > 5 { // at random about 100/28232 times; more than 5 in 100 in less than 1 of 10^15 runs
			t.Errorf("%d of the first 100 ports follow the one before", next)
		}
	}
	if err := p.bind(&binding{addr: from4(0)}); err != syscall.EADDRINUSE {
		t.Errorf("one more: %v, want EADDRINUSE", err)
	}
	p.release(all[5])
	p.release(all[5])
	b := &binding{addr: from4(0)}
	if err := p.bind(b); err != nil || b.port != all[5].port {
		t.Errorf("after a release port %d, %v; want %d", b.port, err, all[5].port)
	}
}

// When two bindings of one port get along (man 7 socket, SO_REUSEADDR, and Linux 6.18 asked).
func TestBindingsOfOnePort(t *testing.T) {
	any, one, two := from4(0), from4(0x0a000001), from4(0x7f000001)
	for _, c := range []struct {
		name          string
		first, second binding
		want          error
	}{
		{"the same address", binding{addr: one}, binding{addr: one}, syscall.EADDRINUSE},
		{"any and one", binding{addr: any}, binding{addr: one}, syscall.EADDRINUSE},
		{"one and any", binding{addr: one}, binding{addr: any}, syscall.EADDRINUSE},
		{"two addresses", binding{addr: one}, binding{addr: two}, nil},
		{"one allows reuse", binding{addr: one, reuse: true}, binding{addr: one}, syscall.EADDRINUSE},
		{"both allow reuse", binding{addr: one, reuse: true}, binding{addr: any, reuse: true}, nil},
		{"both, and the first listens", binding{addr: one, reuse: true, listening: true}, binding{addr: one, reuse: true}, syscall.EADDRINUSE},
		{"two addresses, the first listens", binding{addr: one, listening: true}, binding{addr: two}, nil},
	} {
		var p ports
		c.first.port, c.second.port = 7, 7
		if err := p.bind(&c.first); err != nil {
			t.Fatal(err)
		}
		if err := p.bind(&c.second); err != c.want && !(err == nil && c.want == nil) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}
