package netem

import (
	"slices"
	"time"
)

// Script gives chosen packets of one direction an exact fate. Each rule counts the packets that it matches, whatever the
// other rules do with them; the first rule that matches a packet and lists its number decides.
//
// A copy is not a packet that somebody sent: copies made before this stage are neither counted nor touched.
type Script struct{ Rules []Rule }

// A Rule is one line of a Script.
type Rule struct {
	Match Match
	Do    Do
}

// Match chooses packets; the zero value matches all.
type Match struct {
	// Kind is the kind to match. KindOther matches any packet; KindData is new data and KindRetransmission data sent again;
	// KindFIN is every segment that carries FIN, with data or without; KindACK is a bare ACK.
	Kind     Kind
	Protocol Protocol      // 0: any
	From, To time.Duration // those that come in [From, To); a To of 0 has no end
	Bytes    []Range       // those that carry one of these bytes of their flow's stream, from 1 (see extent.go); empty: all
	Segments []Range       // those that carry one of these segments of their flow, or a part of it, from 1, first or again; empty: all
	Nth      []Range       // which of the packets that match all of that, from 1; empty: all
}

// Do is a fate. One field is set; if more are, the first of them counts. The zero value lets the packet pass, so that no
// later rule touches it.
type Do struct {
	Drop      bool
	Delay     time.Duration // hold it back so long; others overtake it
	Duplicate bool          // send a copy directly behind it
	Corrupt   bool          // flip one random bit, as Corrupt without FixChecksum does,
	Bit       int           // or this one, from 1; in a packet that has fewer it starts again at the first
	Pattern   *Pattern      // do what it says of this packet, by its number among those that match, or by its instant
	Hold      int           // let it leave directly behind the Hold-th packet that came later and has left
}

// HoldLimit is how long Do.Hold keeps a packet at most: where fewer packets follow it leaves then.
const HoldLimit = 5 * time.Second

// Attach implements Stage.
func (s Script) Attach(env Env, next Port) Port {
	if len(s.Rules) == 0 {
		return next
	}
	d := &director{env: env, next: next}
	for _, r := range s.Rules {
		m := &r.Match
		p := part{Rule: r, nth: sorted(m.Nth), all: len(m.Nth) == 0, bytes: sorted(m.Bytes), segments: sorted(m.Segments)}
		if len(m.Bytes)+len(m.Segments) > 0 && d.extents == nil {
			d.extents = &extents{of: map[flowKey]*flowExtent{}}
		}
		if n := len(p.segments); n > 0 {
			d.extents.segments = max(d.extents.segments, p.segments[n-1].To)
		}
		d.rules = append(d.rules, p)
	}
	d.delayed = newSchedule(env.Clock, d.leave)
	d.wake = d.overdue
	return d.enter
}

// A director is the state of a Script.
type director struct {
	env     Env
	next    Port
	rules   []part
	extents *extents  // nil: no rule asks
	came    uint64    // packets so far: each one's place in the order of coming
	delayed *schedule // by Do.Delay
	held    []hold    // by Do.Hold, in the order of coming
	wake    func()    // overdue, bound once
}

// A part is a rule, how often it matched, and its numbers in order.
type part struct {
	Rule
	seen uint64
	nth  []Range
	all  bool

	bytes, segments []Range
}

// A hold is a packet that waits for others to pass.
type hold struct {
	p     *Packet
	order uint64
	left  int           // how many must still pass
	until time.Duration // when it leaves at the latest
}

func (d *director) enter(p *Packet) {
	d.came++
	order := d.came
	do := d.fate(p)
	switch {
	case do.Drop:
		d.env.Drop(p, CauseScript)
	case do.Delay > 0:
		d.delayed.add(p, order, do.Delay)
	case do.Duplicate:
		c := d.env.Copy(p)
		d.next(p)
		d.next(c)
		d.passed(order)
	case do.Corrupt:
		if do.Bit > 0 {
			damageAt(p, do.Bit, CauseScript)
		} else {
			damage(p, d.env.Rand.Draw(p, 0), CauseScript)
		}
		d.leave(p, order)
	case do.Hold > 0:
		d.held = append(d.held, hold{p, order, do.Hold, d.env.Clock.Now() + HoldLimit})
		d.env.Clock.After(HoldLimit, d.wake)
	default:
		d.leave(p, order)
	}
}

// fate counts p in every rule that matches it, and returns what the first one says that lists it.
func (d *director) fate(p *Packet) Do {
	var do Do
	if p.Of != 0 {
		return do
	}
	var has extent
	if d.extents != nil {
		has = d.extents.note(p)
	}
	now := d.env.Clock.Now()
	decided := false
	for i := range d.rules {
		r := &d.rules[i]
		if !r.Match.matches(&p.Header) || !r.holds(now, &has) {
			continue
		}
		r.seen++
		switch {
		case decided:
		case !r.all && !holds(r.nth, r.seen):
		case r.Do.Pattern != nil:
			do, decided = r.Do.Pattern.at(r.seen, now)
		default:
			do, decided = r.Do, true
		}
	}
	return do
}

// holds tells whether a rule is about this moment and about what the packet carries.
func (r *part) holds(now time.Duration, has *extent) bool {
	m := &r.Match
	return now >= m.From && (m.To == 0 || now < m.To) &&
		(len(m.Bytes) == 0 || meets(r.bytes, has.bytes)) && (len(m.Segments) == 0 || meets(r.segments, has.segments))
}

func (m *Match) matches(h *Header) bool {
	if m.Protocol != 0 && m.Protocol != h.Protocol {
		return false
	}
	switch m.Kind {
	case KindOther:
		return true
	case KindFIN:
		return h.Flags&(FlagFIN|FlagSYN|FlagRST) == FlagFIN
	}
	return m.Kind == h.Kind
}

// leave passes p on, and behind it whoever waited for it.
func (d *director) leave(p *Packet, order uint64) {
	d.next(p)
	d.passed(order)
}

// passed counts a packet that has left for all held packets that came before it, and lets go those that waited for it,
// the one that came first first; each of them counts in its turn.
func (d *director) passed(order uint64) {
	for i := 0; i < len(d.held) && d.held[i].order < order; i++ {
		d.held[i].left--
	}
	for {
		i := slices.IndexFunc(d.held, func(h hold) bool { return h.left <= 0 })
		if i < 0 {
			return
		}
		d.letGo(i)
	}
}

// overdue lets go the packets whose time is up.
func (d *director) overdue() {
	for len(d.held) > 0 && d.held[0].until <= d.env.Clock.Now() {
		d.letGo(0)
	}
}

func (d *director) letGo(i int) {
	h := d.held[i]
	d.held = slices.Delete(d.held, i, i+1)
	d.leave(h.p, h.order)
}
