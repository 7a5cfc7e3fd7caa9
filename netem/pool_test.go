package netem

import "testing"

// TestPoolBegins: the next world counts its packets from one and has what was put back, and not what was not.
func TestPoolBegins(t *testing.T) {
	var pool Pool
	kept, lost := pool.Get(100), pool.Get(100)
	pool.Put(kept)
	ring := pool.Ring(4096)
	pool.PutRing(ring)
	pool.Begin()
	if pool.Made() != 0 || pool.Out() != 0 {
		t.Errorf("a new world has made %d packets, %d are out", pool.Made(), pool.Out())
	}
	a, b := pool.Get(10), pool.Get(10)
	if a != kept || b == kept || b == lost || a.ID != 1 || b.ID != 2 {
		t.Errorf("it got packets with the IDs %d and %d; the one put back first: %v", a.ID, b.ID, a == kept)
	}
	r, other, small := pool.Ring(4096), pool.Ring(4096), pool.Ring(2048)
	if &r[0] != &ring[0] || &other[0] == &ring[0] || len(small) != 2048 {
		t.Error("a ring that was put back serves once, for its own length")
	}
}

// TestPoolKeepsLittle: what one large world has left does not stay for good.
func TestPoolKeepsLittle(t *testing.T) {
	var pool Pool
	var all []*Packet
	for range 3 * mostIdle / room {
		all = append(all, pool.Get(room))
	}
	for _, p := range all {
		pool.Put(p)
	}
	pool.Begin()
	if n := len(pool.free); n*room > mostIdle+room {
		t.Errorf("%d packets of %d bytes are kept", n, room)
	}
	for range 3 {
		pool.PutRing(make([]byte, mostIdle/2))
	}
	if pool.idle > mostIdle {
		t.Errorf("%d bytes of rings are kept", pool.idle)
	}
}
