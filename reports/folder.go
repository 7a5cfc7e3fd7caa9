// Package reports turns traces into what a run leaves: a folder of tables, captures, charts and a page.
//
// A Folder is written beside its place under another name and moved there when it is whole: Add takes one trial after
// another (its ledger, its captures, its metrics), Finish draws, judges the expectations and moves. Whatever happens
// before that, nothing half-written stands where the results belong, and what stood there before still does.
package reports

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"reliabilitylab/lab/trace"
	"reliabilitylab/reports/capture"
	"reliabilitylab/reports/chart"
	"reliabilitylab/reports/metrics"
	"reliabilitylab/scenarios"
)

// ErrOccupied is wrapped by errors that refuse to replace a folder that holds no results.
var ErrOccupied = errors.New("this place is taken")

const (
	resultsFile = "results.json"
	trialsDir   = "trials"
	chartsDir   = "charts"
)

// A Folder is a results folder that is being written.
type Folder struct {
	dir      string // where it will stand
	temp     string // where it is written
	scenario *scenarios.Scenario
	results  Results
	charts   chart.Input
}

// Create begins the folder of a scenario's results, to stand at dir. What stands there already must be a results folder,
// or empty: Finish replaces it. Discard must be called in the end, whether Finish was or not.
func Create(dir string, s *scenarios.Scenario) (*Folder, error) {
	dir = filepath.Clean(dir)
	if err := replaceable(dir); err != nil {
		return nil, err
	}
	parent := filepath.Dir(dir)
	made, err := makeAll(parent)
	if err != nil {
		return nil, fmt.Errorf("write results to %s: %w", dir, err)
	}
	temp, err := os.MkdirTemp(parent, "."+filepath.Base(dir)+".unfinished-")
	if err != nil {
		if made != "" {
			os.RemoveAll(made)
		}
		return nil, fmt.Errorf("write results to %s: %w", dir, err)
	}
	f := &Folder{dir: dir, temp: temp, scenario: s, charts: chart.Input{Scenario: s}}
	f.results = Results{
		Version: Version, Scenario: s.Name, Title: s.Title, Seed: s.Seed, Stack: s.Stack.String(), Source: string(s.Text),
		Trials: []Trial{},
	}
	for _, set := range s.Settings {
		f.results.Settings = append(f.results.Settings, set.String())
	}
	if err := os.Chmod(temp, 0o755); err != nil { // MkdirTemp's is private
		f.Discard()
		return nil, err
	}
	return f, nil
}

// makeAll makes a folder and its parents, and returns the topmost one that was not there; "" if all were.
func makeAll(dir string) (string, error) {
	top := ""
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Stat(d); err == nil || filepath.Dir(d) == d {
			break
		}
		top = d
	}
	return top, os.MkdirAll(dir, 0o755)
}

// replaceable tells whether results may be put at dir.
func replaceable(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist), err == nil && len(entries) == 0:
		return nil
	case err != nil:
		return fmt.Errorf("write results to %s: %w", dir, err)
	}
	if _, err := os.Stat(filepath.Join(dir, resultsFile)); err != nil {
		return fmt.Errorf("%w: %s holds no %s, so it is left alone; name another place with -o", ErrOccupied, dir, resultsFile)
	}
	return nil
}

// Scratch is a folder for what is needed until the trial is added.
func (f *Folder) Scratch() string { return f.temp }

// Add measures a trial and writes its folder. t says what it is; its Facts and Metrics are filled in. The trace's Bytes
// are closed.
func (f *Folder) Add(t Trial, tr *trace.Trace) (err error) {
	if tr.Bytes != nil {
		defer func() {
			err = errors.Join(err, tr.Bytes.Close())
			tr.Bytes = nil
		}()
	}
	dir := filepath.Join(f.temp, trialsDir, t.ID)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := trace.Write(dir, tr); err != nil {
		return fmt.Errorf("trial %s: %w", t.ID, err)
	}
	if tr.Bytes != nil {
		comment := fmt.Sprintf("reliability lab: scenario %s, trial %s, seed %d", f.scenario.Name, t.ID, t.Seed)
		if err := capture.Write(dir, tr, comment); err != nil {
			return fmt.Errorf("trial %s: %w", t.ID, err)
		}
	}
	f.take(t, tr)
	return nil
}

// take measures a trial. The traces of the first point's first replicate are kept for the charts.
func (f *Folder) take(t Trial, tr *trace.Trace) {
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
		return nil, fmt.Errorf("write results: %w", err)
	}
	if err := f.move(); err != nil {
		return nil, fmt.Errorf("move the finished results to %s: %w", f.dir, err)
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
	}{{resultsFile, b}, {"trials.csv", trialTable(&f.results, f.scenario)}, {"index.html", page}} {
		if err := os.WriteFile(filepath.Join(f.temp, file.name), file.data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// draw makes the charts that the scenario asks for and saves them; it returns them in order.
func (f *Folder) draw(formats []string, each Each) ([]*chart.Drawing, error) {
	for i := range f.charts.Trials {
		f.charts.Trials[i].Label = f.results.Trials[i].label(f.results.Trials[:len(f.charts.Trials)])
	}
	wanted := f.scenario.Charts
	if len(wanted) == 0 {
		for _, c := range chart.All {
			wanted = append(wanted, c.Name)
		}
	}
	all := make([]*chart.Drawing, len(wanted))
	err := each(len(wanted), func(i int) error {
		for _, c := range chart.All {
			if c.Name == wanted[i] {
				d, err := c.New(f.charts)
				if err != nil {
					return fmt.Errorf("chart %s: %w", c.Name, err)
				}
				all[i] = d
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var drawn []*chart.Drawing
	for _, d := range all {
		if d != nil {
			drawn = append(drawn, d)
		}
	}
	dir := filepath.Join(f.temp, chartsDir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	files := len(formats) + 1
	return drawn, each(len(drawn)*files, func(i int) error {
		d, k := drawn[i/files], i%files
		if k == len(formats) {
			return os.WriteFile(filepath.Join(dir, d.Name+".csv"), d.Points.CSV(), 0o644)
		}
		b, err := chart.Save(d, formats[k])
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, d.Name+"."+formats[k]), b, 0o644)
	})
}

// move puts the finished folder in its place. What stood there is set aside first and comes back if the move fails.
func (f *Folder) move() error {
	if err := replaceable(f.dir); err != nil { // somebody may have put something there meanwhile
		return err
	}
	aside := f.temp + ".old"
	err := os.Rename(f.dir, aside)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Rename(f.temp, f.dir); err != nil {
		return errors.Join(err, os.Rename(aside, f.dir))
	}
	f.temp = ""
	return os.RemoveAll(aside)
}

// Discard removes what Finish has not moved.
func (f *Folder) Discard() error {
	if f.temp == "" {
		return nil
	}
	err := os.RemoveAll(f.temp)
	f.temp = ""
	return err
}

// Redraw reads a results folder and writes it again: metrics, charts and page anew from what was recorded; the record
// itself (trials/) is copied, by hard link where the file system has them.
func Redraw(dir string, formats []string, each Each) (*Results, *scenarios.Scenario, error) {
	old, err := ReadResults(dir)
	if err != nil {
		return nil, nil, err
	}
	var set []scenarios.Setting
	for _, text := range old.Settings {
		s, err := scenarios.ParseSetting(text)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", dir, err)
		}
		set = append(set, s)
	}
	s, err := scenarios.Parse(old.Scenario+".yaml", []byte(old.Source), set...)
	if err != nil {
		return nil, nil, fmt.Errorf("the scenario in %s: %w", filepath.Join(dir, resultsFile), err)
	}
	f, err := Create(dir, s)
	if err != nil {
		return nil, nil, err
	}
	defer f.Discard()
	f.results.Seed = old.Seed
	for _, t := range old.Trials {
		from := filepath.Join(dir, trialsDir, t.ID)
		tr, err := trace.Read(from)
		if err == nil {
			err = tr.SetFacts(t.Facts)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("trial %s: %w", t.ID, err)
		}
		tr.Trial, tr.Flow, tr.Protocol = t.ID, t.Flow, t.Protocol
		if err := link(from, filepath.Join(f.temp, trialsDir, t.ID)); err != nil {
			return nil, nil, fmt.Errorf("trial %s: %w", t.ID, err)
		}
		f.take(t, tr)
	}
	r, err := f.Finish(formats, each)
	return r, s, err
}

// link copies the files of a folder, by hard links where that works.
func link(from, to string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		a, b := filepath.Join(from, e.Name()), filepath.Join(to, e.Name())
		if os.Link(a, b) == nil {
			continue
		}
		if err := copyFile(a, b); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(out, in)
	return err
}

// has tells whether a file has been written.
func (f *Folder) has(name string) bool {
	_, err := os.Stat(filepath.Join(f.temp, filepath.FromSlash(name)))
	return err == nil
}
