package netem

// A Discipline is how the packets before a Bottleneck wait: which of them is sent next, which dies and which is marked
// (RFC 3168) instead. It is a setting, like a Stage: a plain value that can be compared, whose state is born with the link.
// The disciplines are DropTail, DropHead, RED, CoDel, PIE and FQCoDel, each in a file of its own.
type Discipline interface {
	attach(l *link) queue
}

// A queue is the state of a Discipline: the packets that wait before one link. Packet.since of each is when it came.
type queue interface {
	enqueue(p *Packet) // takes p in, or ends it, or ends others for it; it may mark them
	dequeue() *Packet  // takes out the packet to be sent next, nil where nothing waits; those it ends on the way are not it
	waiting() int      // how many packets wait
}

// A store is packets that wait, first in first out. The zero value is ready.
type store struct {
	held  ring[*Packet]
	bytes Size
}

func (s *store) push(p *Packet) {
	s.held.push(p)
	s.bytes += Size(len(p.Data))
}

// pop takes the oldest out, nil where there is none.
func (s *store) pop() *Packet {
	if s.held.n == 0 {
		return nil
	}
	p := s.held.pop()
	s.bytes -= Size(len(p.Data))
	return p
}

func (s *store) waiting() int { return s.held.n }

// fits tells whether a packet may wait behind n others of that many bytes. While the link is idle nothing waits, and
// everything fits; one with Opportunities is never idle.
func (l *link) fits(p *Packet, n int, bytes Size) bool {
	return l.idle() ||
		(l.LimitPackets <= 0 || n < l.LimitPackets) && (l.LimitBytes <= 0 || bytes+Size(len(p.Data)) <= l.LimitBytes)
}

// idle tells whether a packet that comes is sent at once.
func (l *link) idle() bool { return !l.asked && l.Opportunities == nil }

// fullPacket is the size of a full Ethernet packet, which the disciplines take where no MTU is given.
const fullPacket Size = 1500
