package tcp

import "reliabilitylab/netem"

// A sendBuffer is a ring of the bytes that were written and are not yet acknowledged. It grows with what it holds.
type sendBuffer struct {
	pool    *netem.Pool
	b       []byte // of the pool; its length is zero or a power of two
	head, n int
}

// add copies p behind what is there.
func (s *sendBuffer) add(p []byte) {
	if s.n+len(p) > len(s.b) {
		s.grow(s.n + len(p))
	}
	tail := (s.head + s.n) & (len(s.b) - 1)
	k := copy(s.b[tail:], p)
	copy(s.b, p[k:])
	s.n += len(p)
}

func (s *sendBuffer) grow(least int) {
	size := max(4096, len(s.b))
	for size < least {
		size *= 2
	}
	b := s.pool.Ring(size)
	first, rest := s.at(0, s.n)
	copy(b[copy(b, first):], rest)
	s.pool.PutRing(s.b)
	s.b, s.head = b, 0
}

// rest gives back the memory of a buffer that is empty and is not expected to be filled again.
func (s *sendBuffer) rest() {
	if s.n == 0 {
		s.pool.PutRing(s.b)
		s.b, s.head = nil, 0
	}
}

// at returns the n bytes from offset i: in one piece, or in two where the ring wraps around.
func (s *sendBuffer) at(i, n int) (first, rest []byte) {
	if n == 0 {
		return nil, nil
	}
	i = (s.head + i) & (len(s.b) - 1)
	if i+n <= len(s.b) {
		return s.b[i : i+n], nil
	}
	return s.b[i:], s.b[:i+n-len(s.b)]
}

// drop forgets the first n bytes.
func (s *sendBuffer) drop(n int) {
	if n > 0 {
		s.head = (s.head + n) & (len(s.b) - 1)
		s.n -= n
	}
}
