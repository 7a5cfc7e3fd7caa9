package trace

// A list grows a chunk at a time: nothing is copied while it grows. The zero value is empty.
type list[T any] struct {
	first []T   // as many rows as were expected
	rest  [][]T // chunks of the others
	n     int
}

// chunk is the rows of a chunk in rest.
const chunk = 1 << 13

// mostExpected bounds what expect takes, so that a wrong guess cannot ask for all memory there is.
const mostExpected = 1 << 23

// expect makes room for n rows in one piece; slice then need not copy them. It is called on an empty list.
func (l *list[T]) expect(n int) {
	l.first = make([]T, 0, min(n, mostExpected))
	largePages(l.first)
}

// grow adds a zero row and returns it, good until the next grow.
func (l *list[T]) grow() *T {
	var zero T
	l.n++
	if len(l.first) < max(cap(l.first), chunk) && len(l.rest) == 0 { // without expectation it grows up to a chunk
		l.first = append(l.first, zero)
		return &l.first[len(l.first)-1]
	}
	k := len(l.rest) - 1
	if k < 0 || len(l.rest[k]) == chunk {
		l.rest = append(l.rest, make([]T, 0, chunk))
		k++
	}
	l.rest[k] = append(l.rest[k], zero)
	return &l.rest[k][len(l.rest[k])-1]
}

// at returns row i, good until the next grow.
func (l *list[T]) at(i int) *T {
	if i < len(l.first) {
		return &l.first[i]
	}
	i -= len(l.first)
	return &l.rest[i/chunk][i%chunk]
}

// slice returns all rows as one slice and leaves the list empty. Chunks are let go as they are copied.
func (l *list[T]) slice() []T {
	first, rest, n := l.first, l.rest, l.n
	*l = list[T]{}
	switch {
	case n == 0:
		return nil
	case len(rest) == 0:
		return first
	}
	all := append(make([]T, 0, n), first...)
	for i, c := range rest {
		all = append(all, c...)
		rest[i] = nil
	}
	return all
}
