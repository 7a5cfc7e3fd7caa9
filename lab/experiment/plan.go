package experiment

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"reliabilitylab/netem"
	"reliabilitylab/scenarios"
)

// A Grid is a scenario expanded: the points of the sweep, times replicates, times flows and protocols. Worlds and trials have
// numbers in it, from 0, in that order, which are the same whatever part of them is run and wherever. What a point's scenario
// says is read when one of its worlds is to run, and not kept: there may be a hundred thousand.
type Grid struct {
	scenario *scenarios.Scenario
	points   []gridPoint
	worlds   int
	trials   int
}

// A gridPoint is one point of the sweep.
type gridPoint struct {
	scenarios.Point
	label      string // what the names of its trials begin with
	trials     []trialPlan
	worlds     int // for each replicate: one, or one a trial
	firstWorld int
	firstTrial int
}

// A plan is one world to run: the trials that share it (one where they are alone).
type plan struct {
	scenario  *scenarios.Scenario
	point     scenarios.Point
	replicate int
	seed      uint64
	first     int  // the number of its first trial
	kept      bool // its packets are kept
	trials    []trialPlan
	pool      *netem.Pool // its memory, for the time of the run
}

// A trialPlan is one flow of one protocol.
type trialPlan struct {
	id       string
	flow     int // in the scenario's flows
	protocol string
}

// Expand checks every point of a scenario's sweep, so many jobs at a time. An error is the first impossible combination of values.
func Expand(s *scenarios.Scenario, jobs int) (*Grid, error) {
	g := &Grid{scenario: s}
	points := s.Points()
	g.points = make([]gridPoint, len(points))
	err := Each(jobs)(len(points), func(i int) error {
		at, err := s.At(points[i])
		if err != nil {
			return err
		}
		p := &g.points[i]
		p.Point, p.trials, p.worlds = points[i], trialsOf(at), 1
		if !at.Together {
			p.worlds = len(p.trials)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{"": true}
	for i := range g.points {
		p := &g.points[i]
		if i > 0 && slices.Equal(p.trials, g.points[i-1].trials) {
			p.trials = g.points[i-1].trials // one list for all
		}
		if p.label = label(p.Point); len(p.label) > maxLabel || seen[p.label] && len(points) > 1 {
			p.label = fmt.Sprintf("point=%d_", i+1)
		}
		seen[p.label] = true
		p.firstWorld, p.firstTrial = g.worlds, g.trials
		g.worlds += p.worlds * s.Sweep.Repeat
		g.trials += len(p.trials) * s.Sweep.Repeat
	}
	return g, nil
}

// Trials returns how many trials there are.
func (g *Grid) Trials() int { return g.trials }

// ID returns the name of a trial, by its number.
func (g *Grid) ID(trial int) string {
	point := sort.Search(len(g.points), func(i int) bool { return g.points[i].firstTrial > trial }) - 1
	p := &g.points[point]
	n := trial - p.firstTrial
	return g.prefix(point, n/len(p.trials)+1) + p.trials[n%len(p.trials)].id
}

// Parts returns, of each trial, which of n parts it is of, from 1 (scenarios.Sweep.Deal).
func (g *Grid) Parts(n int) []int {
	sweep := &g.scenario.Sweep
	out := make([]int, 0, g.trials)
	for i, part := range sweep.Deal(n) {
		for range g.points[i/sweep.Repeat].trials {
			out = append(out, part)
		}
	}
	return out
}

// prefix is what the names of a replicate's trials begin with.
func (g *Grid) prefix(point, replicate int) string {
	if g.scenario.Sweep.Repeat > 1 {
		return fmt.Sprintf("%sr%d_", g.points[point].label, replicate)
	}
	return g.points[point].label
}

// trialsOf are the trials of one replicate, without what their names begin with.
func trialsOf(s *scenarios.Scenario) []trialPlan {
	var all []trialPlan
	for i, f := range s.Flows {
		for _, protocol := range f.Protocols {
			id := protocol
			if len(s.Flows) > 1 {
				id = f.Name + "-" + protocol
			}
			all = append(all, trialPlan{id, i, protocol})
		}
	}
	return all
}

// place returns the point of a world, which replicate it is, from 1, and which trials of it, as a range of the point's.
func (g *Grid) place(world int) (point, replicate, from, to int) {
	point = sort.Search(len(g.points), func(i int) bool { return g.points[i].firstWorld > world }) - 1
	p := &g.points[point]
	n := world - p.firstWorld
	replicate, from = n/p.worlds+1, n%p.worlds
	if p.worlds == 1 {
		return point, replicate, 0, len(p.trials)
	}
	return point, replicate, from, from + 1
}

// span returns the number of a world's first trial, and of the one behind its last.
func (g *Grid) span(world int) (first, end int) {
	point, replicate, from, to := g.place(world)
	p := &g.points[point]
	base := p.firstTrial + (replicate-1)*len(p.trials)
	return base + from, base + to
}

// A reader makes plans of a Grid's worlds. It keeps the scenario of the point that it was asked for last, since the next world is
// mostly of the same, and the memory that they have one after another: not for concurrent use, and neither are its plans.
type reader struct {
	*Grid
	point    int
	scenario *scenarios.Scenario
	pool     netem.Pool // of one world after another
}

// plan returns the plan of a world. Replicate r has the seed of the scenario plus r-1, at every point, so that all points meet the
// same dice.
func (r *reader) plan(world int) (plan, error) {
	point, replicate, from, to := r.place(world)
	at := &r.points[point]
	if r.scenario == nil || r.point != point {
		s, err := r.Grid.scenario.At(at.Point)
		if err != nil {
			return plan{}, err
		}
		r.point, r.scenario = point, s
	}
	prefix := r.prefix(point, replicate)
	p := plan{
		scenario: r.scenario, point: at.Point, replicate: replicate, seed: r.scenario.Seed + uint64(replicate-1),
		kept: r.Grid.scenario.Sweep.Keeps(point, replicate), pool: &r.pool,
	}
	p.first, _ = r.span(world)
	for _, t := range at.trials[from:to] {
		t.id = prefix + t.id
		p.trials = append(p.trials, t)
	}
	return p, nil
}

// maxLabel is how long, in bytes, what the swept values add to a trial's name may be; the name is a folder's.
const maxLabel = 120

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
