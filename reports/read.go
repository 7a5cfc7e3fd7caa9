package reports

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// ErrNoResults is wrapped by errors that say that a folder is not one that a run has left.
var ErrNoResults = errors.New("no results there")

// ErrDamaged is wrapped by errors that say that what a run has left was changed since, or cut.
var ErrDamaged = errors.New("the results are damaged")

// maxResults is how large a results.json may be that is read back, in bytes.
const maxResults = 1 << 30

// ReadResults reads the results.json of a folder. Whatever it returns is safe to use: every trial's id names one folder
// within trials/.
func ReadResults(dir string) (*Results, error) {
	file := filepath.Join(dir, resultsFile)
	st, err := os.Stat(file)
	switch {
	case errors.Is(err, os.ErrPermission):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrNoResults, err)
	case !st.Mode().IsRegular():
		return nil, fmt.Errorf("%w: %s is no file", ErrNoResults, file)
	case st.Size() > maxResults:
		return nil, fmt.Errorf("%w: %s: %d bytes are too many", ErrDamaged, file, st.Size())
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxResults))
	if err != nil {
		return nil, err
	}
	r, err := decode(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, file, err)
	}
	return r, nil
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
	seen := map[string]bool{}
	for i, t := range r.Trials {
		switch {
		case !folderName(t.ID):
			return nil, fmt.Errorf("trial %d: %q is no trial's id", i+1, t.ID)
		case seen[t.ID]:
			return nil, fmt.Errorf("two trials are called %q", t.ID)
		case t.Protocol != "tcp" && t.Protocol != "udp":
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
