package netem

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
)

// arrivals puts packets of 100 bytes in at these times and returns when each came out, in tenths of a millisecond.
func arrivals(w *world, at ...time.Duration) []int {
	for _, t := range at {
		w.runTo(t)
		w.put(udp(72))
	}
	w.run()
	var out []int
	for i, e := range w.out {
		if e.ID != uint64(i+1) {
			return nil // the order must stay
		}
		out = append(out, int(e.at/(100*time.Microsecond)))
	}
	return out
}

// TestSlots: a slot every millisecond from 0 on, and what it takes.
func TestSlots(t *testing.T) {
	in := []time.Duration{0, ms / 10, ms / 5, ms / 2, ms, ms, ms + 1, 7 * ms, 7*ms + 1}
	for _, c := range []struct {
		s    Slots
		want []int
	}{
		{Slots{}, []int{0, 1, 2, 5, 10, 10, 10, 70, 70}},
		{Slots{Base: ms}, []int{0, 10, 10, 10, 20, 20, 20, 70, 80}},
		{Slots{Base: ms, Packets: 2}, []int{0, 10, 10, 20, 20, 30, 30, 70, 80}},
		{Slots{Base: ms, Bytes: 100}, []int{0, 10, 20, 30, 40, 50, 60, 70, 80}},
		{Slots{Base: ms, Bytes: 101}, []int{0, 10, 10, 20, 20, 30, 30, 70, 80}}, // the second packet fills them
		{Slots{Base: ms, Bytes: 101, Packets: 1}, []int{0, 10, 20, 30, 40, 50, 60, 70, 80}},
		{Slots{Base: 3 * ms}, []int{0, 30, 30, 30, 30, 30, 30, 90, 90}},
	} {
		w := newWorld(1, c.s)
		if got := arrivals(w, in...); !slices.Equal(got, c.want) {
			t.Errorf("%+v: came at %v, want %v", c.s, got, c.want)
		}
	}
	// What comes in the instant of a slot, behind it, waits for the next.
	w := newWorld(1, Slots{Base: ms})
	w.put(udp(0))
	w.runTo(ms)
	w.put(udp(0))
	w.runTo(ms)
	w.put(udp(0))
	w.run()
	if w.out[0].at != 0 || w.out[1].at != ms || w.out[2].at != 2*ms {
		t.Errorf("came at %v, %v, %v", w.out[0].at, w.out[1].at, w.out[2].at)
	}
}

// TestSlotsDrawn: the instants are drawn, evenly from Base - Jitter to Base + Jitter apart; they are the same whatever packets
// come.
func TestSlotsDrawn(t *testing.T) {
	const n = 20000
	s := Slots{Base: 2 * ms, Jitter: ms}
	dense := slotClock{Slots: s, r: NewStream(3)}
	var opens []time.Duration
	last, square := time.Duration(0), 0.0
	for at := dense.from(1); len(opens) < n; at = dense.from(at + 1) {
		d := at - last
		if d < ms || d >= 3*ms {
			t.Fatalf("%v from one slot to the next", d)
		}
		x := float64(d-2*ms) / float64(ms)
		square += x * x / n
		opens, last = append(opens, at), at
	}
	checkMean(t, "distance in ms", float64(last)/float64(ms)/n, 2, math.Sqrt(1.0/3/n))
	checkMean(t, "its variance", square, 1.0/3, math.Sqrt((1.0/5-1.0/9)/n))
	sparse := slotClock{Slots: s, r: NewStream(3)}
	for i := 7; i < n; i += 97 {
		if got := sparse.from(opens[i] - 1); got != opens[i] {
			t.Fatalf("slot %d opens at %v, with fewer packets at %v", i, opens[i], got)
		}
	}
	// Slots that are drawn too close are LeastSlot apart.
	close := slotClock{Slots: Slots{Base: 20 * time.Microsecond, Jitter: ms, Distribution: Normal}, r: NewStream(3)}
	for at, last := close.from(1), time.Duration(0); at < 10*ms; last, at = at, close.from(at+1) {
		if at-last < LeastSlot {
			t.Fatalf("slots at %v and %v", last, at)
		}
	}
}

// TestSlotsInPhases: nothing is overtaken where slots begin, change and end, and each phase's slots are its own.
func TestSlotsInPhases(t *testing.T) {
	w := newWorld(1, Phases{nil, []Phase{{2 * ms, 4 * ms, Slots{Base: ms, Packets: 1}}, {6 * ms, 20 * ms, Slots{Base: 5 * ms}}}})
	got := arrivals(w, ms, ms+1, 3*ms-3, 3*ms-2, 3*ms-1, 3*ms+1, 4*ms+1, 5*ms, 7*ms, 19*ms, 20*ms-1, 20*ms)
	want := []int{10, 10, 30, 40, 40, 40, 40, 50, 100, 200, 200, 200}
	if !slices.Equal(got, want) {
		t.Errorf("came at %v, want %v", got, want)
	}
}

func TestOverhead(t *testing.T) {
	for _, c := range []struct {
		o       Overhead
		n, want int
	}{
		{Overhead{}, 1500, 1500}, {Overhead{Packet: 38}, 1500, 1538}, {Overhead{Packet: -20}, 10, 0},
		{Overhead{Packet: 8, Cell: 48, CellOverhead: 5}, 40, 53},      // an ACK in one ATM cell: RFC 2684's LLC header
		{Overhead{Packet: 16, Cell: 48, CellOverhead: 5}, 40, 106},    // and in two
		{Overhead{Packet: 16, Cell: 48, CellOverhead: 5}, 1500, 1696}, // 1516 bytes fill 31.6 cells
		{Overhead{Cell: 48, CellOverhead: 5}, 0, 0}, {Overhead{Cell: 100}, 101, 200},
	} {
		if got := c.o.Wire(c.n); got != c.want {
			t.Errorf("%+v: %d bytes take %d on the wire, want %d", c.o, c.n, got, c.want)
		}
	}
	// At 8 Mbit/s a byte takes a microsecond; the queue's limit counts IP packets.
	w := newWorld(1, Bottleneck{Rate: 8 * Mbit, LimitBytes: 100, Overhead: Overhead{Packet: 16, Cell: 48, CellOverhead: 5}})
	for range 3 {
		w.put(udp(72))
	}
	w.run()
	if got := fmt.Sprint(w.out[0].at, w.out[1].at, w.deaths()); got != "159µs 318µs [3]" { // 116 bytes in three cells
		t.Errorf("left at %v, want 159µs 318µs [3]", got)
	}
}
