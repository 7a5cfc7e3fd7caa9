package reports

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"reliabilitylab/scenarios"
)

// A recipe says what was run, and in which formats it was drawn.
func TestRecipe(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "results")
	f := begin(t, dir, tiny, scenarios.Setting{Key: "seed", Value: "9"})
	f.Remark(Remarks{Program: "v7", Prediction: "nothing"})
	if _, err := f.Finish([]string{"png", "svg"}, inOrder); err != nil {
		t.Fatal(err)
	}
	r, err := ReadRecipe(dir)
	if err != nil {
		t.Fatal(err)
	}
	if r.Program != "v7" || r.Prediction != "nothing" || r.Scenario.Seed != 9 || string(r.Scenario.Text) != tiny || len(r.Scenario.Missing) > 0 {
		t.Errorf("%+v", r)
	}
	if !reflect.DeepEqual(r.Formats, []string{"png", "svg"}) {
		t.Errorf("formats %v", r.Formats)
	}
	if err := os.RemoveAll(filepath.Join(dir, chartsDir)); err != nil {
		t.Fatal(err)
	}
	if r, err = ReadRecipe(dir); err != nil || len(r.Formats) > 0 {
		t.Errorf("without charts: %v, formats %v", err, r.Formats)
	}
	file := filepath.Join(dir, resultsFile)
	if err := errors.Join(os.Rename(file, file+"x"), os.Symlink(file+"x", file)); err != nil {
		t.Fatal(err)
	}
	if _, err = ReadRecipe(dir); !errors.Is(err, ErrNoResults) {
		t.Errorf("behind a link: %v", err)
	}
}

// FuzzHead: whatever a results.json says, reading it up to its trials comes to an end with a version that is ours or with an error; and of
// what encode writes it is all that stands before them.
func FuzzHead(f *testing.F) {
	for _, b := range []string{
		`{"version": 1, "source": "x", "settings": ["a=b"], "files": {"f": "g"}, "more": [1, {"trials": []}], "trials": [`,
		`{"trials": []}`, `{"version": 1}`, `{"version": 1, "version": 2, "trials": []}`, `[]`, `{"version": 1, "seed": -1, "trials": []}`, `{"version": 1, "files": 3`,
	} {
		f.Add([]byte(b), "flows: [{}]\n", "a\"b\\", uint64(7))
	}
	f.Fuzz(func(t *testing.T, b []byte, source, said string, seed uint64) {
		if head, err := decodeHead(bytes.NewReader(b)); err == nil && (head.Version != Version || head.Trials != nil || head.Expect != nil) {
			t.Errorf("%+v of %q", head, b)
		}
		source, said = strings.ToValidUTF8(source, ""), strings.ToValidUTF8(said, "")
		r := Results{
			Version: Version, Scenario: "x", Title: said, Seed: seed, Stack: "lab", Source: source, Settings: []string{said, source},
			Files: map[string]string{said: source}, Remarks: Remarks{source, said},
		}
		var out bytes.Buffer
		if err := r.encode(&out); err != nil {
			t.Fatal(err)
		}
		if head, err := decodeHead(&out); err != nil || !reflect.DeepEqual(*head, r) {
			t.Errorf("%+v (%v), want %+v", head, err, r)
		}
	})
}
