// Command lab is the reliability lab: it runs scenarios in which TCP and UDP meet the same bad network, and leaves
// charts, tables and captures.
//
// Rules of the terminal: what was asked for goes to standard output, progress and complaints to standard error; a
// complaint names what was tried, why it failed and what to do; colours and a moving bar only where a person looks
// (a terminal, and NO_COLOR not set). Exit status: 0; 1 an expectation of a scenario failed; 2 wrong usage or scenario; 3
// this machine cannot; 130 interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"reliabilitylab/lab/experiment"
)

// The exit statuses.
const (
	statusOK          = 0
	statusExpect      = 1
	statusUsage       = 2
	statusCannot      = 3
	statusInterrupted = 130
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the command: its arguments in, its exit status out.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	root := &cobra.Command{
		Use:   "lab",
		Short: "See what TCP and UDP do when the network misbehaves",
		Long: "lab runs scenarios in which TCP and UDP meet the same bad network, packet by packet,\n" +
			"and leaves charts, tables and captures of what happened.",
		Example:           "  lab list\n  lab run two-percent\n  lab run two-percent --set path.delay=80ms -o slow",
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errs)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w\nsee: lab %s --help", err, c.Name())}
	})
	root.AddCommand(runCommand(), checkCommand(), listCommand(), reportCommand())
	err := root.ExecuteContext(ctx)
	status := statusOf(ctx, err)
	switch {
	case err == nil:
	case status == statusInterrupted:
		fmt.Fprintln(errs, "lab: interrupted; nothing was written")
	case !errors.Is(err, errExpect): // that one has been said
		fmt.Fprintln(errs, complaint(err))
	}
	return status
}

// usageError is an error in what the user wrote on the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// machineError is an error of this machine: a folder that cannot be written, a full disk.
type machineError struct{ error }

func (e machineError) Unwrap() error { return e.error }

// errExpect says that an expectation failed; the report has said which.
var errExpect = errors.New("an expectation failed")

// statusOf returns the exit status of an error. What is neither a failed expectation nor this machine's fault is in the
// command line or in a scenario.
func statusOf(ctx context.Context, err error) int {
	var machine machineError
	switch {
	case err == nil:
		return statusOK
	case ctx.Err() != nil:
		return statusInterrupted
	case errors.Is(err, errExpect):
		return statusExpect
	case errors.Is(err, experiment.ErrCannot), errors.As(err, &machine):
		return statusCannot
	}
	return statusUsage
}
