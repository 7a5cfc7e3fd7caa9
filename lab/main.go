// Command lab is the reliability lab: it runs scenarios in which TCP and UDP meet the same bad network, and leaves
// charts, tables and captures.
//
// Rules of the terminal: what was asked for goes to standard output, progress and complaints to standard error; a
// complaint names what was tried, why it failed and what to do; colours and a moving bar only where a person looks
// (a terminal, and NO_COLOR not set). A reader who has seen enough (lab run … | head) stops nothing. Exit status: 0; 1 an
// expectation of a scenario failed, or results are not what their scenario gives; 2 wrong usage, scenario or results; 3 this
// machine cannot; 130 interrupted; of shell, the command's own.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"reliabilitylab/lab/kernel"
)

func main() {
	kernel.RunInit()
	// All of these end the run at its next step, and the unfinished folder goes. The signals stay caught until the end: a
	// second one, sent by an impatient hand, must not stop the cleaning.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	signal.Ignore(syscall.SIGPIPE) // a closed pipe is an error of Write, and no death in the middle of a run
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the command: its arguments in, its exit status out.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	stdout, stderr := &output{w: out}, &output{w: errs}
	root := rootCommand(args)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = stdout.failed()
	}
	status := statusOf(ctx, err)
	var done alreadyTold
	switch {
	case err == nil, errors.As(err, &done):
	case status == statusInterrupted && !errors.As(err, new(statusError)):
		fmt.Fprintln(stderr, complaint(errInterrupted))
	case !errors.Is(err, errExpect): // that one has been said
		fmt.Fprintln(stderr, complaint(err))
	}
	return status
}

func rootCommand(args []string) *cobra.Command {
	root := &cobra.Command{
		Use:   "lab",
		Short: "See what TCP and UDP do when the network misbehaves",
		Long: "lab runs scenarios in which TCP and UDP meet the same bad network, packet by packet,\n" +
			"and leaves charts, tables and captures of what happened.",
		Example:            "  lab list\n  lab run two-percent\n  lab run two-percent --set path.delay=80ms -o slow",
		SilenceErrors:      true,
		SilenceUsage:       true,
		Args:               cobra.ArbitraryArgs, // RunE says what is wrong with them
		FParseErrWhitelist: cobra.FParseErrWhitelist{UnknownFlags: true},
		RunE:               func(c *cobra.Command, _ []string) error { return noCommand(c, args) },
		CompletionOptions:  cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	// The root runs only to say what is wrong: its usage is `lab [command]` alone.
	root.SetUsageTemplate(strings.Replace(root.UsageTemplate(), "{{if .Runnable}}", "{{if .HasParent}}", 1))
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(helpCommand())
	root.AddCommand(runCommand(), mergeCommand(), checkCommand(), listCommand(), reportCommand(), compareCommand(), gradeCommand(), socketsCommand(), shellCommand(), tcCommand(), doctorCommand())
	return root
}
