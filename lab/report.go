package main

import (
	"github.com/spf13/cobra"

	"reliabilitylab/lab/experiment"
	"reliabilitylab/reports"
)

func reportCommand() *cobra.Command {
	var f formats
	c := &cobra.Command{
		Use:   "report DIR...",
		Short: "Measure and draw again from recorded results",
		Long: "report reads what a run has recorded (the folder's trials/) and writes metrics, charts and page anew.\n" +
			"Results that are damaged are left as they are.",
		Example: "  lab report results/two-percent\n  lab report results/* --formats svg",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("report on what? Name a results folder, such as results/two-percent")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			failed := false
			for _, dir := range args {
				r, err := redraw(c, dir, f)
				if err != nil {
					return err
				}
				failed = failed || len(r.Failed()) > 0
			}
			if failed {
				return errExpect
			}
			return nil
		},
	}
	f.flag(c)
	return c
}

// redraw writes one folder again and tells what stands in it.
func redraw(c *cobra.Command, dir string, f formats) (*reports.Results, error) {
	bar := newProgress(c.ErrOrStderr())
	defer bar.clear()
	bar.say("reading " + dir)
	r, s, err := reports.Redraw(dir, f, interruptible(c.Context(), experiment.Each(0)))
	if err != nil {
		return nil, blame(err)
	}
	bar.clear()
	newTerminal(c.OutOrStdout()).results(r, s, dir)
	return r, nil
}
