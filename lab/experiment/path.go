package experiment

import (
	"fmt"
	"net/netip"
	"reflect"
	"strconv"
	"time"

	"reliabilitylab/lab/app"
	"reliabilitylab/netem"
	"reliabilitylab/scenarios"
)

// pipe builds the stages of one direction, in the order in which a packet meets them. Each stage draws from the stream
// of its name, so one that is not there leaves the others' dice as they are.
func pipe(s *scenarios.Scenario, d netem.Direction) (netem.Pipe, error) {
	way := func(p *scenarios.Path) *scenarios.Way {
		if d == netem.Forward {
			return &p.Forward
		}
		return &p.Reverse
	}
	base := way(&s.Path)
	rules, err := script(s.Script, d)
	if err != nil {
		return nil, err
	}
	p := netem.Pipe{{Name: "script", Stage: netem.Script{Rules: rules}}}
	for _, step := range steps {
		stage, err := step.stage(base, d)
		if err != nil {
			return nil, err
		}
		var phases []netem.Phase
		var last netem.Stage // of the last phase
		for i := range s.Timeline {
			f := &s.Timeline[i]
			w := f.Forward
			if d == netem.Reverse {
				w = f.Reverse
			}
			if w == nil {
				continue
			}
			other, err := step.stage(w, d)
			if err != nil {
				return nil, err
			}
			if same(stage, other) {
				continue
			}
			n := len(phases)
			if n > 0 && phases[n-1].To == f.From && same(last, other) { // it was cut for another stage's sake
				phases[n-1].To = f.To
			} else {
				phases = append(phases, netem.Phase{From: f.From, To: f.To, Stage: other})
			}
			last = other
		}
		for i, f := range phases {
			if (f.Stage == netem.Loss{Probability: 1}) { // nothing comes through: the ledger calls it by its name
				phases[i].Stage = netem.Outage{From: f.From, To: f.To}
			}
		}
		switch {
		case phases != nil:
			p = append(p, netem.Step{Name: step.name, Stage: netem.Phases{Base: stage, Phases: phases}})
		case stage != nil:
			p = append(p, netem.Step{Name: step.name, Stage: stage})
		}
		if out := outages(s.Outages, d); out != nil && step.name == "bottleneck" { // what leaves the queue meets a dead link
			p = append(p, netem.Step{Name: "outage", Stage: out})
		}
	}
	return p, nil
}

// outages are the timeline's outages and flapping links of a direction; nil if there are none. Each has dice of its own, by its place
// in the timeline, and a flapping link has the same ones in both directions.
func outages(all []scenarios.Outage, d netem.Direction) netem.Stage {
	var out netem.Pipe
	for i, o := range all {
		if o.Direction != nil && *o.Direction != d {
			continue
		}
		var stage netem.Stage = netem.Outage{From: o.From, To: o.To}
		if o.Down > 0 {
			stage = netem.Flap{From: o.From, To: o.To, Up: o.Up, Down: o.Down, Random: o.Random}
		}
		out = append(out, netem.Step{Name: strconv.Itoa(i), Stage: stage})
	}
	if out == nil {
		return nil
	}
	return out
}

// patience is how long a UDP receiver waits for more: the usual time, or twice what a packet may need on a path that takes
// longer: its delay, the reordering's, the script's, and the queue before it.
func patience(s *scenarios.Scenario) time.Duration {
	longest := time.Duration(0)
	var links time.Duration // the longest of the flows' own
	look := func(w *scenarios.Way) {
		if w == nil {
			return
		}
		d := links
		if f := w.Replay.Fates; f != nil {
			d += max(f.Longest(netem.Forward), f.Longest(netem.Reverse))
		}
		for _, part := range []time.Duration{
			w.Delay.Base, 4 * w.Delay.Jitter, w.Slot.Base, 4 * w.Slot.Jitter, // no distribution reaches further than four sigma
			w.Reorder.Delay, pause(&w.Trace), w.Rate.Time(w.Queue.Packets * w.Overhead.Wire(s.Path.MTU)), w.Rate.Time(w.Overhead.Wire(int(w.Queue.Bytes))),
		} {
			d += min(part, s.Duration) // the trial lasts no longer
		}
		longest = max(longest, d)
	}
	for i := range s.Flows {
		if a := s.Flows[i].Access; a != nil {
			look(&a.Forward)
			look(&a.Reverse)
		}
	}
	links, longest = longest, 0
	look(&s.Path.Forward)
	look(&s.Path.Reverse)
	for _, f := range s.Timeline {
		look(f.Forward)
		look(f.Reverse)
	}
	scripted := time.Duration(0)
	for _, r := range s.Script {
		scripted = max(scripted, r.Do.Delay)
		if r.Do.Hold > 0 {
			scripted = max(scripted, netem.HoldLimit)
		}
		if r.Do.Pattern != nil {
			scripted = max(scripted, r.Do.Pattern.Delay())
		}
	}
	return max(app.DefaultQuiet, 2*(longest+scripted))
}

// pause is the longest time for which a link with a trace stands still.
func pause(t *scenarios.LinkTrace) time.Duration {
	switch {
	case t.Rates != nil:
		return t.Rates.Pause()
	case t.Opportunities != nil:
		return t.Opportunities.Pause()
	}
	return 0
}

// same tells whether two settings are one. (LossAt holds a slice and cannot be compared with ==.)
func same(a, b netem.Stage) bool { return reflect.DeepEqual(a, b) }

// steps are the stages that a direction's settings can ask for; stage returns nil where they do not.
var steps = []struct {
	name  string
	stage func(*scenarios.Way, netem.Direction) (netem.Stage, error)
}{
	{"hop", func(w *scenarios.Way, _ netem.Direction) (netem.Stage, error) {
		if w.Hop.MTU == 0 {
			return nil, nil
		}
		return netem.Hop{MTU: w.Hop.MTU, IPv4: netip.MustParseAddr("10.0.0.254"), IPv6: netip.MustParseAddr("fd00::fe"), Silent: w.Hop.Silent}, nil
	}},
	{"bottleneck", func(w *scenarios.Way, _ netem.Direction) (netem.Stage, error) {
		if w.Rate == 0 && w.Trace.File == "" {
			return nil, nil
		}
		b := netem.Bottleneck{
			Rate: w.Rate, LimitPackets: w.Queue.Packets, LimitBytes: w.Queue.Bytes, Overhead: w.Overhead, Discipline: discipline(&w.Queue),
		}
		if t := &w.Trace; t.File != "" {
			b.Rate, b.Rates, b.Opportunities = 0, t.Rates, t.Opportunities
			if t.Rates == nil && t.Opportunities == nil {
				return nil, fmt.Errorf("the trace %s was not read", t.File)
			}
		}
		return b, nil
	}},
	{"replay", func(w *scenarios.Way, d netem.Direction) (netem.Stage, error) {
		switch r := &w.Replay; {
		case r.File == "":
			return nil, nil
		case r.Fates == nil:
			return nil, fmt.Errorf("the fates %s were not read", r.File)
		default:
			return netem.Replay{Fates: r.Fates, Direction: d, Repeat: r.Repeat}, nil
		}
	}},
	{"loss", loss},
	{"corrupt", func(w *scenarios.Way, _ netem.Direction) (netem.Stage, error) {
		if w.Corrupt.Probability == 0 {
			return nil, nil
		}
		return netem.Corrupt{Probability: w.Corrupt.Probability, Correlation: w.Corrupt.Correlation, FixChecksum: w.Corrupt.FixChecksum}, nil
	}},
	{"duplicate", func(w *scenarios.Way, _ netem.Direction) (netem.Stage, error) {
		if w.Duplicate.Probability == 0 {
			return nil, nil
		}
		return netem.Duplicate{Probability: w.Duplicate.Probability, Correlation: w.Duplicate.Correlation}, nil
	}},
	{"reorder", func(w *scenarios.Way, _ netem.Direction) (netem.Stage, error) {
		if w.Reorder.Probability == 0 || w.Reorder.Ahead {
			return nil, nil
		}
		return netem.Reorder{Pick: pick(w.Reorder), Delay: w.Reorder.Delay}, nil
	}},
	{"delay", func(w *scenarios.Way, _ netem.Direction) (netem.Stage, error) {
		if w.Delay.Base == 0 && w.Delay.Jitter == 0 {
			return nil, nil
		}
		shape, table, err := distribution(w.Delay.Jitter, w.Delay.Distribution, w.Delay.Table)
		if err != nil {
			return nil, err
		}
		d := netem.Delay{
			Base: w.Delay.Base, Jitter: w.Delay.Jitter, Distribution: shape, Table: table,
			Correlation: w.Delay.Correlation, KeepOrder: w.Delay.KeepOrder,
		}
		if w.Reorder.Ahead {
			d.Ahead = pick(w.Reorder)
		}
		return d, nil
	}},
	{"slot", func(w *scenarios.Way, _ netem.Direction) (netem.Stage, error) {
		if w.Slot.Base == 0 {
			return nil, nil
		}
		shape, table, err := distribution(w.Slot.Jitter, w.Slot.Distribution, w.Slot.Table)
		if err != nil {
			return nil, err
		}
		return netem.Slots{
			Base: w.Slot.Base, Jitter: w.Slot.Jitter, Distribution: shape, Table: table, Packets: w.Slot.Packets, Bytes: w.Slot.Bytes,
		}, nil
	}},
}

func pick(r scenarios.Reorder) netem.Pick {
	return netem.Pick{Probability: r.Probability, Correlation: r.Correlation, Gap: r.Gap}
}

// distribution returns the shape of a jitter: one with a name, or the table of a file.
func distribution(jitter time.Duration, name string, table netem.Table) (netem.Distribution, netem.Table, error) {
	if jitter == 0 || table != nil {
		return netem.Uniform, table, nil
	}
	shape, err := netem.ParseDistribution(name)
	return shape, nil, err
}

// discipline returns how a queue is run; drop-tail, and nil, where nothing is said of it.
func discipline(q *scenarios.Queue) netem.Discipline {
	codel := netem.CoDel{Target: q.Target, Interval: q.Interval, MTU: netem.Size(q.MTU), ECN: q.ECN, CEThreshold: q.CEThreshold}
	switch q.Discipline {
	case "head":
		return netem.DropHead{}
	case "red":
		return netem.RED{Min: q.Min, Max: q.Max, Probability: q.Probability, Weight: q.Weight, Gentle: q.Gentle, ECN: q.ECN}
	case "codel":
		return codel
	case "pie":
		return netem.PIE{Target: q.Target, Burst: q.Burst, MTU: netem.Size(q.MTU), ECN: q.ECN}
	case "fq_codel":
		return netem.FQCoDel{CoDel: codel, Quantum: q.Quantum, Flows: q.Flows}
	}
	return nil
}

// loss returns the stage of a loss model.
func loss(w *scenarios.Way, _ netem.Direction) (netem.Stage, error) {
	l := w.Loss
	switch {
	case l.Burst != nil:
		return netem.Burst{P: l.Burst.P, R: l.Burst.R, Bad: l.Burst.Bad, Good: l.Burst.Good, ECN: l.ECN}, nil
	case l.Spells != nil:
		return netem.Spells{MeanGood: l.Spells.MeanGood, MeanBad: l.Spells.MeanBad, Bad: l.Spells.Bad, Good: l.Spells.Good, ECN: l.ECN}, nil
	case l.Markov != nil:
		m := l.Markov
		return netem.Markov{P13: m.P13, P31: m.P31, P32: m.P32, P23: m.P23, P14: m.P14, ECN: l.ECN}, nil
	case l.Every > 0:
		return netem.LossEvery{N: l.Every, ECN: l.ECN}, nil
	case len(l.Packets) > 0:
		return netem.LossAt{Ranges: ranges(l.Packets), ECN: l.ECN}, nil
	case l.Random > 0:
		return netem.Loss{Probability: l.Random, Correlation: l.Correlation, ECN: l.ECN}, nil
	}
	return nil, nil
}

// script returns the rules that hold in one direction.
func script(rules []scenarios.Rule, d netem.Direction) ([]netem.Rule, error) {
	var out []netem.Rule
	for _, r := range rules {
		if r.Match.Direction != nil && *r.Match.Direction != d {
			continue
		}
		if r.Do.File != "" && r.Do.Pattern == nil {
			return nil, fmt.Errorf("the pattern %s was not read", r.Do.File)
		}
		m := netem.Match{
			From: r.Match.From, To: r.Match.To, Segments: ranges(r.Match.Segments), Bytes: ranges(r.Match.Bytes), Nth: ranges(r.Match.Nth),
		}
		if r.Match.Kind != "" && r.Match.Kind != "any" {
			kind, err := netem.ParseKind(r.Match.Kind)
			if err != nil {
				return nil, err
			}
			m.Kind = kind
		}
		switch r.Match.Protocol {
		case "tcp":
			m.Protocol = netem.TCP
		case "udp":
			m.Protocol = netem.UDP
		}
		out = append(out, netem.Rule{Match: m, Do: netem.Do{
			Drop: r.Do.Drop, Delay: r.Do.Delay, Duplicate: r.Do.Duplicate, Corrupt: r.Do.Corrupt, Bit: r.Do.Bit, Hold: r.Do.Hold,
			Pattern: r.Do.Pattern,
		}})
	}
	return out, nil
}

func ranges(in []scenarios.Range) []netem.Range {
	var out []netem.Range
	for _, r := range in {
		out = append(out, netem.Range{From: r.From, To: r.To})
	}
	return out
}
