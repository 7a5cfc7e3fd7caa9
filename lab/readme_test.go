package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"reliabilitylab/scenarios"
)

func readme(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestReadmeCommands runs every `$ go run ./lab …` of the README, in order, as a newcomer would, in an empty folder.
func TestReadmeCommands(t *testing.T) {
	lines := regexp.MustCompile(`(?m)^\$ go run ./lab (.*)$`).FindAllStringSubmatch(readme(t), -1)
	if len(lines) < 5 {
		t.Fatalf("the README has only %d commands", len(lines))
	}
	t.Chdir(t.TempDir())
	for _, l := range lines {
		var out, errs bytes.Buffer
		if status := run(context.Background(), strings.Fields(l[1]), &out, &errs); status != 0 {
			t.Errorf("lab %s: exit status %d\n%s%s", l[1], status, out.String(), errs.String())
		}
		if out.Len() == 0 {
			t.Errorf("lab %s says nothing", l[1])
		}
	}
	for _, dir := range []string{"two-percent", "far-away", "newreno"} {
		if _, err := os.Stat(filepath.Join("results", dir, "index.html")); err != nil {
			t.Error(err)
		}
	}
}

// TestReadmeScenarios runs the README's scenario and holds it to its own expectations.
func TestReadmeScenarios(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(readme(t), -1)
	if len(blocks) != 1 {
		t.Fatalf("the README has %d scenarios", len(blocks))
	}
	t.Chdir(t.TempDir())
	if err := os.WriteFile("call.yaml", []byte(blocks[0][1]), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := scenarios.Load("call.yaml"); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	if status := run(context.Background(), []string{"run", "call.yaml", "--formats", "svg"}, &out, &errs); status != 0 {
		t.Errorf("exit status %d\n%s%s", status, out.String(), errs.String())
	}
}

// TestReadmeTestCommand holds the README to a command that this very run can have come from.
func TestReadmeTestCommand(t *testing.T) {
	if !strings.Contains(readme(t), "\n$ go test ./...\n") {
		t.Error("the README does not say how to test")
	}
}

// TestGoRun proves that the command builds and runs from a clone with Go alone.
func TestGoRun(t *testing.T) {
	cmd := exec.Command("go", "run", "./lab", "list")
	cmd.Dir = ".."
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("two-percent")) {
		t.Errorf("go run ./lab list: %v\n%s", err, out)
	}
}
