// Package reports turns traces into what a run leaves: a folder of tables, captures, charts and a page.
//
// A Folder is written beside its place under another name and moved there when it is whole (place.go): Add takes one trial
// after another (its ledger, its captures, its metrics), Finish judges the expectations (expect.go), draws (draw.go),
// writes tables and page (results.go, trialtable.go, page.go) and moves. Redraw does it again from a folder that a run has left.
package reports

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

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
)

// A Folder is a results folder that is being written.
type Folder struct {
	place    *place
	scenario *scenarios.Scenario
	results  Results
	charts   chart.Input // the first point of the sweep, its first replicate
}

// Create begins the folder of a scenario's results, to stand at dir. What stands there already must be a results folder,
// or empty: Finish replaces it. Discard must be called in the end, whether Finish was or not.
func Create(dir string, s *scenarios.Scenario) (*Folder, error) {
	first, err := s.At(s.Points()[0])
	if err != nil {
		return nil, err
	}
	p, err := take(dir)
	if err != nil {
		return nil, err
	}
	f := &Folder{place: p, scenario: s, charts: chart.Input{Scenario: first}}
	f.results = Results{
		Version: Version, Scenario: s.Name, Title: s.Title, Seed: s.Seed, Stack: s.Stack.String(), Source: string(s.Text),
		Trials: []Trial{},
	}
	for _, set := range s.Settings {
		f.results.Settings = append(f.results.Settings, set.String())
	}
	if err := os.Mkdir(filepath.Join(p.temp, trialsDir), 0o755); err != nil {
		return nil, errors.Join(p.failed(err), p.vacate())
	}
	return f, nil
}

// Scratch is a folder for what is needed until the trial is added.
func (f *Folder) Scratch() string { return f.place.temp }

// Discard removes what Finish has not moved.
func (f *Folder) Discard() error { return f.place.vacate() }

// Add measures a trial and writes its folder. t says what it is; its Facts and Metrics are filled in. The trace's Bytes
// are closed.
func (f *Folder) Add(t Trial, tr *trace.Trace) error {
	err := f.record(t, tr)
	if tr.Bytes != nil {
		err = errors.Join(err, tr.Bytes.Close())
		tr.Bytes = nil
	}
	if err != nil {
		return fmt.Errorf("write results to %s: trial %s: %w", f.place.name, t.ID, err)
	}
	f.measure(t, tr)
	return nil
}

// record writes a trial's ledger and captures.
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
	return capture.Write(dir, tr, fmt.Sprintf("reliability lab: scenario %s, trial %s, seed %d", f.scenario.Name, t.ID, t.Seed))
}

// measure takes a trial into the results. The traces of the first point's first replicate are kept for the charts.
func (f *Folder) measure(t Trial, tr *trace.Trace) {
	t.Facts = tr.Facts()
	t.Metrics = metrics.Of(tr)
	f.results.Trials = append(f.results.Trials, t)
	first := &f.results.Trials[0]
	if t.Replicate == first.Replicate && samePoint(t.Point, first.Point) {
		f.charts.Trials = append(f.charts.Trials, chart.Trial{ID: t.ID, Protocol: t.Protocol, Trace: tr, Metrics: t.Metrics})
	}
}

// Each runs f(0) to f(n-1), perhaps several at a time, and returns the first error by number. The caller brings it, since
// reports starts no goroutine.
type Each func(n int, f func(i int) error) error

// Finish draws the charts in these formats, writes the tables and the page, and moves the folder to its place.
func (f *Folder) Finish(formats []string, each Each) (*Results, error) {
	f.results.judge(f.scenario)
	if err := f.write(formats, each); err != nil {
		return nil, f.place.failed(err)
	}
	if err := f.place.settle(); err != nil {
		return nil, err
	}
	return &f.results, nil
}

func (f *Folder) write(formats []string, each Each) error {
	drawn, err := f.draw(formats, each)
	if err != nil {
		return err
	}
	b, err := f.results.encode()
	if err != nil {
		return err
	}
	page, err := f.page(drawn, formats)
	if err != nil {
		return err
	}
	for _, file := range []struct {
		name string
		data []byte
	}{{resultsFile, b}, {trialsFile, trialTable(&f.results, f.scenario)}, {pageFile, page}} {
		if err := os.WriteFile(filepath.Join(f.place.temp, file.name), file.data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// has tells whether a file has been written.
func (f *Folder) has(name string) bool {
	_, err := os.Stat(filepath.Join(f.place.temp, filepath.FromSlash(name)))
	return err == nil
}
