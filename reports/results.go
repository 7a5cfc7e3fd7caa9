package reports

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"reliabilitylab/lab/trace"
	"reliabilitylab/scenarios"
)

// Version is the version of results.json and of the files that it stands beside.
const Version = 1

// Results is results.json: everything about a run but the packets, messages and calls themselves, which stand in the
// trials' folders. With them it is enough to draw everything again.
type Results struct {
	Version  int           `json:"version"`
	Scenario string        `json:"scenario"`
	Title    string        `json:"title"`
	Seed     uint64        `json:"seed"`
	Stack    string        `json:"stack"`
	Source   string        `json:"source"`             // the scenario's YAML
	Settings []string      `json:"settings,omitempty"` // what was set on top of it, KEY=VALUE
	Trials   []Trial       `json:"trials"`
	Expect   []Expectation `json:"expect"`
}

// A Trial is one finished trial, measured.
type Trial struct {
	ID        string             `json:"id"`
	Flow      string             `json:"flow"`
	Protocol  string             `json:"protocol"`
	Point     map[string]string  `json:"point"` // the values of the swept keys
	Replicate int                `json:"replicate"`
	Seed      uint64             `json:"seed"`
	Facts     trace.Facts        `json:"facts"`
	Errors    []string           `json:"errors,omitempty"` // how the programs failed
	Metrics   map[string]float64 `json:"metrics"`
}

// An Expectation is what became of one line of `expect`.
type Expectation struct {
	Text      string            `json:"text"`
	Point     map[string]string `json:"point,omitempty"`
	Replicate int               `json:"replicate"`
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

// judge evaluates the scenario's expectations for each group of trials that ran at one point with one seed.
func (r *Results) judge(s *scenarios.Scenario) {
	r.Expect = []Expectation{}
	for _, g := range r.groups() {
		for _, e := range s.Expect {
			x := Expectation{Text: e.Text, Point: g[0].Point, Replicate: g[0].Replicate}
			ok, left, right, err := e.Eval(func(trial, metric string) (float64, bool) { return lookup(g, trial, metric) })
			x.OK = ok
			if err != nil {
				x.Error = err.Error()
			} else {
				x.Left, x.Right = &left, &right
			}
			r.Expect = append(r.Expect, x)
		}
	}
}

// groups are the trials by point and replicate, in order.
func (r *Results) groups() [][]Trial {
	var out [][]Trial
	for i, t := range r.Trials {
		if i > 0 && t.Replicate == r.Trials[i-1].Replicate && samePoint(t.Point, r.Trials[i-1].Point) {
			out[len(out)-1] = append(out[len(out)-1], t)
		} else {
			out = append(out, []Trial{t})
		}
	}
	return out
}

func samePoint(a, b map[string]string) bool {
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return len(a) == len(b)
}

// lookup finds a metric of the trial that an expectation names: by its id, by flow and protocol, or by protocol alone.
func lookup(group []Trial, name, metric string) (float64, bool) {
	for _, t := range group {
		if name == t.ID || name == t.Flow+"."+t.Protocol || name == t.Flow+"-"+t.Protocol || name == t.Protocol {
			v, ok := t.Metrics[metric]
			return v, ok
		}
	}
	return 0, false
}

// encode returns the file's bytes: the same for the same results.
func (r *Results) encode() ([]byte, error) {
	for _, t := range r.Trials {
		for _, m := range scenarios.Metrics {
			if v := t.Metrics[m.Name]; math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("trial %s: %s is %v", t.ID, m.Name, v)
			}
		}
	}
	b, err := json.MarshalIndent(r, "", " ")
	return append(b, '\n'), err
}

// ErrNoResults is wrapped by errors that say that a folder is not one that a run has left.
var ErrNoResults = errors.New("no results there")

// maxResults is how large a results.json may be that is read back, in bytes.
const maxResults = 1 << 30

// ReadResults reads the results.json of a folder.
func ReadResults(dir string) (*Results, error) {
	file := filepath.Join(dir, resultsFile)
	st, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoResults, err)
	}
	if st.Size() > maxResults {
		return nil, fmt.Errorf("%s: %d bytes are too many", file, st.Size())
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := &Results{}
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if r.Version != Version {
		return nil, fmt.Errorf("%s is of version %d; this lab reads version %d", file, r.Version, Version)
	}
	for _, t := range r.Trials {
		if !filepath.IsLocal(t.ID) || filepath.Base(t.ID) != t.ID {
			return nil, fmt.Errorf("%s: %q is no trial's id", file, t.ID)
		}
	}
	return r, nil
}
