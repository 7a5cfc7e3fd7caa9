package tcp

// A sendBuffer is a ring of the bytes that were written and are not yet acknowledged. It grows with what it holds.
type sendBuffer struct {
	b       []byte // its length is zero or a power of two
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
	b := make([]byte, size)
	first, rest := s.at(0, s.n)
	copy(b[copy(b, first):], rest)
	s.b, s.head = b, 0
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
