package netem

import (
	"sort"
	"time"
)

// Replay gives packets the fates that others have met: the k-th packet of a class in this direction is lost, delayed, damaged, marked or copied as
// the k-th was in the recording, whatever it is and whenever it comes. A recorded delay is all of the path's, queues too, and it is that of the
// recording: no queue builds up here. Packets that were not overtaken keep their order, so one with a shorter delay waits for the
// one ahead, as behind a queue; those that were go by their own time.
//
// Past the last packet of its class nothing happens to a packet but the delay of the last one that arrived; with Repeat the class begins again. A
// class of which the recording has none has the fallback of data, retransmissions and others, the first that it has.
//
// A bit beyond the end of a shorter packet counts on from its first. A mark is set where the sender takes marks. A copy that was made
// before this stage has the fate of its original, without its copies; what a router sends has no number, and that past the end.
type Replay struct {
	Fates     *Fates
	Direction Direction
	Repeat    bool
}

// Attach implements Stage.
func (r Replay) Attach(env Env, next Port) Port {
	if r.Fates == nil {
		return next
	}
	y := &replay{Replay: r, env: env}
	y.held = newSchedule(env.Clock, func(p *Packet, _ uint64) { next(p) })
	of := &r.Fates.of[r.Direction]
	for c := range y.past {
		for _, from := range [...]int{c, int(ClassData), int(ClassRetransmission), int(ClassOther)} {
			if len(of[from]) > 0 {
				y.past[c].Delay = r.Fates.until[r.Direction][from]
				break
			}
		}
	}
	return y.enter
}

// A replay is the state of a Replay.
type replay struct {
	Replay
	env   Env
	past  [Classes]Fate // of packets past the end
	held  *schedule     // by instant and order
	order uint64        // packets and copies so far
	last  time.Duration // when the last one leaves of those that keep their order
	made  []*Packet     // copies of the packet that is entering
}

func (y *replay) enter(p *Packet) {
	c := p.Header.Class()
	all := y.Fates.of[y.Direction][c]
	fate, n := &y.past[c], p.Number
	if k := uint64(len(all)); k > 0 && n > 0 && y.Repeat {
		n = 1 + (n-1)%k
	}
	if n >= 1 && n <= uint64(len(all)) {
		fate = &all[n-1]
	}
	if !fate.Copied || p.Of != 0 {
		y.give(p, fate)
		return
	}
	copies := y.Fates.copies[y.Direction][c]
	first := sort.Search(len(copies), func(i int) bool { return uint64(copies[i].of) >= n })
	for i := first; i < len(copies) && uint64(copies[i].of) == n; i++ {
		y.made = append(y.made, y.env.Copy(p)) // before p is harmed and given away
	}
	y.give(p, fate)
	for i, made := range y.made {
		y.give(made, &copies[first+i].Fate)
	}
	clear(y.made)
	y.made = y.made[:0]
}

// give gives a packet its fate.
func (y *replay) give(p *Packet, f *Fate) {
	y.order++
	if f.Lost {
		y.env.Drop(p, CauseReplay)
		return
	}
	if f.Marked {
		Mark(p, CauseReplay)
	}
	switch {
	case f.Bit == 0:
	case f.Mended:
		damageMendedAt(p, int(f.Bit), CauseReplay)
	default:
		damageAt(p, int(f.Bit), CauseReplay)
	}
	now := y.env.Clock.Now()
	if f.Late > 0 {
		y.held.add(p, 2*(y.order+uint64(f.Late)-1)+1, f.Delay)
		return
	}
	y.last = max(y.last, now+f.Delay)
	y.held.add(p, 2*y.order, y.last-now)
}
