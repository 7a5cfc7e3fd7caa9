package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A run that is stopped from outside, as a process: whenever that happens, it ends soon with status 130, and what stood at
// its place before still does.

// oldResults makes a folder to work in, with tiny.yaml and its results in it, and returns what stands there.
func oldResults(t *testing.T) map[string][]byte {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("tiny.yaml", []byte(tiny), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("lab", "run", "tiny.yaml", "--formats", "svg").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return standing(t)
}

// standing is all that stands in the working folder.
func standing(t *testing.T) map[string][]byte {
	t.Helper()
	all, err := tree(".")
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// unchanged wants the working folder to be as it was.
func unchanged(t *testing.T, before map[string][]byte) {
	t.Helper()
	now := standing(t)
	for name, data := range before {
		if other, ok := now[name]; !ok || !bytes.Equal(data, other) {
			t.Errorf("%s has changed", name)
		}
	}
	for name := range now {
		if _, ok := before[name]; !ok {
			t.Errorf("%s is left over", name)
		}
	}
}

// soon is how long a stopped run may take to end. It takes some ten milliseconds, and a second is what is promised; the
// test waits longer because machines are sometimes busy.
const soon = 20 * time.Second

// ended waits for the process and wants this exit status.
func ended(t *testing.T, cmd *exec.Cmd, want int) {
	t.Helper()
	late := time.AfterFunc(soon, func() { cmd.Process.Kill() })
	defer late.Stop()
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != want {
		t.Errorf("exit status %d (%v), want %d", got, cmd.ProcessState, want)
	}
}

// endless is a run that nobody would wait for.
func endless() *exec.Cmd {
	return exec.Command("lab", "run", "tiny.yaml", "--set", "sweep={repeat: 1000}", "--formats", "svg")
}

func TestInterruptAtTheBeginning(t *testing.T) {
	before := oldResults(t)
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		cmd := endless()
		var errs bytes.Buffer
		cmd.Stderr = &errs
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := bufio.NewReader(out).ReadString('\n'); err != nil { // the title: the folder is begun
			t.Fatal(err)
		}
		cmd.Process.Signal(sig)
		io.Copy(io.Discard, out)
		ended(t, cmd, statusInterrupted)
		if want := "lab: interrupted; nothing half-written is left\n"; errs.String() != want {
			t.Errorf("%v: it said %q", sig, errs.String())
		}
		unchanged(t, before)
	}
}

// TestInterruptInTheMiddle interrupts twice, as impatient people do, when the bar says that trials are done.
func TestInterruptInTheMiddle(t *testing.T) {
	before := oldResults(t)
	master, terminal := openTerminal(t)
	cmd := endless()
	cmd.Env = append(os.Environ(), "NO_COLOR=", "TERM=xterm")
	cmd.Stderr = terminal
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	terminal.Close()
	var seen strings.Builder
	r := bufio.NewReader(master)
	for !strings.Contains(seen.String(), " of 2000 trials, ") {
		c, err := r.ReadByte()
		if err != nil {
			t.Fatalf("%v after %q", err, seen.String())
		}
		seen.WriteByte(c)
	}
	cmd.Process.Signal(os.Interrupt)
	cmd.Process.Signal(os.Interrupt)
	rest, _ := io.ReadAll(r) // ends with EIO when nobody holds the terminal any more
	ended(t, cmd, statusInterrupted)
	if want := "\r\x1b[Klab: interrupted; nothing half-written is left\r\n"; !strings.HasSuffix(string(rest), want) {
		t.Errorf("it said %q", rest)
	}
	unchanged(t, before)
}

// TestInterruptLeavesNoParents: a run that was to make results/ itself takes it away again.
func TestInterruptLeavesNoParents(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("tiny.yaml", []byte(tiny), 0o644); err != nil {
		t.Fatal(err)
	}
	before := standing(t)
	cmd := endless()
	cmd.Args = append(cmd.Args, "-o", "a/b/c")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	cmd.Process.Signal(os.Interrupt)
	io.Copy(io.Discard, out)
	ended(t, cmd, statusInterrupted)
	unchanged(t, before)
}
