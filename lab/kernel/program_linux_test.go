package kernel

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"reliabilitylab/lab/tcp"
	"reliabilitylab/netem"
)

var names4 = []Name{{"client", client4}, {"server", server4}}

// self is this program, which does what the variable role says.
const self = "/proc/self/exe"

// see tells what a program finds: its devices, its number, and the hosts by their names.
func see() {
	b, err := os.ReadFile("/proc/self/net/dev")
	fmt.Printf("%s %v\n", b, err)
	for _, name := range []string{"client", "server", "nobody.invalid"} {
		addr, err := net.LookupHost(name)
		fmt.Printf("%s %v %v\n", name, addr, err != nil)
	}
	fmt.Println("parent", os.Getppid())
	fmt.Println("mark", os.Getenv(isInit)+os.Getenv(inside))
}

// start starts a program on the rig's client and returns what it writes, and where it can be waited for.
func start(t *testing.T, r *rig, p Program) (*Process, *os.File) {
	t.Helper()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	defer in.Close()
	p.Stdout, p.Stderr = in, os.Stderr
	k, err := r.client.(*Host).Start(p)
	if err != nil {
		t.Fatal(err)
	}
	return k, out
}

// most is far longer than a program here takes.
const most = 30 * time.Second

// ends waits for a process, and for the end of what it writes, which is the end of all that it has started.
func ends(t *testing.T, r *rig, k *Process, out *os.File) string {
	t.Helper()
	r.w.Quiet = 0
	ended := false
	r.w.Go(func() { ended = k.Wait(most) })
	if err := r.w.Run(context.Background(), 2*most); err != nil {
		t.Fatal(err)
	}
	if !ended {
		t.Fatal("it runs on")
	}
	b, err := io.ReadAll(out)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func newClient(t *testing.T) *rig {
	return newRig(t, linux, linux, [2]netip.Addr{client4, server4}, tcp.Defaults(0), nil)
}

// TestProgramSeesTheHost: the host's device and names, and no more of this process than it has to.
func TestProgramSeesTheHost(t *testing.T) {
	r := newClient(t)
	t.Setenv(role, "see")
	t.Setenv(inside, "1")
	k, out := start(t, r, Program{Args: []string{self}, Names: names4})
	text := ends(t, r, k, out)
	for _, want := range []string{deviceName, "client [10.0.0.1] false\n", "server [10.0.0.2] false\n", "nobody.invalid [] true\n", "parent 1\n", "mark \n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in what it saw:\n%s", want, text)
		}
	}
	if k.Status() != 7 {
		t.Errorf("exit status %d, want 7", k.Status())
	}
}

func TestProgramStatus(t *testing.T) {
	r := newClient(t)
	for script, want := range map[string]int{"exit 0": 0, "exit 42": 42, "kill -KILL $$": 137, "kill -INT $$": 130, "sleep 1000 & exit 3": 3} {
		k, out := start(t, r, Program{Args: []string{"sh", "-c", script}})
		ends(t, r, k, out)
		if got := k.Status(); got != want {
			t.Errorf("%s: status %d, want %d", script, got, want)
		}
	}
}

func TestProgramThatCannotBe(t *testing.T) {
	r := newClient(t)
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("no program"), 0o755); err != nil {
		t.Fatal(err)
	}
	plain := text + "2"
	if err := os.WriteFile(plain, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]error{"no-such-program": ErrNoProgram, "/no/such": ErrNoProgram, text: ErrNotProgram, plain: ErrNotProgram} {
		if _, err := r.client.(*Host).Start(Program{Args: []string{name}}); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
}

// TestDaemons: what a program leaves behind goes with it, or keeps it going, and hears signals.
func TestDaemons(t *testing.T) {
	r := newClient(t)
	k, out := start(t, r, Program{Args: []string{"sh", "-c", "(trap 'echo heard; exit' TERM; while kill -0 $$ 2>/dev/null; do sleep 0.01; done; echo up; while :; do sleep 0.01; done) & exit 5"}, Daemons: true})
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); line != "up\n" {
		t.Fatalf("it said %q, %v", line, err)
	}
	if k.Ended() {
		t.Fatal("it ended before its daemon")
	}
	k.Signal(syscall.SIGTERM)
	if rest := ends(t, r, k, out); k.Status() != 5 {
		t.Errorf("exit status %d, want 5", k.Status())
	} else if left, _ := lines.Peek(lines.Buffered()); !strings.Contains(string(left)+rest, "heard") {
		t.Errorf("the daemon did not hear SIGTERM: %q", rest)
	}
}

func TestListening(t *testing.T) {
	r := newClient(t)
	for _, what := range []string{"listen tcp4", "listen udp4"} {
		t.Setenv(role, what)
		k, out := start(t, r, Program{Args: []string{self}})
		if line, err := bufio.NewReader(out).ReadString('\n'); line != "up\n" {
			t.Fatalf("it said %q, %v", line, err)
		}
		if !k.Listening() {
			t.Errorf("%s: nobody listens", what)
		}
		k.Kill()
		ends(t, r, k, out)
	}
	k, out := start(t, r, Program{Args: []string{"sh", "-c", "echo up; sleep 1000"}})
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "up\n" {
		t.Fatalf("it said %q, %v", line, err)
	}
	if k.Listening() {
		t.Error("sleep listens")
	}
	k.Kill()
	ends(t, r, k, out)
	if k.Status() != 137 {
		t.Errorf("exit status %d of a killed program", k.Status())
	}
}

// listen opens a port of this network and waits.
func listen(network string) {
	var err error
	if strings.HasPrefix(network, "tcp") {
		_, err = net.Listen(network, ":80")
	} else {
		_, err = net.ListenPacket(network, ":80")
	}
	if err == nil {
		fmt.Println("up")
	}
	time.Sleep(time.Hour)
}

// session starts a program that starts another, and waits for them.
func session() error {
	w, err := NewWorld()
	if err != nil {
		return err
	}
	h, err := w.AddHost(Config{Name: "victim", Addr: client4, MTU: 1500, Pool: new(netem.Pool), TCP: tcp.Defaults(0)})
	if err != nil {
		return err
	}
	os.Unsetenv(role)
	k, err := h.Start(Program{Args: []string{"sh", "-c", "setsid sleep 1000 & echo up; exec sleep 1000"}, Stdout: os.Stdout})
	if err != nil {
		return err
	}
	w.Go(func() { k.Wait(time.Hour) })
	return w.Run(context.Background(), time.Hour)
}

// TestProgramsEndWithThisProcess: all that holds the pipe is gone after SIGKILL, or reading it would not end.
func TestProgramsEndWithThisProcess(t *testing.T) {
	need(t)
	cmd := again("session")
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout = in
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in.Close()
	if err := out.SetReadDeadline(time.Now().Add(most)); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "up\n" {
		t.Fatalf("it said %q, %v", line, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if rest, err := io.ReadAll(out); err != nil {
		t.Errorf("something runs on: %v %q", err, rest)
	}
}
