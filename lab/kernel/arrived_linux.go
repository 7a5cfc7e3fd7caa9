package kernel

import (
	"golang.org/x/sys/unix"

	"reliabilitylab/netem"
)

// What becomes of a packet that the kernel has got is asked right after: it is through the kernel's stack when the write
// returns, so what has changed is this packet's doing. Good packets that go where the one before went cost nothing: only
// the first of a connection, and datagrams that might not have had room, are asked about.

// A mailbox is a UDP socket of the host, whoever holds it.
type mailbox struct {
	drops uint32 // how many it has thrown away so far
	room  int    // bytes of its buffer that are surely free; below 0 the kernel must be asked
	doubt uint32 // damaged datagrams that it will throw away when its program comes to read them
}

// mailboxes knows which socket takes what comes along a tuple.
type mailboxes struct {
	to     map[tuple]*mailbox
	number map[uint64]*mailbox // by the kernel's number for the socket
	key    tuple               // the one that was needed last,
	last   *mailbox            // and its mailbox
	doubt  uint32              // damaged datagrams for a socket that is not known yet
}

// forget is called when sockets may have changed.
func (m *mailboxes) forget() {
	clear(m.to)
	m.last = nil
	for _, b := range m.number {
		b.room = 0
	}
}

// reset makes nothing known.
func (m *mailboxes) reset() {
	*m = mailboxes{to: m.to, number: m.number}
	clear(m.to)
	clear(m.number)
}

// charge is at least what a datagram of n bytes takes of a socket's buffer: the kernel counts the memory that it lies in.
func charge(n int) int { return 2*n + 4096 }

// fate returns why the kernel has thrown away a packet that was just written, as far as that is certain; "" is that it was
// taken, or that nobody knows. c is a segment's connection, if there ever was one. The device has refused to take what is no IP packet.
func (h *Host) fate(p *netem.Packet, c *connection, refused bool) netem.Cause {
	g := &p.Header
	var damaged netem.Cause
	switch {
	case refused:
		return CauseMalformed
	case !p.Sound:
		damaged = damage(p.Data, h.c.Addr)
	}
	switch {
	case h.diag == nil || int(g.Transport)+8 > len(p.Data):
		return damaged
	case fragment(g, p.Data): // the datagram's fate is known with its last one, when the others are gone
		h.mail.reset()
		return damaged
	case g.Protocol == netem.UDP && h.asksUDP:
		return h.datagramFate(p, damaged)
	case g.Protocol == netem.TCP && h.asks && damaged == "":
		return h.segmentFate(p, c)
	}
	return damaged
}

// datagramFate is fate of a datagram.
func (h *Host) datagramFate(p *netem.Packet, damaged netem.Cause) netem.Cause {
	m := &h.mail
	var t tuple
	t.sent(&p.Header, p.Data)
	box := m.last
	if box == nil || m.key != t {
		box = m.to[t]
		m.key, m.last = t, box
	}
	if damaged != "" {
		if box != nil {
			box.doubt++
		} else {
			m.doubt++
		}
		return damaged
	}
	need := charge(len(p.Data))
	if box != nil && box.room >= need {
		box.room -= need
		return ""
	}
	d := &h.diagnosis
	switch errno := h.diag.one(family(h.c.Addr), unix.IPPROTO_UDP, &t, d); {
	case errno == unix.ENOENT:
		delete(m.to, t)
		m.last = nil
		return CauseNoSocket
	case errno != 0 || !d.measured:
		return ""
	}
	if box = m.number[d.number]; box == nil {
		box = &mailbox{doubt: m.doubt, drops: d.memory[memoryDrops]}
		m.number[d.number] = box
	}
	m.to[t], m.last = box, box
	used, limit := int(d.memory[memoryUsed]), int(d.memory[memoryLimit])
	dropped := d.memory[memoryDrops] - box.drops
	box.drops, box.room = d.memory[memoryDrops], limit-used
	if dropped == 1 && box.doubt == 0 && used+need > limit {
		return CauseBufferFull
	}
	box.doubt -= min(box.doubt, dropped)
	return ""
}

// segmentFate is fate of a segment: whether there is a connection for it, or a listener that has room for one.
func (h *Host) segmentFate(p *netem.Packet, c *connection) netem.Cause {
	g := &p.Header
	opens := g.Kind == netem.KindSYN
	completes := c != nil && g.Kind == netem.KindACK && c.sent.both && c.sent.high == c.sent.first+1
	if c != nil && !opens && !completes && !c.sent.reset {
		return ""
	}
	var t tuple
	t.received(g, p.Data)
	d := &h.diagnosis
	errno := h.diag.one(family(h.c.Addr), unix.IPPROTO_TCP, &t, d)
	switch {
	case errno == unix.ENOENT:
		return CauseNoSocket
	case errno != 0:
		return ""
	case d.state == stateListen && (opens || completes): // the latter with a SYN cookie
		if d.waiting > d.backlog {
			return CauseBacklog
		}
	case d.state == stateListen:
		return CauseNoSocket
	case completes && d.state == stateSynRecv && !d.told:
		listener := t
		clear(listener[2:4])
		clear(listener[20:])
		if h.diag.one(family(h.c.Addr), unix.IPPROTO_TCP, &listener, d) == 0 && d.state == stateListen && d.waiting > d.backlog {
			return CauseBacklog
		}
	}
	return ""
}
