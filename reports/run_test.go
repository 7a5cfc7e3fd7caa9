package reports

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"reliabilitylab/lab/experiment"
	"reliabilitylab/scenarios"
)

// tiny is a scenario that costs little: two trials of 14 packets each.
const tiny = `title: Tiny
question: What is there to see?
path: {rate: 10Mbit, delay: 5ms, forward: {loss: {packets: [3]}}}
flows: [{name: file, app: transfer, protocol: [tcp, udp], size: 20kB}]
expect: ["tcp.delivered_ratio == 1", "udp.delivered_ratio == 1"]
charts: [delivery]
`

// swept is one with more than one of everything.
const swept = `title: Swept <b>&amp; "so" on
path: {rate: 10Mbit, delay: 5ms}
flows:
  - {name: file, app: transfer, protocol: [tcp, udp], size: 20kB}
  - {name: call, app: stream, protocol: [udp], rate: 64kbit, message: 160, for: 1s, from: server}
sweep: {vary: {path.forward.loss: [0%, 20%], path.delay: [5ms, {base: 5ms, jitter: 1ms}]}, repeat: 2}
expect: ["file.tcp.delivered_ratio == 1", "median(file.udp.loss_ratio) where loss == 20% > 0"]
charts: [delivery, order]
`

// begin begins the results of a scenario at dir and adds all its trials.
func begin(t testing.TB, dir, text string, set ...scenarios.Setting) *Folder {
	t.Helper()
	s, err := scenarios.Parse("test.yaml", []byte(text), set...)
	if err != nil {
		t.Fatal(err)
	}
	return record(t, dir, s)
}

// record runs a scenario into a folder that is still to be finished.
func record(t testing.TB, dir string, s *scenarios.Scenario) *Folder {
	t.Helper()
	f, err := Create(dir, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Discard(); err != nil {
			t.Error(err)
		}
	})
	runInto(t, f, s, experiment.Options{})
	return f
}

// runInto runs the trials of a scenario that the folder has not, nor o.
func runInto(t testing.TB, f *Folder, s *scenarios.Scenario, o experiment.Options) {
	t.Helper()
	var mu sync.Mutex
	but := o.Have
	o.Dir, o.Have = f.Scratch(), func(i int) bool { return f.Have(i) || but != nil && but(i) }
	err := experiment.Run(context.Background(), s, o, func(trials []*experiment.Trial) error {
		var world []Recorded
		for _, x := range trials {
			point := map[string]string{}
			for _, v := range x.Point {
				point[v.Key] = v.Value
			}
			world = append(world, Recorded{Trace: x.Trace, Trial: Trial{
				Index: x.Index, ID: x.ID, Flow: x.Flow, Protocol: x.Protocol, Point: point, Replicate: x.Replicate, Seed: x.Seed, Errors: x.Errors, Unrecorded: !x.Kept,
			}})
		}
		m, err := f.Measure(world...)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		return f.Add(m)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// inOrder does one job after the other.
func inOrder(n int, f func(int) error) error {
	for i := range n {
		if err := f(i); err != nil {
			return err
		}
	}
	return nil
}

// ran leaves the results of a scenario in a new folder.
func ran(t testing.TB, text string, set ...scenarios.Setting) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "results")
	if _, err := begin(t, dir, text, set...).Finish([]string{"svg"}, inOrder); err != nil {
		t.Fatal(err)
	}
	return dir
}

// tree reads all files below root, folders without bytes.
func tree(t testing.TB, root string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		out[name] = e.Type().String()
		if e.Type().IsRegular() {
			b, err := os.ReadFile(path)
			out[name] = string(b)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// same wants two trees to be alike.
func same(t testing.TB, before, after map[string]string) {
	t.Helper()
	for name, data := range before {
		if other, ok := after[name]; !ok {
			t.Errorf("%s is gone", name)
		} else if other != data {
			t.Errorf("%s has changed", name)
		}
	}
	for name := range after {
		if _, ok := before[name]; !ok {
			t.Errorf("%s has come", name)
		}
	}
}

func TestRedrawLeavesTheSameBytes(t *testing.T) {
	for name, text := range map[string]string{"tiny": tiny, "swept": swept} {
		t.Run(name, func(t *testing.T) {
			dir := ran(t, text, scenarios.Setting{Key: "seed", Value: "42"})
			before := tree(t, dir)
			r, s, err := Redraw(dir, []string{"svg"}, inOrder)
			if err != nil {
				t.Fatal(err)
			}
			if r.Seed != 42 || s.Seed != 42 {
				t.Errorf("the seed is %d and %d, want 42", r.Seed, s.Seed)
			}
			same(t, before, tree(t, dir))
			if left, _ := os.ReadDir(filepath.Dir(dir)); len(left) != 1 {
				t.Errorf("left over: %v", left)
			}
		})
	}
}

// TestRedrawWithFiles: what the scenario read from files is in the results, and the files themselves need not be there any more.
func TestRedrawWithFiles(t *testing.T) {
	home := t.TempDir()
	for name, text := range map[string]string{
		"s.yaml": "path: {rate: {trace: my.csv}, delay: {base: 9ms, jitter: 3ms, distribution: my.dist}}\nflows: [{size: 50kB}]\ncharts: [throughput]\n",
		"my.csv": "time_s,rate_bps\n0,1000000\n0.2,3000000\n", "my.dist": "-8192 0 8192\n",
	} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := scenarios.Load(filepath.Join(home, "s.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	os.RemoveAll(home)
	dir := filepath.Join(t.TempDir(), "results")
	if _, err := record(t, dir, s).Finish([]string{"svg"}, inOrder); err != nil {
		t.Fatal(err)
	}
	before := tree(t, dir)
	if !strings.Contains(string(before["charts/throughput.csv"]), "\nbottleneck,0.2") {
		t.Error("the throughput says nothing of the trace")
	}
	if _, _, err := Redraw(dir, []string{"svg"}, inOrder); err != nil {
		t.Fatal(err)
	}
	same(t, before, tree(t, dir))
}

// TestRedrawOfShipped redraws every shipped scenario, with all its charts, without pictures; but for the sweeps, of which those of this
// file stand in.
func TestRedrawOfShipped(t *testing.T) {
	for _, s := range scenarios.Catalog() {
		if s.Sweep.Multiplies() {
			continue
		}
		dir := filepath.Join(t.TempDir(), "results")
		f := begin(t, dir, string(s.Text), scenarios.Setting{Key: "charts", Value: "[delivery, order, latency, sequence, time-sequence, window, throughput, share, queue]"})
		if _, err := f.Finish(nil, inOrder); err != nil {
			t.Fatal(err)
		}
		before := tree(t, dir)
		if _, _, err := Redraw(dir, nil, inOrder); err != nil {
			t.Fatal(err)
		}
		same(t, before, tree(t, dir))
	}
}

func TestRedrawLeavesDamagedResultsAsTheyAre(t *testing.T) {
	replace := func(file, old, new string) func(testing.TB, string) {
		return func(t testing.TB, dir string) {
			name := filepath.Join(dir, filepath.FromSlash(file))
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Contains(b, []byte(old)) {
				t.Fatalf("%s has no %s", file, old)
			}
			// A new file, since the old one may be a hard link.
			os.Remove(name)
			if err := os.WriteFile(name, bytes.Replace(b, []byte(old), []byte(new), 1), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove := func(file string) func(testing.TB, string) {
		return func(t testing.TB, dir string) {
			if err := os.RemoveAll(filepath.Join(dir, filepath.FromSlash(file))); err != nil {
				t.Fatal(err)
			}
		}
	}
	whole := tree(t, ran(t, tiny))
	for name, c := range map[string]struct {
		damage func(testing.TB, string)
		want   error
	}{
		"no results.json":     {remove("results.json"), ErrNoResults},
		"no trials":           {remove("trials"), ErrDamaged},
		"no trial":            {remove("trials/udp"), ErrDamaged},
		"no ledger":           {remove("trials/tcp/packets.csv"), ErrDamaged},
		"no JSON":             {replace("results.json", "{", "<"), ErrDamaged},
		"cut JSON":            {replace("results.json", "\n}\n", ""), ErrDamaged},
		"wrong kind":          {replace("results.json", `"seed": 1`, `"seed": "one"`), ErrDamaged},
		"other version":       {replace("results.json", `"version": 1`, `"version": 2`), ErrDamaged},
		"the folder itself":   {replace("results.json", `"id": "tcp"`, `"id": "."`), ErrDamaged},
		"the folder above":    {replace("results.json", `"id": "tcp"`, `"id": ".."`), ErrDamaged},
		"out of the folder":   {replace("results.json", `"id": "tcp"`, `"id": "../charts"`), ErrDamaged},
		"an absolute path":    {replace("results.json", `"id": "tcp"`, `"id": "/etc"`), ErrDamaged},
		"Windows' way out":    {replace("results.json", `"id": "tcp"`, `"id": "..\\charts"`), ErrDamaged},
		"no id":               {replace("results.json", `"id": "tcp"`, `"id": ""`), ErrDamaged},
		"twice the same":      {replace("results.json", `"id": "tcp"`, `"id": "udp"`), ErrDamaged},
		"another protocol":    {replace("results.json", `"protocol": "tcp"`, `"protocol": "sctp"`), ErrDamaged},
		"no direction":        {replace("results.json", `"data": "forward"`, `"data": "up"`), ErrDamaged},
		"replicate 0":         {replace("results.json", `"replicate": 1`, `"replicate": 0`), ErrDamaged},
		"no scenario":         {replace("results.json", `title: Tiny`, `titel: Tiny`), ErrDamaged},
		"a cut ledger":        {replace("trials/tcp/packets.csv", "arrived,", ""), ErrDamaged},
		"a ledger of lies":    {replace("trials/tcp/packets.csv", "syn-ack", "sin-ack"), ErrDamaged},
		"no header":           {replace("trials/udp/messages.csv", "number", "nummer"), ErrDamaged},
		"quotes without end":  {replace("trials/udp/calls.csv", "client", "\"client"), ErrDamaged},
		"something of mine":   {func(t testing.TB, dir string) { os.WriteFile(filepath.Join(dir, "notes"), nil, 0o644) }, ErrOccupied},
		"a folder for a file": {func(t testing.TB, dir string) { folder(t, dir, "trials/tcp/calls.csv") }, ErrDamaged},
		"a folder of results": {func(t testing.TB, dir string) { folder(t, dir, "results.json") }, ErrNoResults},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "results")
			plant(t, dir, whole)
			c.damage(t, dir)
			before := tree(t, filepath.Dir(dir))
			_, _, err := Redraw(dir, nil, inOrder)
			if !errors.Is(err, c.want) {
				t.Errorf("error %v, want one that wraps %v", err, c.want)
			}
			same(t, before, tree(t, filepath.Dir(dir)))
		})
	}
}

// plant writes a tree.
func plant(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, data := range files {
		file := filepath.Join(dir, name)
		if data == fs.ModeDir.String() {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// folder puts a folder where a file was.
func folder(t testing.TB, dir, name string) {
	t.Helper()
	name = filepath.Join(dir, filepath.FromSlash(name))
	if err := errors.Join(os.Remove(name), os.Mkdir(name, 0o755)); err != nil {
		t.Fatal(err)
	}
}

// TestRedrawStops: a stopped redraw leaves the folder as it was, whenever it is stopped.
func TestRedrawStops(t *testing.T) {
	dir := ran(t, strings.Replace(tiny, "[delivery]", "[delivery, order, latency]", 1))
	before := tree(t, filepath.Dir(dir))
	stop := errors.New("stop")
	for after := range 3 { // a job a chart
		left := after
		_, _, err := Redraw(dir, []string{"svg"}, func(n int, f func(int) error) error {
			return inOrder(n, func(i int) error {
				if left--; left < 0 {
					return stop
				}
				return f(i)
			})
		})
		if !errors.Is(err, stop) {
			t.Errorf("stopped after %d jobs: %v", after, err)
		}
		same(t, before, tree(t, filepath.Dir(dir)))
	}
}
