package netem

// FQCoDel is FlowQueue-CoDel (RFC 8290): every flow has a queue of its own under CoDel, and the queues take turns by
// deficit round robin, each sending Quantum bytes a turn. A flow that sends less than that in a turn (a call beside a
// download, a handshake) is always new and goes first. Where the limit is exceeded, half of the longest queue dies from its
// head, at most 64 packets.
//
// A flow is told by addresses, protocol and ports (a fragment behind the first has no ports, and ICMP neither), which are
// hashed into Flows queues with the seed in it; two flows may share one.
type FQCoDel struct {
	CoDel
	Quantum Size // bytes a turn; 0: 1514 (section 5.2.4)
	Flows   int  // queues; 0: 1024 (section 5.2.5)
}

// The defaults of RFC 8290, and what dies at most where the limit is exceeded (section 4.1).
const (
	fqQuantum = 1514
	fqFlows   = 1024
	fqBatch   = 64
)

func (s FQCoDel) attach(l *link) queue {
	s.CoDel = s.complete()
	if s.Quantum <= 0 {
		s.Quantum = fqQuantum
	}
	if s.Flows <= 0 {
		s.Flows = fqFlows
	}
	return &fqCoDel{link: l, setting: s, salt: l.env.Rand.Sub("flows"), flows: make([]*fqFlow, s.Flows)}
}

type fqCoDel struct {
	link     *link
	setting  FQCoDel
	salt     Stream
	flows    []*fqFlow // by hash; nil before the first packet
	new, old ring[*fqFlow]
	packets  int
	bytes    Size
}

// A fqFlow is the queue of one flow.
type fqFlow struct {
	store
	control codel
	credits Size
	active  bool // it is in one of the two lists
}

func (q *fqCoDel) waiting() int { return q.packets }

func (q *fqCoDel) enqueue(p *Packet) {
	f := q.flow(p)
	f.push(p)
	q.packets++
	q.bytes += Size(len(p.Data))
	if !f.active {
		f.active, f.credits = true, q.setting.Quantum
		q.new.push(f)
	}
	for q.exceeded() {
		q.dropFromLongest()
	}
}

// flow returns the queue of the packet's flow.
func (q *fqCoDel) flow(p *Packet) *fqFlow {
	h := &p.Header
	key := h.flow(p.Data) ^ uint64(h.Protocol)<<32 ^ uint64(h.SrcPort)<<16 ^ uint64(h.DstPort)
	f := &q.flows[Below(q.salt.At(key, 0), uint64(len(q.flows)))]
	if *f == nil {
		*f = new(fqFlow)
	}
	return *f
}

// exceeded tells whether more waits than may.
func (q *fqCoDel) exceeded() bool {
	l := q.link
	return !l.idle() && (l.LimitPackets > 0 && q.packets > l.LimitPackets || l.LimitBytes > 0 && q.bytes > l.LimitBytes)
}

// dropFromLongest ends half of the packets of the queue with the most bytes, from its head; of equals the one whose turn
// comes first.
func (q *fqCoDel) dropFromLongest() {
	var longest *fqFlow
	for _, list := range [...]*ring[*fqFlow]{&q.new, &q.old} {
		for i := range list.n {
			if f := *list.at(i); longest == nil || f.bytes > longest.bytes {
				longest = f
			}
		}
	}
	for range min((longest.held.n+1)/2, fqBatch) {
		q.link.drop(q.taken(longest.pop()), CauseQueueFull)
	}
}

// taken counts a packet that has left its flow's queue.
func (q *fqCoDel) taken(p *Packet) *Packet {
	q.packets--
	q.bytes -= Size(len(p.Data))
	return p
}

// dequeue is section 4.2.
func (q *fqCoDel) dequeue() *Packet {
	for {
		list := &q.new
		if list.n == 0 {
			list = &q.old
		}
		if list.n == 0 {
			return nil
		}
		f := *list.front()
		if f.credits <= 0 {
			f.credits += q.setting.Quantum
			q.old.push(list.pop())
			continue
		}
		packets, bytes := f.held.n, f.bytes
		p := f.control.dequeue(&q.setting.CoDel, q.link, &f.store)
		q.packets -= packets - f.held.n
		q.bytes -= bytes - f.bytes
		if p != nil {
			f.credits -= Size(len(p.Data))
			return p
		}
		list.pop()
		if list == &q.new { // behind the old ones once, so that it cannot starve them by coming again and again
			q.old.push(f)
		} else {
			f.active = false
		}
	}
}
