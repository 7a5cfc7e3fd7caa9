//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package reports

import (
	"os"
	"syscall"
)

// lock keeps other processes from locking the file until it is closed, or this one ends. It tells whether nobody else has.
func lock(f *os.File) bool {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}
