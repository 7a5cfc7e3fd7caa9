package inet

import (
	"encoding/binary"
	"net/netip"
	"syscall"

	"reliabilitylab/netem"
)

// What both versions of IP have in common: protocol numbers, the choice of addresses, the way out.

// Protocol numbers (IANA, Protocol Numbers), which are also IPv6's next headers.
const (
	protoICMP      = uint8(netem.ICMP)
	protoTCP       = uint8(netem.TCP)
	protoUDP       = uint8(netem.UDP)
	protoICMPv6    = uint8(netem.ICMPv6)
	nextHopByHop   = 0
	nextRouting    = 43
	nextFragment   = 44
	nextNone       = 59
	nextDestOption = 60
)

// Lengths of the headers, in bytes.
const (
	header4        = 20
	header6        = 40
	headerFragment = 8
	headerUDP      = 8
)

const hopLimit = 64 // IANA's recommended default TTL

// ipHeader is how long the IP header is that this host sends.
func (h *Host) ipHeader() int {
	if h.v6 {
		return header6
	}
	return header4
}

// mine tells whether packets for that address stay in this host.
func (h *Host) mine(a addr) bool { return a == h.self || a.loopback() }

// any is the unspecified address of the host's family.
func (h *Host) any() addr {
	if h.v6 {
		return addr{}
	}
	return from4(0)
}

// local is the address of the host's family that a caller means by a: the zero Addr is any address. The error is what
// bind and connect return for an address of another family.
func (h *Host) local(a netip.Addr) (addr, error) {
	if !a.IsValid() {
		return h.any(), nil
	}
	x := fromNetip(a)
	if x.is4() == h.v6 {
		return addr{}, syscall.EAFNOSUPPORT
	}
	return x, nil
}

// route chooses the source address towards dst, for a socket that is bound to the address bound. An unspecified dst is
// this host (as in Linux). It returns dst, or what stands for it.
func (h *Host) route(bound, dst addr) (src, to addr, err error) {
	if dst.unspecified() {
		dst = from4(0x7f000001)
		if h.v6 {
			dst = addr{0, 1}
		}
	}
	switch {
	case !bound.unspecified():
		src = bound
	case dst.loopback():
		src = dst
	default:
		src = h.self
	}
	if !h.mine(dst) {
		if src.loopback() {
			return src, dst, syscall.EINVAL
		}
		if h.port == nil {
			return src, dst, syscall.ENETUNREACH
		}
	}
	return src, dst, nil
}

// packet makes a packet with its IP header and room for n bytes behind it, which are the caller's to fill. dontFragment
// is for IPv4.
func (h *Host) packet(proto uint8, src, dst addr, n int, dontFragment bool) (p *netem.Packet, body []byte) {
	if h.v6 {
		p = h.c.Pool.Get(header6 + n)
		put6(p.Data, proto, src, dst, n)
		p.Sound = true
		return p, p.Data[header6:]
	}
	p = h.c.Pool.Get(header4 + n)
	var id, frag uint16
	if dontFragment {
		frag = flagDF
	} else {
		id = uint16(h.nextID())
	}
	put4(p.Data, proto, src, dst, id, frag)
	p.Sound = true
	return p, p.Data[header4:]
}

// nextID returns the identification of a datagram that may be fragmented: a counter for the whole host, which repeats as
// late as a 16-bit field allows (RFC 6864 section 4.3; RFC 8200 section 4.5). An IPv4 datagram that may not be
// fragmented needs none and has 0 (RFC 6864 section 4.1).
func (h *Host) nextID() uint32 {
	h.lastID++
	return h.lastID
}

// emit puts a finished packet on its way.
func (h *Host) emit(p *netem.Packet, dst addr) {
	if h.mine(dst) {
		h.loop.put(p)
		return
	}
	h.port(p)
}

// send sends a finished transport message that need not fit one packet. body may be h.body.
func (h *Host) send(proto uint8, src, dst addr, body []byte, reason string) {
	if h.ipHeader()+len(body) > h.pathMTU(dst) {
		h.sendFragments(proto, src, dst, body, reason)
		return
	}
	p, b := h.packet(proto, src, dst, len(body), false)
	copy(b, body)
	p.Reason = reason
	h.emit(p, dst)
}

// A loopback takes the packets that a host sends to itself: they arrive at the same instant, after the caller is done.
type loopback struct {
	h       *Host
	queue   []*netem.Packet
	run     func() // l.drain, bound
	waiting bool   // run is under way
}

func (l *loopback) init(h *Host) {
	l.h = h
	l.run = l.drain
}

func (l *loopback) put(p *netem.Packet) {
	l.queue = append(l.queue, p)
	if !l.waiting {
		l.waiting = true
		l.h.s.After(0, l.run)
	}
}

// drain takes in what is queued now; what that brings forth comes with another call.
func (l *loopback) drain() {
	l.waiting = false
	was := l.h.enter()
	n := len(l.queue)
	for i := range n {
		p := l.queue[i]
		l.h.receive(p, true)
	}
	rest := copy(l.queue, l.queue[n:])
	clear(l.queue[rest:])
	l.queue = l.queue[:rest]
	l.h.leave(was)
}

func put16(b []byte, v uint16) { binary.BigEndian.PutUint16(b, v) }
func put32(b []byte, v uint32) { binary.BigEndian.PutUint32(b, v) }
func get16(b []byte) uint16    { return binary.BigEndian.Uint16(b) }
func get32(b []byte) uint32    { return binary.BigEndian.Uint32(b) }
