package app

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
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

func TestTransferOverTCP(t *testing.T) {
	for _, from := range []netem.Direction{netem.Forward, netem.Reverse} {
		for _, pieces := range []int{0, 1, 1000, 1448, 5000} { // what one call moves at most; 0: all
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
		s, _ := h.Socket(host.IPv4, host.Stream)
		if err := s.Connect(serverAddr); err != nil { // returns at 20 ms
			t.Error(err)
		}
		m := messages{400, 100}
		all := make([]byte, 400)
		for k := range 4 {
			m.put(all[100*k:], uint64(k+1))
		}
		for _, k := range []int{99, 1, 100, 150, 50} { // together 99, 100, 200, 350, 400
			if _, err := s.Send(all[:k], netip.AddrPort{}); err != nil {
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

func TestStream(t *testing.T) {
	for _, c := range []struct {
		name     string
		message  int
		rate     netem.Rate
		length   time.Duration
		count    int
		interval time.Duration
	}{
		{"a call", 160, 64 * netem.Kbit, time.Second, 50, 20 * ms}, // G.711: 160 bytes every 20 ms
		{"one more that is due before the end", 160, 64 * netem.Kbit, time.Second + 1, 51, 20 * ms},
		{"shorter than an interval", 160, 64 * netem.Kbit, 1, 1, 20 * ms},
	} {
		for _, protocol := range []string{"tcp", "udp"} {
			t.Run(c.name+" "+protocol, func(t *testing.T) {
				p := Program{App: "stream", Protocol: protocol, Message: c.message, Rate: c.rate, For: c.length}
				if got := p.Offered(); got != int64(c.count*c.message) {
					t.Errorf("offered %d bytes, want %d messages of %d", got, c.count, c.message)
				}
				r := talk(newWire(t), p)
				r.check(t)
				for i, at := range r.checkSent(t, c.count, c.message, c.message) {
					want := time.Duration(i) * c.interval
					if protocol == "tcp" {
						want += 20 * ms // the handshake
					}
					if at != want || r.delivered[i].at != want+10*ms {
						t.Errorf("message %d sent at %v and delivered at %v, want sent at %v", i+1, at, r.delivered[i].at, want)
					}
				}
				expect(t, "delivered", r.order(), upTo(c.count))
			})
		}
	}
}

// 1448 bytes at 7 bit/s: an interval that is no whole number of nanoseconds. No error may add up.
func TestPaceDoesNotDrift(t *testing.T) {
	o := oneWay{messages: messages{1 << 40, 1448}, rate: 7}
	for _, n := range []uint64{1, 2, 3, 1_000_000} {
		// floor((n-1) * 1448 * 8 * 10^9 / 7), by Python for the last
		want := map[uint64]time.Duration{1: 0, 2: 1654857142857, 3: 3309714285714, 1_000_000: 1654855488000000000}[n]
		if got := o.due(o.offset(n)); got != want {
			t.Errorf("message %d is due at %d, want %d", n, got, want)
		}
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

func TestBadSettings(t *testing.T) {
	good := Program{App: "transfer", Protocol: "tcp", Size: 1000}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Program){
		`no app "chess": there are stream, transfer`:                 func(p *Program) { p.App = "chess" },
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
