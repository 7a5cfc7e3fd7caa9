package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "reliabilitylab/"

// layers says which of our packages each of our packages may import, and why it must not import more.
var layers = []struct {
	pkg string
	may string // packages, or trees ending in /...
	why string
}{
	{"netem", "", "a path knows packets and time, nobody who sends or gets them"},
	{"scenarios", "netem", "a scenario is a plain value: it uses netem's units and runs nothing"},
	{"lab/host", "netem", "the interface between programs and stacks"},
	{"lab/host/hosttest", "lab/host netem", "it judges hosts of every kind, so it knows none"},
	{"lab/app", "lab/host netem", "programs are written once, for every kind of host"},
	{"lab/tcp", "lab/host netem", "sans-IO: no world, no packets, no sockets"},
	{"lab/virtual", "lab/host netem", "a world schedules whatever host lives in it"},
	{"lab/inet", "lab/host lab/tcp netem", "a host runs in any world"},
	{"lab/gvisor", "lab/host lab/tcp netem", "another implementation of the hosts, for tests: no room may import it"},
	{"lab/trace", "lab/host netem", "the record wraps a host from outside; worlds do not know it"},
	{"lab/kernel", "lab/host lab/tcp lab/virtual netem", "the real clock orders its events as the virtual one does; its settings are those of lab/tcp"},
	{"reports", "scenarios netem lab/trace reports/...", "measured and drawn from the record alone"},
	{"reports/capture", "lab/trace netem", "drawn from the record alone"},
	{"reports/chart", "scenarios netem lab/trace reports/...", "drawn from the record alone"},
	{"reports/metrics", "scenarios netem lab/trace reports/...", "measured from the record alone"},
	{"reports/model", "", "formulas"},
	{"reports/stat", "", "formulas"},
	{"lab/tc", "scenarios netem", "words into words: it runs neither tc nor a path"},
	{"reports/story", "netem lab/trace reports/metrics", "told from the record alone"},
	{"lab/experiment", "scenarios netem lab/app lab/host lab/inet lab/kernel lab/tcp lab/trace lab/virtual", "it joins scenario, world and record; what is made of it is the command's"},
	{"lab", "netem scenarios lab/experiment lab/kernel lab/tc lab/trace reports reports/...", "it talks to people"},
}

// walls says which packages from outside may be imported where.
var walls = []struct{ outside, where, why string }{
	{"gonum.org/v1/plot", "reports/", "drawing is the reports' business"},
	{"github.com/google/gopacket", "reports/", "captures are the reports' business (tests may decode with it)"},
	{"golang.org/x/sys/unix", "lab/kernel", "only the kernel's hosts need system calls that Go has no name for"},
	{"gvisor.dev/gvisor", "lab/gvisor", "another TCP to hold ours against, in tests alone"},
	{"gopkg.in/yaml.v3", "scenarios", "the file format is the scenarios' business"},
	{"github.com/spf13/cobra", "lab", "words and flags are the command's business"},
	{"math/rand", "nowhere", "all dice are netem.Stream's"},
	{"math/rand/v2", "nowhere", "all dice are netem.Stream's"},
}

// goroutineless are the rooms without goroutines, locks and a clock on the wall: results must not depend on them.
var goroutineless = []string{"netem", "scenarios", "lab/tcp", "lab/inet", "lab/app", "lab/tc", "lab/trace", "reports", "reports/capture", "reports/chart", "reports/metrics", "reports/model", "reports/stat", "reports/story"}

type listed struct {
	ImportPath, Dir  string
	Imports, GoFiles []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,Imports,GoFiles", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < len(layers) {
		t.Fatalf("go list knows only %d packages", len(all))
	}
	return all
}

func TestDependenciesPointOneWay(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		known := false
		for _, l := range layers {
			if l.pkg != name {
				continue
			}
			known = true
			for _, i := range p.Imports {
				if dep, ours := strings.CutPrefix(i, module); ours && !allowed(dep, l.may) {
					t.Errorf("%s must not import %s: %s", name, dep, l.why)
				}
			}
		}
		if !known {
			t.Errorf("%s has no place in layers: say what it may import, and why", name)
		}
		for _, w := range walls {
			for _, i := range p.Imports {
				if (i == w.outside || strings.HasPrefix(i, w.outside+"/")) && name != w.where && !strings.HasPrefix(name+"/", w.where) {
					t.Errorf("%s must not import %s: %s", name, i, w.why)
				}
			}
		}
	}
}

func allowed(dep, may string) bool {
	for _, m := range strings.Fields(may) {
		if tree, ok := strings.CutSuffix(m, "/..."); dep == m || ok && strings.HasPrefix(dep, tree+"/") {
			return true
		}
	}
	return false
}

// TestQuietRoomsHaveNoLocks lets one thing of package sync in: a value that is made when it is first asked for, and is the
// same whoever asks.
func TestQuietRoomsHaveNoLocks(t *testing.T) {
	of := regexp.MustCompile(`\bsync\.(\w+)`)
	for _, p := range packages(t) {
		if !slices.Contains(goroutineless, strings.TrimPrefix(p.ImportPath, module)) {
			continue
		}
		for _, i := range p.Imports {
			if i == "sync/atomic" || strings.HasPrefix(i, "math/rand") {
				t.Errorf("%s imports %s: nothing in it may depend on who runs when", p.ImportPath, i)
			}
		}
		for _, name := range p.GoFiles {
			text, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			for _, use := range of.FindAllStringSubmatch(string(text), -1) {
				if use[1] != "OnceValue" {
					t.Errorf("%s/%s uses %s: nothing in it may depend on who runs when", p.ImportPath, name, use[0])
				}
			}
		}
	}
}
