package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"reliabilitylab/lab/experiment"
	"reliabilitylab/lab/kernel"
	"reliabilitylab/reports"
	"reliabilitylab/scenarios"
)

// The exit statuses of shells for a program that cannot be run, and for one that is not there.
const (
	statusNotProgram = 126
	statusNoProgram  = 127
)

// shellFlags are the flags of lab shell.
type shellFlags struct {
	overrides
	server  string
	out     string
	formats formats
}

func shellCommand() *cobra.Command {
	f := &shellFlags{}
	c := &cobra.Command{
		Use:   "shell SCENARIO [--server COMMAND] [-- COMMAND [ARG...]]",
		Short: "Run any program through a scenario's path",
		Long: "shell runs any program on the client of a scenario, and with --server another one on its server, in real time: the\n" +
			"scenario's path, script and timeline lie between them. Both are network namespaces of Linux with the kernel's own\n" +
			"TCP, whatever the scenario's stack: says; its flows, sweep and expect: are left out, and duration: ends nothing. The\n" +
			"names client and server resolve; nothing else can be reached. Without a command it is $SHELL.\n\n" +
			"The command has the terminal, and Ctrl-C is for it. When it ends so does the server's, and what was captured is\n" +
			"written as by run. The exit status is the command's (128 and the signal's number if one killed it, 127 if there is\n" +
			"no such command). Without root the programs believe that they are (they are, in a user namespace).",
		Example: "  lab shell two-percent --server 'iperf3 -s' -- iperf3 -c server\n  lab shell burst-loss -- ping -c 20 server\n  lab shell far-away.yaml",
		Args: func(c *cobra.Command, args []string) error {
			at := c.ArgsLenAtDash()
			switch {
			case len(args) == 0 || at == 0:
				return named(c, nil)
			case at < 0 && len(args) > 1, at > 1:
				return usagef("shell takes one scenario; put -- before the command: lab shell %s -- %s", args[0], args[1])
			}
			return nil
		},
		RunE: f.run,
	}
	f.overrides.path(c)
	c.Flags().StringVar(&f.server, "server", "", "run this on the server: a `COMMAND` line for sh, ready when it listens")
	c.Flags().StringVarP(&f.out, "output", "o", "", "where to write: `DIR`; default results/<name>-shell")
	f.formats.flag(c)
	return c
}

func (f *shellFlags) run(c *cobra.Command, args []string) error {
	s, err := f.load(args[0], experiment.ShellSettings...)
	if err != nil {
		return err
	}
	if err := experiment.CanShell(); err != nil {
		return err
	}
	if status, entered, err := kernel.Enter(); err != nil || entered {
		if entered {
			err = alreadyTold(status)
		}
		return err
	}
	return f.session(c, s, args[1:])
}

// session runs the programs and writes what came of it.
func (f *shellFlags) session(c *cobra.Command, s *scenarios.Scenario, command []string) (err error) {
	dir := cmp.Or(f.out, filepath.Join("results", s.Name+"-shell"))
	folder, err := reports.Create(dir, s)
	if err != nil {
		return blame(err)
	}
	defer func() { err = errors.Join(err, blame(folder.Discard())) }()
	folder.Remark(reports.Remarks{Program: release()})
	say := func(word string) { fmt.Fprintln(c.ErrOrStderr(), "lab:", word) }
	if len(command) == 0 {
		command = []string{cmp.Or(os.Getenv("SHELL"), "sh")}
		say(command[0] + " on the host client; server is the other one; exit ends it")
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	trial, end, err := experiment.RunShell(c.Context(), s, experiment.Shell{
		Client: command, Server: f.server, Signals: signals, Dir: folder.Scratch(), Say: say,
	})
	signal.Stop(signals)
	if err != nil {
		return f.failure(err)
	}
	return f.write(c, folder, dir, trial, end)
}

// failure says whose fault it is that the programs did not run.
func (f *shellFlags) failure(err error) error {
	switch {
	case errors.Is(err, kernel.ErrNoProgram):
		return statusError{err, statusNoProgram}
	case errors.Is(err, kernel.ErrNotProgram):
		return statusError{err, statusNotProgram}
	case errors.Is(err, experiment.ErrServer):
		return usageError{err}
	}
	return blame(err)
}

// write finishes the folder. The signals that ended the session are not meant for it; a new one is.
func (f *shellFlags) write(c *cobra.Command, folder *reports.Folder, dir string, t *experiment.Trial, end experiment.Ended) error {
	ctx, stop := signal.NotifyContext(context.WithoutCancel(c.Context()), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	m, err := folder.Measure(reports.Recorded{Trial: reported(t), Trace: t.Trace})
	if err != nil {
		return blame(err)
	}
	if err := folder.Add(m); err != nil {
		return blame(err)
	}
	r, err := folder.Finish(f.formats, interruptible(ctx, experiment.Each(0)))
	if err != nil {
		if ctx.Err() != nil {
			return statusError{errInterrupted, statusInterrupted}
		}
		return blame(err)
	}
	if r.Late() {
		fmt.Fprintln(c.ErrOrStderr(), "lab:", r.Timing())
	}
	if end.Server != "" {
		fmt.Fprintln(c.ErrOrStderr(), "lab: the server's command:", end.Server)
	}
	fmt.Fprintln(c.ErrOrStderr(), "lab:", filepath.Join(dir, "index.html"))
	status := end.Status
	if end.Killed {
		status = statusInterrupted
	}
	if status == 0 {
		return nil
	}
	return alreadyTold(status)
}
