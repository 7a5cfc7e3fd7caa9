package reports

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"reliabilitylab/lab/trace"
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
	return scenarios.Parse(r.Scenario+".yaml", []byte(r.Source), set...)
}

// again takes the old trials into the folder and finishes it.
func (f *Folder) again(dir string, old *Results, formats []string, each Each) (*Results, error) {
	for _, t := range old.Trials {
		from := filepath.Join(dir, trialsDir, t.ID)
		tr, err := readTrial(from, &t)
		if err != nil {
			return nil, damaged(from, err)
		}
		if err := link(from, filepath.Join(f.place.temp, trialsDir, t.ID)); err != nil {
			return nil, f.place.failed(err)
		}
		f.measure(t, tr)
	}
	return f.Finish(formats, each)
}

// readTrial reads what was recorded of a trial.
func readTrial(from string, t *Trial) (*trace.Trace, error) {
	for _, name := range []string{trace.PacketsFile, trace.MessagesFile, trace.CallsFile, trace.TCPFile} {
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

// link copies the files of a folder into a new one, by hard links where that works.
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
		if os.Link(a, b) == nil {
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
