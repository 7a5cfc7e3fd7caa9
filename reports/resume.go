package reports

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"reliabilitylab/scenarios"
)

// The unfinished folder of a sweep has a name that the same command finds again. Nothing of it is believed that its journal does not
// vouch for.

// Resumed says how a sweep was begun.
type Resumed struct {
	Trials int    // that were there already
	Anew   string // why what was there was not gone on with, as a sentence's end; "" if it was, or nothing was
}

// Resume begins the results of a sweep, or of a part of one, to stand at dir, or goes on with those that an earlier run has left
// unfinished, if it was of the same scenario and the same job. All else is as in Create.
func Resume(dir string, s *scenarios.Scenario, job Job) (*Folder, Resumed, error) {
	f, err := newFolder(s)
	if err != nil {
		return nil, Resumed{}, err
	}
	kind := wholeResults
	if job.Part.N > 0 {
		kind = partOfSweep
	}
	p, parent, err := reserve(dir, kind)
	if err != nil {
		return nil, Resumed{}, err
	}
	f.place, f.part, f.deal = p, job.Part, dealOf(job.Grid, job.Part.N)
	trials := job.Grid.Trials()
	f.results.Trials, f.have = make([]Trial, trials), make([]bool, trials)
	temp := filepath.Join(parent, unfinished+filepath.Base(p.dir))
	if f.journal, err = lockJournal(temp); err != nil {
		p.vacate()
		return nil, Resumed{}, p.failed(err)
	}
	p.temp = temp
	r, err := f.resume(job.head(s))
	if err != nil {
		return nil, r, p.failed(errors.Join(err, f.Discard()))
	}
	return f, r, nil
}

// lockJournal opens the journal in an unfinished folder, and makes both if they are not there. While it is open no other run can.
func lockJournal(dir string) (*journal, error) {
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	ours := slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == journalFile && e.Type().IsRegular() })
	if len(entries) > 0 && !ours {
		return nil, fmt.Errorf("%w: %s is no unfinished sweep, so it is left alone", ErrOccupied, dir)
	}
	f, err := os.OpenFile(filepath.Join(dir, journalFile), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if !lock(f) {
		f.Close()
		return nil, fmt.Errorf("%w: another run is at work on %s", ErrOccupied, dir)
	}
	return &journal{f: f}, nil
}

// digestOfScenario is the same for scenarios of which every trial is the same.
func digestOfScenario(s *scenarios.Scenario) string {
	h := sha256.New()
	add := func(b []byte) { fmt.Fprintf(h, "%d:%s,", len(b), b) }
	add([]byte(s.Name))
	add(s.Text)
	for _, set := range s.Settings {
		add([]byte(set.String()))
	}
	add(nil)
	for _, name := range slices.Sorted(maps.Keys(s.Files)) {
		add([]byte(name))
		add(s.Files[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// resume takes in what the journal has, if it is of this head, and begins a new one otherwise.
func (f *Folder) resume(want journalHead) (Resumed, error) {
	var entries []journalEntry
	head, good := readJournal(f.journal.f, func(e journalEntry) { entries = append(entries, e) })
	var r Resumed
	switch {
	case head == want:
	case good == 0: // nothing was there
	case head.Scenario != want.Scenario:
		r.Anew = "the scenario is another one"
	case head.Part != want.Part:
		r.Anew = "it is another part"
	default:
		r.Anew = "this is another version of the lab"
	}
	if head != want {
		entries, good = nil, 0
	}
	if err := f.believe(entries); err != nil {
		return r, err
	}
	r.Trials, _ = f.Progress()
	j := f.journal.f
	if err := j.Truncate(good); err != nil {
		return r, err
	}
	if _, err := j.Seek(good, io.SeekStart); err != nil {
		return r, err
	}
	if good == 0 {
		line, err := journalLine(want)
		if err == nil {
			err = f.journal.append(line)
		}
		if err != nil {
			return r, err
		}
	}
	if f.part.N > 0 {
		if err := f.writePart(); err != nil {
			return r, err
		}
	}
	if err := f.journal.sync(); err != nil {
		return r, err
	}
	syncFolder(f.place.temp)
	syncFolder(filepath.Dir(f.place.temp))
	return r, nil
}

// believe takes in the entries whose folders, where they have one, are as they were written, and removes all that is of none.
func (f *Folder) believe(entries []journalEntry) error {
	keep := map[string]bool{}
	for _, e := range entries {
		if f.Have(e.Index) || !f.deal.owns(f.part, &e) {
			continue
		}
		m, err := f.recall(e)
		if errors.Is(err, ErrDamaged) {
			continue
		}
		if err != nil {
			return err
		}
		keep[e.Trial.ID] = !e.Trial.Unrecorded
		f.take(m)
	}
	return f.clean(keep)
}

// recall is a trial of a journal as it was when it was added. Its folder, where it has one, must be there. Errors wrap ErrDamaged where it is not as it was
// written.
func (f *Folder) recall(e journalEntry) (*Measured, error) {
	dir := filepath.Join(f.place.temp, trialsDir, e.Trial.ID)
	if !e.sound(dir) {
		return nil, fmt.Errorf("%w: the files of trial %s are not as they were written", ErrDamaged, e.Trial.ID)
	}
	if e.Trial.Unrecorded || !f.isFirst(&e.Trial) {
		return &Measured{trial: e.Trial}, nil
	}
	tr, err := readTrial(dir, &e.Trial)
	if err != nil {
		return nil, damaged(dir, err)
	}
	m, err := f.measure(e.Trial, tr)
	if err != nil {
		return nil, err
	}
	m.trial = e.Trial // with what was measured of all trials of its world together
	return m, nil
}

// clean removes all but the journal and these trials' folders.
func (f *Folder) clean(keep map[string]bool) error {
	dir := f.place.temp
	trials := filepath.Join(dir, trialsDir)
	for _, in := range []string{dir, trials} {
		entries, err := os.ReadDir(in)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		for _, e := range entries {
			name := e.Name()
			if in == dir && (name == journalFile || name == trialsDir) || in == trials && keep[name] {
				continue
			}
			if err := os.RemoveAll(filepath.Join(in, name)); err != nil {
				return err
			}
		}
	}
	return os.MkdirAll(trials, 0o755)
}
