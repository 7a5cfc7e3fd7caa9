package kernel

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// A foreground is the terminal that a program is given, if this process has one to give. A terminal sends what its keys
// mean (Ctrl-C: SIGINT) to one process group, the one in the foreground. A program is in a group of its own, since the
// numbers of this process's group mean nothing in its PID namespace. nil is no terminal.
type foreground struct {
	tty   *os.File
	given bool // the program has it now
}

// openForeground opens the terminal, and has the new process be in its foreground where this process is and the
// program's input and output are the terminal; of another one nobody knows yet whether it wants it (see stopped).
func openForeground(a *syscall.SysProcAttr, in, out *os.File) *foreground {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil // there is none
	}
	f := &foreground{tty: tty}
	signal.Ignore(syscall.SIGTTOU) // this process takes the terminal back from the background
	if f.group() == unix.Getpgrp() && isTerminal(in) && isTerminal(out) {
		a.Foreground, a.Ctty, f.given = true, int(tty.Fd()), true
	}
	return f
}

func isTerminal(f *os.File) bool {
	if f == nil {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// group is the process group in the foreground.
func (f *foreground) group() int {
	g, err := unix.IoctlGetInt(int(f.tty.Fd()), unix.TIOCGPGRP)
	if err != nil {
		return -1
	}
	return g
}

// give puts a process group into the foreground.
func (f *foreground) give(group int) {
	f.given = group != unix.Getpgrp()
	_ = unix.IoctlSetPointerInt(int(f.tty.Fd()), unix.TIOCSPGRP, group) // a group that is gone needs none
}

// stopped is told that the program has stopped. If it only wants the terminal, and this process has it, it gets it. Else this
// process stops too, with its group, as any job does that a shell has started, and when it goes on so does the program.
// Where no shell has started it, nobody would ever have it go on, and the program goes on at once.
func (f *foreground) stopped(by syscall.Signal, k *Process) {
	if f == nil {
		return
	}
	mine, group, had := unix.Getpgrp(), k.init.Process.Pid, f.given
	has := f.group()
	if has == mine && (by == syscall.SIGTTIN || by == syscall.SIGTTOU) {
		f.give(group)
		k.Signal(syscall.SIGCONT)
		return
	}
	if session, err := unix.Getsid(0); err != nil || session == mine {
		k.Signal(syscall.SIGCONT)
		return
	}
	if had {
		group = has
		f.give(mine)
	}
	goesOn := make(chan os.Signal, 1)
	signal.Notify(goesOn, syscall.SIGCONT)
	defer signal.Stop(goesOn)
	_ = unix.Kill(0, syscall.SIGSTOP)
	<-goesOn
	if had && f.group() == mine {
		f.give(group)
	}
	k.Signal(syscall.SIGCONT)
}

// close takes the terminal back.
func (f *foreground) close() {
	if f == nil {
		return
	}
	if f.given {
		f.give(unix.Getpgrp())
	}
	f.tty.Close()
}
