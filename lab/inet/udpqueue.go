package inet

import "reliabilitylab/netem"

// A udpMessage is a datagram that waits to be read.
type udpMessage struct {
	p       *netem.Packet
	payload []byte // part of p.Data
	from    addr
	port    uint16
}

// A udpQueue is first in, first out, in a ring that grows.
type udpQueue struct {
	ring    []udpMessage // its length is a power of two
	head, n int
	bytes   int // charged for what is in it
}

// charge is what a message takes of the receive buffer. An empty one takes something too, so that there is an end.
func (m *udpMessage) charge() int { return max(len(m.payload), 1) }

func (q *udpQueue) push(m udpMessage) {
	if q.n == len(q.ring) {
		bigger := make([]udpMessage, max(16, 2*q.n))
		k := copy(bigger, q.ring[q.head:])
		copy(bigger[k:], q.ring[:q.head])
		q.ring, q.head = bigger, 0
	}
	q.ring[(q.head+q.n)&(len(q.ring)-1)] = m
	q.n++
	q.bytes += m.charge()
}

// peek returns the message that pop would take.
func (q *udpQueue) peek() (m udpMessage, ok bool) {
	if q.n == 0 {
		return m, false
	}
	return q.ring[q.head], true
}

func (q *udpQueue) pop() (m udpMessage, ok bool) {
	if q.n == 0 {
		return m, false
	}
	at := &q.ring[q.head]
	m = *at
	at.p, at.payload = nil, nil
	q.head = (q.head + 1) & (len(q.ring) - 1)
	q.n--
	q.bytes -= m.charge()
	return m, true
}
