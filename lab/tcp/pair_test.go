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
	mute    bool   // keep no history
	over    string // what went wrong, if anything did
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
	close   bool          // CloseWrite when all is written
	lazy    bool          // do not read
	chunk   int           // bytes a Read or a Write
	pause   time.Duration // where it is not 0, the program reads and writes a chunk and sleeps that long
	buf     []byte
	got     bytes.Buffer
	eof     bool
	err     error
	armed   time.Duration
	info    []host.TCPInfo
}

func newPair(t *testing.T, delay time.Duration) *pair {
	p := &pair{t: t, w: virtual.New(), delay: delay}
	p.a = &end{p: p, name: "A", cfg: Defaults(1460), iss: 0, chunk: 3000, reasons: map[string]int{}, armed: Never}
	p.b = &end{p: p, name: "B", cfg: Defaults(1460), iss: 1 << 20, chunk: 3000, reasons: map[string]int{}, armed: Never, listens: true}
	p.a.peer, p.b.peer = p.b, p.a
	t.Cleanup(func() {
		if t.Failed() && len(p.history) > 0 {
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
	if !p.mute && len(p.history) < 100000 {
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
	if e.sent++; e.sent > 200000 { // nothing more goes, so that the run ends
		e.p.over = e.name + " sends without end"
		return
	}
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
	if !e.p.mute {
		e.p.say("%s > %s (%s)%s", e.name, words(s), s.Reason, mark)
	}
	codepoint := s.ECN
	for _, d := range extra {
		e.p.w.After(e.p.delay+d, func() { e.peer.receive(wire, codepoint) })
	}
}

func (e *end) receive(wire []byte, codepoint ECN) {
	var s Segment
	if err := s.Parse(wire); err != nil {
		e.p.t.Errorf("%s: %v", e.name, err)
		return
	}
	s.ECN = codepoint
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

// serve is the program: it is called when the Conn has news. One with a pause works in wake only.
func (e *end) serve() {
	if e.c == nil {
		return
	}
	for e.pause == 0 && !e.lazy && e.read() {
	}
	for e.pause == 0 && e.writeSome() {
	}
	e.closeIfDone()
	e.arm()
}

// wake is the program with a pause.
func (e *end) wake() {
	if e.c != nil {
		e.read()
		e.writeSome()
		e.closeIfDone()
		e.arm()
	}
	if !e.eof || len(e.write) > 0 || e.close {
		e.p.w.After(e.pause, e.wake)
	}
}

// read reads a chunk, and returns whether there may be more.
func (e *end) read() bool {
	if e.eof || e.err != nil {
		return false
	}
	if len(e.buf) < e.chunk {
		e.buf = make([]byte, e.chunk)
	}
	n, err := e.c.Read(e.p.w.Now(), e.buf[:e.chunk])
	e.got.Write(e.buf[:n])
	if err == io.EOF {
		e.eof = true
	} else if err != nil {
		e.err = err
	}
	return n > 0
}

// writeSome writes a chunk, and returns whether there may be room for more.
func (e *end) writeSome() bool {
	if len(e.write) == 0 {
		return false
	}
	n, err := e.c.Write(e.p.w.Now(), e.write[:min(len(e.write), e.chunk)])
	if err != nil {
		e.err = err
		e.write = nil
	}
	e.write = e.write[n:]
	return n > 0
}

func (e *end) closeIfDone() {
	if len(e.write) == 0 && e.close && e.c.State() >= Established {
		e.close = false
		e.c.CloseWrite(e.p.w.Now())
	}
}

// arm sets the timer anew behind every call, and looks whether all is well.
func (e *end) arm() {
	e.watch()
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

// lose is a fate: every segment is lost with that probability.
func (p *pair) lose(seed uint64, probability netem.Probability) func(*end, *Segment) []time.Duration {
	dice, n := netem.NewStream(seed), uint64(0)
	return func(*end, *Segment) []time.Duration {
		n++
		if probability.Hit(dice.At(n, 0)) {
			return nil
		}
		return []time.Duration{0}
	}
}

// complete demands that what was sent has arrived, a's bytes at B and b's at A, with both ends; and that both connections
// are closed, without an error.
func (p *pair) complete(a, b int) {
	p.t.Helper()
	if why := p.incomplete(a, b); why != "" {
		p.t.Error(why)
	}
}

func (p *pair) incomplete(a, b int) string {
	if p.over != "" {
		return p.over
	}
	for _, e := range []struct {
		*end
		n int
	}{{p.b, a}, {p.a, b}} {
		switch {
		case e.c == nil:
			return e.name + ": no connection"
		case !bytes.Equal(e.got.Bytes(), pattern(e.n)):
			return fmt.Sprintf("%s: got %d bytes of %d, or others", e.name, e.got.Len(), e.n)
		case !e.eof || e.err != nil || e.c.State() != Closed || e.c.Err() != nil:
			return fmt.Sprintf("%s: end %v, error %v, %v, state %v", e.name, e.eof, e.err, e.c.Err(), e.c.State())
		}
	}
	return ""
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
	p.complete(1<<20, 0)
	if p.a.reasons["timeout"]+p.a.reasons["fast retransmit"] > 0 {
		t.Errorf("retransmissions without loss: %v", p.a.reasons)
	}
}

func TestTransferWithLoss(t *testing.T) {
	for _, recovery := range []string{"sack", "newreno", "rack"} {
		for seed := range uint64(50) {
			t.Run(fmt.Sprint(recovery, seed), func(t *testing.T) {
				p := newPair(t, 5*time.Millisecond)
				p.a.cfg.Recovery = recovery
				p.a.cfg.SACK = recovery != "newreno"
				p.fate = p.lose(seed, 0.05)
				p.a.write, p.a.close = pattern(300000), true
				p.b.write, p.b.close = pattern(50000), true
				p.a.connect()
				p.run(time.Hour)
				p.complete(300000, 50000)
			})
		}
	}
}
