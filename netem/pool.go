package netem

// A Pool makes the packets of one world and takes them back. The zero value is ready. Not for concurrent use.
type Pool struct {
	last uint64
	out  int
	free []*Packet
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
