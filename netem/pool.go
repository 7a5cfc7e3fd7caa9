package netem

// A Pool makes the packets of one world and takes them back. The zero value is ready. Not for concurrent use.
type Pool struct {
	last uint64
	free []*Packet
}

// room is the least capacity of a pooled packet's Data: a full Ethernet packet and some.
const room = 2048

// Get returns a packet with a new ID and n bytes of Data whose contents are arbitrary: the caller fills them all.
func (pool *Pool) Get(n int) *Packet {
	pool.last++
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
	c.Data, c.ID, c.Of, c.copies = data, id, p.ID, 0
	c.Dice = mix(p.Dice + p.copies*golden)
	return c
}

// Put takes a packet back. Nobody may hold it, or its Data, any more.
func (pool *Pool) Put(p *Packet) { pool.free = append(pool.free, p) }

// Made returns how many packets the pool has made.
func (pool *Pool) Made() uint64 { return pool.last }
