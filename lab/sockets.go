package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"reliabilitylab/lab/experiment"
	"reliabilitylab/lab/trace"
	"reliabilitylab/reports"
	"reliabilitylab/reports/chart"
	"reliabilitylab/scenarios"
)

// socketsFlags are the flags of lab sockets.
type socketsFlags struct {
	overrides
	trial string
	text  chart.SocketsText
}

func socketsCommand() *cobra.Command {
	f := &socketsFlags{}
	c := &cobra.Command{
		Use:   "sockets SCENARIO|DIR",
		Short: "Print the socket calls of a run, and the packets that they caused",
		Long: "sockets prints two columns of socket calls, the client's and the server's, and between them the packets\n" +
			"that each call put on the wire: of a scenario, which it runs and leaves nothing of, or of a folder of results.\n" +
			"Of a sweep, or of replicates, it shows the first.",
		Example: "  lab sockets clean\n  lab sockets lost-syn --trial tcp\n  lab sockets results/two-percent --all",
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return usagef("sockets of what? Name a scenario file, a folder of results, or a shipped scenario:\n%s", choice())
			case len(args) > 1:
				return usagef("sockets takes one scenario or folder, but got %d", len(args))
			}
			return nil
		},
		RunE: f.run,
	}
	f.overrides.flags(c)
	c.Flags().StringVar(&f.trial, "trial", "", "only the trial `ID`, such as tcp (default: the first of each protocol)")
	c.Flags().BoolVar(&f.text.Whole, "all", false, "each call and each packet on a line of its own, however many there are")
	return c
}

// run prints the calls of a folder, or of a scenario that it runs.
func (f *socketsFlags) run(c *cobra.Command, args []string) error {
	_, shipped := scenarios.Shipped(args[0]) // a folder of that name is written with its path
	if st, err := os.Stat(args[0]); err == nil && st.IsDir() && !shipped {
		return f.recorded(c, args[0])
	}
	s, err := f.load(args[0])
	if err != nil {
		return err
	}
	if err := experiment.Can(s); err != nil {
		return err
	}
	if err := enter([]*scenarios.Scenario{s}); err != nil {
		return err
	}
	bar := newProgress(c.ErrOrStderr())
	defer bar.clear()
	var some bool
	enough := errors.New("the first trials are enough")
	var first scenarios.Point
	one := experiment.Options{Jobs: 1, Progress: bar.report} // so that the trials come in their order
	err = experiment.Run(c.Context(), s, one, func(world []*experiment.Trial) error {
		for _, t := range world {
			switch {
			case f.trial != "" && t.ID != f.trial:
				continue
			case f.trial == "" && some && (t.Replicate > 1 || fmt.Sprint(t.Point) != fmt.Sprint(first)):
				return enough
			}
			first = t.Point
			bar.clear()
			if err := f.print(c, t.ID, t.Protocol, t.Trace, some); err != nil {
				return err
			}
			some = true
		}
		return nil
	})
	switch {
	case err != nil && !errors.Is(err, enough):
		return blame(err)
	case !some:
		return usagef("%s has no trial %s", args[0], f.trial)
	}
	return nil
}

// recorded prints the calls that were recorded in a folder.
func (f *socketsFlags) recorded(c *cobra.Command, dir string) error {
	if len(f.set) > 0 || f.seed != "" || f.stack != "" {
		return usagef("%s has been run: --set, --seed and --stack are for a scenario", dir)
	}
	r, err := reports.ReadResults(dir)
	if err != nil {
		return blame(err)
	}
	some := false
	for i := range r.Trials {
		t := &r.Trials[i]
		if f.trial != "" && t.ID != f.trial || f.trial == "" && !r.First(t) {
			continue
		}
		tr, err := reports.ReadTrial(dir, t)
		if err != nil {
			return blame(err)
		}
		if err := f.print(c, t.ID, t.Protocol, tr, some); err != nil {
			return err
		}
		some = true
	}
	if !some {
		return usagef("%s has no trial %s", dir, f.trial)
	}
	return nil
}

// print prints one trial.
func (f *socketsFlags) print(c *cobra.Command, id, protocol string, tr *trace.Trace, more bool) error {
	if protocol == trace.Any {
		return usagef("%s is a session of any programs: its record has packets, but no socket calls", id)
	}
	if more {
		fmt.Fprintln(c.OutOrStdout())
	}
	return f.text.Print(c.OutOrStdout(), chart.Trial{ID: id, Label: id, Protocol: protocol, Trace: tr})
}
