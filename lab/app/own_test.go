package app

import (
	"errors"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"reliabilitylab/lab/host"
)

// guess asks for numbers over UDP, one at a time, and asks again when nothing comes for Timeout.
type guess struct{ Program }

func newGuess(p Program) (conversation, error) {
	if p.Protocol != "udp" || p.Count < 1 || p.Timeout <= 0 {
		return nil, errors.New("it runs over udp, and needs a count and a timeout")
	}
	return guess{p}, nil
}

func (g guess) client(h host.Host, server netip.AddrPort) error {
	s, err := g.dial(h, server) // socket, options, connect
	if err != nil {
		return err
	}
	err = setTimeout(s, g.Timeout)
	for n := 1; n <= g.Count && err == nil; n++ {
		g.Journal.Sent(uint64(n), NoOffset, 1)
		var reply [1]byte
		for reply[0] != byte(n) && err == nil {
			if _, err = s.Send([]byte{byte(n)}, netip.AddrPort{}, 0); err == nil {
				_, _, err = s.Recv(reply[:], 0)
				err = unlessLate(err) // EAGAIN: ask again
			}
		}
		g.Journal.Delivered(uint64(n), err == nil)
	}
	return closed(s, err)
}

func (g guess) server(h host.Host, local netip.AddrPort) error {
	s, err := g.bind(h, local) // socket, options, bind
	for b := make([]byte, 1); err == nil; {
		var from netip.AddrPort
		if _, from, err = s.Recv(b, 0); err == nil {
			_, err = s.Send(b, from, 0)
		}
	}
	return err
}

func (g guess) offered() int64 { return int64(g.Count) }

// The program above is the one that docs/write-your-own-program.md shows, line by line, and it does what that says: the second
// datagram, an answer, is lost, and 200 ms later asked for again.
func TestOwnProgram(t *testing.T) {
	page, err := os.ReadFile("../../docs/write-your-own-program.md")
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(string(page), "```go\n")
	code, _, _ = strings.Cut(code, "```")
	here, err := os.ReadFile("own_test.go")
	if err != nil {
		t.Fatal(err)
	}
	if len(code) < 500 || !strings.Contains(string(here), code) {
		t.Fatal("the program of docs/write-your-own-program.md is not this one")
	}
	n := newWire(t)
	n.fate = func(i int, _ string, b []byte) []arrival {
		if i == 2 {
			return nil
		}
		return []arrival{{0, b}}
	}
	r := &result{notes: &notes{wire: n}, client: errBlocked}
	g, err := newGuess(Program{Protocol: "udp", Count: 3, Timeout: 200 * time.Millisecond, Journal: r.notes})
	if err != nil {
		t.Fatal(err)
	}
	client, server := n.host("client", "10.0.0.1"), n.host("server", "10.0.0.2")
	server.Go(func() { r.server = g.server(server, serverAddr) })
	client.Go(func() { r.client = g.client(client, serverAddr) })
	n.run()
	r.check(t)
	expect(t, "delivered", r.order(), upTo(int(g.offered())))
	expect(t, "latencies", r.latencies(), []time.Duration{220 * ms, 20 * ms, 20 * ms})
}
