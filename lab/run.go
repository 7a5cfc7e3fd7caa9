package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"reliabilitylab/lab/experiment"
	"reliabilitylab/lab/kernel"
	"reliabilitylab/lab/trace"
	"reliabilitylab/reports"
	"reliabilitylab/scenarios"
)

// runFlags are the flags of lab run.
type runFlags struct {
	overrides
	out     string
	jobs    jobs
	formats formats
}

func runCommand() *cobra.Command {
	f := &runFlags{}
	c := &cobra.Command{
		Use:   "run SCENARIO...",
		Short: "Run scenarios and write their results",
		Long: "run runs scenarios (files, or shipped ones by name) and writes a folder of results for each. The folder\n" +
			"appears when it is whole; older results at its place are replaced, anything else there is left alone.",
		Example: "  lab run two-percent\n  lab run my.yaml --seed 7 --set path.forward.loss=5% -o results/five",
		Args:    named,
		RunE:    f.run,
	}
	f.overrides.flags(c)
	c.Flags().StringVarP(&f.out, "output", "o", "", "where to write: `DIR` (of several scenarios: DIR/<name>); default results/<name>")
	c.Flags().Var(&f.jobs, "jobs", "how many trials at the same time (default: as many as there are processors)")
	f.formats.flag(c)
	return c
}

// run runs the scenarios one after another. All are loaded first, so that a mistake in the last one costs no time.
func (f *runFlags) run(c *cobra.Command, args []string) error {
	var all []*scenarios.Scenario
	for _, name := range args {
		s, err := f.load(name)
		if err != nil {
			return err
		}
		if err := experiment.Can(s); err != nil {
			return err
		}
		for _, other := range all {
			if other.Name == s.Name {
				return usagef("two scenarios are called %s (%s and %s): their results would have the same place", s.Name, other.File, s.File)
			}
		}
		all = append(all, s)
	}
	if err := f.enter(all); err != nil {
		return err
	}
	failed := false
	for i, s := range all {
		if i > 0 {
			fmt.Fprintln(c.OutOrStdout())
		}
		r, err := f.runOne(c, s, f.place(s, len(all)))
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

// enter runs this command again in a user namespace, where that is what it takes to run one of the scenarios.
func (f *runFlags) enter(all []*scenarios.Scenario) error {
	for _, s := range all {
		if !experiment.RealTime(s) {
			continue
		}
		status, entered, err := kernel.Enter()
		if entered {
			return doneElsewhere(status)
		}
		return err
	}
	return nil
}

// place is the folder for the results of one of so many scenarios.
func (f *runFlags) place(s *scenarios.Scenario, of int) string {
	switch {
	case f.out == "":
		return filepath.Join("results", s.Name)
	case of > 1:
		return filepath.Join(f.out, s.Name)
	}
	return f.out
}

// runOne runs one scenario and tells of it.
func (f *runFlags) runOne(c *cobra.Command, s *scenarios.Scenario, dir string) (_ *reports.Results, err error) {
	folder, err := reports.Create(dir, s)
	if err != nil {
		return nil, blame(err)
	}
	defer func() { err = errors.Join(err, blame(folder.Discard())) }()
	t := newTerminal(c.OutOrStdout())
	t.heading(s)
	bar := newProgress(c.ErrOrStderr())
	defer bar.clear()
	if err := f.trials(c.Context(), s, folder, bar); err != nil {
		return nil, blame(err)
	}
	bar.say("drawing charts")
	r, err := folder.Finish(f.formats, interruptible(c.Context(), experiment.Each(int(f.jobs))))
	if err != nil {
		return nil, blame(err)
	}
	bar.clear()
	t.results(r, s, dir)
	return r, nil
}

// trials runs all trials into the folder.
func (f *runFlags) trials(ctx context.Context, s *scenarios.Scenario, folder *reports.Folder, bar *progress) error {
	o := experiment.Options{Jobs: int(f.jobs), Dir: folder.Scratch(), Progress: bar.report}
	return experiment.Run(ctx, s, o, func(t *experiment.Trial) error {
		point := map[string]string{}
		for _, v := range t.Point {
			point[v.Key] = v.Value
		}
		trial := reports.Trial{
			ID: t.ID, Flow: t.Flow, Protocol: t.Protocol, Point: point, Replicate: t.Replicate, Seed: t.Seed, Errors: t.Errors,
		}
		if l := t.Lateness; l != nil {
			trial.Lateness = &reports.Lateness{P50: trace.Seconds(l.P50), P99: trace.Seconds(l.P99), Max: trace.Seconds(l.Max)}
		}
		return folder.Add(trial, t.Trace)
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
