package reports

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"reliabilitylab/lab/trace"
	"reliabilitylab/reports/metrics"
	"reliabilitylab/scenarios"
)

// Redraw reads a results folder and writes it again: metrics, charts and page anew from what was recorded; the record
// itself (trials/) is copied, by hard link where the file system has them. Errors wrap ErrNoResults where there are none and
// ErrDamaged where they cannot be understood; after any error the folder is as it was.
func Redraw(dir string, formats []string, each Each) (*Results, *scenarios.Scenario, error) {
	old, err := ReadResults(dir)
	if err != nil {
		return nil, nil, err
	}
	s, err := old.scenario()
	if err != nil {
		return nil, nil, fmt.Errorf("%w: the scenario in %s: %w", ErrDamaged, filepath.Join(dir, resultsFile), err)
	}
	f, err := Create(dir, s)
	if err != nil {
		return nil, nil, err
	}
	f.Remark(old.Remarks)
	r, err := f.again(dir, old, formats, each)
	return r, s, errors.Join(err, f.Discard())
}

// scenario reads the scenario that a run has left, with what was set on top of it.
func (r *Results) scenario() (*scenarios.Scenario, error) {
	var set []scenarios.Setting
	for _, text := range r.Settings {
		s, err := scenarios.ParseSetting(text)
		if err != nil {
			return nil, err
		}
		set = append(set, s)
	}
	files := map[string][]byte{}
	for name, text := range r.Files {
		files[name] = []byte(text)
	}
	return scenarios.ParseWith(files, r.Scenario+".yaml", []byte(r.Source), set...)
}

// again takes the old trials into the folder and finishes it.
func (f *Folder) again(dir string, old *Results, formats []string, each Each) (*Results, error) {
	var sharing metrics.Sharing // of the trials of one world
	for i, t := range old.Trials {
		if i > 0 && (t.Replicate != old.Trials[i-1].Replicate || !samePoint(t.Point, old.Trials[i-1].Point)) {
			sharing.Measure()
			sharing = metrics.Sharing{}
		}
		if t.Index = i; t.Unrecorded {
			f.take(&Measured{trial: t})
			continue
		}
		from := filepath.Join(dir, trialsDir, t.ID)
		tr, err := ReadTrial(dir, &t)
		if err != nil {
			return nil, err
		}
		if err := link(from, filepath.Join(f.place.temp, trialsDir, t.ID)); err != nil {
			return nil, f.place.failed(err)
		}
		m, err := f.measure(t, tr)
		if err != nil {
			return nil, f.place.failed(err)
		}
		if f.together(&m.trial) {
			sharing.Add(tr, m.trial.Metrics)
		}
		f.take(m)
	}
	sharing.Measure()
	return f.Finish(formats, each)
}

// ReadTrial reads what a results folder has recorded of one of its trials. Errors wrap ErrDamaged where it cannot be understood.
func ReadTrial(dir string, t *Trial) (*trace.Trace, error) {
	from := filepath.Join(dir, trialsDir, t.ID)
	tr, err := readTrial(from, t)
	if err != nil {
		return nil, damaged(from, err)
	}
	return tr, nil
}

// First tells whether a trial is of the first point of the sweep and the first replicate, as those are whose packets the charts show.
func (r *Results) First(t *Trial) bool {
	return t.Replicate == r.Trials[0].Replicate && samePoint(t.Point, r.Trials[0].Point)
}

// readTrial reads what was recorded of a trial.
func readTrial(from string, t *Trial) (*trace.Trace, error) {
	for _, name := range trace.Files {
		if err := regular(filepath.Join(from, name)); err != nil {
			return nil, err
		}
	}
	tr, err := trace.Read(from)
	if err != nil {
		return nil, err
	}
	tr.Trial, tr.Flow, tr.Protocol = t.ID, t.Flow, t.Protocol
	return tr, tr.SetFacts(t.Facts)
}

// regular refuses what is no file: to open a pipe would wait for ever.
func regular(file string) error {
	st, err := os.Stat(file)
	if err == nil && !st.Mode().IsRegular() {
		return fmt.Errorf("%s is no file", file)
	}
	return err
}

// damaged says that what a run has left cannot be read; where only the right to read is missing, that stays the error.
func damaged(what string, err error) error {
	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("read %s: %w", what, err)
	}
	return fmt.Errorf("%w: %s: %w", ErrDamaged, what, err)
}

// link copies the files of a trial's folder into a new one, by hard links where that works; not so the stories, which may be told anew.
func link(from, to string) error {
	if err := os.Mkdir(to, 0o755); err != nil {
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
		if e.Name() != storyFile && os.Link(a, b) == nil {
			continue
		}
		if err := copyFile(a, b); err != nil {
			return err
		}
	}
	return nil
}

// copyFile copies into a new file: an existing one may be a hard link to the original, and is never opened for writing.
func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(out, in)
	return err
}
