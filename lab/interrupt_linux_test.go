package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
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

// stoppedSweep is what the name of a stopped sweep's folder begins with.
const stoppedSweep = ".unfinished-"

// endless is a run that nobody would wait for.
func endless() *exec.Cmd {
	return exec.Command("lab", "run", "tiny.yaml", "--set", "flows.file.size=16GiB", "--set", "duration=24h", "--formats", "svg")
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

// TestInterruptInTheMiddle interrupts a sweep twice, as impatient people do, when the bar says that trials are done. What is done stays, and
// the same command goes on.
func TestInterruptInTheMiddle(t *testing.T) {
	before := oldResults(t)
	master, terminal := openTerminal(t)
	cmd := exec.Command("lab", "run", "tiny.yaml", "--set", "sweep={repeat: 1000}", "--set", "flows.file.size=4MiB", "--formats", "svg")
	cmd.Env = append(os.Environ(), "NO_COLOR=", "TERM=xterm")
	cmd.Stderr = terminal
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	terminal.Close()
	var seen strings.Builder
	r := bufio.NewReader(master)
	some := regexp.MustCompile(`[1-9]\d* of 2000 trials`) // the bar may stand before the first is done
	for !some.MatchString(seen.String()) {
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
	said := regexp.MustCompile(`\r\x1b\[Klab: interrupted; (\d+) of 2000 trials are done; the same command goes on from there\r\n$`).FindSubmatch(rest)
	if said == nil {
		t.Fatalf("it said %q", rest)
	}
	now := standing(t)
	for name, data := range before {
		if !bytes.Equal(data, now[name]) {
			t.Errorf("%s has changed", name)
		}
	}
	journal := now["results/"+stoppedSweep+"tiny/journal"]
	if n := bytes.Count(journal, []byte("\n")) - 1; strconv.Itoa(n) != string(said[1]) {
		t.Errorf("the journal has %d trials, it said %s", n, said[1])
	}
}

// stopAt starts a sweep and ends it with a signal when its journal has so many bytes; a trial has some 2500. It wants this exit status: of
// SIGKILL it is -1, and a sweep that had come to its end before would have 0.
func stopAt(t *testing.T, cmd *exec.Cmd, journal string, until int64, sig os.Signal, status int) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	late := time.After(soon)
	for size := int64(0); size < until; {
		select {
		case <-look.C:
		case <-late:
			cmd.Process.Kill()
			t.Fatal("its journal does not grow")
		}
		if st, err := os.Stat(journal); err == nil {
			size = st.Size()
		}
	}
	cmd.Process.Signal(sig)
	ended(t, cmd, status)
}

// threeHundred makes commands that run a sweep of 300 pairs, and has the first of them leave the whole in unbroken.
func threeHundred(t *testing.T) func(more ...string) *exec.Cmd {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("tiny.yaml", []byte(tiny), 0o644); err != nil {
		t.Fatal(err)
	}
	run := func(more ...string) *exec.Cmd {
		return exec.Command("lab", append([]string{"run", "tiny.yaml", "--set", "flows.file.size=500kB", "--set", "path.forward.loss=2%",
			"--set", "sweep={repeat: 300}", "--set", "expect=[median(udp.loss_ratio) > 0.1%]"}, more...)...)
	}
	succeed(t, run("-o", "unbroken", "--jobs", "1", "--formats", "svg"))
	return run
}

// succeed runs a command that must end well, and returns what it said.
func succeed(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	return string(out)
}

// unbroken wants a folder to have the bytes of unbroken, and nothing unfinished beside it.
func unbroken(t *testing.T, dir string) {
	t.Helper()
	if err := sameTree("unbroken", dir); err != nil {
		t.Error(err)
	}
	if left, err := unfinished("."); err != nil || len(left) > 0 {
		t.Errorf("left over: %v (%v)", left, err)
	}
	if all, err := tree(dir); err != nil || len(all) < 15 {
		t.Errorf("only %d files (%v)", len(all), err)
	}
}

// TestKilledSweepGoesOn kills a sweep twice with SIGKILL, and once interrupts it, at work on ever more trials, and lets it go on with other
// numbers of workers. It leaves the same bytes as one that nobody touched.
func TestKilledSweepGoesOn(t *testing.T) {
	run := threeHundred(t)
	for kill := range 3 {
		sig, status := os.Kill, -1
		if kill == 1 {
			sig, status = os.Interrupt, statusInterrupted
		}
		cmd := run("-o", "killed", "--jobs", strconv.Itoa(1+kill), "--formats", "svg")
		stopAt(t, cmd, stoppedSweep+"killed/journal", int64(1+kill)*200_000, sig, status)
	}
	out := succeed(t, run("-o", "killed", "--formats", "svg"))
	if !regexp.MustCompile(`lab: going on with the sweep at killed: \d{3} of 600 trials are there\n`).MatchString(out) {
		t.Errorf("it said\n%s", out)
	}
	unbroken(t, "killed")
}

// TestKilledPartGoesOn kills one part of a sweep at work, and interrupts another. Each goes on by the same command, and joined they leave the bytes of one
// run that nobody touched.
func TestKilledPartGoesOn(t *testing.T) {
	run := threeHundred(t)
	stopAt(t, run("-o", "x", "--shard", "1/3"), stoppedSweep+"x.1-of-3/journal", 150_000, os.Kill, -1)
	stopAt(t, run("-o", "x", "--shard", "3/3"), stoppedSweep+"x.3-of-3/journal", 150_000, os.Interrupt, statusInterrupted)
	for _, shard := range []string{"1/3", "2/3", "3/3"} {
		out := succeed(t, run("-o", "x", "--shard", shard))
		went := regexp.MustCompile(`lab: going on with the sweep at x\.[13]-of-3: \d+ of 200 trials are there\n`).MatchString(out)
		if went != (shard != "2/3") {
			t.Errorf("part %s said\n%s", shard, out)
		}
	}
	succeed(t, exec.Command("lab", "merge", "x.1-of-3", "x.2-of-3", "x.3-of-3", "-o", "x", "--formats", "svg"))
	unbroken(t, "x")
}

// TestChangedSweepStartsAnew: an unfinished sweep is not gone on with if the scenario has changed since, or the program, which here has a byte more at its
// end. That is said, and what comes out is of the one alone that has run last.
func TestChangedSweepStartsAnew(t *testing.T) {
	run := threeHundred(t)
	b, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("other-lab", append(b, 0), 0o755); err != nil {
		t.Fatal(err)
	}
	other := run("-o", "x", "--formats", "svg")
	other.Path, err = filepath.Abs("other-lab")
	if err != nil {
		t.Fatal(err)
	}
	const began = "lab: the unfinished sweep at x is not gone on with, since %s: all trials run anew\n"
	stopAt(t, other, stoppedSweep+"x/journal", 200_000, os.Kill, -1)
	out := succeed(t, run("-o", "x", "--formats", "svg"))
	if want := fmt.Sprintf(began, "this is another version of the lab"); !strings.Contains(out, want) {
		t.Errorf("it said\n%s", out)
	}
	unbroken(t, "x")
	stopAt(t, run("-o", "x", "--formats", "svg", "--seed", "2"), stoppedSweep+"x/journal", 200_000, os.Kill, -1)
	out = succeed(t, run("-o", "x", "--formats", "svg"))
	if want := fmt.Sprintf(began, "the scenario is another one"); !strings.Contains(out, want) {
		t.Errorf("it said\n%s", out)
	}
	unbroken(t, "x")
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

// Somebody is asked for a prediction, and would rather go.
func TestInterruptAPrediction(t *testing.T) {
	before := oldResults(t)
	master, terminal := openTerminal(t)
	cmd := exec.Command("lab", "run", "tiny.yaml", "--predict", "--formats", "svg")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	terminal.Close()
	seen := ""
	buf := make([]byte, 1000)
	for asked := false; ; {
		n, err := master.Read(buf)
		if seen += string(buf[:n]); !asked && strings.Contains(seen, "What do you think? ") {
			asked = true
			cmd.Process.Signal(os.Interrupt)
		}
		if err != nil { // EIO: nobody holds the terminal any more
			break
		}
	}
	ended(t, cmd, statusInterrupted)
	if want := "What do you think? \r\nlab: interrupted; nothing half-written is left\r\n"; !strings.HasSuffix(seen, want) {
		t.Errorf("the terminal shows %q", seen)
	}
	unchanged(t, before)
}
