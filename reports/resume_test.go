package reports

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"reliabilitylab/lab/experiment"
	"reliabilitylab/scenarios"
)

// resumable is a sweep of 12 trials, with charts of single trials too.
const resumable = `title: Resumable
path: {rate: 10Mbit, delay: 5ms}
flows:
  - {name: file, app: transfer, protocol: [tcp, udp], size: 20kB}
  - {name: call, app: stream, protocol: [udp], rate: 64kbit, message: 160, for: 1s, from: server}
sweep: {vary: {path.forward.loss: [0%, 20%], path.delay: [7ms]}, repeat: 2, record: RECORD}
expect: ["median(file.tcp.delivered_ratio) > 0.5"]
charts: [sweep, delivery, sequence]
`

const resumableTrials = 12

func resumableScenario(t testing.TB, record string, set ...scenarios.Setting) *scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Parse("test.yaml", []byte(strings.Replace(resumable, "RECORD", record, 1)), set...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// whole is the job of all trials.
func whole(t testing.TB, s *scenarios.Scenario, program string) Job {
	t.Helper()
	g, err := experiment.Expand(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	return Job{Program: program, Grid: g}
}

func resumed(t testing.TB, dir string, s *scenarios.Scenario, program string) (*Folder, Resumed) {
	t.Helper()
	f, r, err := Resume(dir, s, whole(t, s, program))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Discard() })
	return f, r
}

func finish(t testing.TB, f *Folder) {
	t.Helper()
	if _, err := f.Finish([]string{"svg"}, inOrder); err != nil {
		t.Fatal(err)
	}
}

// TestResumeAfterEveryTrial: however many trials an earlier run has done, in whatever order, and whatever a crash did to the last line of its
// journal, the results are those of an unbroken run, which are those of a folder without a journal.
func TestResumeAfterEveryTrial(t *testing.T) {
	together := scenarios.Setting{Key: "sharing", Value: "together"}
	for _, s := range []*scenarios.Scenario{resumableScenario(t, "first"), resumableScenario(t, "all"), resumableScenario(t, "first", together)} {
		home := t.TempDir()
		finish(t, record(t, filepath.Join(home, "plain"), s))
		want := tree(t, filepath.Join(home, "plain"))
		dir := filepath.Join(home, "sweep")
		unfinishedDir := filepath.Join(home, ".unfinished-sweep")
		for done := 0; done <= resumableTrials; done += 4 {
			f, _ := resumed(t, dir, s, "v1")
			runInto(t, f, s, experiment.Options{Jobs: 2, Have: func(i int) bool { return (7*i+3)%resumableTrials >= done }})
			if err := f.Sync(); err != nil {
				t.Fatal(err)
			}
			had := 0 // where trials share a path, all of a world are done
			for i := range resumableTrials {
				if f.Have(i) {
					had++
				}
			}
			if err := f.Discard(); err != nil {
				t.Fatal(err)
			}
			if done > 0 { // a crash in the middle of a line, of a trial's folder and of the charts
				for file, text := range map[string]string{"trials/half/packets.csv": "id", "charts/sweep.svg": "<", "results.json": "{", "x.packets": ""} {
					name := filepath.Join(unfinishedDir, file)
					os.MkdirAll(filepath.Dir(name), 0o755)
					if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				j, err := os.OpenFile(filepath.Join(unfinishedDir, journalFile), os.O_APPEND|os.O_WRONLY, 0)
				if err != nil {
					t.Fatal(err)
				}
				j.WriteString("01234567 {\"index\":")
				j.Close()
			}
			f, r := resumed(t, dir, s, "v1")
			if r.Trials != had || had < done || r.Anew != "" {
				t.Fatalf("%d trials were there (%q), want %d", r.Trials, r.Anew, had)
			}
			runInto(t, f, s, experiment.Options{Jobs: 2})
			finish(t, f)
			same(t, want, tree(t, dir))
			if left, _ := os.ReadDir(home); len(left) != 2 {
				t.Errorf("left over: %v", left)
			}
		}
	}
}

// TestResumeDoubts: what is not as the journal says is run again.
func TestResumeDoubts(t *testing.T) {
	s := resumableScenario(t, "all")
	home := t.TempDir()
	finish(t, record(t, filepath.Join(home, "plain"), s))
	want := tree(t, filepath.Join(home, "plain"))
	dir := filepath.Join(home, "sweep")
	temp := filepath.Join(home, ".unfinished-sweep")
	change := func(file string, with func([]byte) []byte) func() {
		return func() {
			name := filepath.Join(temp, filepath.FromSlash(file))
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, with(b), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	one := "trials/loss=20%_delay=7ms_r2_file-tcp"
	for name, c := range map[string]struct {
		damage  func()
		there   int // trials that are believed
		program string
		anew    string
	}{
		"nothing":                 {func() {}, 12, "v1", ""},
		"a byte of a ledger":      {change(one+"/packets.csv", func(b []byte) []byte { b[len(b)/2] ^= 1; return b }), 11, "v1", ""},
		"a shorter capture":       {change(one+"/client.pcapng", func(b []byte) []byte { return b[:len(b)-1] }), 11, "v1", ""},
		"a file more":             {func() { os.WriteFile(filepath.Join(temp, one, "x"), nil, 0o644) }, 11, "v1", ""},
		"a folder less":           {func() { os.RemoveAll(filepath.Join(temp, one)) }, 11, "v1", ""},
		"the journal's last line": {change(journalFile, func(b []byte) []byte { return b[:len(b)-2] }), 11, "v1", ""},
		"its last newline":        {change(journalFile, func(b []byte) []byte { return b[:len(b)-1] }), 11, "v1", ""},
		"a bit in its head":       {change(journalFile, func(b []byte) []byte { b[20] ^= 1; return b }), 0, "v1", ""},
		"all of it":               {change(journalFile, func(b []byte) []byte { return nil }), 0, "v1", ""},
		"another version":         {func() {}, 0, "v2", "this is another version of the lab"},
	} {
		t.Run(name, func(t *testing.T) {
			f, _ := resumed(t, dir, s, "v1")
			runInto(t, f, s, experiment.Options{})
			f.Discard()
			c.damage()
			f, r := resumed(t, dir, s, c.program)
			if r.Trials != c.there || r.Anew != c.anew {
				t.Errorf("%d trials were there (%q), want %d (%q)", r.Trials, r.Anew, c.there, c.anew)
			}
			runInto(t, f, s, experiment.Options{})
			finish(t, f)
			same(t, want, tree(t, dir))
		})
	}
	f, _ := resumed(t, dir, s, "v1")
	runInto(t, f, s, experiment.Options{Have: func(i int) bool { return i > 3 }})
	f.Discard()
	if f, r := resumed(t, dir, resumableScenario(t, "first"), "v1"); r.Trials != 0 || r.Anew != "the scenario is another one" {
		t.Errorf("%+v", r)
	} else if err := f.Discard(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(temp); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a sweep without a trial leaves its folder: %v", err)
	}
}

// TestOneSweepAtAPlace: a second run of the same sweep is told of the first, and what is no sweep is left alone.
func TestOneSweepAtAPlace(t *testing.T) {
	s := resumableScenario(t, "first")
	dir := filepath.Join(t.TempDir(), "sweep")
	f, _ := resumed(t, dir, s, "v1")
	if _, _, err := Resume(dir, s, whole(t, s, "v1")); !errors.Is(err, ErrOccupied) || !strings.Contains(err.Error(), "another run is at work on") {
		t.Errorf("%v", err)
	}
	if f.Discard() != nil {
		t.Fatal("not discarded")
	}
	other := filepath.Join(filepath.Dir(dir), ".unfinished-sweep")
	plant(t, other, map[string]string{"mine": "precious"})
	if _, _, err := Resume(dir, s, whole(t, s, "v1")); !errors.Is(err, ErrOccupied) || !strings.Contains(err.Error(), "is no unfinished sweep") {
		t.Errorf("%v", err)
	}
	if b, err := os.ReadFile(filepath.Join(other, "mine")); err != nil || string(b) != "precious" {
		t.Error("it is gone")
	}
}

// TestFinishWantsAllTrials: a folder with a hole is never settled.
func TestFinishWantsAllTrials(t *testing.T) {
	s := resumableScenario(t, "first")
	dir := filepath.Join(t.TempDir(), "sweep")
	f, _ := resumed(t, dir, s, "v1")
	runInto(t, f, s, experiment.Options{Have: func(i int) bool { return i == 5 }})
	if _, err := f.Finish(nil, inOrder); err == nil || !strings.Contains(err.Error(), "trial 5 is missing") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Error("it was settled")
	}
}

// TestDroppedPacketsMeasureTheSame: the metrics of a trial do not depend on whether its packets are kept.
func TestDroppedPacketsMeasureTheSame(t *testing.T) {
	home := t.TempDir()
	tables := map[string]string{}
	for _, keep := range []string{"first", "all"} {
		dir := filepath.Join(home, keep)
		finish(t, record(t, dir, resumableScenario(t, keep)))
		tables[keep] = tree(t, dir)[trialsFile]
		folders, _ := os.ReadDir(filepath.Join(dir, trialsDir))
		if want := map[string]int{"first": 3, "all": resumableTrials}[keep]; len(folders) != want {
			t.Errorf("%s: %d folders, want %d", keep, len(folders), want)
		}
	}
	if tables["first"] != tables["all"] || strings.Count(tables["all"], "\n") != 1+resumableTrials {
		t.Error("the metrics differ")
	}
}

// FuzzJournal: whatever a journal says, nothing of it is believed that is not whole, and what is whole is read again as the same.
func FuzzJournal(f *testing.F) {
	head, err := journalLine(journalHead{Journal: journalVersion, Program: "v1", Scenario: "s", Trials: 3})
	if err != nil {
		f.Fatal(err)
	}
	entry := func(i int, id string) []byte {
		b, err := journalLine(journalEntry{Index: i, Trial: Trial{ID: id, Metrics: map[string]float64{"goodput_bps": 0.1}}, Story: "s", Files: &digest{1, 2}})
		if err != nil {
			f.Fatal(err)
		}
		return b
	}
	whole := bytes.Join([][]byte{head, entry(0, "tcp"), entry(2, "udp"), entry(2, "twice")}, nil)
	f.Add(whole)
	f.Add(whole[:len(whole)-5])
	f.Add(append(bytes.Clone(head), entry(3, "beyond")...))
	f.Add(append(bytes.Clone(head), entry(1, "../out")...))
	f.Add([]byte("00000000 {}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var ids []string
		head, good := readJournal(bytes.NewReader(b), func(e journalEntry) {
			if e.Index < 0 || !folderName(e.Trial.ID) || e.Trial.Index != e.Index {
				t.Errorf("believed: %+v", e)
			}
			ids = append(ids, fmt.Sprint(e.Index, e.Trial.ID))
		})
		if good < 0 || good > int64(len(b)) || good > 0 && b[good-1] != '\n' || good == 0 && (len(ids) > 0 || head != journalHead{}) {
			t.Fatalf("%d of %d bytes are good", good, len(b))
		}
		var again []string
		head2, good2 := readJournal(bytes.NewReader(b[:good]), func(e journalEntry) { again = append(again, fmt.Sprint(e.Index, e.Trial.ID)) })
		if head2 != head || good2 != good || fmt.Sprint(again) != fmt.Sprint(ids) {
			t.Errorf("read again: %+v, %d, %v; first %+v, %d, %v", head2, good2, again, head, good, ids)
		}
	})
}

// replicates is a grid of so many trials of one point.
type replicates int

func (n replicates) Trials() int     { return int(n) }
func (n replicates) ID(i int) string { return fmt.Sprintf("r%d_tcp", i+1) }
func (n replicates) Parts(int) []int { return make([]int, n) }

// TestATrialStaysSmall: what stays of a trial in memory, of which a sweep may have a hundred thousand, is a few thousand bytes: in 2 GiB there
// would be room for five times as many and as much garbage again.
func TestATrialStaysSmall(t *testing.T) {
	s := resumableScenario(t, "first")
	var trial *experiment.Trial
	err := experiment.Run(context.Background(), s, experiment.Options{Jobs: 1, Have: func(i int) bool { return i != 9 }}, func(world []*experiment.Trial) error {
		trial = world[0]
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	const n = 5000
	f, _, err := Resume(filepath.Join(t.TempDir(), "sweep"), s, Job{Program: "v1", Grid: replicates(n)})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Discard()
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for i := range n {
		point := map[string]string{"path.forward.loss": "0%", "path.delay": "5ms"} // a map of its own, as each trial brings one
		m, err := f.Measure(Recorded{Trial: Trial{
			Index: i, ID: fmt.Sprintf("r%d_tcp", i+2), Flow: trial.Flow, Protocol: trial.Protocol, Point: point, Replicate: i + 2, Unrecorded: true,
		}, Trace: trial.Trace})
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Add(m); err != nil {
			t.Fatal(err)
		}
	}
	each := (heap() - before) / n
	t.Logf("%d bytes a trial", each)
	if each > 4096 {
		t.Errorf("a trial stays with %d bytes in memory", each)
	}
	runtime.KeepAlive(f)
}
