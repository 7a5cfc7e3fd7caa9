package kernel

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"reliabilitylab/lab/host"
)

// A program of the machine is run by an init (init_linux.go):
//
//	this process ─ init, process 1 of a PID namespace, in the host's network namespace ─ the program ─ whatever it starts
//
// The kernel kills the init when this process dies, and with an init everything in its PID namespace. One pipe takes
// orders to the init, another brings back its words.

// A Process is a program that runs on a host.
type Process struct {
	w       *World
	init    *exec.Cmd
	orders  *os.File
	said    chan word     // by the init until the program runs
	done    chan struct{} // closed when everything of it has ended
	waiting []host.Task
	tty     *foreground
}

// A word is what an init says.
type word struct {
	Started bool           `json:",omitempty"`
	Failed  string         `json:",omitempty"` // why it did not start
	Unable  bool           `json:",omitempty"` // and that it is the machine that cannot
	Stopped syscall.Signal `json:",omitempty"`
}

// Start runs a program in the host's namespace. It must be called by the world's goroutine or a program in it, and returns
// when the program has begun. Its error wraps ErrNoProgram, ErrNotProgram or ErrUnable.
func (h *Host) Start(p Program) (*Process, error) {
	path, err := exec.LookPath(p.Args[0])
	switch {
	case errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: %w", p.Args[0], ErrNoProgram)
	case err != nil:
		return nil, fmt.Errorf("%s: %w: %w", p.Args[0], ErrNotProgram, err)
	}
	k := &Process{w: h.w, said: make(chan word, 1), done: make(chan struct{})}
	if err := k.launch(h, &p, task{Path: path, Args: p.Args, Names: p.Names, Daemons: p.Daemons, Slack: h.w.slack}); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.Args[0], unable(err))
	}
	first, spoke := <-k.said
	switch {
	case first.Started:
		return k, nil
	case !spoke:
		err = errors.New("its init ended")
	case first.Unable:
		err = unable(errors.New(first.Failed))
	default:
		err = fmt.Errorf("%s: %w: %s", p.Args[0], ErrNotProgram, first.Failed)
	}
	k.Kill()
	<-k.done
	return nil, err
}

// launch starts the init and gives it its task.
func (k *Process) launch(h *Host, p *Program, t task) error {
	if err := h.w.move(h.namespace); err != nil {
		return err
	}
	ordersOut, orders, err := os.Pipe()
	if err != nil {
		return err
	}
	defer ordersOut.Close()
	words, wordsIn, err := os.Pipe()
	if err != nil {
		orders.Close()
		return err
	}
	defer wordsIn.Close()
	k.orders = orders
	k.init = &exec.Cmd{
		Path: "/proc/self/exe", Args: os.Args[:1], Env: []string{isInit + "=1"},
		ExtraFiles: []*os.File{ordersOut, wordsIn},
		SysProcAttr: &syscall.SysProcAttr{
			Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL, Setpgid: true,
		},
	}
	for i, f := range []*os.File{p.Stdin, p.Stdout, p.Stderr} {
		switch {
		case f == nil: // not a nil *os.File in an interface
		case i == 0:
			k.init.Stdin = f
		case i == 1:
			k.init.Stdout = f
		default:
			k.init.Stderr = f
		}
	}
	if p.Terminal {
		k.tty = openForeground(k.init.SysProcAttr, p.Stdin, p.Stdout)
	}
	if err := k.init.Start(); err != nil { // a new process is in the namespace of the thread that makes it
		k.tty.close()
		orders.Close()
		words.Close()
		return err
	}
	t.Env = environment()
	_ = json.NewEncoder(orders).Encode(t) // if it is not there to read, it says so by its end
	heard := make(chan struct{})
	go k.listen(words, heard)
	go k.await(heard)
	return nil
}

// environment is that of the programs: this process's, without what it says to itself.
func environment() (all []string) {
	for _, v := range os.Environ() {
		if len(v) <= len(inside) || v[:len(inside)+1] != inside+"=" {
			all = append(all, v)
		}
	}
	return all
}

// listen hears what the init says, until its end.
func (k *Process) listen(words *os.File, heard chan<- struct{}) {
	defer close(heard)
	defer words.Close()
	defer close(k.said)
	d := json.NewDecoder(words)
	first := true
	for {
		var said word
		if d.Decode(&said) != nil {
			return
		}
		if first {
			k.said <- said
			first = false
			continue
		}
		k.tty.stopped(said.Stopped, k)
	}
}

// await waits for the end.
func (k *Process) await(heard <-chan struct{}) {
	_ = k.init.Wait() // its status says all
	<-heard
	k.orders.Close()
	k.tty.close()
	close(k.done)
	k.w.post(func() {
		for _, t := range k.waiting {
			k.w.Wake(t)
		}
	})
}

// Wait is called by a program in the world and waits for the process to end, at most so long; it returns whether it has.
func (k *Process) Wait(most time.Duration) bool {
	me := k.w.Current()
	k.waiting = append(k.waiting, me)
	until := k.w.Now() + most
	k.w.After(most, func() { k.w.Wake(me) })
	for !k.Ended() && k.w.Now() < until {
		k.w.Park()
	}
	return k.Ended()
}

// Ended tells whether the process and all that it has started have ended.
func (k *Process) Ended() bool {
	select {
	case <-k.done:
		return true
	default:
		return false
	}
}

// Status is the exit status of a process that has ended, as a shell has it: 128 and the signal's number where it was
// killed.
func (k *Process) Status() int { return exitStatus(k.init.ProcessState) }

// Signal sends a signal to the program and to all that it has started. It may be called from any goroutine, also after the end.
func (k *Process) Signal(s syscall.Signal) {
	_, _ = k.orders.Write([]byte{byte(s)}) // if nobody is there to read, it has ended
}

// Kill ends the process, and all that it has started, at once. It may be called from any goroutine, also after the end.
func (k *Process) Kill() { _ = k.init.Process.Kill() }

// Listening tells whether something in the process's namespace waits to be spoken to: a TCP socket that listens, or a UDP
// socket with a port of its own.
func (k *Process) Listening() bool {
	for _, of := range []struct{ table, state string }{{"tcp", listens}, {"tcp6", listens}, {"udp", bound}, {"udp6", bound}} {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", k.init.Process.Pid, of.table))
		if err == nil && hasState(string(b), of.state) {
			return true
		}
	}
	return false
}

// The states of sockets in /proc/net/tcp and udp (proc_pid_net(5)).
const (
	listens = "0A" // TCP_LISTEN
	bound   = "07" // TCP_CLOSE, which UDP sockets are in while they have no peer
)

// hasState tells whether a table of sockets has one in that state.
func hasState(table, state string) bool {
	for line := range strings.Lines(table) {
		if f := strings.Fields(line); len(f) > 3 && f[3] == state {
			return true
		}
	}
	return false
}
