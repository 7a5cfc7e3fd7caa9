// Package reports turns traces into what a run leaves: a folder of tables, captures, charts and a page.
//
// A Folder is written beside its place under another name and moved there when it is whole (place.go): Measure writes a trial's
// ledger and captures and measures it, Add takes it in, Finish judges the expectations (expect.go), draws (draw.go),
// writes tables and page (results.go, trialtable.go, page.go) and moves. Redraw does it again from a folder that a run has left.
// Of a sweep the unfinished folder stays when the run is stopped, with a journal of the trials that it has (journal.go), and
// Resume goes on with it (resume.go). Parts of a sweep leave that folder alone (part.go), and Merge makes results of all of them (join.go).
package reports

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"reliabilitylab/lab/trace"
	"reliabilitylab/reports/capture"
	"reliabilitylab/reports/chart"
	"reliabilitylab/reports/metrics"
	"reliabilitylab/scenarios"
)

// What stands in a results folder.
const (
	resultsFile = "results.json"
	trialsFile  = "trials.csv"
	pageFile    = "index.html"
	trialsDir   = "trials"
	chartsDir   = "charts"
	journalFile = "journal"   // of an unfinished sweep, and of a part of one
	partFile    = "part.json" // of a part
)

// A Folder is a results folder that is being written. Measure may be called by several at once; all else by one at a time.
type Folder struct {
	place    *place
	scenario *scenarios.Scenario
	journal  *journal       // of a sweep that can be resumed; nil of all else
	part     scenarios.Part // which one of the same sweep
	deal     deal
	first    map[string]string
	results  Results
	have     []bool      // by number: the trial is in results
	charts   chart.Input // of single trials
	told     []told      // of the same trials as traces
	traces   []*trace.Trace
	shows    []*Measured       // the trials that the charts and the comparison show, as they came
	point    map[string]string // of the trial that came last: those of one point share theirs
}

// Create begins the folder of a scenario's results, to stand at dir. What stands there already must be a results folder,
// or empty: Finish replaces it. Discard must be called in the end, whether Finish was or not.
func Create(dir string, s *scenarios.Scenario) (*Folder, error) {
	f, err := newFolder(s)
	if err != nil {
		return nil, err
	}
	if f.place, err = take(dir); err != nil {
		return nil, err
	}
	if err := os.Mkdir(filepath.Join(f.place.temp, trialsDir), 0o755); err != nil {
		return nil, errors.Join(f.place.failed(err), f.place.vacate())
	}
	return f, nil
}

// newFolder is a folder without a place.
func newFolder(s *scenarios.Scenario) (*Folder, error) {
	first := s.Points()[0]
	at, err := s.At(first)
	if err != nil {
		return nil, err
	}
	f := &Folder{scenario: s, charts: chart.Input{Scenario: at}, first: map[string]string{}}
	for _, v := range first {
		f.first[v.Key] = v.Value
	}
	f.results = Results{
		Version: Version, Scenario: s.Name, Title: s.Title, Seed: s.Seed, Stack: s.Stack.String(), Source: string(s.Text),
		Trials: []Trial{},
	}
	for name, text := range s.Files {
		if f.results.Files == nil {
			f.results.Files = map[string]string{}
		}
		f.results.Files[name] = string(text)
	}
	for _, set := range s.Settings {
		f.results.Settings = append(f.results.Settings, set.String())
	}
	return f, nil
}

// Remark notes down what does not come of the scenario.
func (f *Folder) Remark(r Remarks) { f.results.Remarks = r }

// Scratch is a folder for what is needed until the trial is added.
func (f *Folder) Scratch() string { return f.place.temp }

// Discard removes what Finish has not moved; of a sweep only where no trial has been added to it, since Resume goes on with the others.
func (f *Folder) Discard() error {
	if f.journal != nil && f.place.temp != "" && slices.Contains(f.have, true) {
		return f.journal.close()
	}
	if f.journal != nil {
		f.journal.close() // its file goes
	}
	return f.place.vacate()
}

// A Recorded is a trial that has ended, not yet measured: what it is, and its packets.
type Recorded struct {
	Trial Trial // its Facts and Metrics are filled in
	Trace *trace.Trace
	Had   bool // it is in the results already, and is looked at only for the others of its world
}

// A Measured is a trial whose files are written and whose metrics are known.
type Measured struct {
	trial Trial
	trace *trace.Trace // nil where no chart shows it
	told  told
	line  []byte // of the journal
	had   bool
}

// Measure measures the trials of one world and, where packets are kept, writes their folders. The traces' Bytes are closed.
func (f *Folder) Measure(world ...Recorded) ([]*Measured, error) {
	var out []*Measured
	var sharing metrics.Sharing
	var err error
	for _, r := range world {
		if !r.Trial.Unrecorded && !r.Had && err == nil {
			err = f.failed(r.Trial.ID, f.record(r.Trial, r.Trace))
		}
		if r.Trace.Bytes != nil {
			err = errors.Join(err, f.failed(r.Trial.ID, r.Trace.Bytes.Close()))
			r.Trace.Bytes = nil
		}
		if err != nil {
			continue
		}
		var m *Measured
		if m, err = f.measure(r.Trial, r.Trace); err != nil {
			err = f.failed(r.Trial.ID, err)
			continue
		}
		m.had = r.Had
		out = append(out, m)
		if f.together(&m.trial) {
			sharing.Add(r.Trace, m.trial.Metrics)
		}
	}
	if err != nil {
		return nil, err
	}
	sharing.Measure()
	for _, m := range out {
		if f.journal == nil || m.had {
			continue
		}
		if m.line, err = f.entry(m); err != nil {
			return nil, f.failed(m.trial.ID, err)
		}
	}
	return out, nil
}

// failed is the error of writing a trial's results.
func (f *Folder) failed(id string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("write results to %s: trial %s: %w", f.place.name, id, err)
}

// together tells whether a trial shared its path with the others of its world.
func (f *Folder) together(t *Trial) bool {
	if how, ok := t.Point["sharing"]; ok { // a sweep may vary it
		return how == "together"
	}
	return f.scenario.Together
}

// record writes a trial's ledger, its fates and its captures.
func (f *Folder) record(t Trial, tr *trace.Trace) error {
	dir := filepath.Join(f.place.temp, trialsDir, t.ID)
	if err := os.Mkdir(dir, 0o755); err != nil { // and not MkdirAll: no trial is written over another one
		return err
	}
	if err := trace.Write(dir, tr); err != nil {
		return err
	}
	if tr.Bytes == nil {
		return nil
	}
	if err := trace.WriteFates(dir, tr); err != nil {
		return err
	}
	return capture.Write(dir, tr, fmt.Sprintf("reliability lab: scenario %s, trial %s, seed %d", f.scenario.Name, t.ID, t.Seed))
}

// measure measures a trial, and tells the stories of one whose packets are kept.
func (f *Folder) measure(t Trial, tr *trace.Trace) (*Measured, error) {
	t.Facts = tr.Facts()
	t.Metrics = metrics.Of(tr)
	t.Busiest = busiest(tr)
	if t.Unrecorded {
		return &Measured{trial: t}, nil
	}
	told, err := f.tell(t.ID, tr)
	if err != nil {
		return nil, err
	}
	if told.Number > 0 {
		t.Story = told.First[0]
	}
	m := &Measured{trial: t, told: told}
	if f.isFirst(&t) { // the traces of the others are let go
		m.trace = tr
	}
	return m, nil
}

// isFirst tells whether the charts of single trials show a trial: it is of the first point's first replicate.
func (f *Folder) isFirst(t *Trial) bool { return t.Replicate == 1 && samePoint(t.Point, f.first) }

// Add takes measured trials into the results. One that is there already is left as it is. Of a sweep they are in the journal when Add
// returns, so that the end of this process does not lose them, and after the next Sync not even the machine's does.
func (f *Folder) Add(world []*Measured) error {
	for _, m := range world {
		if m.had || f.Have(m.trial.Index) {
			continue
		}
		if f.journal != nil {
			if err := f.journal.append(m.line); err != nil {
				return f.place.failed(err)
			}
			m.line = nil
		}
		f.take(m)
	}
	return nil
}

// take puts a trial into its place among the results.
func (f *Folder) take(m *Measured) {
	t := m.trial
	if more := t.Index + 1 - len(f.have); more > 0 {
		f.have = append(f.have, make([]bool, more)...)
		f.results.Trials = append(f.results.Trials, make([]Trial, more)...)
	}
	if samePoint(t.Point, f.point) {
		t.Point = f.point
	}
	f.point = t.Point
	f.have[t.Index], f.results.Trials[t.Index] = true, t
	if f.isFirst(&t) {
		f.shows = append(f.shows, m)
	}
}

// Have tells whether a trial is in the results, by its number.
func (f *Folder) Have(trial int) bool { return trial < len(f.have) && f.have[trial] }

// Progress says how many trials of a sweep, or of its part, are there, and how many there are to be.
func (f *Folder) Progress() (have, all int) {
	for _, there := range f.have {
		if there {
			have++
		}
	}
	return have, f.deal.count(f.part)
}

// Sync has the system write to the disk what it holds of the journal.
func (f *Folder) Sync() error {
	if f.journal == nil {
		return nil
	}
	if err := f.journal.sync(); err != nil {
		return f.place.failed(err)
	}
	return nil
}

// shown are the trials that the charts and the comparison show.
func (f *Folder) shown() []Trial { return f.results.Trials[:len(f.traces)] }

// Each runs f(0) to f(n-1), perhaps several at a time, and returns the first error by number. The caller brings it, since
// reports starts no goroutine.
type Each func(n int, f func(i int) error) error

// Finish draws the charts in these formats, writes the tables and the page, and moves the folder to its place. All trials must have been
// added.
func (f *Folder) Finish(formats []string, each Each) (*Results, error) {
	if i := slices.Index(f.have, false); i >= 0 {
		return nil, f.place.failed(fmt.Errorf("trial %d is missing", i))
	}
	slices.SortFunc(f.shows, func(a, b *Measured) int { return cmp.Compare(a.trial.Index, b.trial.Index) })
	for _, m := range f.shows {
		f.traces, f.told = append(f.traces, m.trace), append(f.told, m.told)
	}
	f.results.judge(f.scenario)
	if err := f.write(formats, each); err != nil {
		return nil, f.place.failed(err)
	}
	if err := f.settle(); err != nil {
		return nil, err
	}
	return &f.results, nil
}

// settle moves the folder to its place. That of a sweep is on the disk before, and its journal goes last; a part's stays.
func (f *Folder) settle() error {
	if f.journal == nil {
		return f.place.settle()
	}
	if err := syncTree(f.place.temp); err != nil {
		return f.place.failed(err)
	}
	if err := errors.Join(f.journal.sync(), f.journal.close()); err != nil {
		return f.place.failed(err)
	}
	if err := f.place.settle(); err != nil || f.part.N > 0 {
		return err
	}
	if err := os.Remove(filepath.Join(f.place.dir, journalFile)); err != nil {
		return f.place.failed(err)
	}
	return nil
}

func (f *Folder) write(formats []string, each Each) error {
	drawn, err := f.draw(formats, each)
	if err != nil {
		return err
	}
	page, err := f.page(drawn, formats)
	if err != nil {
		return err
	}
	for _, file := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{resultsFile, f.results.encode},
		{trialsFile, func(w io.Writer) error { return trialTable(w, &f.results, f.scenario) }},
		{pageFile, func(w io.Writer) error { _, err := w.Write(page); return err }},
	} {
		if err := writeFile(filepath.Join(f.place.temp, file.name), file.write); err != nil {
			return err
		}
	}
	return nil
}

// writeFile writes a file piece by piece: the tables of a sweep may be long.
func writeFile(name string, write func(io.Writer) error) (err error) {
	out, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	w := bufio.NewWriterSize(out, 1<<16)
	if err := write(w); err != nil {
		return err
	}
	return w.Flush()
}

// has tells whether a file has been written.
func (f *Folder) has(name string) bool {
	_, err := os.Stat(filepath.Join(f.place.temp, filepath.FromSlash(name)))
	return err == nil
}
