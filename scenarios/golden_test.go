package scenarios

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file, or writes it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
	}
}

// readGolden reads a scenario of testdata. Lines at its beginning such as "# --set path.delay=80ms" are settings.
func readGolden(t *testing.T, file string) (*Scenario, error) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var sets []Setting
	for _, l := range strings.Split(string(text), "\n") {
		l, ok := strings.CutPrefix(l, "# --set ")
		if !ok {
			break
		}
		set, err := ParseSetting(l)
		if err != nil {
			t.Fatal(err)
		}
		sets = append(sets, set)
	}
	return Parse(filepath.Base(file), text, sets...)
}

func yamlFiles(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios in %s: %v", dir, err)
	}
	return files
}

// Each wrong scenario of testdata/errors has its messages beside it.
func TestErrorMessages(t *testing.T) {
	for _, file := range yamlFiles(t, "testdata/errors") {
		_, err := readGolden(t, file)
		if err == nil {
			t.Errorf("%s has no error", file)
			continue
		}
		golden(t, strings.TrimSuffix(file, ".yaml")+".txt", err.Error()+"\n")
	}
}

// Each scenario of testdata/describe has its description beside it.
func TestDescribe(t *testing.T) {
	for _, file := range yamlFiles(t, "testdata/describe") {
		s, err := readGolden(t, file)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		golden(t, strings.TrimSuffix(file, ".yaml")+".txt", s.Describe())
	}
}
