package main

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"reliabilitylab/lab/experiment"
	"reliabilitylab/reports"
	"reliabilitylab/scenarios"
)

// mergeFlags are the flags of lab merge.
type mergeFlags struct {
	out     string
	formats formats
}

func mergeCommand() *cobra.Command {
	f := &mergeFlags{}
	c := &cobra.Command{
		Use:   "merge DIR...",
		Short: "Join the parts of a sweep",
		Long: "merge makes of the parts of a sweep (lab run --shard) the folder that one run of all of it leaves, byte for byte. All parts must\n" +
			"be there, each once, of one scenario with the same settings, and run by this version of the lab.",
		Example: "  lab merge results/loss-sweep.*-of-4",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("merge what? Name the folders of all parts, such as results/loss-sweep.*-of-4")
			}
			return nil
		},
		RunE: f.merge,
	}
	c.Flags().StringVarP(&f.out, "output", "o", "", "where to write: `DIR`; default results/<name>")
	f.formats.flag(c)
	return c
}

// merge joins the parts and tells of the whole.
func (f *mergeFlags) merge(c *cobra.Command, dirs []string) error {
	bar := newProgress(c.ErrOrStderr())
	defer bar.clear()
	program, err := program()
	if err != nil {
		return err
	}
	bar.say("reading the parts")
	parts, err := reports.ReadParts(dirs, program)
	if err != nil {
		return blame(err)
	}
	s := parts.Scenario
	grid, err := experiment.Expand(s, 0)
	if err != nil {
		return err
	}
	dir := f.out
	if dir == "" {
		dir = defaultPlace(s)
	}
	bar.say("joining the parts")
	r, err := parts.Merge(dir, grid, reports.Remarks{Program: release()}, f.formats, interruptible(c.Context(), experiment.Each(0)))
	if err != nil {
		return blame(err)
	}
	bar.clear()
	t := newTerminal(c.OutOrStdout())
	t.heading(s)
	t.results(r, s, dir)
	if len(r.Failed()) > 0 {
		return errExpect
	}
	return nil
}

// defaultPlace is where the results of a scenario stand, if nothing else is said.
func defaultPlace(s *scenarios.Scenario) string { return filepath.Join("results", s.Name) }
