package inet

import (
	"slices"
	"syscall"

	"reliabilitylab/netem"
)

// A binding is a local address and port that somebody holds: a socket, or a connection that has outlived its socket.
type binding struct {
	addr      addr // unspecified: every address of the host
	port      uint16
	held      bool // it stands in a table of ports
	chosen    bool // by the program's Bind: then it is kept until the socket is closed
	reuse     bool // SO_REUSEADDR
	listening bool
}

// overlaps tells whether two bindings of the same port would get the same packets.
func (b *binding) overlaps(a addr) bool {
	return b.addr == a || b.addr.unspecified() || a.unspecified()
}

// A perPort keeps something for each of the 65536 ports, in pages that are made when they are first used: found without
// hashing, and small for a host that uses few ports.
type perPort[T any] struct{ pages [256]*[256][]T }

func (t *perPort[T]) at(port uint16) []T {
	if pg := t.pages[port>>8]; pg != nil {
		return pg[port&255]
	}
	return nil
}

func (t *perPort[T]) add(port uint16, v T) {
	pg := t.pages[port>>8]
	if pg == nil {
		pg = new([256][]T)
		t.pages[port>>8] = pg
	}
	pg[port&255] = append(pg[port&255], v)
}

// removeFrom takes v out, keeping the order of the others.
func removeFrom[T comparable](t *perPort[T], port uint16, v T) {
	list := t.at(port)
	if i := slices.Index(list, v); i >= 0 {
		t.pages[port>>8][port&255] = slices.Delete(list, i, i+1)
	}
}

// The ephemeral ports, as Linux has them (net.ipv4.ip_local_port_range).
const (
	ephemeralFirst = 32768
	ephemeralLast  = 60999
)

// ports is the port space of one transport protocol.
type ports struct {
	held perPort[*binding]
	rand netem.Stream
	drew uint64 // how many ephemeral ports were asked for
}

// bind gives b its port, or an ephemeral one if b.port is 0. Two bindings of one port must have different addresses,
// unless both allow reuse and the other does not listen (man 7 socket, SO_REUSEADDR).
func (p *ports) bind(b *binding) error {
	if b.port == 0 {
		port, ok := p.ephemeral(b.addr)
		if !ok {
			return syscall.EADDRINUSE
		}
		b.port = port
	} else if !p.free(b) {
		return syscall.EADDRINUSE
	}
	p.add(b)
	return nil
}

// free tells whether nobody else's binding stands against b.
func (p *ports) free(b *binding) bool {
	for _, o := range p.held.at(b.port) {
		if o != b && o.overlaps(b.addr) && (!o.reuse || !b.reuse || o.listening) {
			return false
		}
	}
	return true
}

// add gives a second holder a port that is bound already: a connection that was accepted from a listener.
func (p *ports) add(b *binding) {
	b.held = true
	p.held.add(b.port, b)
}

// release gives a port back; doing so again does nothing.
func (p *ports) release(b *binding) {
	if b.held {
		b.held = false
		removeFrom(&p.held, b.port, b)
	}
}

// ephemeral chooses a port that nobody holds: a random one, or the next free one behind it (RFC 6056 section 3.3.1,
// algorithm 1). One ephemeral port never serves two connections, not even to different peers.
func (p *ports) ephemeral(a addr) (uint16, bool) {
	const n = ephemeralLast - ephemeralFirst + 1
	p.drew++
	first := netem.Below(p.rand.At(p.drew, 0), n)
	for i := range uint64(n) {
		port := uint16(ephemeralFirst + (first+i)%n)
		if !slices.ContainsFunc(p.held.at(port), func(b *binding) bool { return b.overlaps(a) }) {
			return port, true
		}
	}
	return 0, false
}
