package reports

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ErrOccupied is wrapped by errors that refuse to replace what is no results folder.
var ErrOccupied = errors.New("this place is taken")

// A place is where a results folder will stand. Until it is settled the folder is written beside it, under a name that
// begins with a dot: whatever happens before that, what stood at the place still does.
type place struct {
	kind kind
	name string // as the user wrote it
	dir  string // the same, absolute and without symbolic links
	temp string // the unfinished folder; "" once it has been settled or vacated
	made string // the topmost parent that was made for it; "" if all were there
}

// take makes the unfinished folder for results that will stand at name.
func take(name string) (*place, error) {
	p, parent, err := reserve(name, wholeResults)
	if err != nil {
		return nil, err
	}
	if p.temp, err = os.MkdirTemp(parent, unfinished); err != nil {
		p.vacate()
		return nil, p.failed(err)
	}
	if err := os.Chmod(p.temp, 0o755); err != nil { // MkdirTemp's is private
		p.vacate()
		return nil, p.failed(err)
	}
	return p, nil
}

// unfinished is what the names of unfinished folders begin with.
const unfinished = ".unfinished-"

// reserve finds out where results will stand, and makes the folder that theirs will be in.
func reserve(name string, k kind) (p *place, parent string, err error) {
	p = &place{kind: k, name: name}
	if p.dir, err = resolve(name); err != nil {
		return nil, "", p.failed(err)
	}
	if err := p.free(); err != nil {
		return nil, "", err
	}
	parent = filepath.Dir(p.dir)
	if p.made, err = makeAll(parent); err != nil {
		p.vacate()
		return nil, "", p.failed(err)
	}
	return p, parent, nil
}

func (p *place) failed(err error) error { return fmt.Errorf("write results to %s: %w", p.name, err) }

// resolve makes a path absolute and follows the symbolic links in it, as far as it exists: a link to a results folder
// stays, and the folder is replaced.
func resolve(name string) (string, error) {
	dir, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	real, err := filepath.EvalSymlinks(dir)
	if errors.Is(err, os.ErrNotExist) {
		return dir, nil
	}
	return real, err
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

// A kind of folder that a run leaves: what it does, the file that tells it, and all that may stand in it. None is replaced by another kind.
type kind struct {
	does    string
	mark    string
	entries []string
}

var (
	wholeResults = kind{"holds whole results", resultsFile, []string{resultsFile, trialsFile, pageFile, chartsDir, trialsDir, journalFile}}
	partOfSweep  = kind{"is a part of a sweep", partFile, []string{partFile, journalFile, trialsDir}}
)

// litter is what systems put into any folder that somebody looks at.
var litter = []string{".DS_Store", "Thumbs.db", "desktop.ini"}

// free tells whether results may be put at the place: nothing is there, or an empty folder, or results of the same kind and nothing else.
func (p *place) free() error {
	taken := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s %s; name another place with -o", ErrOccupied, p.name, fmt.Sprintf(format, args...))
	}
	st, err := os.Lstat(p.dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return p.failed(err)
	case !st.IsDir():
		return taken("is no folder, so it is left alone")
	}
	if here, err := resolve("."); err == nil && within(here, p.dir) {
		return taken("holds the folder you are in, and results are replaced as a whole")
	}
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		return p.failed(err)
	}
	entries = slices.DeleteFunc(entries, func(e os.DirEntry) bool { return slices.Contains(litter, e.Name()) })
	for _, k := range []kind{wholeResults, partOfSweep} {
		if k.mark != p.kind.mark && ours(filepath.Join(p.dir, k.mark)) {
			return taken("%s, so it is left alone", k.does)
		}
	}
	for _, e := range entries {
		if !slices.Contains(p.kind.entries, e.Name()) {
			return taken("holds %s, which no run has left, so it is left alone", e.Name())
		}
	}
	if len(entries) > 0 && !ours(filepath.Join(p.dir, p.kind.mark)) {
		return taken("holds no %s of the lab, so it is left alone", p.kind.mark)
	}
	return nil
}

// within tells whether a folder is another one or lies in it. Both are absolute and without symbolic links.
func within(dir, other string) bool {
	rel, err := filepath.Rel(other, dir)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// ours tells whether a results.json or part.json begins as a run writes it, whatever its version.
func ours(file string) bool {
	st, err := os.Stat(file)
	if err != nil || !st.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	d := json.NewDecoder(io.LimitReader(f, 4096))
	for _, want := range []json.Token{json.Delim('{'), "version", nil, "scenario"} {
		if got, err := d.Token(); err != nil || want != nil && got != want {
			return false
		}
	}
	return true
}

// settle moves the finished folder to its place. What stood there is set aside first and comes back if the move fails.
func (p *place) settle() error {
	if err := p.free(); err != nil { // somebody may have put something there meanwhile
		return err
	}
	aside := p.temp + ".old"
	err := os.Rename(p.dir, aside)
	old := err == nil
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("set the old results aside (is one of their files open in another program?): %w", err)
	}
	if err := os.Rename(p.temp, p.dir); err != nil {
		err = fmt.Errorf("move the finished results to %s: %w", p.name, err)
		if old {
			err = errors.Join(err, os.Rename(aside, p.dir))
		}
		return err
	}
	p.temp, p.made = "", ""
	if old {
		if err := os.RemoveAll(aside); err != nil {
			return fmt.Errorf("the new results stand in %s, but the old ones are left over: %w", p.name, err)
		}
	}
	return nil
}

// vacate removes what settle has not moved, and the parents that were made for it if nothing else has come into them.
func (p *place) vacate() error {
	var err error
	if p.temp != "" {
		if err = os.RemoveAll(p.temp); err != nil {
			err = fmt.Errorf("remove the unfinished results: %w", err)
		}
	}
	p.temp = ""
	if p.made != "" {
		for d := filepath.Dir(p.dir); within(d, p.made) && os.Remove(d) == nil; d = filepath.Dir(d) {
		}
	}
	p.made = ""
	return err
}
