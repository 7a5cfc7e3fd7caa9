package tc

import (
	"strings"
	"time"

	"reliabilitylab/scenarios"
)

// netem's rate with its overheads, and its slots.

func (r *reader) rate(w *words) (err error) {
	p := &r.path.Way
	at := w.all[w.next-1]
	if p.Rate > 0 {
		return w.wrong(at, "a second rate: one direction of a path has one")
	}
	p.Rate, err = w.rate("rate")
	if w.label("packetoverhead"); err != nil || !w.signed() {
		return err
	}
	packet, err := w.whole("overhead of a packet", -etherHeader, 1000-etherHeader)
	if err != nil {
		return err
	}
	p.Overhead.Packet = int(packet) + etherHeader
	r.note("overhead: tc's %d bytes a packet and the 14 of the Ethernet header, which it counts; where the interface has none, take them off", packet)
	if w.label("cellsize"); !w.number() {
		return nil
	}
	cell, err := w.whole("size of a cell", 0, 65535)
	p.Overhead.Cell = int(cell)
	if w.label("celloverhead"); err != nil || !w.signed() {
		return err
	}
	cellAt := w.all[w.next]
	header, err := w.whole("overhead of a cell", -65535, 1000)
	switch {
	case err != nil:
		return err
	case header < 0:
		return w.wrong(cellAt, "a cell with less than no header has no counterpart in a path")
	case cell > 0:
		p.Overhead.CellOverhead = int(header)
	}
	return nil
}

func (r *reader) slot(w *words) (err error) {
	s := &r.path.Way.Slot
	at := w.all[w.next-1]
	switch {
	case w.number():
		err = r.slotBetween(w, s)
	case w.peek() == "distribution":
		w.take()
		err = r.slotDistributed(w, s)
	default:
		return w.wrong(at, "slot of what? Write slot 800us 1ms, or slot distribution normal 2ms 100us")
	}
	if err != nil {
		return err
	}
	// tc takes beginnings of these two words, as of all.
	if p := w.peek(); p != "" && strings.HasPrefix("packets", p) {
		w.take()
		n, err := w.whole("packets a slot", 0, 1_000_000_000)
		if err != nil {
			return err
		}
		s.Packets = int(n)
	}
	if p := w.peek(); p != "" && strings.HasPrefix("bytes", p) {
		w.take()
		if s.Bytes, err = w.size("bytes a slot"); err != nil {
			return err
		}
	}
	if s.Base < leastSlot {
		r.note("slots %v apart are here %v apart, the least", s.Base, leastSlot)
		s.Base, s.Jitter = leastSlot, min(s.Jitter, leastSlot)
	}
	r.note("slots open at times of their own here; netem draws the next one when a packet comes and finds the last one past")
	return nil
}

// leastSlot is the least that slots of a path may be apart.
const leastSlot = 100 * time.Microsecond

func (r *reader) slotBetween(w *words, s *scenarios.Slot) error {
	least, err := w.time("least time between slots")
	if err != nil {
		return err
	}
	most := least
	if w.number() {
		if most, err = w.time("most time between slots"); err != nil {
			return err
		}
	}
	most = max(most, least) // as tc does
	*s = scenarios.Slot{Base: least + (most-least)/2, Jitter: (most - least) / 2, Distribution: "uniform"}
	return nil
}

func (r *reader) slotDistributed(w *words, s *scenarios.Slot) (err error) {
	if s.Distribution, err = r.table(w); err != nil {
		return err
	}
	if s.Base, err = w.time("time between slots"); err != nil {
		return err
	}
	at := w.all[w.next-1]
	if s.Jitter, err = w.time("jitter of slots"); err != nil {
		return err
	}
	if s.Jitter > s.Base {
		return w.wrong(at, "a jitter of %v around %v would make slots that open before they close", s.Jitter, s.Base)
	}
	return nil
}
