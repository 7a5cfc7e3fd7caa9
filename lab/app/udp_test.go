package app

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"reliabilitylab/netem"
)

func TestTransferOverUDP(t *testing.T) {
	for _, from := range []netem.Direction{netem.Forward, netem.Reverse} {
		t.Run(from.String(), func(t *testing.T) {
			n := newWire(t)
			r := talk(n, Program{App: "transfer", Protocol: "udp", From: from, Size: 1000*1448 + 20, Rate: 8_100_000})
			r.check(t)
			begin := time.Duration(0)
			if from == netem.Reverse {
				begin = 10 * ms // the request's way
			}
			for i, at := range r.checkSent(t, 1001, 1448, 20) {
				if want := begin + time.Duration(int64(i)*1448*8*1_000_000_000/8_100_000); at != want {
					t.Fatalf("message %d sent at %v, want %v", i+1, at, want)
				}
			}
			expect(t, "delivered", r.order(), upTo(1001))
			for i, d := range r.delivered {
				if d.at != r.sent[i].at+10*ms {
					t.Fatalf("message %d told at %v, sent at %v", i+1, d.at, r.sent[i].at)
				}
			}
			// The last datagram comes 10 ms after it was sent; the receiver listens for Quiet more, and so does a
			// sender that was asked.
			last := r.sent[1000].at
			receiver, sender := r.serverAt, r.clientAt
			ended := last
			if from == netem.Reverse {
				receiver, sender, ended = r.clientAt, r.serverAt, last+DefaultQuiet
			}
			if receiver != last+10*ms+DefaultQuiet || sender != ended {
				t.Errorf("the sender ended at %v, the receiver at %v; the last was sent at %v", sender, receiver, last)
			}
		})
	}
}

func TestUDPWithoutRateSendsAtOnce(t *testing.T) {
	r := talk(newWire(t), Program{App: "transfer", Protocol: "udp", Size: 5000})
	r.check(t)
	if at := r.checkSent(t, 4, 1448, 5000-3*1448); at[3] != 0 {
		t.Errorf("the last was sent at %v", at[3])
	}
	expect(t, "delivered", r.order(), upTo(4))
}

// Ten datagrams of 1000 bytes, 1 ms apart. What the receiver tells is what arrived, in that order.
func TestUDPTellsWhatArrives(t *testing.T) {
	for _, c := range []struct {
		name    string
		fate    func(n int, b []byte) []arrival
		want    []int
		garbled []int
	}{
		{"loss", func(n int, b []byte) []arrival {
			if n == 1 || n == 5 || n == 10 {
				return nil
			}
			return []arrival{{0, b}}
		}, []int{2, 3, 4, 6, 7, 8, 9}, nil},
		{"duplicates", func(n int, b []byte) []arrival {
			if n == 3 || n == 10 {
				return []arrival{{0, b}, {1500 * time.Microsecond, b}}
			}
			return []arrival{{0, b}}
		}, []int{1, 2, 3, 4, 3, 5, 6, 7, 8, 9, 10, 10}, nil},
		{"reordering", func(n int, b []byte) []arrival {
			if n == 4 {
				return []arrival{{2500 * time.Microsecond, b}}
			}
			return []arrival{{0, b}}
		}, []int{1, 2, 3, 5, 6, 4, 7, 8, 9, 10}, nil},
		{"damage", func(n int, b []byte) []arrival {
			switch n {
			case 2:
				b[0] ^= 1 // magic
			case 3:
				b[15] ^= 1 // number
			case 4:
				b[4] ^= 0x80 // checksum of the number
			case 5:
				b[999] ^= 4
			case 6:
				b = b[:500]
			case 7:
				b = append(b, 0)
			case 8:
				b = b[:0]
			case 9:
				putHeader(b, 11) // there is none
			}
			return []arrival{{0, b}}
		}, []int{1, -2, -5, -6, -7, 10}, []int{1000, 1000, 0, 1000}},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newWire(t)
			n.fate = func(n int, _ string, b []byte) []arrival { return c.fate(n, b) }
			r := talk(n, Program{App: "transfer", Protocol: "udp", Size: 10_000, Message: 1000, Rate: 8 * netem.Mbit})
			r.check(t)
			r.checkSent(t, 10, 1000, 1000)
			expect(t, "delivered", r.order(), c.want)
			expect(t, "garbled", r.garbled, c.garbled)
		})
	}
}

// An outage longer than Quiet does not end the receiver: it knows that more is due. It ends when the last was due long
// ago, whether the last came or not.
func TestUDPReceiverOutlastsAnOutage(t *testing.T) {
	n := newWire(t)
	n.fate = func(n int, _ string, b []byte) []arrival {
		if n > 10 && n <= 90 || n == 100 {
			return nil
		}
		return []arrival{{0, b}}
	}
	// 100 messages, 100 ms apart: 10 s.
	r := talk(n, Program{App: "stream", Protocol: "udp", Message: 1000, Rate: 80_000, For: 10 * time.Second, Quiet: 3 * time.Second})
	r.check(t)
	expect(t, "delivered", r.order(), append(upTo(10), upTo(99)[90:]...))
	// Message 99 comes at 9.81 s; 3 s later, at 12.81 s, message 100 was due (9.9 s) not yet 3 s
	// ago; so it listens for 3 s more.
	if want := 15810 * ms; r.serverAt != want {
		t.Errorf("the receiver ended at %v, want %v", r.serverAt, want)
	}
}

// However late the client begins, and however many of its messages are lost, the receiver reckons from the number of the
// first that comes when the last is due.
func TestUDPReceiverReckonsTheEnd(t *testing.T) {
	for _, lost := range []int{0, 1, 70, 99} {
		n := newWire(t)
		n.fate = func(n int, _ string, b []byte) []arrival {
			if n <= lost || n == 100 {
				return nil
			}
			return []arrival{{0, b}}
		}
		client, server := n.host("client", "10.0.0.1"), n.host("server", "10.0.0.2")
		j := &notes{wire: n}
		p := Program{App: "stream", Protocol: "udp", Message: 1000, Rate: 80_000, For: 10 * time.Second, Quiet: 100 * ms, Journal: j}
		ended := time.Duration(-1)
		server.Go(func() {
			if err := p.Server(server, serverAddr); err != nil {
				t.Error(err)
			}
			ended = n.w.Now()
		})
		client.Go(func() {
			client.Sleep(time.Hour)
			if err := p.Client(client, serverAddr); err != nil {
				t.Error(err)
			}
		})
		n.run()
		expect(t, "delivered", j.order(), upTo(99)[lost:])
		// Message 100 is due at 9.9 s and could come at 9.91 s; Quiet later it is over. Nothing came: it waits on.
		want := time.Hour + 10010*ms
		if lost == 99 {
			want = -1
		}
		if ended != want {
			t.Errorf("%d lost: the receiver ended at %v, want %v", lost, ended, want)
		}
	}
}

// A datagram that comes later than everything else is still told, as long as it comes within Quiet.
func TestUDPReceiverWaitsForTheLate(t *testing.T) {
	n := newWire(t)
	n.fate = func(n int, _ string, b []byte) []arrival {
		if n == 2 {
			return []arrival{{4900 * ms, b}}
		}
		return []arrival{{0, b}}
	}
	r := talk(n, Program{App: "transfer", Protocol: "udp", Size: 3000, Message: 1000, Quiet: 5 * time.Second})
	r.check(t)
	expect(t, "delivered", r.order(), []int{1, 3, 2})
}

func TestUDPRequestIsAskedAgain(t *testing.T) {
	n := newWire(t)
	n.fate = func(n int, from string, b []byte) []arrival {
		switch {
		case n == 1: // lost
			return nil
		case n == 2: // damaged: the server must not take it for a request
			b[9] ^= 1
		case n == 3: // cut
			b = b[:15]
		case from == "client" && n > 4:
			t.Errorf("datagram %d is from the client, which has its answer", n)
		}
		return []arrival{{0, b}}
	}
	r := talk(n, Program{App: "transfer", Protocol: "udp", From: netem.Reverse, Size: 3000, Message: 1000})
	r.check(t)
	if at := r.checkSent(t, 3, 1000, 1000); at[0] != 3010*ms {
		t.Errorf("first sent at %v, want 3.01s: the fourth request got through", at[0])
	}
	expect(t, "delivered", r.order(), upTo(3))
}

// On a long path the client asks several times before the answer can be there; the server's port must outlive that.
func TestUDPLateRequestsMeetAnOpenPort(t *testing.T) {
	n := newWire(t)
	n.delay = 2500 * ms
	r := talk(n, Program{App: "transfer", Protocol: "udp", From: netem.Reverse, Size: 3000, Message: 1000, Quiet: 5 * time.Second})
	r.check(t)
	expect(t, "delivered", r.order(), upTo(3))
	if n.count != 5+3 {
		t.Errorf("%d datagrams, want requests at 0, 1, 2, 3, 4 s and 3 messages", n.count)
	}
}

func TestUDPRequestWithoutAnswer(t *testing.T) {
	n := newWire(t)
	n.fate = func(int, string, []byte) []arrival { return nil }
	r := talk(n, Program{App: "transfer", Protocol: "udp", From: netem.Reverse, Size: 3000})
	if !errors.Is(r.client, syscall.ETIMEDOUT) || !strings.Contains(r.client.Error(), "10.0.0.2:9000") || r.clientAt != 127*time.Second {
		t.Errorf("at %v the client got: %v", r.clientAt, r.client)
	}
	if r.server != errBlocked {
		t.Errorf("the server got: %v", r.server)
	}
}

// A UDP sender to a closed port hears of it with its second datagram.
func TestUDPSenderIsRefused(t *testing.T) {
	n := newWire(t)
	h := n.host("client", "10.0.0.1")
	j := &notes{wire: n}
	var err error
	h.Go(func() {
		err = Program{App: "stream", Protocol: "udp", Rate: 80_000, Message: 1000, For: time.Second, Journal: j}.Client(h, serverAddr)
	})
	n.run()
	if fmt.Sprint(err) != "send to 10.0.0.2:9000: connection refused" || !errors.Is(err, syscall.ECONNREFUSED) || len(j.sent) != 2 {
		t.Errorf("after %d messages: %v", len(j.sent), err)
	}
}
