package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"reliabilitylab/lab/experiment"
	"reliabilitylab/reports"
	"reliabilitylab/scenarios"
)

// partPlace is the folder for a part of the results that will stand at dir. Each part has one of its own, so that none takes another's place
// whatever -o says.
func partPlace(dir string, p scenarios.Part) string {
	return fmt.Sprintf("%s.%d-of-%d", filepath.Clean(dir), p.K, p.N)
}

// suits wants a sweep that has parts, of each nothing but its trials.
func (f *runFlags) suits(c *cobra.Command, name string, s *scenarios.Scenario) error {
	switch {
	case f.shard.N == 0:
		return nil
	case c.Flags().Changed("formats"):
		return usagef("--formats: a part has no charts; lab merge draws those of the whole, and takes --formats")
	case f.predict:
		return usagef("--predict: a part has no result to hold it against; predict before one run of the whole")
	case !s.Sweep.Multiplies():
		return usagef("--shard %v: %s is one point with one seed, so it has no parts", f.shard.Part, name)
	}
	return nil
}

// runPart runs one part of a sweep whose results will stand at dir. One that stands there already is not run again: whoever starts the same
// parts once more, because some have failed, waits for those alone.
func (f *runFlags) runPart(c *cobra.Command, name string, s *scenarios.Scenario, dir string) error {
	grid, err := experiment.Expand(s, int(f.jobs))
	if err != nil {
		return err
	}
	job, err := f.job(grid)
	if err != nil {
		return err
	}
	place := partPlace(dir, f.shard.Part)
	t := newTerminal(c.OutOrStdout())
	if reports.PartStands(place, s, job) {
		fmt.Fprintf(c.ErrOrStderr(), "lab: part %v is there already; to run it anew, remove %s\n", f.shard.Part, place)
	} else if err := f.runPartAt(c, t, name, s, grid, place); err != nil {
		return err
	}
	t.part(f.shard.Part, grid, dir)
	return nil
}

func (f *runFlags) runPartAt(c *cobra.Command, t *terminal, name string, s *scenarios.Scenario, grid *experiment.Grid, place string) (err error) {
	folder, err := f.folder(c, grid, s, place)
	if err != nil {
		return blame(err)
	}
	defer func() { err = discard(folder, err) }()
	t.heading(s)
	bar := newProgress(c.ErrOrStderr())
	defer bar.clear()
	if err = runTrials(c.Context(), f.options(), grid, folder, bar); err == nil {
		err = folder.FinishPart()
	}
	if err != nil {
		return f.stopped(c.Context(), name, s, folder, err)
	}
	return nil
}

// part tells what a part is, and what to do with all of them.
func (t *terminal) part(p scenarios.Part, grid *experiment.Grid, dir string) {
	n := 0
	for _, part := range grid.Parts(p.N) {
		if part == p.K {
			n++
		}
	}
	fmt.Fprintf(t.w, "  part %d of %d: %d of %d trials\n", p.K, p.N, n, grid.Trials())
	fmt.Fprintf(t.w, "%s\n", partPlace(dir, p))
	fmt.Fprintf(t.w, "when all parts are there: lab merge %s.*-of-%d -o %s\n", word(filepath.Clean(dir)), p.N, word(dir))
}
