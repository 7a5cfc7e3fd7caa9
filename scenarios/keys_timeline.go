package scenarios

import (
	"slices"
	"time"

	"gopkg.in/yaml.v3"

	"reliabilitylab/netem"
)

// timeline: what changes when. An entry is a phase (other settings for a while), a ramp (settings that go from one value to another), an
// outage, or a link that flaps. Entries may overlap where they change different things: the timeline is cut at all instants at which
// a phase or a step of a ramp begins or ends, and what lies between two of them becomes a Phase. Outages and flapping are apart from that.

// The limits of timelines.
const (
	maxChanges = 1000
	maxPhases  = 4000 // stretches between two instants at which something changes
	minFlap    = time.Millisecond
)

// A turn is an entry while the timeline is read.
type turn struct {
	Change
	sets [2][]set // of a phase, by direction, in the order of wayKeys
}

// A set is a key of the path that a phase sets.
type set struct {
	key  key[Way]
	node *yaml.Node
	in   string // forward, reverse, or "" where both directions have it together
}

var turnKeys = []key[turn]{
	{name: "from", take: value(span(0, maxDuration), func(t *turn) *time.Duration { return &t.From })},
	{name: "to", take: value(span(0, maxDuration), func(t *turn) *time.Duration { return &t.To })},
	{name: "path", take: takePhasePath},
	{name: "ramp", take: takeRamp},
	{name: "over", take: value(span(minRamp, maxDuration), func(t *turn) *time.Duration { return &t.Over })},
	{name: "steps", take: value(whole("the number of steps of a ramp", 2, maxSteps), func(t *turn) *int { return &t.Steps })},
	{name: "outage", take: func(d *decoder, n *yaml.Node, t *turn) {
		t.Outage = &Outage{}
		scalar(d, n, directions, &t.Outage.Direction)
	}},
	{name: "flap", take: takeFlap},
}

// directions is one way or both, which is nil.
var directions = kind[*netem.Direction]{"one of both, forward, reverse", func(s string) (*netem.Direction, error) {
	name, err := oneOf(now("both", "forward", "reverse")).read(s)
	way := netem.Forward
	switch name {
	case "reverse":
		way = netem.Reverse
	case "both":
		return nil, err
	}
	return &way, err
}}

// takeTimeline reads the entries. It wants the path and the duration to be known.
func takeTimeline(d *decoder, n *yaml.Node, s *Scenario) {
	var turns []turn
	d.each(n, "entries", maxChanges, func(_ int, n *yaml.Node) {
		before := len(d.errs)
		forward, reverse := s.Path.Forward, s.Path.Reverse
		t := turn{Change: Change{To: s.Duration, Forward: &forward, Reverse: &reverse}}
		if section(d, n, turnKeys, &t); len(d.errs) == before {
			d.checkTurn(n, &t, s, turns)
		}
		if len(d.errs) == before {
			turns = append(turns, t)
			s.Changes = append(s.Changes, t.Change)
			if t.Outage != nil {
				t.Outage.From, t.Outage.To = t.From, t.To
				s.Outages = append(s.Outages, *t.Outage)
			}
		}
	})
	if cuts := instants(turns); len(cuts) > maxPhases {
		d.wrong(n, "%d instants at which something changes; there may be %d, so give ramps fewer steps", len(cuts), maxPhases)
	} else {
		s.Timeline = d.phases(turns, cuts, s)
	}
}

// checkTurn tells what is wrong with an entry whose keys are all right each by itself.
func (d *decoder) checkTurn(n *yaml.Node, t *turn, s *Scenario, others []turn) {
	what := 0
	for _, k := range []string{"path", "ramp", "outage", "flap"} {
		if gives(n, k) {
			what++
		}
	}
	if checkHop(d, n, s.Family, t.Forward) {
		checkHop(d, n, s.Family, t.Reverse)
	}
	span := t.To - t.From
	switch {
	case what == 0:
		d.wrong(n, "the entry changes nothing; give it a path with what is different while it lasts, a ramp, an outage or a flap")
	case what != 1:
		d.wrong(n, "%d of path, ramp, outage and flap; an entry has one", what)
	case s.Path.Forward.Queue.law() != t.Forward.queue(s.Path.Forward).law() || s.Path.Reverse.Queue.law() != t.Reverse.queue(s.Path.Reverse).law():
		d.wrong(child(n, "path"), "a phase can change the limit of a queue, but neither its discipline nor the discipline's numbers; "+
			"repeat those that the path has")
	case span <= 0:
		at := child(n, "to")
		if at == nil {
			at = child(n, "from")
		}
		d.wrong(at, "it ends at %v, but begins at %v", t.To, t.From)
	case t.Ramps == nil && (gives(n, "over") || gives(n, "steps")):
		d.wrong(n, "over and steps are a ramp's")
	case t.Over > span:
		d.wrong(child(n, "over"), "the ramp takes %v, and its entry lasts %v", t.Over, span)
	case t.Ramps != nil && span < minRamp:
		d.wrong(n, "a ramp takes at least %v", minRamp)
	}
	if t.Ramps != nil {
		t.Steps, t.Over = orNumber(t.Steps, defaultSteps), orNumber(t.Over, span)
	}
	for _, q := range others {
		if t.From < q.To && q.From < t.To {
			if name := t.shares(&q); name != "" {
				d.wrong(n, "from %v to %v something else changes %s, from %v to %v; write one entry for each stretch", t.From, t.To, name, q.From, q.To)
			}
		}
	}
}

func orNumber[N int | time.Duration](given, other N) N {
	if given != 0 {
		return given
	}
	return other
}

// queue is the queue of a direction, or that of the path where nothing changes in it.
func (w *Way) queue(base Way) Queue {
	if w == nil {
		return base.Queue
	}
	return w.Queue
}

// shares names a key that two entries change in the same direction, "" if there is none.
func (t *turn) shares(q *turn) string {
	for way := range t.sets {
		for _, name := range t.changed(netem.Direction(way)) {
			if slices.Contains(q.changed(netem.Direction(way)), name) {
				return netem.Direction(way).String() + "." + name
			}
		}
	}
	return ""
}

// changed are the keys of the path that an entry changes in a direction.
func (t *turn) changed(way netem.Direction) (names []string) {
	for _, s := range t.sets[way] {
		names = append(names, s.key.name)
	}
	for _, r := range t.Ramps {
		if r.Direction == way {
			names = append(names, r.Key)
		}
	}
	return names
}

// instants are those at which a phase or a step begins or ends, in order; no more than can be told from too many.
func instants(turns []turn) (cuts []time.Duration) {
	for i := range turns {
		t := &turns[i]
		if t.Outage != nil || len(cuts) > 2*maxPhases {
			continue
		}
		cuts = append(cuts, t.From, t.To)
		for k := 1; k < t.Steps; k++ {
			cuts = append(cuts, t.From+t.begins(k))
		}
	}
	slices.Sort(cuts)
	return slices.Compact(cuts)
}

// phases are the stretches between the instants, with the settings of all entries that hold in each.
func (d *decoder) phases(turns []turn, cuts []time.Duration, s *Scenario) (out []Phase) {
	d.enter("path")
	defer d.leave()
	for i := 0; i+1 < len(cuts); i++ {
		ways, touched := [2]Way{s.Path.Forward, s.Path.Reverse}, [2]bool{}
		for k := range turns {
			t := &turns[k]
			if t.From > cuts[i] || cuts[i] >= t.To {
				continue
			}
			for way := range ways {
				if t.apply(d, netem.Direction(way), cuts[i], &ways[way]) {
					touched[way] = true
				}
			}
		}
		p := Phase{From: cuts[i], To: cuts[i+1]}
		if touched[netem.Forward] {
			p.Forward = &ways[netem.Forward]
		}
		if touched[netem.Reverse] {
			p.Reverse = &ways[netem.Reverse]
		}
		if p.Forward != nil || p.Reverse != nil {
			out = append(out, p)
		}
	}
	return out
}

// apply puts what an entry says of an instant on top of a direction's settings, and tells whether it says anything.
func (t *turn) apply(d *decoder, way netem.Direction, at time.Duration, w *Way) bool {
	for _, s := range t.sets[way] {
		if s.in != "" {
			d.enter(s.in)
		}
		d.enter(s.key.name)
		s.key.take(d, s.node, w)
		d.leave()
		if s.in != "" {
			d.leave()
		}
	}
	some := len(t.sets[way]) > 0
	for _, r := range t.Ramps {
		if r.Direction == way {
			r.put(w, t.value(&r, at))
			some = true
		}
	}
	return some
}

var phasePathKeys = append(append([]key[pathDraft]{{name: "mtu", later: "an MTU that changes during a trial"}},
	bothWays(wayKeys)...), pathKeys[len(pathKeys)-2:]...)

// takePhasePath puts the phase's settings on top of the path's. A direction in which nothing changes becomes nil.
func takePhasePath(d *decoder, n *yaml.Node, t *turn) {
	if n.Kind == yaml.MappingNode && len(n.Content) == 0 {
		d.wrong(n, "nothing changes in this phase")
		return
	}
	var draft pathDraft
	before := len(d.errs)
	section(d, n, phasePathKeys, &draft)
	if len(d.errs) > before {
		return
	}
	for way, in := range [2]*yaml.Node{draft.forward, draft.reverse} {
		trial := *[2]*Way{t.Forward, t.Reverse}[way]
		d.takeWay(netem.Direction(way).String(), in, &trial) // what is wrong with it is told here
		for _, k := range wayKeys {
			s := set{k, child(n, k.name), ""}
			if in != nil && gives(in, k.name) {
				s.node, s.in = child(in, k.name), netem.Direction(way).String()
			}
			if s.node != nil {
				t.sets[way] = append(t.sets[way], s)
			}
		}
	}
	if len(d.errs) > before {
		return
	}
	if !t.apply(d, netem.Forward, 0, t.Forward) {
		t.Forward = nil
	}
	if !t.apply(d, netem.Reverse, 0, t.Reverse) {
		t.Reverse = nil
	}
}

var flapKeys = []key[Outage]{
	{name: "period", take: value(span(minFlap, maxDuration), func(o *Outage) *time.Duration { return &o.Up })}, // less down, once that is known
	{name: "up", take: value(span(minFlap, maxDuration), func(o *Outage) *time.Duration { return &o.Up })},
	{name: "down", take: value(span(minFlap, maxDuration), func(o *Outage) *time.Duration { return &o.Down })},
	{name: "random", take: value(yesOrNo, func(o *Outage) *bool { return &o.Random })},
	{name: "direction", take: value(directions, func(o *Outage) **netem.Direction { return &o.Direction })},
}

func takeFlap(d *decoder, n *yaml.Node, t *turn) {
	t.Outage = &Outage{}
	before := len(d.errs)
	section(d, n, flapKeys, t.Outage)
	switch o := t.Outage; {
	case len(d.errs) > before:
	case !gives(n, "down") || gives(n, "up") == gives(n, "period"):
		d.wrong(n, "give down, for how long the link is down, and either up or the period, which is up and down together")
	case gives(n, "period") && o.Up <= o.Down:
		d.wrong(child(n, "period"), "a period of %v is not longer than the %v for which the link is down", o.Up, o.Down)
	case gives(n, "period"):
		o.Up -= o.Down
	}
}
