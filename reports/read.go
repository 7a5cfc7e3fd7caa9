package reports

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"reliabilitylab/lab/trace"
	"reliabilitylab/scenarios"
)

// ErrNoResults is wrapped by errors that say that a folder is not one that a run has left.
var ErrNoResults = errors.New("no results there")

// ErrDamaged is wrapped by errors that say that what a run has left was changed since, or cut.
var ErrDamaged = errors.New("the results are damaged")

// maxResults is how large a results.json, or a journal, may be that is read back, in bytes.
const maxResults = 1 << 30

// ReadResults reads the results.json of a folder. Whatever it returns is safe to use: every trial's id names one folder
// within trials/.
func ReadResults(dir string) (*Results, error) {
	file := filepath.Join(dir, resultsFile)
	b, err := readFile(file)
	if _, part := os.Stat(filepath.Join(dir, partFile)); part == nil && errors.Is(err, ErrNoResults) {
		return nil, fmt.Errorf("%w: %s is a part of a sweep, which lab merge joins with the others", ErrNoResults, dir)
	}
	if err != nil {
		return nil, err
	}
	r, err := decode(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, file, err)
	}
	return r, nil
}

// open opens a file of a folder that a run has left, and says how long it is. Errors wrap ErrNoResults where it is not there.
func open(file string) (*os.File, int64, error) {
	st, err := os.Stat(file)
	switch {
	case errors.Is(err, os.ErrPermission):
		return nil, 0, err
	case err != nil:
		return nil, 0, fmt.Errorf("%w: %w", ErrNoResults, err)
	case !st.Mode().IsRegular():
		return nil, 0, fmt.Errorf("%w: %s is no file", ErrNoResults, file)
	case st.Size() > maxResults:
		return nil, 0, fmt.Errorf("%w: %s: %d bytes are too many", ErrDamaged, file, st.Size())
	}
	f, err := os.Open(file)
	return f, st.Size(), err
}

// readFile reads such a file.
func readFile(file string) ([]byte, error) {
	f, _, err := open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxResults))
}

// decode reads what encode wrote. A field that this version does not know is no error.
func decode(b []byte) (*Results, error) {
	var head struct{ Version int }
	if err := json.Unmarshal(b, &head); err != nil {
		return nil, withLine(b, err)
	}
	if head.Version != Version {
		return nil, fmt.Errorf("it is of version %d; this lab reads version %d", head.Version, Version)
	}
	r := &Results{}
	if err := json.Unmarshal(b, r); err != nil {
		return nil, withLine(b, err)
	}
	if len(r.Trials) == 0 {
		return nil, errors.New("it has no trials")
	}
	if !printable(r.Scenario, r.Stack) || !printable(slices.Collect(maps.Keys(r.Files))...) {
		return nil, errors.New("there are control characters in a name")
	}
	seen := map[string]bool{}
	for i, t := range r.Trials {
		switch {
		case !printable(t.Flow) || !printable(slices.Collect(maps.Keys(t.Point))...) || !printable(slices.Collect(maps.Values(t.Point))...):
			return nil, fmt.Errorf("trial %d: there are control characters in its flow or its point", i+1)
		case !folderName(t.ID):
			return nil, fmt.Errorf("trial %d: %q is no trial's id", i+1, t.ID)
		case seen[t.ID]:
			return nil, fmt.Errorf("two trials are called %q", t.ID)
		case t.Protocol != trace.Any && !slices.ContainsFunc(scenarios.Protocols, func(p scenarios.Protocol) bool { return p.Name == t.Protocol }):
			return nil, fmt.Errorf("trial %s: %q is no protocol of the lab", t.ID, t.Protocol)
		case t.Replicate < 1:
			return nil, fmt.Errorf("trial %s: replicate %d is below 1", t.ID, t.Replicate)
		}
		seen[t.ID] = true
	}
	return r, nil
}

// folderName tells whether id is the name of one folder, and nothing that leads elsewhere, on any system.
func folderName(id string) bool {
	return filepath.IsLocal(id) && id[0] != '.' && len(id) <= 255 && !strings.ContainsAny(id, "/\\:\x00")
}

// printable tells whether none of the texts has control characters, which do things to a terminal.
func printable(texts ...string) bool {
	return !slices.ContainsFunc(texts, func(s string) bool { return strings.ContainsFunc(s, unicode.IsControl) })
}

// withLine adds the line to an error of encoding/json that knows where it is.
func withLine(b []byte, err error) error {
	at := int64(-1)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		at = syntax.Offset
	case errors.As(err, &kind):
		at = kind.Offset
	}
	if at < 0 || at > int64(len(b)) {
		return err
	}
	return fmt.Errorf("line %d: %w", 1+strings.Count(string(b[:at]), "\n"), err)
}
