package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"reliabilitylab/lab/kernel"
)

// The command is tested as a process: the scripts in testdata/script run `lab`, which is this test binary under another
// name. Besides testscript's own commands they have:
//
//	status N COMMAND ARG...    the command must end with exit status N; its output is there for stdout and stderr
//	same A B                   two files or folders hold the same bytes
//	whole                      nowhere in the script's folder is anything unfinished
//	sound DIR                  DIR holds everything that a run leaves
//	quiet FILE                 the file has no escape sequence

func TestMain(m *testing.M) {
	kernel.RunInit() // lab shell in this process
	testscript.Main(m, map[string]func(){"lab": main, "pump": pump})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("NO_COLOR", "")
			return os.WriteFile(filepath.Join(env.WorkDir, "tiny.yaml"), []byte(tiny), 0o644)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": wantStatus, "same": wantSame, "whole": wantWhole, "sound": wantSound, "quiet": wantQuiet,
		},
	})
}

// tiny is a scenario that costs little, for tests of what is around it.
const tiny = `title: Tiny
question: What is there to see?
path: {rate: 10Mbit, delay: 5ms}
flows: [{name: file, app: transfer, protocol: [tcp, udp], size: 20kB}]
expect: ["tcp.delivered_ratio == 1"]
charts: [delivery]
`

func wantStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N COMMAND ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

func wantSame(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: same A B")
	}
	if err := sameTree(ts.MkAbs(args[0]), ts.MkAbs(args[1])); (err != nil) != neg {
		ts.Fatalf("same %s %s: %v", args[0], args[1], err)
	}
}

// sameTree compares two files or folders, names and bytes.
func sameTree(a, b string) error {
	left, err := tree(a)
	if err != nil {
		return err
	}
	right, err := tree(b)
	if err != nil {
		return err
	}
	for name, data := range left {
		other, ok := right[name]
		switch {
		case !ok:
			return fmt.Errorf("only the first has %s", name)
		case !bytes.Equal(data, other):
			return fmt.Errorf("%s differs", name)
		}
	}
	for name := range right {
		if _, ok := left[name]; !ok {
			return fmt.Errorf("only the second has %s", name)
		}
	}
	return nil
}

// tree reads all files of a folder, by their paths in it. Folders are there with no bytes.
func tree(root string) (map[string][]byte, error) {
	out := map[string][]byte{}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil || e.IsDir() {
			out[name] = nil
			return err
		}
		out[name], err = os.ReadFile(path)
		return err
	})
	return out, err
}

// unfinished lists what a run must never leave behind, anywhere under root.
func unfinished(root string) (out []string, err error) {
	err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(e.Name(), ".") && path != root {
			// .tmp is testscript's own
			if filepath.Base(path) == ".tmp" {
				return filepath.SkipDir
			}
			out = append(out, path)
		}
		return err
	})
	return out, err
}

func wantWhole(ts *testscript.TestScript, neg bool, args []string) {
	left, err := unfinished(ts.MkAbs("."))
	ts.Check(err)
	if neg || len(args) > 0 {
		ts.Fatalf("usage: whole")
	}
	if len(left) > 0 {
		ts.Fatalf("left over: %v", left)
	}
}

func wantSound(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: sound DIR")
	}
	for _, name := range []string{"index.html", "results.json", "trials.csv", "charts", "trials"} {
		if _, err := os.Stat(filepath.Join(ts.MkAbs(args[0]), name)); err != nil {
			ts.Fatalf("%v", err)
		}
	}
}

func wantQuiet(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: quiet FILE")
	}
	if loud := strings.ContainsAny(ts.ReadFile(args[0]), "\x1b\r"); loud != neg {
		ts.Fatalf("%s has escape sequences: %v", args[0], loud)
	}
}
