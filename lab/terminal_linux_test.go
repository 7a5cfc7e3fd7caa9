package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// openTerminal opens a pseudo terminal of 80 columns: what is written to the terminal is read from its master.
func openTerminal(t *testing.T) (master, terminal *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("CI must have pseudo terminals: %v", err)
		}
		t.Skipf("NOT TESTED: no pseudo terminals: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	control := func(request uintptr, arg unsafe.Pointer, of *os.File) {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, of.Fd(), request, uintptr(arg)); errno != 0 {
			t.Fatalf("ioctl %#x: %v", request, errno)
		}
	}
	var locked, number int32
	control(syscall.TIOCSPTLCK, unsafe.Pointer(&locked), master)
	control(syscall.TIOCGPTN, unsafe.Pointer(&number), master)
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { terminal.Close() })
	size := [4]uint16{24, 80}
	control(syscall.TIOCSWINSZ, unsafe.Pointer(&size), terminal)
	return master, terminal
}

// onTerminal runs the command on a terminal and returns all that a person sees go by.
func onTerminal(t *testing.T, args ...string) string {
	t.Helper()
	master, terminal := openTerminal(t)
	seen := make(chan string)
	go func() {
		var b bytes.Buffer
		b.ReadFrom(master) // ends with EIO when nobody holds the terminal any more
		seen <- b.String()
	}()
	status := run(context.Background(), args, terminal, terminal)
	terminal.Close()
	out := <-seen
	if status != 0 {
		t.Errorf("lab %s: exit status %d\n%s", strings.Join(args, " "), status, out)
	}
	return out
}

func TestColoursWhereAPersonLooks(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("tiny.yaml", []byte(tiny), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm")
	out := onTerminal(t, "run", "tiny.yaml", "--formats", "svg")
	for _, want := range []string{"\x1b[1mTiny\x1b[0m", "\x1b[1mTCP\x1b[0m", "\x1b[32m✓\x1b[0m tcp.delivered_ratio == 1"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %q", want, out)
		}
	}
	plain := regexp.MustCompile(`\x1b\[\d*m`).ReplaceAllString(out, "")
	for _, line := range strings.Split(plain, "\r\n") {
		if n := len([]rune(line)); n > 80 {
			t.Errorf("a line of %d characters: %q", n, line)
		}
	}
	for _, unwanted := range [][2]string{{"NO_COLOR", "1"}, {"TERM", "dumb"}} {
		t.Run(unwanted[0], func(t *testing.T) {
			t.Setenv(unwanted[0], unwanted[1])
			out := onTerminal(t, "run", "tiny.yaml", "--formats", "svg")
			if strings.Contains(out, "\x1b") || !strings.Contains(out, "Tiny") {
				t.Errorf("%s=%s: %q", unwanted[0], unwanted[1], out)
			}
		})
	}
}
