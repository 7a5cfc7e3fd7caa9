package kernel

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/tcp"
	"reliabilitylab/netem"
)

// The tests run themselves again, as somebody else or to be killed: this variable says what for.
const role = "RELIABILITYLAB_KERNEL_TEST"

// The cases of the conformance suite do little but wait, so more may run at once than there are processors.
func TestMain(m *testing.M) {
	RunInit()
	flag.Parse()
	switch os.Getenv(role) {
	case "enter":
		if status, entered, err := Enter(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		} else if entered {
			os.Exit(status)
		}
	case "see":
		see()
		os.Exit(7)
	case "listen tcp4", "listen udp4":
		listen(strings.TrimPrefix(os.Getenv(role), "listen "))
	case "session":
		if err := session(); err != nil {
			fmt.Println(err)
		}
		os.Exit(1)
	case "victim":
		if err := victim(); err != nil {
			fmt.Println(err)
		}
		os.Exit(1)
	}
	if err := flag.Set("test.parallel", "12"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// again is this program once more.
func again(as string, args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", args...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "CI=") { // what it cannot do it may skip
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, role+"="+as)
	return cmd
}

const nobody = 65534

// needUserNamespaces skips the test where there are none. In CI, as root, that is a failure.
func needUserNamespaces(t *testing.T) {
	t.Helper()
	err := probe()
	switch {
	case err == nil:
	case os.Getenv("CI") == "true" && os.Getuid() == 0:
		t.Fatalf("CI must have user namespaces: %v", err)
	default:
		t.Skipf("NOT TESTED: no user namespaces here: %v", err)
	}
}

// needTUNForAll skips the test where only root may open the device, which systems ship open to all. In CI, as root, that is a failure.
func needTUNForAll(t *testing.T) {
	t.Helper()
	is, err := os.Stat("/dev/net/tun")
	switch {
	case err == nil && is.Mode().Perm()&0o006 == 0o006:
	case os.Getenv("CI") == "true" && os.Getuid() == 0:
		t.Fatalf("CI must let all open /dev/net/tun: %v, %v", is.Mode(), err)
	default:
		t.Skipf("NOT TESTED: not all may open /dev/net/tun here: %v, %v; sudo chmod a+rw /dev/net/tun", is.Mode(), err)
	}
}

// TestWithoutRoot runs a case of the conformance suite as nobody, who gets there through a user namespace.
func TestWithoutRoot(t *testing.T) {
	need(t)
	needUserNamespaces(t)
	needTUNForAll(t)
	cmd := again("enter", "-test.v", "-test.run=TestConformance/linux,linux,10.0.0.1/echo_over_TCP")
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestConformance/linux,linux,10.0.0.1/echo_over_TCP") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestEnterPassesTheStatusOn: a test that does not exist has status 0, a flag that does not exist 2.
func TestEnterPassesTheStatusOn(t *testing.T) {
	needUserNamespaces(t)
	for flag, want := range map[string]int{"-test.run=^$": 0, "-test.no-such-flag": 2} {
		cmd := again("enter", flag)
		if os.Getuid() == 0 {
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		}
		out, _ := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != want {
			t.Errorf("%s: status %d, want %d\n%s", flag, got, want, out)
		}
	}
}

// victim makes two hosts that talk, says in which namespaces, and goes on until it is killed.
func victim() error {
	w, err := NewWorld()
	if err != nil {
		return err
	}
	var pool netem.Pool
	for _, a := range []netip.Addr{client4, server4} {
		h, err := w.AddHost(Config{Name: "victim", Addr: a, MTU: 1500, Pool: &pool, TCP: tcp.Defaults(0)})
		if err != nil {
			return err
		}
		name, err := os.Readlink("/proc/thread-self/ns/net")
		if err != nil {
			return err
		}
		fmt.Println(name)
		h.Transmit(pool.Put)
		h.Go(func() {
			s, err := h.Socket(host.IPv4, host.Stream, 0)
			if err == nil {
				err = s.Connect(netip.AddrPortFrom(server4.Next(), 9000))
			}
			fmt.Println(err)
		})
	}
	return w.Run(context.Background(), time.Hour)
}

// TestNothingIsLeftAfterSIGKILL: no process or descriptor holds the namespaces of one that was killed, and this one's own
// devices are what they were.
func TestNothingIsLeftAfterSIGKILL(t *testing.T) {
	need(t)
	before := devices(t)
	cmd := again("victim")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	var names []string
	for range 2 {
		lines.Scan()
		names = append(names, lines.Text())
	}
	if n := holders(t, names); !strings.HasPrefix(names[0], "net:[") || n == 0 {
		t.Errorf("%d hold %q while it runs", n, names)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if n := holders(t, names); n != 0 {
		t.Errorf("%d still hold %q", n, names)
	}
	if after := devices(t); after != before {
		t.Errorf("the devices were %s and are %s", before, after)
	}
}

// holders counts the threads and descriptors of all processes that hold one of the namespaces.
func holders(t *testing.T, names []string) (n int) {
	t.Helper()
	for _, pattern := range []string{"/proc/[0-9]*/task/*/ns/net", "/proc/[0-9]*/fd/*"} {
		all, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range all {
			is, err := os.Readlink(path)
			if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.ESRCH) {
				t.Fatal(err)
			}
			for _, name := range names {
				if is == name {
					n++
				}
			}
		}
	}
	return n
}

// devices names the network devices that this process sees.
func devices(t *testing.T) string {
	t.Helper()
	all, err := os.ReadDir("/sys/class/net")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range all {
		names = append(names, d.Name())
	}
	return strings.Join(names, " ")
}

func TestCheck(t *testing.T) {
	for _, f := range Check() {
		t.Logf("%s: %v, %s; %s", f.What, f.OK, f.Has, f.Mend)
		if f.What == "" || f.Has == "" || f.OK != (f.Mend == "") {
			t.Errorf("%+v", f)
		}
	}
}
