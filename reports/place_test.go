package reports

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"reliabilitylab/lab/trace"
	"reliabilitylab/scenarios"
)

func TestDiscardTakesWhatItMade(t *testing.T) {
	root := t.TempDir()
	f := begin(t, filepath.Join(root, "a", "b", "c"), tiny)
	if err := f.Discard(); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(root); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
	// But not what has come into it meanwhile.
	f = begin(t, filepath.Join(root, "a", "b", "c"), tiny)
	if err := os.WriteFile(filepath.Join(root, "a", "notes"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := f.Discard(); err != nil {
		t.Fatal(err)
	}
	after := tree(t, root)
	if _, ok := after[filepath.Join("a", "notes")]; !ok || len(after) != 3 {
		t.Errorf("left: %v", after)
	}
}

// TestFinishLooksAgain: what somebody puts at the place during the run is left alone.
func TestFinishLooksAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "results")
	f := begin(t, dir, tiny)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "notes"), []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Finish(nil, inOrder); !errors.Is(err, ErrOccupied) {
		t.Errorf("error %v, want one that wraps ErrOccupied", err)
	}
	if err := f.Discard(); err != nil {
		t.Fatal(err)
	}
	if got := tree(t, filepath.Dir(dir)); len(got) != 3 || got[filepath.Join("results", "notes")] != "mine" {
		t.Errorf("there is now %v", got)
	}
}

func TestMeasureWritesNoTrialOverAnother(t *testing.T) {
	s, err := scenarios.Parse("test.yaml", []byte(tiny))
	if err != nil {
		t.Fatal(err)
	}
	f, err := Create(filepath.Join(t.TempDir(), "results"), s)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Discard()
	empty := func() *trace.Trace { return &trace.Trace{QueueMax: -1} }
	if _, err := f.Measure(Recorded{Trial: Trial{ID: "tcp", Protocol: "tcp", Replicate: 1}, Trace: empty()}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Measure(Recorded{Trial: Trial{Index: 1, ID: "tcp", Protocol: "tcp", Replicate: 2}, Trace: empty()}); !errors.Is(err, os.ErrExist) {
		t.Errorf("error %v, want one that wraps os.ErrExist", err)
	}
}

// TestCopyFile: where a hard link already stands, a copy would write into the original.
func TestCopyFile(t *testing.T) {
	dir := t.TempDir()
	a, b, c := filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "c")
	if err := os.WriteFile(a, []byte("bytes"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := copyFile(a, b); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(b); string(got) != "bytes" {
		t.Errorf("the copy is %q", got)
	}
	if err := os.Link(a, c); err != nil {
		t.Skipf("NOT TESTED: hard links: %v", err)
	}
	if err := copyFile(a, c); !errors.Is(err, os.ErrExist) {
		t.Errorf("error %v, want one that wraps os.ErrExist", err)
	}
	if got, _ := os.ReadFile(a); string(got) != "bytes" {
		t.Errorf("the original is %q", got)
	}
}

func TestWithin(t *testing.T) {
	abs := func(p string) string {
		a, err := filepath.Abs(filepath.FromSlash(p))
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	for _, c := range []struct {
		dir, other string
		want       bool
	}{
		{"/a/b", "/a/b", true}, {"/a/b", "/a", true}, {"/a/b", "/", true}, {"/a", "/a/b", false}, {"/a/bc", "/a/b", false},
		{"/a/..b", "/a", true}, {"/b", "/a", false},
	} {
		if got := within(abs(c.dir), abs(c.other)); got != c.want {
			t.Errorf("within(%s, %s) = %v", c.dir, c.other, got)
		}
	}
}
