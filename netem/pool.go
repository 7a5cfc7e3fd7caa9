package netem

import "math/bits"

// A Pool is the memory of one world: it makes the packets and takes them back, and the rings of bytes that connections keep
// their data in. The zero value is ready. Worlds may have it one after another (see Begin), so that a sweep's trials need not have the same
// megabytes cleared again and again. Not for concurrent use.
type Pool struct {
	last  uint64
	out   int
	free  []*Packet
	rings [bits.UintSize][][]byte // by the logarithm of their length
	idle  int                     // bytes in rings
}

// mostIdle bounds the bytes of packets, and those of rings, that are kept for the next world.
const mostIdle = 32 << 20

// Begin begins another world: IDs are counted from 1 again, and what the last world put back is there. What it did not put back belongs to nobody.
func (pool *Pool) Begin() {
	pool.last, pool.out = 0, 0
	keep, size := 0, 0
	for keep < len(pool.free) && size < mostIdle {
		size += cap(pool.free[keep].Data)
		keep++
	}
	clear(pool.free[keep:])
	pool.free = pool.free[:keep]
}

// Ring returns n bytes whose contents are arbitrary; n is a power of two. A nil Pool makes new ones.
func (pool *Pool) Ring(n int) []byte {
	if pool != nil {
		if of := &pool.rings[bits.TrailingZeros(uint(n))]; len(*of) > 0 {
			last := len(*of) - 1
			b := (*of)[last]
			(*of)[last] = nil
			*of = (*of)[:last]
			pool.idle -= n
			return b
		}
	}
	return make([]byte, n)
}

// PutRing takes back what Ring returned. Nobody may hold it any more. An empty b is none.
func (pool *Pool) PutRing(b []byte) {
	if pool == nil || len(b) == 0 || pool.idle+len(b) > mostIdle {
		return
	}
	of := &pool.rings[bits.TrailingZeros(uint(len(b)))]
	*of = append(*of, b)
	pool.idle += len(b)
}

// room is the least capacity of a pooled packet's Data: a full Ethernet packet and some.
const room = 2048

// Get returns a packet with a new ID and n bytes of Data whose contents are arbitrary: the caller fills them all.
func (pool *Pool) Get(n int) *Packet {
	pool.last++
	pool.out++
	var p *Packet
	if k := len(pool.free); k > 0 {
		p = pool.free[k-1]
		pool.free = pool.free[:k-1]
		*p = Packet{Data: p.Data}
	} else {
		p = &Packet{Data: make([]byte, 0, room)}
	}
	if cap(p.Data) < n {
		p.Data = make([]byte, n)
	}
	p.Data = p.Data[:n]
	p.ID = pool.last
	return p
}

// Copy returns a copy of p: the same bytes, a new ID, dice of its own (two copies of one packet differ in them too). Its
// Of is p's ID.
func (pool *Pool) Copy(p *Packet) *Packet {
	p.copies++
	c := pool.Get(len(p.Data))
	data, id := c.Data, c.ID
	copy(data, p.Data)
	*c = *p
	c.Data, c.ID, c.Of, c.copies, c.Row = data, id, p.ID, 0, 0
	for _, dice := range []*uint64{&c.Dice, &c.own.dice, &c.away.dice} {
		*dice = mix(*dice + p.copies*golden)
	}
	return c
}

// Reply returns a packet that a router makes because of p, which has these bytes, for a reason: a sound one with a new ID, its header read
// and dice of its own, as those of a copy. Its Of is p's ID. It has been through Entry, as it were: it enters behind it.
func (pool *Pool) Reply(p *Packet, message []byte, reason string) *Packet {
	p.copies++
	r := pool.Get(len(message))
	copy(r.Data, message)
	r.Header.read(r.Data)
	r.Of, r.Sound, r.Reason, r.Flow = p.ID, true, reason, p.Flow
	r.Dice, r.own, r.away = p.Dice, p.own, p.away
	for _, dice := range []*uint64{&r.Dice, &r.own.dice, &r.away.dice} {
		*dice = mix(*dice + p.copies*golden)
	}
	return r
}

// Put takes a packet back. Nobody may hold it, or its Data, any more.
func (pool *Pool) Put(p *Packet) {
	pool.out--
	pool.free = append(pool.free, p)
}

// Out returns how many packets somebody has: those that were got and not put back.
func (pool *Pool) Out() int { return pool.out }

// Made returns how many packets the pool has made.
func (pool *Pool) Made() uint64 { return pool.last }
