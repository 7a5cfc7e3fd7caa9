package tcp

import (
	"slices"
	"sort"

	"reliabilitylab/netem"
)

// A receiveBuffer puts the stream together again: a ring that holds what the program has not read, and behind it what
// came out of order, each byte at its place. The blocks that lie behind a gap are what SACK reports (RFC 2018).
type receiveBuffer struct {
	pool    *netem.Pool
	b       []byte  // of the pool; its length is zero or a power of two
	head    int     // where the first unread byte stands
	unread  int     // bytes in order, not read
	blocks  []Block // out of order: sorted, apart from each other, all behind the gap at next
	recent  [4]Seq  // a sequence number in each of the blocks lately touched, the latest first
	nRecent int
}

// put stores data that begins at seq; next is RCV.NXT. The caller has cut it to the window. It returns the new RCV.NXT.
func (r *receiveBuffer) put(next, seq Seq, data []byte) Seq {
	r.write(int(seq-next), data)
	end := seq + Seq(len(data))
	if seq != next {
		r.insert(Block{seq, end})
		r.touch(next, seq)
		return next
	}
	// In order: what stood behind the gap may follow now.
	k := 0
	for k < len(r.blocks) && r.blocks[k].Left.LessEq(end) {
		if end.Less(r.blocks[k].Right) {
			end = r.blocks[k].Right
		}
		k++
	}
	r.blocks = slices.Delete(r.blocks, 0, k)
	r.unread += int(end - next)
	return end
}

// write copies data to its place, offset bytes behind the data in order.
func (r *receiveBuffer) write(offset int, data []byte) {
	if need := r.unread + offset + len(data); need > len(r.b) {
		size := max(4096, len(r.b))
		for size < need {
			size *= 2
		}
		b := r.pool.Ring(size)
		k := copy(b, r.b[r.head:])
		copy(b[k:], r.b[:r.head])
		r.pool.PutRing(r.b)
		r.b, r.head = b, 0
	}
	at := (r.head + r.unread + offset) & (len(r.b) - 1)
	k := copy(r.b[at:], data)
	copy(r.b, data[k:])
}

// rest gives back the memory of a buffer that is empty and is not expected to be filled again.
func (r *receiveBuffer) rest() {
	if r.unread == 0 && len(r.blocks) == 0 {
		r.pool.PutRing(r.b)
		r.b, r.head = nil, 0
	}
}

// insert joins a block with those it overlaps or touches.
func (r *receiveBuffer) insert(b Block) {
	i := sort.Search(len(r.blocks), func(i int) bool { return b.Left.LessEq(r.blocks[i].Right) })
	j := i
	for j < len(r.blocks) && r.blocks[j].Left.LessEq(b.Right) {
		if r.blocks[j].Left.Less(b.Left) {
			b.Left = r.blocks[j].Left
		}
		if b.Right.Less(r.blocks[j].Right) {
			b.Right = r.blocks[j].Right
		}
		j++
	}
	r.blocks = slices.Replace(r.blocks, i, j, b)
}

// touch remembers that the block around seq has changed: it stands first now, and nowhere else.
func (r *receiveBuffer) touch(next, seq Seq) {
	b, _ := r.find(seq)
	kept, n := [len(r.recent)]Seq{seq}, 1
	for _, old := range r.recent[:r.nRecent] {
		if n < len(kept) && next.Less(old) && (old.Less(b.Left) || b.Right.LessEq(old)) {
			kept[n] = old
			n++
		}
	}
	r.recent, r.nRecent = kept, n
}

// find returns the block that holds seq.
func (r *receiveBuffer) find(seq Seq) (Block, bool) {
	i := sort.Search(len(r.blocks), func(i int) bool { return seq.Less(r.blocks[i].Right) })
	if i < len(r.blocks) && r.blocks[i].Left.LessEq(seq) {
		return r.blocks[i], true
	}
	return Block{}, false
}

// overlap returns the first part of b that has arrived out of order already; the zero Block if there is none.
func (r *receiveBuffer) overlap(b Block) Block {
	i := sort.Search(len(r.blocks), func(i int) bool { return b.Left.Less(r.blocks[i].Right) })
	if i == len(r.blocks) || b.Right.LessEq(r.blocks[i].Left) {
		return Block{}
	}
	return b.meet(r.blocks[i])
}

// beyond tells whether anything behind seq has arrived.
func (r *receiveBuffer) beyond(seq Seq) bool {
	n := len(r.blocks)
	return n > 0 && seq.Less(r.blocks[n-1].Right)
}

// sack appends the blocks lately touched to those in o, at most room in all: the first holds the segment that came
// last (RFC 2018 section 4). A block is not said twice, unless the one already there is a D-SACK (RFC 2883).
func (r *receiveBuffer) sack(o *Options, room int) {
	said := o.Blocks
	touched := r.recent[:r.nRecent]
	for _, seq := range touched {
		if o.Blocks == room {
			return
		}
		if b, ok := r.find(seq); ok && !slices.Contains(o.SACK[said:o.Blocks], b) {
			o.SACK[o.Blocks] = b
			o.Blocks++
		}
	}
	for _, b := range r.blocks { // where fewer than room were touched lately, any others
		if o.Blocks == room {
			return
		}
		if !slices.Contains(o.SACK[said:o.Blocks], b) {
			o.SACK[o.Blocks] = b
			o.Blocks++
		}
	}
}

// read copies what is in order out of the ring.
func (r *receiveBuffer) read(p []byte) int {
	n := r.peek(p)
	if n > 0 {
		r.head = (r.head + n) & (len(r.b) - 1)
	}
	r.unread -= n
	return n
}
