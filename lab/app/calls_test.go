package app

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"reliabilitylab/netem"
)

// call is a Call of a name alone.
func call(name string) Call { return Call{Name: name} }

// scripted is a program of two lists of calls.
func scripted(protocol string, client, server []Call) Program {
	return Program{App: "calls", Protocol: protocol, Message: 1000, ClientCalls: client, ServerCalls: server}
}

// What one end sends the other gets, in messages of Message bytes, over both protocols from the same lists; over UDP what is a stream's is left
// out, and the end comes when nothing has come for a while.
func TestCallsDeliver(t *testing.T) {
	for _, protocol := range []string{"tcp", "udp"} {
		for _, from := range []netem.Direction{netem.Forward, netem.Reverse} {
			p := scripted(protocol,
				[]Call{call("connect"), {Name: "send", Size: 2500}, {Name: "shutdown", Option: "SHUT_WR"}, {Name: "recv", Size: 2500}, call("close")},
				[]Call{call("bind"), {Name: "listen", Backlog: 1}, call("accept"), {Name: "recv", Size: 2500}, {Name: "send", Size: 2500}, call("close"), call("close")})
			p.From = from
			if got := p.Offered(); got != 2500 {
				t.Errorf("%s: %d bytes are offered", protocol, got)
			}
			n := newWire(t)
			if protocol == "tcp" {
				n.chunk = func() int { return 700 } // no message comes in one piece
			}
			r := talk(n, p)
			r.check(t)
			r.checkSent(t, 3, 1000, 500)
			expect(t, protocol+" delivered", r.order(), upTo(3))
			if len(r.garbled) > 0 {
				t.Errorf("garbled: %v", r.garbled)
			}
			if len(n.bound) > 2 { // the client's ephemeral port, and its stream's other end
				t.Errorf("%d sockets are still bound", len(n.bound))
			}
		}
	}
}

// No message is too short to be known again: where the last one would be, the one before it is shorter.
func TestCallsCutMessages(t *testing.T) {
	p := scripted("udp", []Call{call("connect"), {Name: "send", Size: 2001}}, []Call{call("bind"), {Name: "recv"}})
	r := talk(newWire(t), p)
	r.check(t)
	var sizes []int
	for _, s := range r.sent {
		sizes = append(sizes, s.size)
	}
	expect(t, "sizes", sizes, []int{1000, 984, 17})
	expect(t, "delivered", r.order(), upTo(3))
}

// A failed call ends its program and is named; with Again it is tried until it does not fail.
func TestCallsThatFail(t *testing.T) {
	client := []Call{call("connect"), {Name: "send", Size: 100}, call("close")}
	r := talk(newWire(t), scripted("tcp", client, nil))
	if !errors.Is(r.client, syscall.ECONNREFUSED) || r.client.Error() != "connect 10.0.0.2:9000: connection refused" || r.server != nil || len(r.sent) > 0 {
		t.Errorf("nobody is there: client %v, server %v, %d messages sent", r.client, r.server, len(r.sent))
	}

	// The second send hears what became of the first.
	r = talk(newWire(t), scripted("udp", []Call{call("connect"), {Name: "send", Size: 100}, {Name: "sleep", For: time.Second}, {Name: "send", Size: 100}}, nil))
	if !errors.Is(r.client, syscall.ECONNREFUSED) || r.clientAt != time.Second {
		t.Errorf("nobody is there: client %v at %v", r.client, r.clientAt)
	}

	client[0].Again = 100 * ms
	server := []Call{{Name: "sleep", For: 200 * ms}, call("bind"), {Name: "listen"}, call("accept"), {Name: "recv"}}
	r = talk(newWire(t), scripted("tcp", client, server))
	r.check(t) // tries at 0, 120 and 240 ms, of 20 ms each
	if len(r.delivered) != 1 || r.delivered[0].at != 270*ms {
		t.Errorf("delivered: %+v", r.delivered)
	}

	for _, c := range []struct {
		server []Call
		want   string
	}{
		{[]Call{call("accept")}, "accept: there is no socket; bind or connect make one"},
		{[]Call{call("bind"), {Name: "listen"}, call("accept"), {Name: "recv", Size: 101}}, "recv: the end came after 100 of 101 bytes: unexpected EOF"},
	} {
		client[0].Again = 0
		r = talk(newWire(t), scripted("tcp", client, c.server))
		if fmt.Sprint(r.server) != c.want {
			t.Errorf("server: %v, want %s", r.server, c.want)
		}
		if strings.Contains(c.want, "EOF") && !errors.Is(r.server, io.ErrUnexpectedEOF) {
			t.Errorf("%v is no io.ErrUnexpectedEOF", r.server)
		}
	}
}

// A program that reads at a rate has each message when those before it have had their time.
func TestCallsReadAtARate(t *testing.T) {
	for _, protocol := range []string{"tcp", "udp"} {
		p := scripted(protocol, []Call{call("connect"), {Name: "send", Size: 3000}, call("close")},
			[]Call{call("bind"), {Name: "listen"}, call("accept"), {Name: "recv", Size: 3000, Rate: 80_000}})
		r := talk(newWire(t), p)
		r.check(t)
		first := r.delivered[0].at
		var gaps []time.Duration
		for _, d := range r.delivered {
			gaps = append(gaps, d.at-first)
		}
		expect(t, protocol+" read", gaps, []time.Duration{0, 100 * ms, 200 * ms})
	}
}

// Three clients at once, of which each takes the server half a second: in turn they wait for each other, by poll they do not. What is too
// large for one call of send goes in several.
func TestCallsServeMany(t *testing.T) {
	for _, c := range []struct {
		poll bool
		want []time.Duration
	}{
		{false, []time.Duration{10 * ms, 490 * ms, 970 * ms}},
		{true, []time.Duration{10 * ms, 10 * ms, 10 * ms}},
	} {
		do := []Call{{Name: "recv", Size: 100}, {Name: "sleep", For: 500 * ms}, {Name: "send", Size: 5000}}
		p := scripted("tcp", []Call{call("connect"), {Name: "send", Size: 100}, {Name: "recv", Size: 5000}, call("close")},
			[]Call{call("bind"), {Name: "listen", Backlog: 3}, {Name: "accept", Times: 3, Poll: c.poll, Do: do}})
		p.Clients, p.Every = 3, 20*ms
		if p.Offered() != 300 {
			t.Errorf("%d bytes are offered", p.Offered())
		}
		n := newWire(t)
		n.chunk = func() int { return 2100 }
		r := talk(n, p)
		r.check(t)
		expect(t, "delivered", r.order(), upTo(3))
		expect(t, "waited", r.latencies(), c.want)
		for _, s := range r.sent {
			if s.offset != NoOffset {
				t.Errorf("message %d of several streams has the offset %d", s.n, s.offset)
			}
		}
	}
}

func TestCallsChecks(t *testing.T) {
	good := scripted("tcp", []Call{call("connect")}, nil)
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Program){
		"not over go-back-n":               func(p *Program) { p.Protocol = "go-back-n" },
		"101 clients":                      func(p *Program) { p.Clients = 101 },
		"every -1ns":                       func(p *Program) { p.Every = -1 },
		"send 8 bytes in messages of 1000": func(p *Program) { p.ClientCalls = []Call{{Name: "send", Size: 8}} },
		"send 100 bytes in messages of 31": func(p *Program) {
			p.Message, p.ServerCalls = 31, []Call{{Name: "accept", Do: []Call{{Name: "send", Size: 100}}}}
		},
		"recv: a negative number": func(p *Program) { p.ServerCalls = []Call{{Name: "recv", Size: -1}} },
	} {
		p := good
		change(&p)
		if err := p.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", p, err, want)
		}
	}
}
