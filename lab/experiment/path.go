package experiment

import (
	"fmt"
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
		stage, err := step.stage(base)
		if err != nil {
			return nil, err
		}
		var phases []netem.Phase
		for i := range s.Timeline {
			f := &s.Timeline[i]
			w := f.Forward
			if d == netem.Reverse {
				w = f.Reverse
			}
			if w == nil {
				continue
			}
			other, err := step.stage(w)
			if err != nil {
				return nil, err
			}
			if (other == netem.Loss{Probability: 1}) { // nothing comes through: the ledger calls it by its name
				other = netem.Outage{From: f.From, To: f.To}
			}
			if !same(stage, other) {
				phases = append(phases, netem.Phase{From: f.From, To: f.To, Stage: other})
			}
		}
		switch {
		case phases != nil:
			p = append(p, netem.Step{Name: step.name, Stage: netem.Phases{Base: stage, Phases: phases}})
		case stage != nil:
			p = append(p, netem.Step{Name: step.name, Stage: stage})
		}
	}
	return p, nil
}

// patience is how long a UDP receiver waits for more: the usual time, or twice what a packet may need on a path that takes
// longer: its delay, the reordering's, the script's, and the queue before it.
func patience(s *scenarios.Scenario) time.Duration {
	longest := time.Duration(0)
	look := func(w *scenarios.Way) {
		if w == nil {
			return
		}
		d := time.Duration(0)
		for _, part := range []time.Duration{
			w.Delay.Base, 4 * w.Delay.Jitter, // no distribution reaches further than four sigma
			w.Reorder.Delay, w.Rate.Time(w.Queue.Packets * s.Path.MTU), w.Rate.Time(int(w.Queue.Bytes)),
		} {
			d += min(part, s.Duration) // the trial lasts no longer
		}
		longest = max(longest, d)
	}
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
	}
	return max(app.DefaultQuiet, 2*(longest+scripted))
}

// same tells whether two settings are one. (LossAt holds a slice and cannot be compared with ==.)
func same(a, b netem.Stage) bool { return fmt.Sprintf("%#v", a) == fmt.Sprintf("%#v", b) }

// steps are the stages that a direction's settings can ask for; stage returns nil where they do not.
var steps = []struct {
	name  string
	stage func(*scenarios.Way) (netem.Stage, error)
}{
	{"bottleneck", func(w *scenarios.Way) (netem.Stage, error) {
		if w.Rate == 0 {
			return nil, nil
		}
		return netem.Bottleneck{Rate: w.Rate, LimitPackets: w.Queue.Packets, LimitBytes: w.Queue.Bytes}, nil
	}},
	{"loss", loss},
	{"corrupt", func(w *scenarios.Way) (netem.Stage, error) {
		if w.Corrupt.Probability == 0 {
			return nil, nil
		}
		return netem.Corrupt{Probability: w.Corrupt.Probability, FixChecksum: w.Corrupt.FixChecksum}, nil
	}},
	{"duplicate", func(w *scenarios.Way) (netem.Stage, error) {
		if w.Duplicate == 0 {
			return nil, nil
		}
		return netem.Duplicate{Probability: w.Duplicate}, nil
	}},
	{"reorder", func(w *scenarios.Way) (netem.Stage, error) {
		if w.Reorder.Probability == 0 {
			return nil, nil
		}
		return netem.Reorder{Probability: w.Reorder.Probability, Delay: w.Reorder.Delay}, nil
	}},
	{"delay", func(w *scenarios.Way) (netem.Stage, error) {
		if w.Delay.Base == 0 && w.Delay.Jitter == 0 {
			return nil, nil
		}
		var shape netem.Distribution
		if w.Delay.Jitter > 0 {
			var err error
			if shape, err = netem.ParseDistribution(w.Delay.Distribution); err != nil {
				return nil, err
			}
		}
		return netem.Delay{Base: w.Delay.Base, Jitter: w.Delay.Jitter, Distribution: shape, KeepOrder: w.Delay.KeepOrder}, nil
	}},
}

// loss returns the stage of a loss model.
func loss(w *scenarios.Way) (netem.Stage, error) {
	l := w.Loss
	switch {
	case l.Burst != nil:
		return netem.Burst{P: l.Burst.P, R: l.Burst.R, Bad: l.Burst.Bad, Good: l.Burst.Good}, nil
	case l.Every > 0:
		return netem.LossEvery{N: l.Every}, nil
	case len(l.Packets) > 0:
		return netem.LossAt{Ranges: ranges(l.Packets)}, nil
	case l.Random > 0:
		return netem.Loss{Probability: l.Random}, nil
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
		m := netem.Match{Nth: ranges(r.Match.Nth)}
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
			Drop: r.Do.Drop, Delay: r.Do.Delay, Duplicate: r.Do.Duplicate, Corrupt: r.Do.Corrupt, Hold: r.Do.Hold,
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
