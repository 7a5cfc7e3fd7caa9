package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"reliabilitylab/lab/experiment"
	"reliabilitylab/reports"
)

func reportCommand() *cobra.Command {
	var formats []string
	c := &cobra.Command{
		Use:   "report DIR...",
		Short: "Measure and draw again from recorded results",
		Long:  "report reads what a run has recorded (the folder's trials/) and writes metrics, charts and page anew.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.New("report on what? Name a results folder, such as results/two-percent")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkFormats(formats); err != nil {
				return err
			}
			for _, dir := range args {
				bar := newProgress(c.ErrOrStderr())
				bar.say("reading " + dir)
				r, s, err := reports.Redraw(dir, formats, interruptible(c.Context(), experiment.Each(0)))
				bar.clear()
				if err != nil {
					return writeError(err)
				}
				newTerminal(c.OutOrStdout()).results(r, s, dir)
				if len(r.Failed()) > 0 {
					return errExpect
				}
			}
			return nil
		},
	}
	formatFlag(c, &formats)
	return c
}

// writeError marks what the machine would not do; a folder that is not ours to replace is the user's to name better.
func writeError(err error) error {
	if errors.Is(err, reports.ErrOccupied) || errors.Is(err, reports.ErrNoResults) {
		return usageError{err}
	}
	return machineError{fmt.Errorf("%w", err)}
}
