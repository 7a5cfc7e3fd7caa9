package netem

import (
	"strconv"
	"time"
)

// Phases changes the path for a while: a packet that enters during a phase goes through the phase's stage instead of Base.
// Where phases overlap the first in the list counts. A nil stage lets packets through.
//
// Packets that are inside a stage when a phase begins or ends stay in it, and may be overtaken. Two kinds of stages are one
// thing with a changing setting instead, because a change must not reorder: where all of them are Bottlenecks there is one
// link with one queue, whose packets are sent at the rate in force when their turn comes; and where all of them are Delays
// that keep the order, no packet overtakes one from before the change. A nil stage there is a link without limit, or no delay.
//
// Base has the dice that it would have without any phases, and each phase has dice of its own.
type Phases struct {
	Base   Stage
	Phases []Phase
}

// A Phase is the stage in force in [From, To).
type Phase struct {
	From, To time.Duration
	Stage    Stage
}

// Attach implements Stage.
func (s Phases) Attach(env Env, next Port) Port {
	if set, ok := allOf(s, func(b Bottleneck) bool { return true }); ok {
		l := newLink(set[0], env, next)
		l.setting = func() Bottleneck { return set[s.at(env.Clock.Now())] }
		return l.enter
	}
	ports := make([]Port, 1+len(s.Phases)) // Base's first
	line := newDelayLine(env.Clock, next)
	delays, ok := allOf(s, func(d Delay) bool { return d.KeepOrder })
	for i := range ports {
		e := env
		if i > 0 {
			e.Rand = env.Rand.Sub("phase " + strconv.Itoa(i))
		}
		switch stage := s.stage(i); {
		case ok:
			of := delays[i].draw(e.Rand)
			ports[i] = func(p *Packet) { line.add(p, of(p)) }
		case stage == nil:
			ports[i] = next
		default:
			ports[i] = stage.Attach(e, next)
		}
	}
	return func(p *Packet) { ports[s.at(env.Clock.Now())](p) }
}

// at returns which stage is in force: 0 is Base, i the i-th phase.
func (s Phases) at(now time.Duration) int {
	for i := range s.Phases {
		if f := &s.Phases[i]; f.From <= now && now < f.To {
			return i + 1
		}
	}
	return 0
}

func (s Phases) stage(i int) Stage {
	if i == 0 {
		return s.Base
	}
	return s.Phases[i-1].Stage
}

// allOf returns the stages, Base's first, if all that are not nil are of one type and fit, and there is one.
func allOf[S Stage](s Phases, fits func(S) bool) (all []S, ok bool) {
	for i := range 1 + len(s.Phases) {
		stage := s.stage(i)
		of, is := stage.(S)
		if stage != nil && !(is && fits(of)) {
			return nil, false
		}
		ok = ok || is
		all = append(all, of)
	}
	return all, ok
}
