package experiment

import (
	"fmt"
	"strings"

	"reliabilitylab/scenarios"
)

// A plan is one world to run: the trials that share it (one where they are alone).
type plan struct {
	scenario  *scenarios.Scenario
	point     scenarios.Point
	replicate int
	seed      uint64
	trials    []trialPlan
}

// A trialPlan is one flow of one protocol.
type trialPlan struct {
	id       string
	flow     int // in the scenario's flows
	protocol string
}

// expand turns a scenario into worlds: points of the sweep, times replicates, times flows and protocols. Replicate r has
// the seed of the scenario plus r-1, at every point, so that all points meet the same dice.
func expand(s *scenarios.Scenario) ([]plan, error) {
	var plans []plan
	for _, point := range s.Points() {
		at, err := s.At(point)
		if err != nil {
			return nil, err
		}
		for r := 1; r <= max(1, s.Sweep.Repeat); r++ {
			p := plan{scenario: at, point: point, replicate: r, seed: at.Seed + uint64(r-1)}
			prefix := label(point)
			if s.Sweep.Repeat > 1 {
				prefix += fmt.Sprintf("r%d_", r)
			}
			plans = append(plans, p.split(prefix)...)
		}
	}
	return plans, nil
}

// split gives each trial a world of its own, or all of them one.
func (p plan) split(prefix string) []plan {
	var all []trialPlan
	for i, f := range p.scenario.Flows {
		for _, protocol := range f.Protocols {
			id := prefix + protocol
			if len(p.scenario.Flows) > 1 {
				id = prefix + f.Name + "-" + protocol
			}
			all = append(all, trialPlan{id, i, protocol})
		}
	}
	if p.scenario.Together {
		p.trials = all
		return []plan{p}
	}
	plans := make([]plan, len(all))
	for i := range all {
		plans[i] = p
		plans[i].trials = all[i : i+1]
	}
	return plans
}

// label names a point in a folder's name: the last word of each key and its value, without what no file system likes.
func label(point scenarios.Point) string {
	var b strings.Builder
	for _, v := range point {
		key := v.Key[strings.LastIndexByte(v.Key, '.')+1:]
		fmt.Fprintf(&b, "%s=%s_", key, strings.Map(fileRune, v.Value))
	}
	return b.String()
}

func fileRune(r rune) rune {
	switch {
	case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', strings.ContainsRune(".%+-=", r):
		return r
	}
	return '-'
}
