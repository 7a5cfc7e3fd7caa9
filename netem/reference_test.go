package netem

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
)

// The disciplines beside models of them that share no code with them: written line by line from the RFCs' pseudo-code, with
// floating point, slices and maps, before a link of their own. Random arrivals go through both, and the fate of every packet must
// be the same to the nanosecond. (reference_codel_test.go, reference_pie_test.go)

// A modelPacket is a packet of a model, and what became of it.
type modelPacket struct {
	id, flow, size int
	ect            bool    // takes marks
	random         float64 // the pseudo-code's random() for it, from 0 up to 1
	arrival        time.Duration
	end            time.Duration // when it was sent or died
	dead, marked   bool
}

func (p *modelPacket) String() string {
	fate := "sent"
	if p.dead {
		fate = "died"
	}
	if p.marked && !p.dead {
		fate += ", marked"
	}
	return fmt.Sprintf("%d of flow %d, which came at %v: %s at %v", p.id, p.flow, p.arrival, fate, p.end)
}

// A model is a discipline. Those that it drops it ends with die.
type model interface {
	enqueue(p *modelPacket, now time.Duration, idle bool) // idle: the link will take it at once
	dequeue(now time.Duration) *modelPacket
	tick(now time.Duration) // the time has come to now
}

func (p *modelPacket) die(now time.Duration) { p.dead, p.end = true, now }

// modelByte is how long the link of the tests sends a byte: at 8 Mbit/s no packet ends between two nanoseconds.
const modelByte = time.Microsecond

// through sends the packets through a model and its link.
func through(m model, packets []*modelPacket) {
	var sending *modelPacket
	var free time.Duration
	send := func(now time.Duration) {
		if sending = m.dequeue(now); sending != nil {
			free = now + time.Duration(sending.size)*modelByte
		}
	}
	until := func(t time.Duration) { // everything that leaves at or before t
		for sending != nil && free <= t {
			sending.end = free
			m.tick(free)
			send(free)
		}
		m.tick(t)
	}
	for _, p := range packets {
		until(p.arrival)
		m.enqueue(p, p.arrival, sending == nil)
		if sending == nil {
			send(p.arrival)
		}
	}
	until(math.MaxInt64)
}

// randomLoad makes a load that wanders between nothing and three times what the link carries, so that queues stand, break down and
// are empty for a while.
func randomLoad(seed uint64, n, flows int) []*modelPacket {
	dice := NewStream(seed)
	var out []*modelPacket
	var at time.Duration
	load := 1.0
	for i := range n {
		roll := func(k uint64) float64 { return float64(dice.At(uint64(i), k)>>11) / (1 << 53) }
		if roll(0) < 0.01 {
			load = 3 * roll(1)
		}
		size := 60 + int(1440*roll(2))
		at += time.Duration(float64(size) * float64(modelByte) * 2 * roll(3) / max(load, 0.05))
		if roll(4) < 0.002 {
			at += time.Duration(roll(5) * float64(3*time.Second))
		}
		p := &modelPacket{id: i + 1, flow: 1 + int(float64(flows)*roll(6)), size: size, ect: roll(7) < 0.5, arrival: at}
		out = append(out, p)
	}
	return out
}

// besideModel sends the same arrivals through a discipline and its model and compares the packets' fates. It returns how many died and how
// many were marked.
func besideModel(t *testing.T, name string, seed uint64, b Bottleneck, m model, packets []*modelPacket) (dead, marked int) {
	t.Helper()
	b.Rate = 8 * Mbit
	w := newWorld(seed, b)
	for _, p := range packets {
		p.random = float64(w.env.Rand.Sub("stage").At(dice(ClassData, uint64(p.id)), 0)>>11) / (1 << 53)
		data := flowPacket(uint16(p.flow), p.size)
		if p.ect {
			data[1] = byte(ECT0)
		}
		w.runTo(p.arrival)
		w.put(data)
	}
	w.run()
	got := make([]modelPacket, len(packets))
	for _, e := range slices.Concat(w.out, w.dead) {
		p := *packets[e.ID-1]
		p.end, p.dead, p.marked = e.at, e.cause != "", e.Marked != ""
		got[e.ID-1] = p
	}
	through(m, packets)
	for i, p := range packets {
		if p.String() != got[i].String() {
			t.Fatalf("%s, seed %d: %s; by the model %s", name, seed, &got[i], p)
		}
		if p.dead {
			dead++
		} else if p.marked {
			marked++
		}
	}
	return dead, marked
}
