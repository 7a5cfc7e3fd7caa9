package scenarios

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// A scenario's way: text, tree (tree.go), settings put into it (setting.go), values by tables (decode.go, keys_*.go), and
// last every value of every axis tried (sweep.go).

// settingsName is how errors call the settings of the command line.
const settingsName = "--set"

// Parse reads a scenario. file is its name for error messages and, without directory and extension, the scenario's name
// unless the text gives one. The settings change keys of the text before it is read. Files that the scenario names are not
// read, so that what was run can be told without them. The error is Errors: all that is wrong.
func Parse(file string, text []byte, set ...Setting) (*Scenario, error) {
	return ParseWith(nil, file, text, set...)
}

// ParseWith is Parse with the contents of files that the scenario names: a Scenario's Files.
func ParseWith(files map[string][]byte, file string, text []byte, set ...Setting) (*Scenario, error) {
	return parse(file, text, "", files, set, nil, false)
}

// parse reads a scenario, or a point of its grid, and the files that it names: those that are known, and others in the folder
// unless that is "".
func parse(file string, text []byte, folder string, files map[string][]byte, set []Setting, p Point, point bool) (*Scenario, error) {
	src := newSource(file, strings.TrimPrefix(string(text[:min(len(text), MaxText+1)]), "\ufeff"))
	root, errs := readTree(src, []byte(strings.TrimPrefix(string(text[:min(len(text), MaxText+1)]), "\ufeff")))
	if len(errs) > 0 {
		return nil, errs.sorted(file)
	}
	d := &decoder{src: src, placed: map[*yaml.Node]place{}, at: map[string]*yaml.Node{}, homes: homes(), folder: folder, files: map[string][]byte{}, missing: map[string]bool{}}
	maps.Copy(d.files, files)
	root = d.settings(root, settingsName, set)
	root = d.settings(root, "point", p)
	s := d.scenario(root, nameOf(file))
	switch {
	case point:
		s.Sweep.Vary = nil
	case len(d.errs) == 0:
		d.checkSweep(root, s, set)
	}
	if len(d.errs) > 0 {
		return nil, d.errs.sorted(file)
	}
	s.File, s.Text, s.Settings, s.folder = file, text, set, folder
	if len(d.files) > 0 {
		s.Files = d.files
	}
	s.Missing = slices.Sorted(maps.Keys(d.missing))
	return s, nil
}

// scenario reads the whole tree.
func (d *decoder) scenario(root *yaml.Node, name string) *Scenario {
	s := defaults(name)
	section(d, root, scenarioKeys, &s)
	if !gives(root, "title") {
		s.Title = s.Name
	}
	if !gives(root, "flows") {
		d.errorf(root, "flows are missing; %s", needFlows)
	}
	return &s
}

// homes says where keys belong; of a key that several sections have, the outermost.
func homes() map[string]string {
	home := map[string]string{}
	for _, l := range []struct {
		section string
		keys    []string
	}{
		{"the scenario itself", names(scenarioKeys)}, {"path", names(pathKeys)}, {"a flow", names(flowKeys)},
		{"tcp of a flow", names(tcpKeys)}, {"udp of a flow", names(udpKeys)}, {"arq of a flow", names(arqKeys)}, {"match of a rule", names(matchKeys)},
		{"sweep", names(sweepKeys)},
	} {
		for _, k := range l.keys {
			if _, ok := home[k]; !ok {
				home[k] = l.section
			}
		}
	}
	return home
}

// nameOf makes a scenario's name of its file's.
func nameOf(file string) string {
	base := filepath.Base(file)
	base = strings.TrimSuffix(base, filepath.Ext(base))
	var b strings.Builder
	for _, r := range base {
		if _, err := readName("0" + string(r)); err != nil {
			r = '-'
		}
		b.WriteRune(r)
	}
	name := strings.Trim(b.String(), "-_")
	if name == "" {
		return "scenario"
	}
	return name[:min(len(name), maxName)]
}

// An UnknownError is the name of a scenario that is neither shipped nor a file.
type UnknownError struct {
	Name    string
	Nearest string // the shipped scenario that was probably meant, or ""
}

// Error says what was asked for, what was probably meant, and where to look.
func (e *UnknownError) Error() string {
	s := fmt.Sprintf("no scenario is called %q, and there is no such file", e.Name)
	if e.Nearest != "" {
		s += "; did you mean " + e.Nearest + "?"
	}
	return s + ` ("lab list" shows what there is)`
}

// Load reads a scenario from a file, or a shipped one by its name. What has a slash or ends in .yaml or .yml is a file;
// any other word is first the name of a shipped scenario. Files that the scenario names are read, relative to its own folder.
// The error is Errors where the scenario is wrong, *UnknownError
// where there is none, or that of the file system.
func Load(nameOrFile string, set ...Setting) (*Scenario, error) {
	ext := strings.ToLower(filepath.Ext(nameOrFile))
	isFile := strings.ContainsAny(nameOrFile, `/\`) || ext == ".yaml" || ext == ".yml"
	if !isFile {
		if text, ok := Shipped(nameOrFile); ok {
			return parse(nameOrFile+".yaml", text, ".", nil, set, nil, false)
		}
	}
	text, err := readFile(nameOrFile)
	if errors.Is(err, os.ErrNotExist) {
		base := strings.TrimSuffix(filepath.Base(nameOrFile), filepath.Ext(nameOrFile))
		nearest, _ := Nearest(base, shippedNames())
		return nil, &UnknownError{nameOrFile, nearest}
	}
	if err != nil {
		return nil, fmt.Errorf("read the scenario: %w", err)
	}
	return parse(nameOrFile, text, filepath.Dir(nameOrFile), nil, set, nil, false)
}

// readFile reads a regular file, but not much more of it than a scenario may have.
func readFile(name string) ([]byte, error) { return readUpTo(name, MaxText) }
