package netem

import "time"

// A delayLine holds packets until their instants and passes them on in the order in which they came: one that is due before
// the packet ahead of it leaves right behind that one. It asks the clock for one call at a time.
type delayLine struct {
	clock   Clock
	next    Port
	held    ring[timed]
	pending bool   // the clock has been asked to call release
	wake    func() // release, bound once so that asking allocates nothing
}

type timed struct {
	p   *Packet
	due time.Duration
}

func newDelayLine(clock Clock, next Port) *delayLine {
	l := &delayLine{clock: clock, next: next}
	l.wake = l.release
	return l
}

// add takes p, to be passed on after d.
func (l *delayLine) add(p *Packet, d time.Duration) {
	l.held.push(timed{p, l.clock.Now() + d})
	if !l.pending {
		l.pending = true
		l.clock.After(d, l.wake)
	}
}

func (l *delayLine) release() {
	now := l.clock.Now()
	for l.held.n > 0 && l.held.front().due <= now {
		l.next(l.held.pop().p)
	}
	l.pending = l.held.n > 0
	if l.pending {
		l.clock.After(l.held.front().due-l.clock.Now(), l.wake)
	}
}
