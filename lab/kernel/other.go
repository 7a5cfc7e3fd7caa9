//go:build !linux

package kernel

import (
	"fmt"
	"runtime"
	"syscall"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/tcp"
)

// A World cannot be made here.
type World struct {
	host.World
	Quiet time.Duration
}

// A Host cannot be made here.
type Host struct{ host.Node }

func unable() error {
	return fmt.Errorf("stack linux: %w run the kernel's TCP: it needs Linux, and this is %s", ErrUnable, runtime.GOOS)
}

// NewWorld says that it takes Linux.
func NewWorld() (*World, error) { return nil, unable() }

// Lateness returns an empty count.
func (w *World) Lateness() *Lateness { return new(Lateness) }

// AddHost says that it takes Linux.
func (w *World) AddHost(Config) (*Host, error) { return nil, unable() }

// WithTCP says that it takes Linux.
func (h *Host) WithTCP(tcp.Config) (host.Host, error) { return nil, unable() }

// RunInit does nothing.
func RunInit() {}

// A Process cannot be made here.
type Process struct{}

// Start says that it takes Linux.
func (h *Host) Start(Program) (*Process, error) { return nil, unable() }

// Wait returns at once.
func (k *Process) Wait(time.Duration) bool { return true }

// Ended says that there is none.
func (k *Process) Ended() bool { return true }

// Status returns 0.
func (k *Process) Status() int { return 0 }

// Signal does nothing.
func (k *Process) Signal(syscall.Signal) {}

// Kill does nothing.
func (k *Process) Kill() {}

// Listening says that nothing does.
func (k *Process) Listening() bool { return false }

// Can says that it takes Linux.
func Can(tcp.Config) error { return unable() }

// CanShare says that it takes Linux.
func CanShare(_, _ tcp.Config) error { return unable() }

// Congestions returns none.
func Congestions() []string { return nil }

// Enter does nothing.
func Enter() (status int, entered bool, err error) { return 0, false, nil }

// Check says that it takes Linux.
func Check() []Finding {
	return []Finding{{What: "Linux", Has: "this is " + runtime.GOOS, Mend: "run it on Linux, or in a Linux virtual machine", Need: true}}
}
