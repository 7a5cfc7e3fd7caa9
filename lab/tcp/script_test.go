package tcp

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
)

// A script plays one side of a connection by hand against a Conn: it puts segments in, moves the time, and says which
// segments must have come out, at this very instant and no others since it last asked. What happened is printed when the
// test fails. The Conn's ISS is 0 and its MSS 1000 without options, so that its bytes are 1, 2, 3 …; the peer's ISS is 5000.
//
// Segments are written as words: "ACK,FIN seq 1 ack 5001 len 1000 win 500 sack 3001-4001 mss 1000 scale 7 sackok ts 5/6 ect0".
// What is not said is zero in a segment that goes in, except ack and win, which stay as they were said last; in one that
// should come out, PSH is not compared, and ack, win, mss, scale, sackok, ts only where they are said.
type script struct {
	t       *testing.T
	cfg     Config
	c       *Conn
	now     time.Duration
	sent    []emission
	notes   int
	info    []host.TCPInfo
	ack     Seq
	win     uint16
	history []string
	why     string // the reason of the last segment that came out
}

// An emission is a segment that came out.
type emission struct {
	at  time.Duration
	s   Segment
	len int
}

// newScript returns a script whose Conn has nothing negotiated unless set asks for it: no timestamps, SACK, scaling.
func newScript(t *testing.T, set func(*Config)) *script {
	s := &script{t: t, cfg: Defaults(1000), win: 65535}
	s.cfg.Congestion = "reno" // whose windows are worked out by hand easily
	s.cfg.Recovery = "sack"   // what has SACK and no clock
	s.cfg.SACK, s.cfg.Timestamps, s.cfg.WindowScaling, s.cfg.ReceiveBuffer = false, false, false, 65535
	s.cfg.Autotuning = false
	if set != nil {
		set(&s.cfg)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("\n" + strings.Join(s.history, "\n"))
		}
	})
	return s
}

func (s *script) say(format string, args ...any) {
	s.history = append(s.history, fmt.Sprintf("%14v  ", s.now)+fmt.Sprintf(format, args...))
}

func (s *script) env() Env {
	return Env{
		Output: func(g *Segment) {
			e := emission{s.now, *g, len(g.Payload) + len(g.More)}
			e.s.Payload = slices.Concat(g.Payload, g.More)
			e.s.More = nil
			s.sent = append(s.sent, e)
			s.why = g.Reason
			s.say("> %s (%s)", words(g), g.Reason)
		},
		Notify: func() { s.notes++ },
		Change: func(i host.TCPInfo) { s.info = append(s.info, i) },
	}
}

// connect opens actively; accept passively, on a SYN.
func (s *script) connect() { s.c = Connect(s.cfg, s.env(), s.now, 0) }

func (s *script) accept(syn string) {
	s.say("< %s", syn)
	g := s.parse(syn)
	s.c = Accept(s.cfg, s.env(), s.now, 0, &g)
}

// established returns a script behind an active open, of which the SYN-ACK says what options says; it came after rtt.
func established(t *testing.T, rtt time.Duration, options string, set func(*Config)) *script {
	t.Helper()
	s := newScript(t, set)
	s.connect()
	s.at(rtt)
	s.in("SYN,ACK seq 5000 ack 1 mss 1000 " + options)
	if s.c.State() != Established {
		t.Fatalf("state %v after the handshake", s.c.State())
	}
	s.sent = nil
	return s
}

// in delivers a segment.
func (s *script) in(text string) {
	s.say("< %s", text)
	g := s.parse(text)
	s.c.Deliver(s.now, &g)
}

// at moves the time, and expires every timer on the way at its instant.
func (s *script) at(now time.Duration) {
	s.t.Helper()
	for n := 0; s.c != nil && s.c.Deadline() <= now; n++ {
		if n > 10000 {
			s.t.Fatalf("timers expire without end at %v", s.now)
		}
		s.now = max(s.now, s.c.Deadline())
		s.c.Expire(s.now)
	}
	s.now = now
}

func (s *script) after(d time.Duration) { s.t.Helper(); s.at(s.now + d) }

// out tells which segments must have come out since it was last asked, at this instant.
func (s *script) out(want ...string) {
	s.t.Helper()
	sent := s.sent
	s.sent = nil
	for i, e := range sent {
		switch {
		case i >= len(want):
			s.t.Fatalf("sent at %v: %s (%s); it should not have been", e.at, words(&e.s), e.s.Reason)
		case e.at != s.now:
			s.t.Fatalf("%s was sent at %v, not at %v", words(&e.s), e.at, s.now)
		}
		if why := s.differs(&e, want[i]); why != "" {
			s.t.Fatalf("at %v sent %s (%s), want %s: %s", s.now, words(&e.s), e.s.Reason, want[i], why)
		}
	}
	if len(sent) < len(want) {
		s.t.Fatalf("at %v not sent: %s", s.now, want[len(sent)])
	}
}

// because demands the reason of the last segment that came out.
func (s *script) because(want string) {
	s.t.Helper()
	if s.why != want {
		s.t.Fatalf("at %v the last segment was sent because of %q, want %q", s.now, s.why, want)
	}
}

// differs says in what a segment is not the one that was wanted.
func (s *script) differs(e *emission, text string) string {
	ack, win := s.ack, s.win
	w := s.parse(text)
	s.ack, s.win = ack, win // parse has taken them for the peer's
	g := &e.s
	said := func(word string) bool { return slices.Contains(strings.Fields(text), word) }
	o, p := &g.Options, &w.Options
	switch {
	case g.Flags&^netem.FlagPSH != w.Flags:
		return "flags"
	case g.Seq != w.Seq:
		return "seq"
	case g.ECN != w.ECN:
		return "ecn"
	case said("ack") && g.Ack != w.Ack:
		return "ack"
	case e.len != len(w.Payload):
		return "len"
	case said("win") && g.Window != w.Window:
		return "win"
	case o.Blocks != p.Blocks || o.SACK != p.SACK:
		return "sack"
	case said("mss") && o.MSS != p.MSS, said("scale") && (!o.HasScale || o.Scale != p.Scale),
		said("sackok") != o.SACKPermitted, said("ts") && (!o.HasTimestamps || o.TSVal != p.TSVal || o.TSEcr != p.TSEcr):
		return "options"
	}
	return ""
}

// data writes count segments of size bytes each, from seq on.
func data(seq, size, count int) []string {
	var all []string
	for i := range count {
		all = append(all, fmt.Sprintf("ACK seq %d len %d", seq+i*size, size))
	}
	return all
}

// state demands a state.
func (s *script) state(want State) {
	s.t.Helper()
	if got := s.c.State(); got != want {
		s.t.Fatalf("at %v the state is %v, want %v", s.now, got, want)
	}
}

// write writes n bytes of the pattern and demands that all are taken.
func (s *script) write(n int) {
	s.t.Helper()
	s.say("Write %d", n)
	if k, err := s.c.Write(s.now, pattern(n)); k != n || err != nil {
		s.t.Fatalf("Write of %d: %d, %v", n, k, err)
	}
}

// read demands that Read of n bytes returns as many, or of any number nothing but the error.
func (s *script) read(n int, want error) {
	s.t.Helper()
	s.say("Read")
	b := make([]byte, n)
	if n == 0 {
		b = make([]byte, 10)
	}
	k, err := s.c.Read(s.now, b)
	if k != n || err != want {
		s.t.Fatalf("Read: %d, %v; want %d, %v", k, err, n, want)
	}
}

// eof demands that the stream has ended.
func (s *script) eof() { s.t.Helper(); s.read(0, io.EOF) }

// window demands the congestion window and threshold, in segments of 1000 bytes; 0 is no threshold yet.
func (s *script) window(cwnd, ssthresh int) {
	s.t.Helper()
	if ssthresh *= 1000; ssthresh == 0 {
		ssthresh = Unlimited
	}
	if w := s.c.w; w.Cwnd != cwnd*1000 || w.Ssthresh != ssthresh {
		s.t.Fatalf("at %v cwnd %d ssthresh %d, want %d %d segments", s.now, w.Cwnd, w.Ssthresh, cwnd, ssthresh)
	}
}

// words prints a segment as parse reads it.
func words(g *Segment) string {
	t, o := g.String(), &g.Options
	if o.MSS != 0 {
		t += fmt.Sprint(" mss ", o.MSS)
	}
	if o.HasScale {
		t += fmt.Sprint(" scale ", o.Scale)
	}
	if o.SACKPermitted {
		t += " sackok"
	}
	t += [...]string{"", " ect1", " ect0", " ce"}[g.ECN]
	if o.HasTimestamps {
		t += fmt.Sprintf(" ts %d/%d", o.TSVal, o.TSEcr)
	}
	return t
}

// parse reads a segment from words.
func (s *script) parse(text string) Segment {
	s.t.Helper()
	f := strings.Fields(text)
	g := Segment{}
	for _, name := range strings.Split(f[0], ",") {
		i := slices.Index(flagNames[:], name)
		if i < 0 {
			s.t.Fatalf("no flag %q in %q", name, text)
		}
		g.Flags |= 1 << i
	}
	o := &g.Options
	for i := 1; i < len(f); i++ {
		word := f[i]
		switch word {
		case "sackok":
			o.SACKPermitted = true
			continue
		case "ect0":
			g.ECN = ECT0
			continue
		case "ce":
			g.ECN = CE
			continue
		}
		i++
		if i == len(f) {
			s.t.Fatalf("%s of nothing in %q", word, text)
		}
		num := func(t string) int {
			n, err := strconv.Atoi(t)
			if err != nil {
				s.t.Fatalf("no number %q in %q", t, text)
			}
			return n
		}
		a, b, _ := strings.Cut(strings.ReplaceAll(f[i], "/", "-"), "-")
		switch n := num(a); word {
		case "seq":
			g.Seq = Seq(n)
		case "ack":
			s.ack = Seq(n)
		case "win":
			s.win = uint16(n)
		case "len":
			g.Payload = make([]byte, n)
		case "mss":
			o.MSS = uint16(n)
		case "scale":
			o.HasScale, o.Scale = true, uint8(n)
		case "sack":
			o.SACK[o.Blocks] = Block{Seq(n), Seq(num(b))}
			o.Blocks++
		case "ts":
			o.HasTimestamps, o.TSVal, o.TSEcr = true, uint32(n), uint32(num(b))
		default:
			s.t.Fatalf("unknown word %q in %q", word, text)
		}
	}
	g.Window = s.win
	if g.Flags&netem.FlagACK != 0 {
		g.Ack = s.ack
	}
	return g
}
