package reports

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"

	"reliabilitylab/reports/chart"
	"reliabilitylab/scenarios"
)

// A Recipe is what a results folder says of how it came about: enough to run it again. Whoever has written it may be
// anybody; nothing outside the folder is read, and of it no more than a run may have left.
type Recipe struct {
	Remarks
	Scenario *scenarios.Scenario // its files are those that the folder has; Missing says which it has not
	Formats  []string            // of the charts that are there
}

// maxRecipe is how much of results.json may come before the trials, in bytes: a scenario and the files that it names.
const maxRecipe = 512 << 20

// ReadRecipe reads the recipe of a results folder. Errors wrap ErrNoResults where there are none and ErrDamaged where they cannot be
// understood.
func ReadRecipe(dir string) (*Recipe, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoResults, err)
	}
	defer root.Close()
	f, err := openRegular(root, resultsFile)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrNoResults, dir, err)
	}
	defer f.Close()
	r, err := decodeHead(io.LimitReader(f, maxRecipe))
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, path.Join(dir, resultsFile), err)
	}
	s, err := r.scenario()
	if err != nil {
		return nil, fmt.Errorf("%w: the scenario in %s: %w", ErrDamaged, path.Join(dir, resultsFile), err)
	}
	return &Recipe{r.Remarks, s, formatsIn(root)}, nil
}

// openRegular opens a file in a folder, but nothing that a link leads to, and no pipe, whose other end might never come.
func openRegular(root *os.Root, name string) (*os.File, error) {
	st, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file", name)
	}
	return root.Open(name)
}

// decodeHead reads a results.json up to its trials. What encode has written has all else before them, but for what came of the
// expectations.
func decodeHead(in io.Reader) (*Results, error) {
	d := json.NewDecoder(in)
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, errors.Join(err, errors.New("it does not begin as a run's does"))
	}
	r := &Results{}
	into := map[string]any{
		"version": &r.Version, "scenario": &r.Scenario, "title": &r.Title, "seed": &r.Seed, "stack": &r.Stack, "source": &r.Source,
		"settings": &r.Settings, "files": &r.Files, "program": &r.Program, "prediction": &r.Prediction,
	}
	for {
		key, err := d.Token()
		switch name, _ := key.(string); {
		case err != nil:
			return nil, fmt.Errorf("before its trials: %w", err)
		case key == json.Delim('}'):
			return nil, errors.New("it has no trials")
		case r.Version != 0 && r.Version != Version:
			return nil, fmt.Errorf("it is of version %d; this lab reads version %d", r.Version, Version)
		case name == "trials":
			if r.Version == 0 {
				return nil, errors.New("it has no version")
			}
			return r, nil
		default:
			var unknown json.RawMessage
			var v any = &unknown
			if field, ok := into[name]; ok {
				v = field
			}
			if err := d.Decode(v); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
}

// formatsIn are the formats that the charts of a results folder are drawn in, as far as they can be seen.
func formatsIn(root *os.Root) []string {
	entries, _ := fs.ReadDir(root.FS(), chartsDir) // none are seen where it cannot be read
	var out []string
	for _, format := range chart.Formats {
		if slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return path.Ext(e.Name()) == "."+format }) {
			out = append(out, format)
		}
	}
	return out
}
