package reports

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"reliabilitylab/scenarios"
)

// A part of a sweep leaves a folder of its own: its journal, the folders of the trials whose packets are kept, and partFile, which says
// what it is a part of. No chart, table or page stands in it: nobody takes it for a result. join.go makes results of all parts.

// A Grid numbers the trials of a sweep, from 0.
type Grid interface {
	Trials() int         // how many there are
	ID(trial int) string // the name of one
	Parts(n int) []int   // of each, which of n parts it is of, from 1
}

// A Job is what runs of one sweep have in common, if they can go on with each other's trials.
type Job struct {
	Program string // whatever tells versions of the lab apart
	Grid    Grid
	Part    scenarios.Part
}

// head is the first line of a journal of a job on a scenario.
func (j *Job) head(s *scenarios.Scenario) journalHead {
	return journalHead{Journal: journalVersion, Program: j.Program, Scenario: digestOfScenario(s), Trials: j.Grid.Trials(), Part: j.Part}
}

// A deal is a grid with its trials shared out.
type deal struct {
	Grid
	part []int // of each trial; nil where all are of one
}

func dealOf(g Grid, n int) deal {
	if n == 0 {
		return deal{g, nil}
	}
	return deal{g, g.Parts(n)}
}

// has tells whether a trial is of a part.
func (d *deal) has(p scenarios.Part, trial int) bool { return d.part == nil || d.part[trial] == p.K }

// count is how many trials a part has.
func (d *deal) count(p scenarios.Part) int {
	n := 0
	for i := range d.Trials() {
		if d.has(p, i) {
			n++
		}
	}
	return n
}

// missing are the names of a part's trials that are not there.
func (d *deal) missing(p scenarios.Part, have func(trial int) bool) []string {
	var out []string
	for i := range d.Trials() {
		if d.has(p, i) && !have(i) {
			out = append(out, d.ID(i))
		}
	}
	return out
}

// owns tells whether a journal's entry is of one of a part's trials.
func (d *deal) owns(p scenarios.Part, e *journalEntry) bool {
	return e.Index < d.Trials() && d.has(p, e.Index) && d.ID(e.Index) == e.Trial.ID
}

// A partText is partFile: the scenario, in the words of results.json.
type partText struct {
	Version  int               `json:"version"`
	Scenario string            `json:"scenario"`
	Part     scenarios.Part    `json:"part"`
	Source   string            `json:"source"`
	Settings []string          `json:"settings,omitempty"`
	Files    map[string]string `json:"files,omitempty"`
}

// writePart says in an unfinished folder which part it is of what.
func (f *Folder) writePart() error {
	r := &f.results
	b, err := json.MarshalIndent(partText{Version, r.Scenario, f.part, r.Source, r.Settings, r.Files}, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(f.place.temp, partFile), append(b, '\n'), 0o644)
}

// FinishPart moves the folder of a part to its place. All trials of the part must have been added. What is expected of them is judged when the
// parts are joined.
func (f *Folder) FinishPart() error {
	if left := f.deal.missing(f.part, f.Have); len(left) > 0 {
		return f.place.failed(fmt.Errorf("trial %s is missing", left[0]))
	}
	return f.settle()
}

// A part is one that was read.
type part struct {
	dir     string
	text    partText
	head    journalHead
	entries []journalEntry
}

func (p *part) String() string { return fmt.Sprintf("part %v (%s)", p.head.Part, p.dir) }

// readPart reads a part that is finished, and its scenario. Nothing in it may be cut or changed, but in the folders of its trials, which are
// not looked at.
func readPart(dir string) (*part, *scenarios.Scenario, error) {
	if strings.HasPrefix(filepath.Base(dir), unfinished) {
		return nil, nil, fmt.Errorf("%w: %s is unfinished; the command that began it goes on with it", ErrNoResults, dir)
	}
	p := &part{dir: dir}
	file := filepath.Join(dir, partFile)
	b, err := readFile(file)
	if _, whole := os.Stat(filepath.Join(dir, resultsFile)); whole == nil && errors.Is(err, ErrNoResults) {
		return nil, nil, fmt.Errorf("%w: %s is no part, it holds whole results", ErrApart, dir)
	}
	if err != nil {
		return nil, nil, err
	}
	s, err := p.text.parse(b)
	if err != nil {
		return nil, nil, damaged(file, err)
	}
	if err := p.readJournal(filepath.Join(dir, journalFile)); err != nil {
		return nil, nil, err
	}
	if p.text.Part != p.head.Part || digestOfScenario(s) != p.head.Scenario {
		return nil, nil, damaged(file, errors.New("it is not what the journal beside it is of"))
	}
	return p, s, nil
}

// parse reads what writePart wrote.
func (t *partText) parse(b []byte) (*scenarios.Scenario, error) {
	if err := json.Unmarshal(b, t); err != nil {
		return nil, withLine(b, err)
	}
	if t.Version != Version {
		return nil, fmt.Errorf("it is of version %d; this lab reads version %d", t.Version, Version)
	}
	r := Results{Scenario: t.Scenario, Source: t.Source, Settings: t.Settings, Files: t.Files}
	return r.scenario()
}

func (p *part) readJournal(file string) error {
	f, size, err := open(file)
	if errors.Is(err, ErrNoResults) {
		return damaged(file, err)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	head, good := readJournal(f, func(e journalEntry) { p.entries = append(p.entries, e) })
	if p.head = head; good == 0 {
		return damaged(file, errors.New("line 1 was cut or changed"))
	}
	if good < size {
		return damaged(file, fmt.Errorf("line %d was cut or changed", len(p.entries)+2))
	}
	return nil
}

// check wants all trials of the part, each once, and nothing else.
func (p *part) check(d *deal) error {
	seen := map[int]bool{}
	for i := range p.entries {
		e := &p.entries[i]
		switch {
		case p.head.Trials != d.Trials() || !d.owns(p.head.Part, e):
			return damaged(p.String(), fmt.Errorf("trial %s is none of its own", e.Trial.ID))
		case seen[e.Index]:
			return damaged(p.String(), fmt.Errorf("trial %s is there twice", e.Trial.ID))
		}
		seen[e.Index] = true
	}
	if left := d.missing(p.head.Part, func(i int) bool { return seen[i] }); len(left) > 0 {
		return damaged(p.String(), fmt.Errorf("it lacks %s", some(left)))
	}
	return nil
}

// some names the first of many.
func some(trials []string) string {
	const most = 4
	s := fmt.Sprintf("%d trials: ", len(trials))
	if len(trials) == 1 {
		s = "trial "
	}
	if len(trials) <= most {
		return s + strings.Join(trials, ", ")
	}
	return fmt.Sprintf("%s%s and so on", s, strings.Join(trials[:most], ", "))
}

// PartStands tells whether a job's part is at its place, whole and as it was written.
func PartStands(dir string, s *scenarios.Scenario, job Job) bool {
	p, _, err := readPart(dir)
	if err != nil || p.head != job.head(s) {
		return false
	}
	if d := dealOf(job.Grid, job.Part.N); p.check(&d) != nil {
		return false
	}
	for _, e := range p.entries {
		if !e.sound(filepath.Join(dir, trialsDir, e.Trial.ID)) {
			return false
		}
	}
	return true
}
