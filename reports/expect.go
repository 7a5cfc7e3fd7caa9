package reports

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"reliabilitylab/scenarios"
)

// An Expectation is what became of one line of `expect`.
type Expectation struct {
	Text      string            `json:"text"`
	Point     map[string]string `json:"point,omitempty"`
	Replicate int               `json:"replicate,omitempty"` // absent of what is expected of many trials together
	OK        bool              `json:"ok"`
	Left      *float64          `json:"left,omitempty"`
	Right     *float64          `json:"right,omitempty"`
	Error     string            `json:"error,omitempty"`
}

// Failed returns the expectations that did not hold.
func (r *Results) Failed() []Expectation {
	var out []Expectation
	for _, e := range r.Expect {
		if !e.OK {
			out = append(out, e)
		}
	}
	return out
}

// maxClaims is how many expectations are told of one by one, and maxFailed how many of those that failed.
const (
	maxClaims = 12
	maxFailed = 40
)

// Claims returns the expectations to tell of: all where they are few, else those that failed; and how many more failed and
// how many more hold.
func (r *Results) Claims() (shown []Expectation, failed, held int) {
	if len(r.Expect) <= maxClaims {
		return r.Expect, 0, 0
	}
	shown = r.Failed()
	held = len(r.Expect) - len(shown)
	failed = max(0, len(shown)-maxFailed)
	return shown[:len(shown)-failed], failed, held
}

// judge evaluates the scenario's expectations: those of single trials for each group of trials that ran at one point with one
// seed, and then, once, those of many trials together.
func (r *Results) judge(s *scenarios.Scenario) {
	r.Expect = []Expectation{}
	groups := r.groups()
	for _, g := range groups {
		for _, e := range s.Expect {
			if e.Aggregate() {
				continue
			}
			x := Expectation{Text: e.Text, Point: g[0].Point, Replicate: g[0].Replicate}
			x.note(e.Eval(func(trial, metric string) (float64, bool) {
				v, defined, _ := lookup(g, trial, metric)
				return v, defined
			}))
			r.Expect = append(r.Expect, x)
		}
	}
	var all []scenarios.Group
	for _, e := range s.Expect {
		if !e.Aggregate() {
			continue
		}
		if all == nil {
			for _, g := range groups {
				all = append(all, scenarios.Group{Point: g[0].Point, Lookup: func(trial, metric string) (float64, bool, bool) {
					return lookup(g, trial, metric)
				}})
			}
		}
		x := Expectation{Text: e.Text}
		x.note(e.EvalOver(all))
		r.Expect = append(r.Expect, x)
	}
}

// note takes down what became of it.
func (e *Expectation) note(ok bool, left, right float64, err error) {
	e.OK = ok
	if err != nil {
		e.Error = strings.TrimPrefix(err.Error(), "expect "+e.Text+": ") // Text says it already
		return
	}
	e.Left, e.Right = &left, &right
}

// lookup finds a metric of the trial that an expectation names: by its id, by flow and protocol, or by protocol alone. ran tells whether
// there is such a trial.
func lookup(group []Trial, name, metric string) (v float64, defined, ran bool) {
	for _, t := range group {
		if name == t.ID || name == t.Flow+"."+t.Protocol || name == t.Flow+"-"+t.Protocol || name == t.Protocol {
			v, defined = t.Metrics[metric]
			return v, defined, true
		}
	}
	return 0, false, false
}

// Found says in words what was compared, and where in a sweep.
func (e Expectation) Found() string {
	found := e.Error
	if e.Left != nil && e.Right != nil {
		unit := scenarios.Count
		left, _, _ := strings.Cut(e.Text, " ")
		left, _, _ = strings.Cut(left, ")") // of an aggregate
		if m, ok := scenarios.MetricNamed(left[strings.LastIndexByte(left, '.')+1:]); ok {
			unit = m.Unit
		}
		found = Human(*e.Left, unit) + " against " + Human(*e.Right, unit)
	}
	if len(e.Point) > 0 || e.Replicate > 1 {
		found += fmt.Sprintf(" (replicate %d", e.Replicate)
		for _, k := range slices.Sorted(maps.Keys(e.Point)) {
			found += ", " + k + "=" + e.Point[k]
		}
		found += ")"
	}
	return found
}

// Group returns the number of the first trial of the point and replicate that an expectation is about.
func (r *Results) Group(e Expectation) int {
	return slices.IndexFunc(r.Trials, func(t Trial) bool { return t.Replicate == e.Replicate && samePoint(t.Point, e.Point) })
}
