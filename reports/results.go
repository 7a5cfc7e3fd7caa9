package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"reliabilitylab/lab/trace"
	"reliabilitylab/scenarios"
)

// Version is the version of results.json and of the files that it stands beside.
const Version = 1

// Results is results.json: everything about a run but the packets, messages and calls themselves, which stand in the
// trials' folders. With them it is enough to draw everything again.
type Results struct {
	Version  int               `json:"version"`
	Scenario string            `json:"scenario"`
	Title    string            `json:"title"`
	Seed     uint64            `json:"seed"`
	Stack    string            `json:"stack"`
	Source   string            `json:"source"`             // the scenario's YAML
	Settings []string          `json:"settings,omitempty"` // what was set on top of it, KEY=VALUE
	Files    map[string]string `json:"files,omitempty"`    // what it read from files, by the names that it gives them
	Remarks
	Trials  []Trial       `json:"trials"`
	Expect  []Expectation `json:"expect"`
	Picture string        `json:"-"` // the first chart's, within the folder, with slashes; "" if there is none
}

// Remarks are what a run keeps with its results that does not come of the scenario.
type Remarks struct {
	Program    string `json:"program,omitempty"`    // the version of the lab that ran it, where that is known
	Prediction string `json:"prediction,omitempty"` // what somebody said to the question before the run, one line
}

// A Trial is one finished trial, measured.
type Trial struct {
	Index      int                `json:"-"` // its number in the scenario, from 0, and in Results.Trials
	ID         string             `json:"id"`
	Flow       string             `json:"flow"`
	Protocol   string             `json:"protocol"` // tcp or udp; any of a session
	Point      map[string]string  `json:"point"`    // the values of the swept keys
	Replicate  int                `json:"replicate"`
	Seed       uint64             `json:"seed"`
	Facts      trace.Facts        `json:"facts"`
	Unrecorded bool               `json:"unrecorded,omitempty"` // it is measured, but its packets were not kept: it has no folder
	Errors     []string           `json:"errors,omitempty"`     // how the programs failed
	Lateness   *trace.Lateness    `json:"lateness,omitempty"`   // in real time: how late packets were on the wall
	Busiest    *Busiest           `json:"busiest,omitempty"`    // of a session: the TCP connection whose the TCP metrics are
	Metrics    map[string]float64 `json:"metrics"`
	Story      string             `json:"-"` // what it is most worth to be told of it; "" if nothing happened
}

// Timing says how late the trials in real time were, the latest by name; "" where none was in real time.
func (r *Results) Timing() string {
	var worst *Trial
	real, late := 0, 0
	for i := range r.Trials {
		t := &r.Trials[i]
		if t.Lateness == nil {
			continue
		}
		real++
		if t.Lateness.Colours() {
			late++
		}
		if worst == nil || t.Lateness.P99 > worst.Lateness.P99 {
			worst = t
		}
	}
	if worst == nil {
		return ""
	}
	l := worst.Lateness
	human := func(s trace.Seconds) string { return Human(time.Duration(s).Seconds(), scenarios.Seconds) }
	text := fmt.Sprintf("In real time: of %s, half of all that happened was at most %s late, 99 %% at most %s, the latest %s",
		worst.ID, human(l.P50), human(l.P99), human(l.Max))
	if real > 1 {
		text += "; the others were less late"
	}
	if late > 0 {
		text += fmt.Sprintf(". That is enough to colour the result of %s: run it on an idle machine", ofTrials(late, real))
		if real > 1 {
			text += ", with --jobs 1"
		}
	}
	return text
}

// Late tells whether a trial in real time was so late that its result may be coloured.
func (r *Results) Late() bool {
	return slices.ContainsFunc(r.Trials, func(t Trial) bool { return t.Lateness.Colours() })
}

func ofTrials(n, all int) string {
	if all == 1 {
		return "this trial"
	}
	return fmt.Sprintf("%d of %d trials", n, all)
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

// encode writes the file: the same bytes for the same results, those of json.MarshalIndent, but a trial at a time.
func (r *Results) encode(w io.Writer) error {
	for _, t := range r.Trials {
		for _, m := range scenarios.Metrics {
			if v := t.Metrics[m.Name]; math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("trial %s: %s is %v", t.ID, m.Name, v)
			}
		}
	}
	head := *r
	head.Trials, head.Expect = []Trial{}, []Expectation{}
	b, err := json.MarshalIndent(head, "", " ")
	if err != nil {
		return err
	}
	// Within a text a quotation mark has a backslash before it, so that these two stand where they are meant.
	before, rest, _ := bytes.Cut(b, []byte(`"trials": []`))
	between, after, _ := bytes.Cut(rest, []byte(`"expect": []`))
	out := listWriter{w: w}
	out.put(before)
	out.put([]byte(`"trials": [`))
	for i := range r.Trials {
		out.item(i, &r.Trials[i])
	}
	out.end(len(r.Trials))
	out.put(between)
	out.put([]byte(`"expect": [`))
	for i := range r.Expect {
		out.item(i, &r.Expect[i])
	}
	out.end(len(r.Expect))
	out.put(after)
	out.put([]byte{'\n'})
	return out.err
}

// A listWriter writes lists as json.MarshalIndent would, item by item. It keeps its first error.
type listWriter struct {
	w   io.Writer
	err error
}

func (l *listWriter) put(b []byte) {
	if l.err == nil {
		_, l.err = l.w.Write(b)
	}
}

// item writes the i-th item of a list that is a key of the whole.
func (l *listWriter) item(i int, v any) {
	if l.err != nil {
		return
	}
	b, err := json.MarshalIndent(v, "  ", " ")
	if err != nil {
		l.err = err
		return
	}
	if i > 0 {
		l.put([]byte{','})
	}
	l.put([]byte("\n  "))
	l.put(b)
}

// end ends a list of n items.
func (l *listWriter) end(n int) {
	if n > 0 {
		l.put([]byte("\n "))
	}
	l.put([]byte{']'})
}
