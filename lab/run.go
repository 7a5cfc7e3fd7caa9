package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"reliabilitylab/lab/experiment"
	"reliabilitylab/reports"
	"reliabilitylab/reports/chart"
	"reliabilitylab/scenarios"
)

// runFlags are the flags of lab run.
type runFlags struct {
	overrides
	out     string
	jobs    int
	formats []string
}

func runCommand() *cobra.Command {
	f := &runFlags{}
	c := &cobra.Command{
		Use:     "run SCENARIO...",
		Short:   "Run scenarios and write their results",
		Long:    "run runs scenarios (files, or shipped ones by name) and writes a folder of results for each.",
		Example: "  lab run two-percent\n  lab run my.yaml --seed 7 --set path.forward.loss=5% -o results/five",
		Args:    named,
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkFormats(f.formats); err != nil {
				return err
			}
			return f.run(c, args)
		},
	}
	f.overrides.flags(c)
	c.Flags().StringVarP(&f.out, "output", "o", "", "where to write: `DIR` (of several scenarios: DIR/<name>); default results/<name>")
	c.Flags().IntVar(&f.jobs, "jobs", 0, "run `N` trials at the same time; default: as many as there are processors")
	formatFlag(c, &f.formats)
	return c
}

func formatFlag(c *cobra.Command, formats *[]string) {
	c.Flags().StringSliceVar(formats, "formats", chart.Formats, "draw the charts as these: png,svg,pdf")
}

func checkFormats(formats []string) error {
	for _, f := range formats {
		if !slices.Contains(chart.Formats, f) {
			return usageError{fmt.Errorf("--formats %s: there are %s", f, strings.Join(chart.Formats, ", "))}
		}
	}
	return nil
}

// run runs the scenarios one after another. All are loaded first, so that a mistake in the last one costs no time.
func (f *runFlags) run(c *cobra.Command, args []string) error {
	var all []*scenarios.Scenario
	for _, name := range args {
		s, err := f.load(name)
		if err != nil {
			return err
		}
		for _, other := range all {
			if other.Name == s.Name {
				return usageError{fmt.Errorf("two scenarios are called %s (%s and %s): their results would have the same place", s.Name, other.File, s.File)}
			}
		}
		all = append(all, s)
	}
	failed := false
	for i, s := range all {
		if i > 0 {
			fmt.Fprintln(c.OutOrStdout())
		}
		dir := filepath.Join("results", s.Name)
		switch {
		case f.out != "" && len(all) > 1:
			dir = filepath.Join(f.out, s.Name)
		case f.out != "":
			dir = f.out
		}
		r, err := f.runOne(c, s, dir)
		if err != nil {
			return err
		}
		failed = failed || len(r.Failed()) > 0
	}
	if failed {
		return errExpect
	}
	return nil
}

// runOne runs one scenario and tells of it.
func (f *runFlags) runOne(c *cobra.Command, s *scenarios.Scenario, dir string) (*reports.Results, error) {
	t := newTerminal(c.OutOrStdout())
	t.heading(s)
	bar := newProgress(c.ErrOrStderr())
	defer bar.clear()
	folder, err := reports.Create(dir, s)
	if err != nil {
		return nil, writeError(err)
	}
	defer folder.Discard()
	if err := f.trials(c.Context(), s, folder, bar); err != nil {
		return nil, err
	}
	bar.say("drawing charts")
	r, err := folder.Finish(f.formats, interruptible(c.Context(), experiment.Each(f.jobs)))
	if err != nil {
		return nil, writeError(err)
	}
	bar.clear()
	t.results(r, s, dir)
	return r, nil
}

// trials runs all trials into the folder.
func (f *runFlags) trials(ctx context.Context, s *scenarios.Scenario, folder *reports.Folder, bar *progress) error {
	o := experiment.Options{Jobs: f.jobs, Dir: folder.Scratch(), Progress: bar.report}
	return experiment.Run(ctx, s, o, func(t *experiment.Trial) error {
		point := map[string]string{}
		for _, v := range t.Point {
			point[v.Key] = v.Value
		}
		err := folder.Add(reports.Trial{
			ID: t.ID, Flow: t.Flow, Protocol: t.Protocol, Point: point, Replicate: t.Replicate, Seed: t.Seed, Errors: t.Errors,
		}, t.Trace)
		if err != nil {
			return writeError(err)
		}
		return nil
	})
}

// interruptible stops a row of jobs at the next one when ctx ends.
func interruptible(ctx context.Context, each reports.Each) reports.Each {
	return func(n int, f func(int) error) error {
		return each(n, func(i int) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return f(i)
		})
	}
}
