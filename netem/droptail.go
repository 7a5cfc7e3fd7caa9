package netem

// DropTail is the plain queue: first in, first out, and a packet that finds it full dies.
type DropTail struct{}

func (DropTail) attach(l *link) queue { return &dropTail{link: l} }

type dropTail struct {
	store
	link *link
}

func (q *dropTail) enqueue(p *Packet) {
	if !q.link.fits(p, q.held.n, q.bytes) {
		q.link.drop(p, CauseQueueFull)
		return
	}
	q.push(p)
}

func (q *dropTail) dequeue() *Packet { return q.pop() }
