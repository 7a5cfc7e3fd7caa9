package netem

import (
	"slices"
	"time"
)

// Phases changes the path for a while: a packet that enters during a phase goes through the phase's stage instead of Base.
// Where phases overlap the first in the list counts. A nil stage lets packets through.
//
// Packets that are inside a stage when a phase begins or ends stay in it, and may be overtaken. Three kinds of stages are one
// thing with a changing setting instead, because a change must not reorder: where all of them are Bottlenecks there is one
// link with one queue, whose packets are sent at the rate in force when their turn comes, and whose discipline is the
// first Bottleneck's throughout; where all of them are Delays that keep the order, no packet overtakes one from before the
// change; and where all of them are Slots, what waits for a slot leaves with it, before what comes later. A nil stage there is a link without limit, no delay, or no slots.
//
// All stages have the same dice: a packet meets the same draws whichever phase it enters in. So a phase that makes losses more
// probable loses the packets that Base would lose, and others; and where packet k comes a little earlier in TCP than in UDP, and
// finds a ramp (a row of many short phases) one step further down, it is still judged by the same draw.
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
		l := newLink(set[s.first()], env, next)
		times := s.timetable()
		l.setting = func() *Bottleneck { return &set[times.at(env.Clock.Now())] }
		return l.enter
	}
	if set, ok := allOf(s, func(Slots) bool { return true }); ok {
		return s.slots(set, env, next)
	}
	ports := make([]Port, 1+len(s.Phases)) // Base's first
	line := newDelayLine(env.Clock, next)
	delays, ok := allOf(s, func(d Delay) bool { return d.KeepOrder })
	for i := range ports {
		switch stage := s.stage(i); {
		case ok:
			of := delays[i].draw(env.Rand)
			ports[i] = delays[i].around(env, next, func(p *Packet) { line.add(p, of(p)) })
		case stage == nil:
			ports[i] = next
		default:
			ports[i] = stage.Attach(env, next)
		}
	}
	times := s.timetable()
	return func(p *Packet) { ports[times.at(env.Clock.Now())](p) }
}

// slots joins stages that are all Slots.
func (s Phases) slots(set []Slots, env Env, next Port) Port {
	clocks := make([]*slotClock, len(set)) // nil where there are no slots
	for i := range set {
		if set[i].Base > 0 {
			clocks[i] = &slotClock{Slots: set[i], r: env.Rand}
		}
	}
	times := s.timetable()
	return newBatches(env.Clock, next, func() *slotClock { return clocks[times.at(env.Clock.Now())] })
}

// A timetable knows which stage is in force from when on. Time goes forward, so looking it up costs a step at most.
type timetable struct {
	from  []time.Duration // ascending, the first is before all
	stage []int           // as Phases.at has it
	now   int
}

func (s Phases) timetable() *timetable {
	t := &timetable{from: []time.Duration{-forever}}
	for i := range s.Phases {
		if f := &s.Phases[i]; f.From < f.To {
			t.from = append(t.from, f.From, f.To)
		}
	}
	slices.Sort(t.from)
	t.from = slices.Compact(t.from)
	for _, at := range t.from {
		t.stage = append(t.stage, s.at(at))
	}
	return t
}

func (t *timetable) at(now time.Duration) int {
	for t.now+1 < len(t.from) && t.from[t.now+1] <= now {
		t.now++
	}
	return t.stage[t.now]
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

// first is which stage is the first that is not nil.
func (s Phases) first() int {
	for i := range s.Phases {
		if s.stage(i) != nil {
			return i
		}
	}
	return len(s.Phases)
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
