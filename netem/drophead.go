package netem

// DropHead is a queue that, where it is full, ends the packets that have waited longest until the one that comes has
// room (Linux's pfifo_head_drop). What is delivered is younger, and a sender hears of the loss a whole queue earlier than
// with DropTail. A packet longer than all room there is dies itself.
type DropHead struct{}

func (DropHead) attach(l *link) queue { return &dropHead{link: l} }

type dropHead struct {
	store
	link *link
}

func (q *dropHead) enqueue(p *Packet) {
	if !q.link.fits(p, 0, 0) {
		q.link.drop(p, CauseQueueFull)
		return
	}
	for !q.link.fits(p, q.held.n, q.bytes) {
		q.link.drop(q.pop(), CauseQueueFull)
	}
	q.push(p)
}

func (q *dropHead) dequeue() *Packet { return q.pop() }
