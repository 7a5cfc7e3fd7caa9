package netem

// A ring is a first-in first-out queue. It grows by doubling and keeps its room, so that a steady flow allocates
// nothing. The zero value is ready.
type ring[T any] struct {
	slots []T // a power of two of them, or none
	first int // where the oldest is
	n     int // how many are in
}

func (r *ring[T]) push(v T) {
	if r.n == len(r.slots) {
		r.grow()
	}
	r.slots[(r.first+r.n)&(len(r.slots)-1)] = v
	r.n++
}

func (r *ring[T]) grow() {
	slots := make([]T, max(16, 2*len(r.slots)))
	k := copy(slots, r.slots[r.first:])
	copy(slots[k:], r.slots[:r.first])
	r.slots, r.first = slots, 0
}

// pop takes the oldest out; the ring must not be empty.
func (r *ring[T]) pop() T {
	s := &r.slots[r.first]
	v := *s
	var zero T
	*s = zero
	r.first = (r.first + 1) & (len(r.slots) - 1)
	r.n--
	return v
}

// front is the oldest; the ring must not be empty.
func (r *ring[T]) front() *T { return &r.slots[r.first] }

// at is the i-th oldest, from 0; there must be one.
func (r *ring[T]) at(i int) *T { return &r.slots[(r.first+i)&(len(r.slots)-1)] }
