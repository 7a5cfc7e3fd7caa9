package kernel

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
)

// Enter is how a command gets to make kernel hosts without root: where it must, it runs itself again, with the same
// arguments, in a user namespace of its own, in which it is root. When entered is true that has happened, and the caller
// ends with that status; otherwise it goes on. Signals reach the other one, and it ends when this process does.
//
// (The process cannot go there itself: Linux moves only processes of one thread to another user namespace.)
func Enter() (status int, entered bool, err error) {
	if os.Getuid() == 0 || os.Getenv(inside) != "" {
		return 0, false, nil
	}
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), inside+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = userNamespace()
	if err := run(cmd); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			return 0, false, fmt.Errorf("%w make a user namespace: %w", ErrUnable, err)
		}
	}
	return exitStatus(cmd.ProcessState), true, nil
}

// inside marks the environment of a process that Enter started.
const inside = "RELIABILITYLAB_USER_NAMESPACE"

// run runs a command and passes on the signals that end programs.
func run(cmd *exec.Cmd) error {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	defer signal.Stop(signals)
	// The thread that starts it must not end before it does: Pdeathsig is the thread's death.
	done := make(chan error, 1)
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { done <- cmd.Wait() }()
	for {
		select {
		case err := <-done:
			return err
		case s := <-signals:
			_ = cmd.Process.Signal(s) // it may be gone already
		}
	}
}

// exitStatus is the status as a shell has it.
func exitStatus(s *os.ProcessState) int {
	if w, ok := s.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return 128 + int(w.Signal())
	}
	return s.ExitCode()
}

// userNamespace starts a process in a user namespace in which this user is root.
func userNamespace() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
	}
}

// probe tells whether user namespaces can be made, and network namespaces in them.
func probe() error {
	cmd := exec.Command("/bin/true")
	cmd.SysProcAttr = userNamespace()
	cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWNET
	return cmd.Run()
}

// inUserNamespace tells whether this process is in a user namespace other than the machine's: the machine's maps all IDs.
func inUserNamespace() bool {
	b, err := os.ReadFile("/proc/self/uid_map")
	return err == nil && strings.Join(strings.Fields(string(b)), " ") != "0 0 4294967295"
}
