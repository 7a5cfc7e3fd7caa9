package tcp

import (
	"fmt"
	"slices"
	"testing"

	"reliabilitylab/netem"
)

// A dice is a row of random numbers of one seed.
type dice struct {
	s netem.Stream
	n uint64
}

func newDice(seed uint64) *dice { return &dice{s: netem.NewStream(seed)} }

func (d *dice) below(n int) int {
	d.n++
	return int(netem.Below(d.s.At(d.n, 0), uint64(n)))
}

// A naiveByte is what the naive scoreboard knows of one byte.
type naiveByte struct {
	segment             int // the number of the segment it was sent in
	sacked, lost, again bool
}

// naiveBoard is RFC 6675's scoreboard as the RFC puts it: byte by byte. Bytes are sacked by whole segments (RFC 2018
// section 5).
type naiveBoard struct {
	base  Seq
	bytes []naiveByte
}

func (m *naiveBoard) segment(n int) (all []*naiveByte) {
	for i := range m.bytes {
		if m.bytes[i].segment == n {
			all = append(all, &m.bytes[i])
		}
	}
	return all
}

// isLost is RFC 6675's: three separate runs, or more than two segments' worth of bytes, sacked above.
func (m *naiveBoard) isLost(i, mss int) bool {
	runs, sacked, in := 0, 0, false
	for _, b := range m.bytes[i+1:] {
		if b.sacked {
			sacked++
			if !in {
				runs++
			}
		}
		in = b.sacked
	}
	return runs >= 3 || sacked > 2*mss
}

func (m *naiveBoard) sack(blocks []Block) (fresh int) {
	numbers := []int{}
	for i := range m.bytes {
		if n := m.bytes[i].segment; len(numbers) == 0 || numbers[len(numbers)-1] != n {
			numbers = append(numbers, n)
		}
	}
	for _, k := range blocks {
		for _, n := range numbers {
			whole := true
			for i := range m.bytes {
				q := m.base + Seq(i)
				if m.bytes[i].segment == n && !(k.Left.LessEq(q) && q.Less(k.Right)) {
					whole = false
				}
			}
			for _, b := range m.segment(n) {
				if whole && !b.sacked {
					b.sacked = true
					fresh++
				}
			}
		}
	}
	return fresh
}

// sums are what the pipe is made of.
func (m *naiveBoard) sums() (sacked, lost, again int) {
	for _, b := range m.bytes {
		switch {
		case b.sacked:
			sacked++
		default:
			if b.lost {
				lost++
			}
			if b.again {
				again++
			}
		}
	}
	return
}

// Random rows of sends, cumulative ACKs, SACKs, judgements, losses, timeouts and retransmissions: the scoreboard says what
// the naive one says. The sequence space goes around in most of them.
func TestScoreboardAgainstModel(t *testing.T) {
	trials := 250
	if testing.Short() {
		trials = 100
	}
	for seed := range trials {
		if why := scoreboardTrial(newDice(uint64(seed))); why != "" {
			t.Fatalf("seed %d: %s", seed, why)
		}
	}
}

func scoreboardTrial(d *dice) string {
	const mss = 8
	base := Seq(1<<32 - 150)
	b, m := &scoreboard{}, &naiveBoard{base: base}
	nxt, number := base, 0
	for step := range 150 {
		op := d.below(12)
		what := ""
		switch {
		case op < 4 || b.n == 0: // send
			n := 1 + d.below(mss)
			if d.below(2) == 0 {
				n = mss
			}
			number++
			b.push(sent{seq: nxt, end: nxt + Seq(n)})
			for range n {
				m.bytes = append(m.bytes, naiveByte{segment: number})
			}
			nxt += Seq(n)
			what = "send"
		case op < 8: // SACK, as a receiver might say it or not
			var blocks []Block
			for range 1 + d.below(3) {
				from := d.below(len(m.bytes))
				to := from + 1 + d.below(min(30, len(m.bytes)-from))
				if d.below(3) > 0 { // at the edges of segments
					for from > 0 && m.bytes[from-1].segment == m.bytes[from].segment {
						from--
					}
					for to < len(m.bytes) && m.bytes[to].segment == m.bytes[to-1].segment {
						to++
					}
				}
				blocks = append(blocks, Block{m.base + Seq(from), m.base + Seq(to)})
			}
			what = fmt.Sprint("sack ", blocks)
			if got, want := b.sack(blocks), m.sack(blocks); got != want {
				return fmt.Sprintf("step %d, %s: %d bytes new, want %d", step, what, got, want)
			}
		case op < 9: // cumulative ACK, anywhere
			n := d.below(min(20, len(m.bytes)) + 1)
			fresh := 0
			for _, k := range m.bytes[:n] {
				if !k.sacked {
					fresh++
				}
			}
			what = fmt.Sprint("ack ", n)
			a := b.ack(m.base+Seq(n), Never)
			if a.bytes != n || a.delivered != fresh {
				return fmt.Sprintf("step %d, %s: %+v, want %d delivered", step, what, a, fresh)
			}
			m.base += Seq(n)
			m.bytes = m.bytes[n:]
		case op < 10:
			what = "judge"
			b.judge(mss)
			for i := range m.bytes {
				if k := &m.bytes[i]; !k.sacked && m.isLost(i, mss) {
					k.lost = true
				}
			}
		case op < 11 && d.below(6) == 0:
			what = "timeout"
			reneged := m.bytes[0].sacked
			b.loseAll(Never)
			for i := range m.bytes {
				k := &m.bytes[i]
				if reneged {
					k.sacked = false
				}
				if !k.sacked {
					k.lost, k.again = true, false
				}
			}
		default:
			what = "resend"
			var s *sent
			if s = b.due(); s == nil {
				s = b.hole()
			}
			if s != nil {
				b.sentAgain(s, 0)
				for _, k := range m.segment(m.bytes[s.seq-m.base].segment) {
					k.again = true
				}
			}
		}
		if why := m.compare(b); why != "" {
			return fmt.Sprintf("step %d, after %s: %s", step, what, why)
		}
	}
	return ""
}

func (m *naiveBoard) isHole(i int) bool {
	b := m.bytes[i]
	return !b.sacked && !b.again && slices.ContainsFunc(m.bytes[i:], func(b naiveByte) bool { return b.sacked })
}

// compare demands the same sums, the same segments, and the same next one to send again.
func (m *naiveBoard) compare(b *scoreboard) string {
	sacked, lost, again := m.sums()
	if b.sacked != sacked || b.lost != lost || b.again != again {
		return fmt.Sprintf("sacked %d lost %d again %d, want %d %d %d", b.sacked, b.lost, b.again, sacked, lost, again)
	}
	at := m.base
	for i := range b.n {
		s := b.at(i)
		if s.seq != at || !s.seq.Less(s.end) {
			return fmt.Sprintf("segment %d is %d-%d, want it at %d", i, s.seq, s.end, at)
		}
		for q := s.seq; q != s.end; q++ {
			k := m.bytes[q-m.base]
			if k.sacked != s.sacked || !k.sacked && (k.lost != s.lost || k.again != s.again) {
				return fmt.Sprintf("byte %d is %+v, its segment %+v", q, k, *s)
			}
		}
		at = s.end
	}
	if int(at-m.base) != len(m.bytes) {
		return fmt.Sprintf("%d bytes on the board, want %d", at-m.base, len(m.bytes))
	}
	first := slices.IndexFunc(m.bytes, func(b naiveByte) bool { return b.lost && !b.sacked && !b.again })
	s := b.due()
	if (s == nil) != (first < 0) || s != nil && s.seq != m.base+Seq(first) {
		return fmt.Sprintf("due is %v, want byte %d", s, first)
	}
	if s != nil {
		return ""
	}
	first = -1
	for i := range m.bytes {
		if m.isHole(i) {
			first = i
			break
		}
	}
	if s = b.hole(); (s == nil) != (first < 0) || s != nil && s.seq != m.base+Seq(first) {
		return fmt.Sprintf("hole %v, want byte %d", s, first)
	}
	return ""
}
