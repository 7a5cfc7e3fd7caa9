package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// A run that cannot write: a file may not grow, or the disk is full. Whichever file it is that fails, the run says so and
// ends with status 3, and what stood at its place before still does.

func TestFileTooLarge(t *testing.T) {
	before := oldResults(t)
	// In units of 512 bytes, as POSIX's ulimit -f counts. The bytes of packets, kept for the captures, are the first
	// to be too many, those of whichever trial comes to it first; the chart as PNG is larger.
	failed := map[string]bool{}
	file := regexp.MustCompile(`write \S*/(\S+): file too large`)
	for limit := 1; ; limit *= 2 {
		out, status := shell(t, fmt.Sprintf("ulimit -f %d && exec lab run tiny.yaml --formats svg,png -o new", limit))
		if status == 0 {
			os.RemoveAll("new")
			break
		}
		what := file.FindStringSubmatch(out)
		if status != statusCannot || what == nil || !strings.Contains(out, "lab: ") {
			t.Fatalf("limit %d: exit status %d\n%s", limit, status, out)
		}
		failed[what[1]] = true
		unchanged(t, before)
	}
	if !failed["tcp.packets"] && !failed["udp.packets"] || !failed["delivery.png"] {
		t.Errorf("only these have failed: %v", failed)
	}
	for _, verb := range []string{"run", "report"} { // of a report only charts, tables and page are written
		what := map[string]string{"run": "tiny.yaml", "report": "results/tiny"}[verb]
		if out, status := shell(t, "ulimit -f 1 && exec lab "+verb+" "+what); status != statusCannot {
			t.Errorf("%s: exit status %d\n%s", verb, status, out)
		}
		unchanged(t, before)
	}
}

func TestFullDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("NOT TESTED: only root can mount a small disk to fill; CI runs as root")
	}
	before := oldResults(t)
	disk := t.TempDir()
	if err := syscall.Mount("lab", disk, "tmpfs", 0, "size=256k"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("mount a small disk: %v", err)
		}
		t.Skipf("NOT TESTED: mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	place := filepath.Join(disk, "results")
	if out, status := shell(t, "exec lab run tiny.yaml --formats svg -o "+place); status != 0 {
		t.Fatalf("even one run is too large for the disk: exit status %d\n%s", status, out)
	}
	// What is left of the disk is filled to so many bytes. The same results have 60 KiB or so, in 20 files of whole pages.
	for _, room := range []int64{0, 4 << 10, 16 << 10, 40 << 10, 64 << 10} {
		ballast := filepath.Join(disk, "ballast")
		if err := fill(disk, ballast, room); err != nil {
			t.Fatal(err)
		}
		for _, args := range []string{"run tiny.yaml --formats svg --seed 2 -o " + place, "run two-percent -o " + disk + "/new/results"} {
			out, status := shell(t, "exec lab "+args)
			if status != statusCannot || !strings.Contains(out, "no space left on device") {
				t.Errorf("%d bytes free: lab %s: exit status %d\n%s", room, args, status, out)
			}
			if err := sameTree(place, "results/tiny"); err != nil {
				t.Errorf("%d bytes free: the old results: %v", room, err)
			}
			if entries, _ := os.ReadDir(disk); len(entries) != 2 {
				t.Errorf("%d bytes free: left on the disk: %v", room, entries)
			}
		}
		os.Remove(ballast)
	}
	unchanged(t, before)
}

// fill leaves so many bytes of a disk free.
func fill(disk, ballast string, room int64) error {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(disk, &fs); err != nil {
		return err
	}
	return os.WriteFile(ballast, make([]byte, max(0, int64(fs.Bavail)*fs.Bsize-room)), 0o644)
}

// shell runs a line of the shell and returns its output and exit status.
func shell(t *testing.T, line string) (out string, status int) {
	t.Helper()
	b, err := exec.Command("sh", "-c", line).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit != nil {
		status = exit.ExitCode()
	}
	return string(b), status
}
