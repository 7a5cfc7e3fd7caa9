package hosttest

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Tests in real time make each other late, those of other packages too (go test runs several at once). They take turns.

// Alone makes a test wait until no other one in real time runs, and the others until it has ended.
func Alone(t testing.TB) {
	t.Helper()
	turn(t, syscall.LOCK_EX)
}

// Together is for tests in real time that bear with each other.
func Together(t testing.TB) {
	t.Helper()
	turn(t, syscall.LOCK_SH)
}

func turn(t testing.TB, how int) {
	t.Helper()
	name := filepath.Join(os.TempDir(), "reliabilitylab-real-time.lock")
	f, err := os.Open(name) // it may be another user's, whom it is enough to read
	if os.IsNotExist(err) {
		f, err = os.OpenFile(name, os.O_RDONLY|os.O_CREATE, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() }) // and with it the lock goes, as it does with the process
	for {
		if err := syscall.Flock(int(f.Fd()), how); err == nil {
			return
		} else if err != syscall.EINTR {
			t.Fatalf("flock %s: %v", f.Name(), err)
		}
	}
}
