package reports

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

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
	Errors    []string           `json:"errors,omitempty"`   // how the programs failed
	Lateness  *Lateness          `json:"lateness,omitempty"` // in real time: how late packets were on the wall
	Metrics   map[string]float64 `json:"metrics"`
}

// Lateness is how much later than due things happened in real time, in seconds. What is late on the wall colours a result
// once it is no longer small against the path's delays.
type Lateness struct {
	P50 trace.Seconds `json:"p50_s"`
	P99 trace.Seconds `json:"p99_s"`
	Max trace.Seconds `json:"max_s"`
}

// tolerable is the lateness up to which nobody needs to know of it.
const tolerable = trace.Seconds(200 * time.Microsecond)

// Late tells whether a trial in real time was so late that its result may be coloured.
func (t *Trial) Late() bool { return t.Lateness != nil && t.Lateness.P99 > tolerable }

// Timing says how late a trial in real time was; "" in virtual time.
func (t *Trial) Timing() string {
	l := t.Lateness
	if l == nil {
		return ""
	}
	human := func(s trace.Seconds) string { return Human(time.Duration(s).Seconds(), scenarios.Seconds) }
	text := fmt.Sprintf("%s ran in real time: half of its events were at most %s late, 99 %% at most %s, the latest %s",
		t.ID, human(l.P50), human(l.P99), human(l.Max))
	if t.Late() {
		text += ". That is enough to colour the result: run it on an idle machine, with --jobs 1"
	}
	return text
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
