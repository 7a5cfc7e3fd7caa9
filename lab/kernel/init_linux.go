package kernel

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// isInit marks the environment of a process that is to be an init.
const isInit = "RELIABILITYLAB_INIT"

// A task is what an init is to do.
type task struct {
	Path      string
	Args, Env []string
	Names     []Name
	Daemons   bool
	Slack     int // the timer slack to give the program, ns: the world's own is smaller
}

// RunInit must be the first thing that a command does which uses Host.Start: in a process that Start has made it does not
// return. That process is this command once more, in namespaces of its own: it puts the names in place, runs the program,
// passes signals on, and buries what is orphaned.
func RunInit() {
	if os.Getenv(isInit) == "" {
		return
	}
	runtime.LockOSThread()
	signal.Notify(make(chan os.Signal, 1)) // the terminal's are the program's; programs do not inherit this
	unix.CloseOnExec(3)
	unix.CloseOnExec(4)
	orders, words := os.NewFile(3, "orders"), json.NewEncoder(os.NewFile(4, "words"))
	d := json.NewDecoder(orders)
	var t task
	if err := d.Decode(&t); err != nil {
		os.Exit(1) // who gave the order is gone
	}
	if err := t.prepare(); err != nil {
		_ = words.Encode(word{Failed: err.Error(), Unable: true})
		os.Exit(1)
	}
	pid, err := syscall.ForkExec(t.Path, t.Args, &syscall.ProcAttr{Env: t.Env, Files: []uintptr{0, 1, 2}})
	if err != nil {
		_ = words.Encode(word{Failed: err.Error()})
		os.Exit(1)
	}
	_ = words.Encode(word{Started: true})
	go obey(io.MultiReader(d.Buffered(), orders))
	os.Exit(t.wait(pid, words))
}

// obey passes signals on to every process but this one.
func obey(orders io.Reader) {
	var b [1]byte
	for {
		if _, err := orders.Read(b[:]); err != nil {
			os.Exit(1) // nobody is left to give any
		}
		if b[0] != '\n' { // the end of the task's line; there is no signal 10 among those that are passed on
			_ = unix.Kill(-1, syscall.Signal(b[0])) // they may all have ended
		}
	}
}

// wait buries the dead and returns the program's status in the end.
func (t *task) wait(pid int, words *json.Encoder) (status int) {
	for {
		var w unix.WaitStatus
		dead, err := unix.Wait4(-1, &w, unix.WUNTRACED, nil)
		switch {
		case err == unix.EINTR:
		case err != nil: // ECHILD: nobody is left
			return status
		case dead != pid:
		case w.Stopped():
			_ = words.Encode(word{Stopped: w.StopSignal()})
		default:
			if status = w.ExitStatus(); w.Signaled() {
				status = 128 + int(w.Signal())
			}
			if !t.Daemons {
				return status
			}
		}
	}
}

// prepare makes this process and its mount namespace what the program is to find.
func (t *task) prepare() error {
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(t.Slack), 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl PR_SET_TIMERSLACK", err)
	}
	// What is mounted from here on is seen in this namespace alone, and gone with it.
	if err := mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := t.place(); err != nil {
		return err
	}
	// The name service's cache, if it runs, is asked before any file, and knows only the machine's names.
	if _, err := os.Stat("/var/run/nscd"); err == nil {
		if err := mount("tmpfs", "/var/run/nscd", "tmpfs", 0, ""); err != nil {
			return err
		}
	}
	// Without a /proc of its own (a container may forbid it) a program sees other processes' numbers there, no more.
	_ = mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
	return nil
}

// scratch is a folder that every machine has and that this process does without for a moment.
const scratch = "/proc"

// place puts the files in place by which names are found. They are made in memory, on a file system that is seen for a
// moment only; then they are mounted over those of the machine, or, where the machine has none to mount over, /etc is
// overlaid.
func (t *task) place() error {
	files := []struct{ path, text string }{{"/etc/hosts", ""}, {"/etc/nsswitch.conf", ""}}
	missing := false
	for i := range files {
		b, err := os.ReadFile(files[i].path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		missing = missing || err != nil
		files[i].text = string(b)
	}
	files[0].text = hostsFile(files[0].text, t.Names)
	files[1].text = switchFile(files[1].text)
	if err := mount("tmpfs", scratch, "tmpfs", 0, "mode=755"); err != nil {
		return err
	}
	defer unix.Unmount(scratch, unix.MNT_DETACH)
	upper, work := filepath.Join(scratch, "upper"), filepath.Join(scratch, "work")
	for _, dir := range []string{upper, work} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
	}
	for _, f := range files {
		made := filepath.Join(upper, filepath.Base(f.path))
		if err := os.WriteFile(made, []byte(f.text), 0o644); err != nil {
			return err
		}
		if missing {
			continue
		}
		if err := mount(made, f.path, "", unix.MS_BIND, ""); err != nil {
			return err
		}
	}
	if missing {
		return mount("overlay", "/etc", "overlay", 0, "lowerdir=/etc,upperdir="+upper+",workdir="+work)
	}
	return nil
}

func mount(source, target, kind string, flags uintptr, options string) error {
	if err := unix.Mount(source, target, kind, flags, options); err != nil {
		return fmt.Errorf("mount %s: %w", target, err)
	}
	return nil
}
