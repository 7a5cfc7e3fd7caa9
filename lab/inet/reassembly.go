package inet

import (
	"slices"
	"time"

	"reliabilitylab/netem"
)

// Reassembly (RFC 791 section 3.2, RFC 815, RFC 1122 section 3.3.2, RFC 8200 section 4.5): the fragments of a datagram
// are kept as they came, sorted, until they are all there, until one contradicts another, or until time is up. So each
// fragment's fate is the datagram's.
//
// RFC 815 keeps a list of holes; with no overlaps let in, the holes are what lies between the sorted fragments, and none
// is left when their lengths add up to the datagram's.

// How long an incomplete datagram waits after its first fragment. RFC 1122 section 3.3.2 wants 60 to 120 s and RFC 8200
// 60 s; Linux waits 30 s in IPv4 (net.ipv4.ipfrag_time) and 60 s in IPv6, and so does this host.
const (
	reassemblyTime4 = 30 * time.Second
	reassemblyTime6 = 60 * time.Second
)

// What waits for reassembly in one host takes at most this many bytes of memory (Linux's ipfrag_high_thresh); a
// fragment that comes when it is reached is thrown away. An entry without its fragments counts as entrySize.
const (
	reassemblyMemory = 4 << 20
	entrySize        = 256
)

// fragKey says which datagram a fragment is of. In IPv6 the protocol is not part of it.
type fragKey struct {
	src, dst addr
	id       uint32
	proto    uint8
}

type piece struct {
	at, end int
	p       *netem.Packet
	body    []byte // part of p.Data
	proto   uint8  // the first fragment's is the datagram's (RFC 8200 section 4.5)
}

// An entry is one incomplete datagram.
type entry struct {
	key        fragKey
	pieces     []piece // sorted, without overlap
	have       int     // their bytes
	total      int     // the length of the datagram's body; 0 while its last fragment is missing
	dead       netem.Cause
	expires    time.Duration
	prev, next *entry // in the order of expiry
}

type reassembler struct {
	h           *Host
	timer       timer
	lifetime    time.Duration
	entries     map[fragKey]*entry
	first, last *entry // the oldest and the newest
	memory      int
	free        []*entry
	rest        []*netem.Packet // all but the first packet of the datagram that is complete now
}

func (r *reassembler) init(h *Host) {
	r.h = h
	r.lifetime = reassemblyTime4
	if h.v6 {
		r.lifetime = reassemblyTime6
	}
	r.entries = map[fragKey]*entry{}
	r.timer.init(h.s, r.expire)
}

// add takes one fragment, whose body begins at that offset in its datagram's, and delivers the datagram if it is whole
// now. It returns why the fragment itself is to be thrown away, or "".
func (r *reassembler) add(k fragKey, a *arrival, at int, more bool) netem.Cause {
	end := at + len(a.body)
	if len(a.body) == 0 || more && len(a.body)%8 != 0 || end > 65535 {
		return CauseMalformed
	}
	e := r.entries[k]
	if e != nil && e.dead != "" {
		return e.dead
	}
	if r.memory+cap(a.p.Data)+entrySize > reassemblyMemory {
		return CauseFragmentMemory
	}
	if e == nil {
		e = r.open(k)
	}
	i, _ := slices.BinarySearchFunc(e.pieces, at, func(p piece, at int) int { return p.at - at })
	if i < len(e.pieces) && e.pieces[i].at == at && e.pieces[i].end == end {
		return CauseDuplicate // of equal place and length; which of the two is right the checksum will tell
	}
	switch {
	case i > 0 && e.pieces[i-1].end > at, i < len(e.pieces) && e.pieces[i].at < end, // RFC 8200 section 4.5, RFC 5722
		!more && (e.total != 0 || len(e.pieces) > i), // a second end, or an end before the end
		more && e.total != 0 && end > e.total:
		r.bury(e, CauseOverlap)
		return CauseOverlap
	}
	e.pieces = slices.Insert(e.pieces, i, piece{at, end, a.p, a.body, a.proto})
	e.have += end - at
	r.memory += cap(a.p.Data)
	if !more {
		e.total = end
	}
	if e.total != 0 && e.have == e.total {
		r.complete(e)
	}
	return ""
}

// complete delivers the datagram. Its checksum is looked at even where every fragment is sound: they may be of two
// datagrams with one identification (RFC 4963).
func (r *reassembler) complete(e *entry) {
	h := r.h
	first := e.pieces[0]
	a := arrival{p: first.p, src: e.key.src, dst: e.key.dst, proto: first.proto}
	h.joined, r.rest = h.joined[:0], r.rest[:0]
	for i, p := range e.pieces {
		h.joined = append(h.joined, p.body...)
		if i > 0 {
			r.rest = append(r.rest, p.p)
		}
		r.memory -= cap(p.p.Data)
	}
	a.body, a.rest = h.joined, r.rest
	e.pieces = e.pieces[:0]
	r.close(e)
	var cause netem.Cause
	if h.v6 {
		cause = h.extensions(&a, false)
	} else {
		cause = h.deliver(&a)
	}
	if cause != "" {
		h.discard(&a, cause)
	}
}

func (r *reassembler) open(k fragKey) *entry {
	var e *entry
	if n := len(r.free); n > 0 {
		e, r.free = r.free[n-1], r.free[:n-1]
		*e = entry{pieces: e.pieces[:0]}
	} else {
		e = &entry{}
	}
	e.key, e.expires = k, r.h.s.Now()+r.lifetime
	r.entries[k] = e
	r.memory += entrySize
	if e.prev = r.last; e.prev != nil {
		e.prev.next = e
	} else {
		r.first = e
		r.timer.set(e.expires)
	}
	r.last = e
	return e
}

// close forgets an entry whose pieces are gone.
func (r *reassembler) close(e *entry) {
	delete(r.entries, e.key)
	r.memory -= entrySize
	if e.prev != nil {
		e.prev.next = e.next
	} else {
		r.first = e.next
	}
	if e.next != nil {
		e.next.prev = e.prev
	} else {
		r.last = e.prev
	}
	e.prev, e.next = nil, nil
	r.free = append(r.free, e)
}

// bury throws the fragments away that an entry has. It stays until its time is up, so that those that are still to come
// go the same way (RFC 5722 section 3).
func (r *reassembler) bury(e *entry, cause netem.Cause) {
	e.dead = cause
	r.empty(e, cause)
}

func (r *reassembler) empty(e *entry, cause netem.Cause) {
	for _, p := range e.pieces {
		r.memory -= cap(p.p.Data)
		r.h.throw(p.p, cause)
	}
	clear(e.pieces)
	e.pieces = e.pieces[:0]
}

// expire ends what has waited long enough, with a message to the sender if the first fragment is there (RFC 792, RFC
// 4443 section 3.3).
func (r *reassembler) expire() {
	h := r.h
	was := h.enter()
	now := h.s.Now()
	for r.first != nil && r.first.expires <= now {
		e := r.first
		if len(e.pieces) > 0 && e.pieces[0].at == 0 {
			p := e.pieces[0]
			h.timeExceeded(&arrival{p: p.p, src: e.key.src, dst: e.key.dst, proto: p.proto, body: p.body})
		}
		r.empty(e, CauseReassembly)
		r.close(e)
	}
	if r.first != nil {
		r.timer.set(r.first.expires)
	}
	h.leave(was)
}
