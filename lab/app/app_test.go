package app

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"reliabilitylab/lab/host"
)

const ms = time.Millisecond

var serverAddr = netip.MustParseAddrPort("10.0.0.2:9000")

// notes is a Journal that keeps all it is told, with the instants.
type notes struct {
	wire      *wire
	sent      []note
	delivered []note
	garbled   []int
}

type note struct {
	at     time.Duration
	n      uint64
	offset int64
	size   int
	intact bool
}

func (j *notes) Sent(n uint64, offset int64, size int) {
	j.sent = append(j.sent, note{at: j.wire.w.Now(), n: n, offset: offset, size: size})
}

func (j *notes) Delivered(n uint64, intact bool) {
	j.delivered = append(j.delivered, note{at: j.wire.w.Now(), n: n, intact: intact})
}

func (j *notes) Garbled(size int) { j.garbled = append(j.garbled, size) }

// order returns the numbers of the messages delivered, a damaged one negative.
func (j *notes) order() []int {
	var all []int
	for _, d := range j.delivered {
		n := int(d.n)
		if !d.intact {
			n = -n
		}
		all = append(all, n)
	}
	return all
}

// checkSent compares what was sent with `count` messages of `size` bytes (the last of `last`), and returns the instants.
func (j *notes) checkSent(t *testing.T, count, size, last int) []time.Duration {
	t.Helper()
	var at []time.Duration
	for i, s := range j.sent {
		want := note{at: s.at, n: uint64(i + 1), offset: int64(i) * int64(size), size: size}
		if i == count-1 {
			want.size = last
		}
		if s != want {
			t.Errorf("message sent as %+v, want %+v", s, want)
		}
		at = append(at, s.at)
	}
	if len(j.sent) != count {
		t.Errorf("%d messages sent, want %d", len(j.sent), count)
	}
	return at
}

// result is how a conversation ended.
type result struct {
	*notes
	client, server     error // errBlocked where the end never returned
	clientAt, serverAt time.Duration
}

var errBlocked = errors.New("never returned")

// talk runs both ends of p over the wire, the server first.
func talk(n *wire, p Program) *result {
	r := &result{notes: &notes{wire: n}, client: errBlocked, server: errBlocked}
	p.Journal = r.notes
	client, server := n.host("client", "10.0.0.1"), n.host("server", "10.0.0.2")
	server.Go(func() { r.server = p.Server(server, serverAddr); r.serverAt = n.w.Now() })
	client.Go(func() { r.client = p.Client(client, serverAddr); r.clientAt = n.w.Now() })
	n.run()
	return r
}

func (r *result) check(t *testing.T) {
	t.Helper()
	if r.client != nil || r.server != nil {
		t.Errorf("client: %v; server: %v", r.client, r.server)
	}
}

func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i + 1
	}
	return all
}

func expect[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n%v, want\n%v", what, got, want)
	}
}

func TestOptionsAreSetOnEverySocket(t *testing.T) {
	n := newWire(t)
	r := talk(n, Program{App: "transfer", Protocol: "tcp", Size: 1, Options: []host.Option{host.NoDelay(true), host.ReceiveBuffer(5000)}})
	r.check(t)
	expect(t, "options", n.options, []string{"server TCP_NODELAY", "server SO_RCVBUF", "client TCP_NODELAY", "client SO_RCVBUF"})
}

func TestErrorsNameTheAttempt(t *testing.T) {
	transfer := Program{App: "transfer", Protocol: "tcp", Size: 1000}
	for _, c := range []struct {
		name    string
		p       Program
		prepare func(n *wire)
		client  string
		server  string
		errno   error
	}{
		{"port in use", transfer, func(n *wire) { n.bound[serverAddr] = &fakeSocket{h: n.host("other", "10.0.0.2")} },
			"connect 10.0.0.2:9000: connection refused", "bind 10.0.0.2:9000: address already in use", syscall.ECONNREFUSED},
		{"no such option", func() Program { p := transfer; p.Options = []host.Option{host.Congestion("none such")}; return p }(), func(*wire) {},
			"set host.Congestion to none such: no such file or directory", "set host.Congestion to none such: no such file or directory", syscall.ENOENT},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newWire(t)
			c.prepare(n)
			r := talk(n, c.p)
			if fmt.Sprint(r.client) != c.client || !errors.Is(r.client, c.errno) {
				t.Errorf("client: %v, want %s", r.client, c.client)
			}
			if fmt.Sprint(r.server) != c.server {
				t.Errorf("server: %v, want %s", r.server, c.server)
			}
		})
	}
}

func TestBadSettings(t *testing.T) {
	good := Program{App: "transfer", Protocol: "tcp", Size: 1000}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Program){
		`no app "chess": there are calls, chat, dns, echo, stream, transfer, web`: func(p *Program) { p.App = "chess" },
		`transfer over "sctp"`:                                       func(p *Program) { p.Protocol = "sctp" },
		"transfer: it needs a size above 0":                          func(p *Program) { p.Size = 0 },
		"transfer: a message of 15 bytes":                            func(p *Program) { p.Message = 15 },
		"transfer: a message of -1 bytes":                            func(p *Program) { p.Message = -1 },
		"transfer: a message of 65508 bytes":                         func(p *Program) { p.Message = 65508 },
		"transfer: a rate of -1 bit/s":                               func(p *Program) { p.Rate = -1 },
		"transfer: a quiet time of -1ns":                             func(p *Program) { p.Quiet = -1 },
		"more than a hundred years":                                  func(p *Program) { p.Protocol, p.Rate, p.Size = "udp", 1, 1<<50 },
		"stream: it needs a rate above 0":                            func(p *Program) { p.App = "stream" },
		"stream: it needs a duration (for) above 0":                  func(p *Program) { p.App, p.Rate = "stream", 1 },
		"stream: 1h0m0s at 9223372036854775807 bit/s are more bytes": func(p *Program) { p.App, p.Rate, p.For = "stream", 1<<63-1, time.Hour },
	} {
		p := good
		change(&p)
		if err := p.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", p, err, want)
		}
		if p.Offered() != 0 { // nothing will be sent
			t.Errorf("%+v offers %d bytes", p, p.Offered())
		}
		h := newWire(t).host("client", "10.0.0.1")
		if p.Client(h, serverAddr) == nil || p.Server(h, serverAddr) == nil {
			t.Errorf("%+v runs", p)
		}
	}
}
