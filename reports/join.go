package reports

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"reliabilitylab/scenarios"
)

// ErrApart is wrapped by errors that say that parts of sweeps do not make a whole one.
var ErrApart = errors.New("these parts do not make one sweep")

// Parts are parts of one sweep.
type Parts struct {
	Scenario *scenarios.Scenario
	all      []*part
}

// ReadParts reads folders that FinishPart has left. They must be of one sweep, and run by this program, which draws what they come to. Errors wrap
// ErrNoResults, ErrDamaged or ErrApart.
func ReadParts(dirs []string, program string) (*Parts, error) {
	p := &Parts{}
	at := map[scenarios.Part]string{}
	for _, dir := range dirs {
		one, s, err := readPart(dir)
		if err != nil {
			return nil, err
		}
		if p.Scenario == nil {
			p.Scenario = s
		}
		p.all = append(p.all, one)
		first := p.all[0]
		if what := first.differs(one); what != "" {
			return nil, fmt.Errorf("%w: %s and %s: %s", ErrApart, first.dir, dir, what)
		}
		if other, twice := at[one.head.Part]; twice {
			return nil, fmt.Errorf("%w: part %v is given twice: %s and %s", ErrApart, one.head.Part, other, dir)
		}
		at[one.head.Part] = dir
	}
	if p.all[0].head.Program != program {
		return nil, fmt.Errorf("%w with this lab: another version has run them, and only that one leaves what one run of it would", ErrApart)
	}
	return p, nil
}

// differs says in what two parts differ, if they are not of one sweep and program: the first that there is.
func (p *part) differs(q *part) string {
	a, b := &p.text, &q.text
	switch {
	case a.Scenario != b.Scenario:
		return fmt.Sprintf("one is of the scenario %s, the other of %s", a.Scenario, b.Scenario)
	case a.Source != b.Source:
		return differentLine(a.Source, b.Source)
	case !slices.Equal(a.Settings, b.Settings):
		return fmt.Sprintf("one was run %s, the other %s", withSettings(a.Settings), withSettings(b.Settings))
	case !maps.Equal(a.Files, b.Files):
		return fmt.Sprintf("%s, which the scenario reads, is not the same in both", differentFile(a.Files, b.Files))
	case p.head.Part.N != q.head.Part.N:
		return fmt.Sprintf("one is part %v, the other %v", p.head.Part, q.head.Part)
	case p.head.Program != q.head.Program:
		return "they were run by different versions of the lab"
	case p.head.Scenario != q.head.Scenario || p.head.Trials != q.head.Trials:
		return "their journals are of different sweeps"
	}
	return ""
}

// differentLine says where two texts begin to differ.
func differentLine(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	n := 0
	for n < min(len(x), len(y))-1 && x[n] == y[n] {
		n++
	}
	return fmt.Sprintf("the scenario's line %d is %q in one, %q in the other", n+1, x[n], y[n])
}

// differentFile is the first by name that is not the same.
func differentFile(a, b map[string]string) string {
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if other, ok := b[name]; !ok || other != a[name] {
			return name
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b)) {
		if _, ok := a[name]; !ok {
			return name
		}
	}
	return ""
}

func withSettings(set []string) string {
	if len(set) == 0 {
		return "as the scenario is"
	}
	return "with " + strings.Join(set, ", ")
}

// Merge makes of parts the folder that one run of all trials would have left, at dir: the same bytes. The grid is that of the parts' scenario.
// The files of trials come by hard link where the file system has them. All else is as in Redraw.
func (p *Parts) Merge(dir string, g Grid, remarks Remarks, formats []string, each Each) (*Results, error) {
	if err := p.whole(g); err != nil {
		return nil, err
	}
	f, err := Create(dir, p.Scenario)
	if err != nil {
		return nil, err
	}
	f.Remark(remarks)
	r, err := f.join(p.all, formats, each)
	return r, errors.Join(err, f.Discard())
}

// whole wants all trials of the grid.
func (p *Parts) whole(g Grid) error {
	n := p.all[0].head.Part.N
	d := dealOf(g, n)
	given := map[scenarios.Part]bool{}
	for _, one := range p.all {
		if err := one.check(&d); err != nil {
			return err
		}
		given[one.head.Part] = true
	}
	var lacks []string
	for k := 1; k <= n; k++ {
		part := scenarios.Part{K: k, N: n}
		if given[part] {
			continue
		}
		if left := d.missing(part, func(int) bool { return false }); len(left) > 0 { // of more parts than replicates some have no trial
			lacks = append(lacks, fmt.Sprintf("part %v is missing, with %s", part, some(left)))
		}
	}
	if len(lacks) > 0 {
		return fmt.Errorf("%w: %s", ErrApart, strings.Join(lacks, "\n  "))
	}
	return nil
}

// join takes the trials of the parts into the folder and finishes it.
func (f *Folder) join(parts []*part, formats []string, each Each) (*Results, error) {
	type from struct {
		*part
		entry journalEntry
	}
	var all []from
	for _, p := range parts {
		for _, e := range p.entries {
			all = append(all, from{p, e})
		}
	}
	measured := make([]*Measured, len(all))
	err := each(len(all), func(i int) (err error) {
		measured[i], err = f.fetch(all[i].dir, all[i].entry)
		if err != nil {
			return fmt.Errorf("%v: %w", all[i].part, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, m := range measured {
		f.take(m)
	}
	return f.Finish(formats, each)
}

// fetch takes a trial's folder, where it has one, from another one's. The trial is not yet in the results.
func (f *Folder) fetch(dir string, e journalEntry) (*Measured, error) {
	if e.Trial.Unrecorded {
		return f.recall(e)
	}
	from := filepath.Join(dir, trialsDir, e.Trial.ID)
	if _, err := os.Stat(from); err != nil {
		return nil, damaged(from, err)
	}
	if err := link(from, filepath.Join(f.place.temp, trialsDir, e.Trial.ID)); err != nil {
		return nil, f.place.failed(err)
	}
	return f.recall(e)
}
