package tcp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/virtual"
	"reliabilitylab/netem"
)

// A pair is two connections joined by a wire on which a test decides each segment's fate. It keeps a history, which is
// printed when the test fails.
type pair struct {
	t       *testing.T
	w       *virtual.World
	a, b    *end
	delay   time.Duration
	fate    func(from *end, s *Segment) (copies []time.Duration) // extra delays of what arrives; nil: one copy, no extra
	history []string
}

// An end is one connection with its program: it writes what is queued and reads all there is.
type end struct {
	p       *pair
	name    string
	cfg     Config
	c       *Conn
	peer    *end
	listens bool
	iss     Seq
	sent    int // segments sent
	reasons map[string]int
	write   []byte
	close   bool // CloseWrite when all is written
	lazy    bool // do not read
	got     bytes.Buffer
	eof     bool
	err     error
	armed   time.Duration
	info    []host.TCPInfo
}

func newPair(t *testing.T, delay time.Duration) *pair {
	p := &pair{t: t, w: virtual.New(), delay: delay}
	p.a = &end{p: p, name: "A", cfg: Defaults(1460), iss: 0, reasons: map[string]int{}, armed: Never}
	p.b = &end{p: p, name: "B", cfg: Defaults(1460), iss: 1 << 20, reasons: map[string]int{}, armed: Never, listens: true}
	p.a.peer, p.b.peer = p.b, p.a
	t.Cleanup(func() {
		if t.Failed() {
			h := p.history
			if len(h) > 200 {
				h = append(h[:100:100], h[len(h)-100:]...)
			}
			t.Log("\n" + strings.Join(h, "\n"))
		}
	})
	return p
}

func (p *pair) say(format string, args ...any) {
	if len(p.history) < 100000 {
		p.history = append(p.history, fmt.Sprintf("%12v ", p.w.Now())+fmt.Sprintf(format, args...))
	}
}

func (e *end) env() Env {
	return Env{Output: e.output, Notify: func() { e.p.w.After(0, e.serve) }, Change: func(i host.TCPInfo) { e.info = append(e.info, i) }}
}

func (e *end) connect() {
	e.c = Connect(e.cfg, e.env(), e.p.w.Now(), e.iss)
	e.arm()
}

func (e *end) output(s *Segment) {
	e.sent++
	e.reasons[s.Reason]++
	wire := make([]byte, s.HeaderLen()+len(s.Payload)+len(s.More))
	s.Put(wire)
	copy(wire[copy(wire[s.HeaderLen():], s.Payload)+s.HeaderLen():], s.More)
	extra := []time.Duration{0}
	if e.p.fate != nil {
		extra = e.p.fate(e, s)
	}
	mark := ""
	if len(extra) == 0 {
		mark = "  LOST"
	}
	e.p.say("%s > %v (%s)%s", e.name, s, s.Reason, mark)
	for _, d := range extra {
		e.p.w.After(e.p.delay+d, func() { e.peer.receive(wire) })
	}
}

func (e *end) receive(wire []byte) {
	var s Segment
	if err := s.Parse(wire); err != nil {
		e.p.t.Errorf("%s: %v", e.name, err)
		return
	}
	switch {
	case e.c == nil && e.listens && s.Flags&(netem.FlagSYN|netem.FlagACK|netem.FlagRST) == netem.FlagSYN:
		e.c = Accept(e.cfg, e.env(), e.p.w.Now(), e.iss, &s)
	case e.c == nil || e.c.State() == Closed:
		if r, ok := Reset(&s); ok {
			e.output(&r)
		}
		return
	default:
		e.c.Deliver(e.p.w.Now(), &s)
	}
	e.arm()
}

// serve is the program.
func (e *end) serve() {
	if e.c == nil {
		return
	}
	now := e.p.w.Now()
	for !e.lazy && !e.eof && e.err == nil {
		b := make([]byte, 3000)
		n, err := e.c.Read(now, b)
		e.got.Write(b[:n])
		if err == io.EOF {
			e.eof = true
		} else if err != nil {
			e.err = err
		}
		if n == 0 {
			break
		}
	}
	for len(e.write) > 0 {
		n, err := e.c.Write(now, e.write)
		if err != nil {
			e.err = err
			e.write = nil
		}
		if n == 0 {
			break
		}
		e.write = e.write[n:]
	}
	if len(e.write) == 0 && e.close && e.c.State() >= Established {
		e.close = false
		e.c.CloseWrite(now)
	}
	e.arm()
}

func (e *end) arm() {
	d := e.c.Deadline()
	if d >= e.armed {
		return
	}
	e.armed = d
	e.p.w.After(d-e.p.w.Now(), func() {
		if e.armed == d {
			e.armed = Never
			e.c.Expire(e.p.w.Now())
			e.arm()
		}
	})
}

func (p *pair) run(until time.Duration) {
	p.t.Helper()
	if err := p.w.Run(context.Background(), until); err != nil {
		p.t.Fatal(err)
	}
}

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8 + i>>16)
	}
	return b
}

func TestTransferWithoutLoss(t *testing.T) {
	p := newPair(t, 25*time.Millisecond)
	p.a.write, p.a.close = pattern(1<<20), true
	p.b.close = true
	p.a.connect()
	p.run(10 * time.Minute)
	if !bytes.Equal(p.b.got.Bytes(), pattern(1<<20)) || !p.b.eof || !p.a.eof {
		t.Errorf("got %d bytes, ends %v %v", p.b.got.Len(), p.b.eof, p.a.eof)
	}
	if p.a.c.State() != Closed || p.b.c.State() != Closed {
		t.Errorf("states %v %v", p.a.c.State(), p.b.c.State())
	}
	if p.a.reasons["timeout"]+p.a.reasons["fast retransmit"] > 0 {
		t.Errorf("retransmissions without loss: %v", p.a.reasons)
	}
}

func TestTransferWithLoss(t *testing.T) {
	for _, recovery := range []string{"sack", "newreno"} {
		for seed := range uint64(50) {
			t.Run(fmt.Sprint(recovery, seed), func(t *testing.T) {
				p := newPair(t, 5*time.Millisecond)
				p.a.cfg.Recovery = recovery
				p.a.cfg.SACK = recovery == "sack"
				dice := netem.NewStream(seed)
				n := uint64(0)
				p.fate = func(*end, *Segment) []time.Duration {
					n++
					if netem.Probability(0.05).Hit(dice.At(n, 0)) {
						return nil
					}
					return []time.Duration{0}
				}
				p.a.write, p.a.close = pattern(300000), true
				p.b.write, p.b.close = pattern(50000), true
				p.a.connect()
				p.run(time.Hour)
				if !bytes.Equal(p.b.got.Bytes(), pattern(300000)) || !bytes.Equal(p.a.got.Bytes(), pattern(50000)) || !p.b.eof || !p.a.eof {
					t.Errorf("got %d %d bytes, ends %v %v %v %v", p.b.got.Len(), p.a.got.Len(), p.b.eof, p.a.eof, p.a.err, p.b.err)
				}
				if p.a.c.State() != Closed || p.b.c.State() != Closed {
					t.Errorf("states %v %v", p.a.c.State(), p.b.c.State())
				}
			})
		}
	}
}
