package tcp

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
)

// Random segments into the receive buffer: the stream that is read is the stream that was sent, the blocks are what has
// arrived behind a gap and nothing else, and SACK reports true ones, the latest first, none twice.
func TestReceiveBufferAgainstModel(t *testing.T) {
	trials := 300
	if testing.Short() {
		trials = 50
	}
	for seed := range trials {
		if why := receiveTrial(newDice(uint64(seed))); why != "" {
			t.Fatalf("seed %d: %s", seed, why)
		}
	}
}

func receiveTrial(d *dice) string {
	const total, window = 6000, 400
	start := Seq(1<<32 - 3000)
	stream := pattern(total)
	here := make([]bool, total+1)
	r := &receiveBuffer{}
	at, read := 0, 0 // RCV.NXT and the next byte to read, in the stream
	for step := 0; read < total; step++ {
		if step > 100000 {
			return "no end"
		}
		if d.below(4) == 0 {
			p := make([]byte, d.below(300))
			n := r.read(p)
			if n != min(len(p), at-read) || !bytes.Equal(p[:n], stream[read:read+n]) {
				return fmt.Sprintf("step %d: read %d of %d wrong bytes", step, n, at-read)
			}
			read += n
		}
		lo := at
		if d.below(3) > 0 {
			lo += d.below(window)
		}
		hi := min(lo+1+d.below(60), total, read+window)
		if lo >= hi {
			continue
		}
		want := Block{}
		for i := lo; i < hi; i++ { // the first run of bytes that are here already
			if here[i] {
				want = Block{start + Seq(i), start + Seq(i)}
				for i < hi && here[i] {
					i++
				}
				want.Right = start + Seq(i)
				break
			}
		}
		if got := r.overlap(Block{start + Seq(lo), start + Seq(hi)}); got != want {
			return fmt.Sprintf("step %d: overlap of %d-%d %v, want %v", step, lo, hi, got, want)
		}
		next := r.put(start+Seq(at), start+Seq(lo), stream[lo:hi])
		for i := lo; i < hi; i++ {
			here[i] = true
		}
		for here[at] {
			at++
		}
		if next != start+Seq(at) || r.unread != at-read {
			return fmt.Sprintf("step %d: RCV.NXT %d, unread %d; want %d %d", step, next-start, r.unread, at, at-read)
		}
		var blocks []Block
		for i := at; i < total; i++ {
			if here[i] && !here[i-1] {
				blocks = append(blocks, Block{start + Seq(i), 0})
			}
			if here[i] && !here[i+1] {
				blocks[len(blocks)-1].Right = start + Seq(i+1)
			}
		}
		if !slices.Equal(r.blocks, blocks) {
			return fmt.Sprintf("step %d: blocks %v, want %v", step, r.blocks, blocks)
		}
		o, room := Options{}, 1+d.below(4)
		r.sack(&o, room)
		said := o.SACK[:o.Blocks]
		if len(said) != min(room, len(blocks)) {
			return fmt.Sprintf("step %d: %d blocks said of %d", step, len(said), len(blocks))
		}
		for i, k := range said {
			if !slices.Contains(blocks, k) || slices.Contains(said[:i], k) {
				return fmt.Sprintf("step %d: said %v of %v", step, said, blocks)
			}
		}
		if lo > at && !(said[0].Left.LessEq(start+Seq(lo)) && (start + Seq(hi)).LessEq(said[0].Right)) {
			return fmt.Sprintf("step %d: %d-%d arrived, %v is said first", step, lo, hi, said[0])
		}
		if len(r.b) > 4096 {
			return fmt.Sprintf("step %d: %d bytes of memory for a window of %d", step, len(r.b), window)
		}
	}
	return ""
}

// The send buffer is a queue of bytes that can be looked at anywhere.
func TestSendBufferAgainstModel(t *testing.T) {
	for seed := range uint64(50) {
		d, s := newDice(seed), sendBuffer{}
		var want []byte
		for step := range 400 {
			p := pattern(1 + d.below(700))
			if d.below(2) == 0 {
				s.add(p)
				want = append(want, p...)
			}
			n := d.below(min(len(want), 900) + 1)
			s.drop(n)
			want = want[n:]
			i := d.below(len(want) + 1)
			k := d.below(len(want) - i + 1)
			first, rest := s.at(i, k)
			if s.n != len(want) || !bytes.Equal(slices.Concat(first, rest), want[i:i+k]) {
				t.Fatalf("seed %d step %d: %d bytes, want %d, or others", seed, step, s.n, len(want))
			}
		}
	}
}
