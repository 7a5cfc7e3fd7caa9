package kernel

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// A namespace belongs to the threads that are in it, to the sockets and devices made in it, and to the descriptors that
// name it. None of them outlives the process, so nothing has to be cleaned up, whatever ends it. The World's thread goes
// from one host's namespace to the next when it makes a socket there; sockets that exist can be used from anywhere.

// unshare moves the thread to a new network namespace and returns its descriptor.
func (w *World) unshare() (int, error) {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return -1, os.NewSyscallError("unshare CLONE_NEWNET", err)
	}
	w.here = -1
	fd, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: "/proc/thread-self/ns/net", Err: err}
	}
	w.here = fd
	return fd, nil
}

// move moves the thread to a namespace.
func (w *World) move(ns int) error {
	if ns == w.here {
		return nil
	}
	if err := unix.Setns(ns, unix.CLONE_NEWNET); err != nil {
		return os.NewSyscallError("setns", err)
	}
	w.here = ns
	return nil
}

// sysctl sets a variable of the namespace that the thread is in: /proc/sys/net shows each thread its own.
func sysctl(name, value string) error {
	if err := os.WriteFile("/proc/sys/net/"+name, []byte(value), 0); err != nil {
		return fmt.Errorf("set net/%s to %s: %w", name, value, err)
	}
	return nil
}
