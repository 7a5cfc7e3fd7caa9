package experiment

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"reliabilitylab/lab/kernel"
	"reliabilitylab/lab/tcp"
	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
	"reliabilitylab/scenarios"
)

// A session is a world with no flows of its own: two hosts of the kernel, the scenario's path between them, and on each
// host any program of this machine. Its clock begins with the client's program and has no end; one recorder sees all.

// ShellSettings are what a scenario must be loaded with for a session: it is the kernel's stack at both ends, and what the
// scenario would run, vary and expect of its own flows does not happen. The charts are those that need no messages.
var ShellSettings = []scenarios.Setting{
	{Key: "stack", Value: linux}, {Key: "sweep", Value: "{repeat: 1}"}, {Key: "expect", Value: "[]"},
	{Key: "charts", Value: "[sequence, time-sequence, window, throughput]"},
}

// A Shell is what is to be run in a session.
type Shell struct {
	Client []string // the client's program and its arguments; it has this process's terminal, input and output
	Server string   // a command line for sh, to be run on the server; "" is none. What it says goes to standard error

	// Signals are passed on to the client's program while it runs. SIGTERM and SIGHUP end it, whatever it does with them.
	Signals <-chan os.Signal

	Dir string            // an existing folder for the packets' bytes while the session lasts
	Say func(word string) // told what somebody may want to know meanwhile
}

const (
	// readyWithin is how long the server's program may take until it listens; then the client's begins all the same.
	readyWithin = 5 * time.Second
	readyEvery  = 10 * time.Millisecond
	// grace is how long a program that was told to end may take before it is killed.
	grace = 2 * time.Second
	// forever is longer than anybody will wait: 146 years.
	forever = 1 << 62
)

// An Ended is how the programs ended.
type Ended struct {
	Status int    // of the client's, as a shell has it: 128 and the signal's number where it was killed
	Killed bool   // the client's did not end when it was told to
	Server string // how the server's failed, if it did
}

// CanShell tells whether this machine can run sessions; its error wraps ErrCannot.
func CanShell() error { return canLinux() }

// RunShell runs a session with a scenario's path (loaded with ShellSettings) and returns its record when the client's
// program has ended, whatever its status was. Until that program has begun, ctx ends it with an error. The trace is the
// caller's to close (Trace.Bytes).
func RunShell(ctx context.Context, s *scenarios.Scenario, sh Shell) (trial *Trial, end Ended, err error) {
	p := plan{scenario: s, replicate: 1, seed: s.Seed, pool: new(netem.Pool)}
	l := &lab{plan: p, tcp: tcp.Defaults(0), queueMax: [2]int{-1, -1}}
	if l.world, err = newWorld(s); err != nil {
		return nil, end, err
	}
	defer l.world.Close()
	spool, err := trace.NewSpool(filepath.Join(sh.Dir, "shell.packets"))
	if err != nil {
		return nil, end, err
	}
	defer func() {
		if err != nil {
			spool.Close()
		}
	}()
	r := l.record(trace.Trace{Trial: "shell", Flow: "shell", Protocol: trace.Any, Bytes: spool})
	if err := l.connect(); err != nil {
		return nil, end, err
	}
	if end, err = l.shell(ctx, sh); err != nil {
		return nil, end, err
	}
	t, err := r.Finish()
	if err != nil {
		return nil, end, err
	}
	t.Data = busier(t)
	t.QueueMax = l.queueMax[t.Data]
	return &Trial{
		Kept: true, ID: t.Trial, Flow: t.Flow, Protocol: t.Protocol, Replicate: 1, Seed: p.seed, Scenario: s, Trace: t,
		Lateness: lateness(l.world), Errors: sh.complaints(end),
	}, end, nil
}

// busier is the direction in which more bytes were put on the path.
func busier(t *trace.Trace) netem.Direction {
	var bytes [2]int64
	for i := range t.Packets {
		if p := &t.Packets[i]; p.Of == 0 {
			bytes[p.Direction] += int64(p.Length)
		}
	}
	if bytes[netem.Reverse] > bytes[netem.Forward] {
		return netem.Reverse
	}
	return netem.Forward
}

// shell runs the programs: the server's until it is ready, then the client's, and the server's to its end.
func (l *lab) shell(ctx context.Context, sh Shell) (end Ended, err error) {
	var server *kernel.Process
	if sh.Server != "" {
		if server, err = l.serve(ctx, sh); err != nil {
			return end, err
		}
		defer server.Kill()
	}
	if err := ctx.Err(); err != nil {
		return end, err
	}
	client, err := l.client.(*kernel.Host).Start(kernel.Program{
		Args: sh.Client, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Names: l.names(), Terminal: true,
	})
	if err != nil {
		return end, err
	}
	over := make(chan struct{})
	killed := make(chan bool)
	go func() { killed <- relay(sh.Signals, client, over) }()
	l.world.Go(func() {
		client.Wait(forever)
		if server != nil {
			end.Server = finish(server)
		}
	})
	err = l.world.Run(context.WithoutCancel(ctx), forever)
	close(over)
	end.Killed = <-killed
	end.Status = client.Status()
	return end, err
}

// complaints are what the results say of how the programs ended, where it was not well.
func (sh *Shell) complaints(end Ended) (all []string) {
	if end.Status != 0 {
		all = append(all, fmt.Sprintf("client: %s: exit status %d", sh.Client[0], end.Status))
	}
	if end.Server != "" {
		all = append(all, fmt.Sprintf("server: %s: %s", sh.Server, end.Server))
	}
	return all
}

// names are how programs find the two hosts.
func (l *lab) names() []kernel.Name {
	client, server := l.addresses()
	return []kernel.Name{{Name: "client", Addr: client}, {Name: "server", Addr: server}}
}

// ErrServer is wrapped by the error that says that the server's program ended before the client's could begin.
var ErrServer = errors.New("the server's command ended at once")

// serve starts the server's program and waits until it listens, or the time for that is up, or it has ended, which is an error.
// The world's clock does not run yet.
func (l *lab) serve(ctx context.Context, sh Shell) (*kernel.Process, error) {
	p, err := l.server.(*kernel.Host).Start(kernel.Program{
		Args: []string{"sh", "-c", sh.Server}, Stdout: os.Stderr, Stderr: os.Stderr, Names: l.names(), Daemons: true,
	})
	if err != nil {
		return nil, err
	}
	look := time.NewTicker(readyEvery)
	defer look.Stop()
	late := time.After(readyWithin)
	for {
		switch {
		case p.Ended():
			return nil, fmt.Errorf("%w: %s: exit status %d", ErrServer, sh.Server, p.Status())
		case p.Listening():
			return p, nil
		}
		select {
		case <-look.C:
		case <-late:
			sh.Say(fmt.Sprintf("the server's command listens nowhere after %v; the client's begins all the same", readyWithin))
			return p, nil
		case <-ctx.Done():
			p.Kill()
			return nil, ctx.Err()
		}
	}
}

// finish ends the server's program and returns how it failed, if it did: by itself, or by not ending when it was told to.
func finish(p *kernel.Process) string {
	if p.Ended() {
		if s := p.Status(); s != 0 {
			return fmt.Sprintf("exit status %d", s)
		}
		return ""
	}
	p.Signal(syscall.SIGTERM)
	if !p.Wait(grace) {
		p.Kill()
		p.Wait(forever)
		return fmt.Sprintf("it did not end within %v of SIGTERM, and was killed", grace)
	}
	return ""
}

// relay passes signals on until the session is over. It returns whether the program had to be killed.
func relay(signals <-chan os.Signal, p *kernel.Process, over <-chan struct{}) (killed bool) {
	var patience <-chan time.Time
	for {
		select {
		case <-over:
			return killed
		case s := <-signals:
			p.Signal(s.(syscall.Signal))
			if s == syscall.SIGTERM || s == syscall.SIGHUP {
				patience = time.After(grace)
			}
		case <-patience:
			if !p.Ended() {
				p.Kill()
				killed = true
			}
		}
	}
}
