package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"reliabilitylab/lab/kernel"
	"reliabilitylab/reports"
)

// lab shell as a process, with programs that every machine has, and with pump, which is this test binary under that name.

// needShell skips, loudly, where this machine cannot make the hosts, or has no such program; in CI, as root, it must.
func needShell(t *testing.T, programs ...string) {
	t.Helper()
	why := ""
	for _, f := range kernel.Check() {
		if f.Need && !f.OK {
			why = f.What + ": " + f.Has + "; " + f.Mend
		}
	}
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			why = err.Error()
		}
	}
	switch {
	case why == "":
	case os.Getenv("CI") == "true":
		t.Fatalf("CI must run lab shell: %s", why)
	default:
		t.Skipf("SKIPPED: lab shell is not tested here: %s", why)
	}
}

// pump is a program of the network that knows nothing of the lab. "pump serve" takes one connection and reads it to its
// end; "pump N" sends N bytes to server and waits until they are taken; "pump wait" says that it is up, and waits. (A shell
// that has said so may lose a signal that comes while it starts the program that is to wait.)
func pump() {
	if err := pumps(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "pump:", err)
		os.Exit(1)
	}
}

func pumps(what string) error {
	if what == "wait" {
		fmt.Println("up")
		time.Sleep(time.Hour)
	}
	if what == "serve" {
		l, err := net.Listen("tcp", ":9000")
		if err != nil {
			return err
		}
		c, err := l.Accept()
		if err != nil {
			return err
		}
		defer c.Close()
		_, err = io.Copy(io.Discard, c)
		return err
	}
	n, err := strconv.Atoi(what)
	if err != nil {
		return err
	}
	begin := time.Now()
	c, err := net.Dial("tcp", "server:9000")
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.Write(make([]byte, n)); err != nil {
		return err
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		return err
	}
	if _, err := c.Read(make([]byte, 1)); err != io.EOF {
		return fmt.Errorf("the end did not come: %w", err)
	}
	fmt.Println(time.Since(begin).Seconds())
	return nil
}

// inTiny goes to a folder with tiny.yaml in it.
func inTiny(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("tiny.yaml", []byte(tiny), 0o644); err != nil {
		t.Fatal(err)
	}
}

// session is lab shell with these flags and this command.
func session(flags, command []string) *exec.Cmd {
	args := append([]string{"shell", "tiny.yaml", "--formats", "svg"}, flags...)
	return exec.Command("lab", append(append(args, "--"), command...)...)
}

// TestShellTakesThePath sends a million bytes through 10 Mbit/s: it takes at least as long as their packets need there, and not
// much longer; and the record has them.
func TestShellTakesThePath(t *testing.T) {
	needShell(t)
	for _, ip := range []string{"4", "6"} {
		inTiny(t)
		cmd := session([]string{"--server", "pump serve", "--set", "ip=" + ip, "--set", "path.forward.loss={packets: [100]}"}, []string{"pump", "1000000"})
		var errs bytes.Buffer
		cmd.Stderr = &errs
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v\n%s%s", err, out, errs.String())
		}
		took, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
		if err != nil {
			t.Fatalf("it wrote %q", out)
		}
		// 8 Mbit of payload in packets of at most 1500 bytes, of which at most 1448 are payload.
		if least := 8e6 * 1500 / 1448 / 10e6; took < least || took > 10*least {
			t.Errorf("IPv%s: a million bytes took %.3f s, and need %.3f", ip, took, least)
		}
		if want := "lab: results/tiny-shell/index.html\n"; !strings.HasSuffix(errs.String(), want) {
			t.Errorf("it said %q, not at last %q", errs.String(), want)
		}
		checkSession(t, "results/tiny-shell")
	}
}

// checkSession holds a record of pump's million bytes, one packet of which was lost, to what they are.
func checkSession(t *testing.T, dir string) {
	t.Helper()
	r, err := reports.ReadResults(dir)
	if err != nil {
		t.Fatal(err)
	}
	trial := r.Trials[0]
	m := trial.Metrics
	if trial.ID != "shell" || trial.Protocol != "any" || trial.Facts.Data != "forward" || trial.Busiest == nil || trial.Busiest.Server != 9000 {
		t.Errorf("%+v", trial)
	}
	if m["retransmissions"] < 1 || m["packets_lost"] < 1 || m["owd_min_s"] < 0.005 {
		t.Errorf("metrics %v", m)
	}
	if _, ok := m["messages_sent"]; ok {
		t.Error("it has messages")
	}
	f, err := os.Open(dir + "/trials/shell/packets.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	client, payload := 0, 0
	for _, row := range rows[1:] {
		forward := row[column["direction"]] == "forward"
		if forward || row[column["arrived_s"]] != "" {
			client++ // it sent this, or got it
		}
		if n, err := strconv.Atoi(row[column["payload"]]); err != nil {
			t.Fatal(err)
		} else if forward && row[column["kind"]] == "data" {
			payload += n
		}
	}
	if payload != 1000000 {
		t.Errorf("%d bytes of new data on record", payload)
	}
	for _, chart := range []string{"sequence", "time-sequence", "throughput"} {
		if _, err := os.Stat(dir + "/charts/" + chart + ".svg"); err != nil {
			t.Error(err)
		}
	}
	if out, err := exec.Command("lab", "report", dir, "--formats", "svg").CombinedOutput(); err != nil || !bytes.Contains(out, []byte("all packets towards the server")) {
		t.Errorf("lab report: %v\n%s", err, out)
	}
	if _, err := exec.LookPath("tshark"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("CI must have tshark: ", err)
		}
		t.Log("SKIPPED: tshark is not installed, so the captures are not proved to anybody else")
		return
	}
	out, err := exec.Command("tshark", "-r", dir+"/trials/shell/client.pcapng", "-n", "-T", "fields", "-e", "frame.number", "-e", "frame.comment").Output()
	if err != nil {
		t.Fatalf("tshark: %v", err)
	}
	if n := bytes.Count(out, []byte("\n")); n != client || !bytes.Contains(out, []byte("lost")) {
		t.Errorf("tshark sees %d packets, the client %d; or none is lost:\n%.300s", n, client, out)
	}
}

func TestShellStatus(t *testing.T) {
	needShell(t)
	inTiny(t)
	for _, c := range []struct {
		flags, command []string
		want           int
		says           string
	}{
		{nil, []string{"sh", "-c", "exit 42"}, 42, "index.html\n"},
		{nil, []string{"sh", "-c", "kill -KILL $$"}, 137, "index.html\n"},
		{nil, []string{"sh", "-c", "kill -PIPE $$"}, 141, "index.html\n"}, // lab itself ignores it
		{nil, []string{"no-such-program"}, 127, "lab: no-such-program: there is no such program\n"},
		{nil, []string{"./tiny.yaml"}, 126, "it cannot be run"},
		{[]string{"--server", "pump x"}, []string{"true"}, 2, "exit status 1\n"},
		{[]string{"--server", "exit 9"}, []string{"true"}, 2, "lab: the server's command ended at once: exit 9: exit status 9\n"},
	} {
		os.RemoveAll("results")
		cmd := session(c.flags, c.command)
		var errs bytes.Buffer
		cmd.Stderr = &errs
		if out, err := cmd.Output(); len(out) > 0 {
			t.Errorf("%v: it wrote %q (%v)", c.command, out, err)
		}
		if got := cmd.ProcessState.ExitCode(); got != c.want || !strings.Contains(errs.String(), c.says) {
			t.Errorf("%v %v: status %d, want %d; it said %q", c.flags, c.command, got, c.want, errs.String())
		}
		if _, err := os.Stat("results"); (err == nil) != strings.HasPrefix(c.says, "index") {
			t.Errorf("%v: results: %v", c.command, err)
		}
	}
}

// TestShellIsToldToEnd: by a signal to lab alone, which passes it on; what does not listen is killed.
func TestShellIsToldToEnd(t *testing.T) {
	needShell(t)
	inTiny(t)
	for _, c := range []struct {
		command []string
		signal  os.Signal
		want    int
	}{
		{[]string{"pump", "wait"}, os.Interrupt, 130},
		{[]string{"pump", "wait"}, syscall.SIGTERM, 143},
		{[]string{"sh", "-c", "trap 'echo ended; exit 4' INT; echo up; while :; do sleep 0.01; done"}, os.Interrupt, 4},
		{[]string{"sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.01; done"}, syscall.SIGTERM, statusInterrupted},
	} {
		cmd := session([]string{"--server", "pump serve"}, c.command)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		late := time.AfterFunc(2*soon, func() { cmd.Process.Kill() })
		lines := bufio.NewReader(out)
		if _, err := lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		cmd.Process.Signal(c.signal)
		io.Copy(io.Discard, lines) // ends when nobody holds the pipe any more
		ended(t, cmd, c.want)
		late.Stop()
		if _, err := os.Stat("results/tiny-shell/index.html"); err != nil {
			t.Errorf("%v: %v", c.command, err)
		}
	}
}

// dialogue runs a command on a terminal of its own. For each pair it waits for the first to be said, and types the second.
func dialogue(t *testing.T, cmd *exec.Cmd, pairs ...string) (said string) {
	t.Helper()
	master, terminal := openTerminal(t)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	cmd.Env = append(os.Environ(), "PS1=READY ", "TERM=dumb")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(2*soon, func() { cmd.Process.Kill() })
	defer late.Stop()
	terminal.Close()
	r := bufio.NewReader(master)
	var all, since strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		since.Reset()
		for !strings.Contains(since.String(), pairs[i]) {
			b, err := r.ReadByte()
			if err != nil {
				t.Fatalf("%v, waiting for %q after %q", err, pairs[i], all.String())
			}
			since.WriteByte(b)
			all.WriteByte(b)
		}
		if _, err := io.WriteString(master, pairs[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	rest, _ := io.ReadAll(r) // ends with EIO when nobody holds the terminal any more
	all.Write(rest)
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return all.String()
}

const ctrlC, ctrlZ = "\x03", "\x1a"

// TestShellOnATerminal: Ctrl-C is the command's, and ends it and with it all; the server does not hear it before.
func TestShellOnATerminal(t *testing.T) {
	needShell(t)
	inTiny(t)
	cmd := session([]string{"--server", "pump serve"}, []string{"pump", "wait"})
	said := dialogue(t, cmd, "up\r\n", ctrlC)
	if got := cmd.ProcessState.ExitCode(); got != 130 || !strings.HasSuffix(said, "lab: results/tiny-shell/index.html\r\n") {
		t.Errorf("status %d; it said %q", got, said)
	}
}

// TestShellIsInteractive: a shell of one's own in a shell's job: keys are the inner one's, Ctrl-Z stops the job, fg goes on, and
// the terminal comes back.
func TestShellIsInteractive(t *testing.T) {
	needShell(t, "bash")
	inTiny(t)
	said := dialogue(t, exec.Command("bash", "--norc", "--noprofile", "-i"),
		"READY ", "lab shell tiny.yaml --formats svg -- bash --norc --noprofile -i\n",
		"READY ", "pump wait\n", "up\r\n", ctrlC, "READY ", "echo inner $?; exit 5\n",
		"index.html", "", "READY ", "echo outer $?; lab shell tiny.yaml --formats svg -- sh -c 'echo go; read x; echo got $x; exit 6'\n",
		"go\r\n", ctrlZ, "READY ", "fg\n", "fg\r\n", "hello\n",
		"index.html", "", "READY ", "echo outer $?; pump wait\n", "up\r\n", ctrlC, "READY ", "exit 0\n")
	for _, want := range []string{"inner 130\r\n", "outer 5\r\n", "Stopped", "got hello\r\n", "outer 6\r\n"} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in %q", want, said)
		}
	}
}

// TestShellWithoutACommand starts $SHELL.
func TestShellWithoutACommand(t *testing.T) {
	needShell(t)
	inTiny(t)
	cmd := exec.Command("lab", "shell", "tiny.yaml", "--formats", "svg", "-o", "there")
	cmd.Env = append(os.Environ(), "SHELL=/bin/sh")
	cmd.Stdin = strings.NewReader("echo it is; exit 8\n")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, _ := cmd.Output()
	if got := cmd.ProcessState.ExitCode(); got != 8 || string(out) != "it is\n" ||
		!strings.HasPrefix(errs.String(), "lab: /bin/sh on the host client; server is the other one; exit ends it\n") ||
		!strings.HasSuffix(errs.String(), "lab: there/index.html\n") {
		t.Errorf("status %d, %q, %q", got, out, errs.String())
	}
}

// TestReadmeShell runs the README's lab shell.
func TestReadmeShell(t *testing.T) {
	needShell(t, "iperf3")
	lines := regexp.MustCompile(`(?m)^\$ go run ./(lab shell .*)$`).FindAllStringSubmatch(readme(t), -1)
	if len(lines) == 0 {
		t.Fatal("the README has no lab shell")
	}
	t.Chdir(t.TempDir())
	for _, l := range lines {
		out, err := exec.Command("sh", "-c", l[1]).Output()
		if err != nil {
			t.Errorf("%s: %v\n%s", l[1], err, out)
		}
		if rate := regexp.MustCompile(`([0-9.]+) Mbits/sec +receiver`).FindSubmatch(out); rate == nil {
			t.Errorf("%s: iperf3 measured nothing:\n%s", l[1], out)
		} else if mbit, err := strconv.ParseFloat(string(rate[1]), 64); err != nil || mbit < 0.5 || mbit > 10 {
			t.Errorf("%s: %s Mbit/s over 10 Mbit/s (%v)", l[1], rate[1], err)
		}
	}
}

// TestShellWithoutRoot: it makes itself a user namespace, and all is as with root.
func TestShellWithoutRoot(t *testing.T) {
	needShell(t)
	inTiny(t)
	for _, dir := range []string{".", ".."} { // the second is the test's own, too
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	cmd := session([]string{"-o", "mine"}, []string{"sh", "-c", "echo $RELIABILITYLAB_USER_NAMESPACE; grep server /etc/hosts; exit 9"})
	cmd.Path = "/proc/self/exe" // nobody may not walk to where this binary stands
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	out, err := cmd.CombinedOutput()
	cannot := bytes.Contains(out, []byte("this machine cannot make a user namespace")) || bytes.Contains(out, []byte("/dev/net/tun: cannot be opened: permission denied"))
	if cannot && os.Getenv("CI") == "" {
		t.Skipf("SKIPPED: not without root here: %s", out)
	}
	if got := cmd.ProcessState.ExitCode(); got != 9 || string(out) != "\n10.0.0.2\tserver\nlab: mine/index.html\n" {
		t.Errorf("status %d, %v, %q", got, err, out)
	}
}
