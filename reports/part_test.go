package reports

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"reliabilitylab/lab/experiment"
	"reliabilitylab/scenarios"
)

// runPart leaves a part of a sweep at a place of its own in home, and returns it.
func runPart(t testing.TB, home string, s *scenarios.Scenario, program string, k, n int) string {
	t.Helper()
	job := whole(t, s, program)
	job.Part = scenarios.Part{K: k, N: n}
	dir := filepath.Join(home, fmt.Sprintf("%s.%d-of-%d", program, k, n))
	f, _, err := Resume(dir, s, job)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Discard() })
	runInto(t, f, s, experiment.Options{Jobs: 2, Part: job.Part})
	if err := f.FinishPart(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// merge joins parts into a folder.
func merge(t testing.TB, to, program string, parts ...string) error {
	t.Helper()
	p, err := ReadParts(parts, program)
	if err != nil {
		return err
	}
	_, err = p.Merge(to, whole(t, p.Scenario, program).Grid, Remarks{}, []string{"svg"}, inOrder)
	return err
}

// TestPartsMakeTheWhole: whatever the number of parts, more than there are replicates too, and in whatever order they are given, they are joined into what one run
// leaves. The parts stay as they are.
func TestPartsMakeTheWhole(t *testing.T) {
	together := scenarios.Setting{Key: "sharing", Value: "together"}
	for name, s := range map[string]*scenarios.Scenario{
		"first": resumableScenario(t, "first"), "all": resumableScenario(t, "all"), "together": resumableScenario(t, "all", together),
	} {
		home := t.TempDir()
		finish(t, record(t, filepath.Join(home, "plain"), s))
		want := tree(t, filepath.Join(home, "plain"))
		for _, n := range []int{1, 2, 3, 6} { // of four replicates
			t.Run(fmt.Sprintf("%s in %d", name, n), func(t *testing.T) {
				home := t.TempDir()
				var parts []string
				for k := n; k > 0; k-- {
					parts = append(parts, runPart(t, home, s, "v1", k, n))
				}
				before := tree(t, home)
				to := filepath.Join(t.TempDir(), "joined")
				if err := merge(t, to, "v1", parts...); err != nil {
					t.Fatal(err)
				}
				same(t, want, tree(t, to))
				same(t, before, tree(t, home))
			})
		}
	}
}

// TestPartsThatAreNotOfOneSweep: what is missing, given twice or of something else is said, and nothing is written.
func TestPartsThatAreNotOfOneSweep(t *testing.T) {
	s := resumableScenario(t, "all")
	home := t.TempDir()
	part := func(program string, s *scenarios.Scenario, k, n int) string {
		return runPart(t, filepath.Join(home, s.Sweep.Record, fmt.Sprint(s.Seed)), s, program, k, n)
	}
	one, two := part("v1", s, 1, 2), part("v1", s, 2, 2)
	seed := part("v1", resumableScenario(t, "all", scenarios.Setting{Key: "seed", Value: "7"}), 2, 2)
	for name, c := range map[string]struct {
		parts   []string
		program string
		want    string
	}{
		"half of it":         {[]string{one}, "v1", "part 2/2 is missing, with 6 trials: loss=0%_delay=7ms_r2_file-tcp, loss=0%_delay=7ms_r2_file-udp, loss=0%_delay=7ms_r2_call-udp, loss=20%_delay=7ms_r2_file-tcp and so on"},
		"one twice":          {[]string{one, two, one}, "v1", "part 1/2 is given twice: " + one + " and " + one},
		"other settings":     {[]string{one, seed}, "v1", "one was run as the scenario is, the other with seed=7"},
		"another version":    {[]string{one, part("v2", s, 2, 2)}, "v1", "they were run by different versions of the lab"},
		"this is another":    {[]string{one, two}, "v3", "another version has run them"},
		"another number":     {[]string{one, part("v1", s, 2, 3)}, "v1", "one is part 1/2, the other 2/3"},
		"another text":       {[]string{one, part("v1", resumableScenario(t, "first"), 2, 2)}, "v1", `the scenario's line 6 is "sweep: {vary: {path.forward.loss: [0%, 20%], path.delay: [7ms]}, repeat: 2, record: all}" in one, "sweep:`},
		"whole results":      {[]string{one, filepath.Join(home, "plain")}, "v1", "is no part, it holds whole results"},
		"nothing of the lab": {[]string{one, home}, "v1", "no results there: "},
		"an unfinished one":  {[]string{one, filepath.Join(home, ".unfinished-v1.2-of-2")}, "v1", "is unfinished; the command that began it goes on with it"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "whole results" {
				finish(t, record(t, filepath.Join(home, "plain"), s))
			}
			to := filepath.Join(t.TempDir(), "joined")
			err := merge(t, to, c.program, c.parts...)
			if err == nil || !strings.Contains(err.Error(), c.want) || !errors.Is(err, ErrApart) && !errors.Is(err, ErrNoResults) {
				t.Errorf("%v\nwant %s", err, c.want)
			}
			if left, _ := os.ReadDir(filepath.Dir(to)); len(left) > 0 {
				t.Errorf("left over: %v", left)
			}
		})
	}
}

// TestPartsThatAreDamaged: a part of which anything has changed is refused, and nothing is written; the command that ran it mends it.
func TestPartsThatAreDamaged(t *testing.T) {
	s := resumableScenario(t, "all")
	home := t.TempDir()
	one, two := runPart(t, home, s, "v1", 1, 2), runPart(t, home, s, "v1", 2, 2)
	of := whole(t, s, "v1")
	of.Part = scenarios.Part{K: 2, N: 2}
	ledger := "trials/loss=0%_delay=7ms_r2_file-tcp/packets.csv"
	lines := func(with func([]string) []string) func(string) string {
		return func(s string) string { return strings.Join(with(strings.SplitAfter(s, "\n")), "") }
	}
	for name, c := range map[string]struct {
		file string
		with func(string) string
		want string
	}{
		"a cut journal":         {journalFile, func(s string) string { return s[:len(s)-9] }, "journal: line 7 was cut or changed"},
		"a bit in the journal":  {journalFile, func(s string) string { return s[:len(s)/2] + string(s[len(s)/2]^1) + s[len(s)/2+1:] }, " was cut or changed"},
		"its head":              {journalFile, func(s string) string { return s[9:] }, "line 1 was cut or changed"},
		"a line less":           {journalFile, lines(func(l []string) []string { return l[:len(l)-2] }), "part 2/2 (" + two + "): it lacks trial "},
		"a line twice":          {journalFile, lines(func(l []string) []string { return append(l, l[2]) }), " is there twice"},
		"the other's journal":   {journalFile, func(string) string { return tree(t, one)[journalFile] }, "it is not what the journal beside it is of"},
		"the scenario":          {partFile, func(s string) string { return strings.Replace(s, "10Mbit", "20Mbit", 1) }, "it is not what the journal beside it is of"},
		"which part it is":      {partFile, func(s string) string { return strings.Replace(s, "2/2", "1/2", 1) }, "it is not what the journal beside it is of"},
		"no scenario":           {partFile, func(s string) string { return strings.Replace(s, "path:", "bath:", 1) }, `unknown key "bath"`},
		"no JSON":               {partFile, func(s string) string { return s[:len(s)/2] }, "part.json: line "},
		"another format":        {partFile, func(s string) string { return strings.Replace(s, `"version": 1`, `"version": 2`, 1) }, "it is of version 2"},
		"a byte of a ledger":    {ledger, func(s string) string { return strings.Replace(s, "1", "2", 1) }, "part 2/2 (" + two + "): the results are damaged: the files of trial loss=0%_delay=7ms_r2_file-tcp are not as"},
		"a ledger of no length": {ledger, func(string) string { return "" }, "are not as they were written"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(two, filepath.FromSlash(c.file))
			was, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			plant(t, two, map[string]string{c.file: c.with(string(was))})
			if PartStands(two, s, of) {
				t.Error("it stands")
			}
			to := filepath.Join(t.TempDir(), "joined")
			if err := merge(t, to, "v1", one, two); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v\nwant %s", err, c.want)
			}
			if left, _ := os.ReadDir(filepath.Dir(to)); len(left) > 0 {
				t.Errorf("left over: %v", left)
			}
			runPart(t, home, s, "v1", 2, 2)
			if !PartStands(two, s, of) {
				t.Error("it is not mended")
			}
		})
	}
}

// TestAPartIsNoResult: neither takes the place of the other, and a report says what it is.
func TestAPartIsNoResult(t *testing.T) {
	s := resumableScenario(t, "first")
	home := t.TempDir()
	part := runPart(t, home, s, "v1", 1, 2)
	if _, err := Create(part, s); !errors.Is(err, ErrOccupied) || !strings.Contains(err.Error(), "is a part of a sweep") {
		t.Errorf("%v", err)
	}
	if _, err := ReadResults(part); !errors.Is(err, ErrNoResults) || !strings.Contains(err.Error(), "which lab merge joins") {
		t.Errorf("%v", err)
	}
	plain := filepath.Join(home, "plain")
	finish(t, record(t, plain, s))
	job := whole(t, s, "v1")
	job.Part = scenarios.Part{K: 1, N: 2}
	if _, _, err := Resume(plain, s, job); !errors.Is(err, ErrOccupied) || !strings.Contains(err.Error(), "holds whole results") {
		t.Errorf("%v", err)
	}
}

// FuzzPartText: whatever stands in a part's text, it is refused or is a scenario.
func FuzzPartText(f *testing.F) {
	for _, s := range []string{
		`{"version": 1, "scenario": "x", "part": "1/2", "source": "flows: [{size: 1kB}]\n", "settings": ["seed=7"]}`,
		`{"version": 1, "scenario": "../x", "part": "1/2", "source": "flows: [{size: 1kB}]\n", "files": {"../y": "z"}}`,
		`{"version": 1, "part": "3/2"}`, `{"version": 2}`, `{}`, `[`, `{"version": 1, "source": "` + "\x00" + `", "settings": ["="]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var p partText
		if s, err := p.parse(b); (err == nil) != (s != nil) || err == nil && (len(s.Flows) == 0 || string(s.Text) != p.Source) {
			t.Errorf("%v, %v", s, err)
		}
	})
}
