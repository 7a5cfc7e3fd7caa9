package app

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
)

func TestTransferOverTCP(t *testing.T) {
	for _, from := range []netem.Direction{netem.Forward, netem.Reverse} {
		for _, pieces := range []int{0, 13, 1000, 1448, 5000} { // what one call moves at most; 0: all
			t.Run(fmt.Sprint(from, " ", pieces), func(t *testing.T) {
				n := newWire(t)
				if pieces > 0 {
					n.chunk = func() int { return pieces }
				}
				r := talk(n, Program{App: "transfer", Protocol: "tcp", From: from, Size: 100*1448 + 7})
				r.check(t)
				at := r.checkSent(t, 101, 1448, 7)
				// They begin when the connection stands, at either end, and take no time.
				if at[0] != 20*ms || at[100] != 20*ms {
					t.Errorf("sent from %v to %v, want all at 20ms", at[0], at[100])
				}
				expect(t, "delivered", r.order(), upTo(101))
				if len(r.garbled) > 0 {
					t.Errorf("garbled: %v", r.garbled)
				}
			})
		}
	}
}

// A transfer over TCP hands over 64 KiB at once, as many messages as are whole in it (45 of 1448 bytes), and tells of all
// of them when that call begins.
func TestTransferWritesAreLarge(t *testing.T) {
	n := newWire(t)
	n.writing = 5 * ms
	r := talk(n, Program{App: "transfer", Protocol: "tcp", Size: 100 * 1448})
	r.check(t)
	for i, at := range r.checkSent(t, 100, 1448, 1448) {
		if want := 20*ms + time.Duration(i/45)*5*ms; at != want {
			t.Errorf("message %d sent at %v, want %v", i+1, at, want)
		}
	}
}

// A message is delivered when its last byte comes, not before and not later.
func TestDeliveredAtTheLastByte(t *testing.T) {
	n := newWire(t)
	h, peer := n.host("client", "10.0.0.1"), n.host("server", "10.0.0.2")
	j := &notes{wire: n}
	p := Program{App: "transfer", Protocol: "tcp", Size: 400, Message: 100, Journal: j}
	peer.Go(func() {
		if err := p.Server(peer, serverAddr); err != nil {
			t.Error(err)
		}
	})
	h.Go(func() {
		s, _ := h.Socket(host.IPv4, host.Stream, 0)
		if err := s.Connect(serverAddr); err != nil { // returns at 20 ms
			t.Error(err)
		}
		m := messages{400, 100}
		all := make([]byte, 400)
		for k := range 4 {
			m.put(all[100*k:], uint64(k+1))
		}
		for _, k := range []int{99, 1, 100, 150, 50} { // together 99, 100, 200, 350, 400
			if _, err := s.Send(all[:k], netip.AddrPort{}, 0); err != nil {
				t.Error(err)
			}
			all = all[k:]
			h.Sleep(5 * ms)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	n.run()
	// The writes begin at 20, 25, 30, 35, 40 ms and take 10 ms.
	expect(t, "delivered", j.delivered, []note{
		{at: 35 * ms, n: 1, intact: true}, {at: 40 * ms, n: 2, intact: true}, {at: 45 * ms, n: 3, intact: true}, {at: 50 * ms, n: 4, intact: true}})
}

// What a peer of the test's own does to a TCP receiver.
func TestTCPReceiverMeetsOddPeers(t *testing.T) {
	m := messages{250, 100}
	whole := make([]byte, 300)
	for n := range 3 {
		m.put(whole[100*n:], uint64(n+1))
	}
	damaged := slices.Clone(whole[:250])
	damaged[108] ^= 1 // in the number of message 2: its place tells it all the same
	for _, c := range []struct {
		name    string
		sends   []byte
		reset   bool
		want    []int
		garbled []int
		err     error
	}{
		{"whole", whole[:250], false, []int{1, 2, 3}, nil, nil},
		{"damaged", damaged, false, []int{1, -2, 3}, nil, nil},
		{"ends early", whole[:249], false, []int{1, 2}, nil, io.ErrUnexpectedEOF},
		{"too much", whole[:257], false, []int{1, 2, 3}, []int{7}, nil},
		{"reset", whole[:120], true, []int{1}, nil, syscall.ECONNRESET},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newWire(t)
			j := &notes{wire: n}
			client, server := n.host("client", "10.0.0.1"), n.host("server", "10.0.0.2")
			got := errBlocked
			server.Go(func() {
				got = Program{App: "transfer", Protocol: "tcp", Size: 250, Message: 100, Journal: j}.Server(server, serverAddr)
			})
			client.Go(func() {
				s := &fakeSocket{h: client, kind: host.Stream}
				if err := s.Connect(serverAddr); err != nil {
					t.Error(err)
				}
				s.write(c.sends)
				client.Sleep(50 * ms)
				if c.reset {
					s.other.err = syscall.ECONNRESET
					s.other.changed()
				} else if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
			n.run()
			expect(t, "delivered", j.order(), c.want)
			expect(t, "garbled", j.garbled, c.garbled)
			if !errors.Is(got, c.err) {
				t.Errorf("the receiver got %v, want %v", got, c.err)
			}
		})
	}
}
