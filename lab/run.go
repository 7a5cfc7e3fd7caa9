package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"reliabilitylab/lab/experiment"
	"reliabilitylab/lab/kernel"
	"reliabilitylab/reports"
	"reliabilitylab/scenarios"
)

// runFlags are the flags of lab run.
type runFlags struct {
	overrides
	out     string
	shard   shard
	jobs    jobs
	formats formats
	all     bool
	predict bool
	asker   *asker // with predict
}

func runCommand() *cobra.Command {
	f := &runFlags{}
	c := &cobra.Command{
		Use:   "run SCENARIO...",
		Short: "Run scenarios and write their results",
		Long: "run runs scenarios (files, or shipped ones by name) and writes a folder of results for each. The folder\n" +
			"appears when it is whole; older results at its place are replaced, anything else there is left alone.\n" +
			"A sweep that was stopped is gone on with by the same command. With --shard several machines share a\n" +
			"sweep: each leaves a part of it, in DIR.K-of-N, and lab merge joins them.",
		Example: "  lab run two-percent\n  lab run my.yaml --seed 7 --set path.forward.loss=5% -o results/five\n  lab run two-percent --predict\n  lab run --all\n  lab run loss-sweep --shard 2/4",
		Args:    f.named,
		RunE:    f.run,
	}
	f.overrides.flags(c)
	c.Flags().StringVarP(&f.out, "output", "o", "", "where to write: `DIR` (of several scenarios: DIR/<name>); default results/<name>")
	c.Flags().Var(&f.shard, "shard", "of a sweep only the K-th of N parts")
	c.Flags().Var(&f.jobs, "jobs", "how many trials at the same time (default: as many as there are\nprocessors; in real time fewer, where they make each other late)")
	f.formats.flag(c)
	c.Flags().BoolVar(&f.all, "all", false, "run the course: all shipped scenarios, sweeps too, chapter by chapter (half a\nminute, half a gigabyte), and a page that leads to all their results; with\n--stack linux without the sweeps, which would take hours")
	c.Flags().BoolVar(&f.predict, "predict", false, "ask the scenario's question first, and keep the answer with the results")
	return c
}

// run runs the scenarios one after another. All are loaded first, so that a mistake in the last one costs no time.
func (f *runFlags) run(c *cobra.Command, args []string) error {
	if f.all {
		args = names(scenarios.Catalog())
	}
	all, err := f.loadAll(c, args)
	if err != nil {
		return err
	}
	if err := enter(all); err != nil {
		return err
	}
	if f.all {
		all = withoutEndless(c, all)
		args = names(all)
		if err := reports.CourseFree(f.root()); err != nil {
			return blame(err)
		}
	}
	if f.predict {
		f.asker = newAsker(c)
	}
	var lessons []lesson
	failed := false
	for i, s := range all {
		if i > 0 {
			fmt.Fprintln(c.OutOrStdout())
		}
		if f.shard.N > 0 {
			if err := f.runPart(c, args[i], s, f.place(s, len(all))); err != nil {
				return err
			}
			continue
		}
		l, err := f.runOne(c, args[i], s, f.place(s, len(all)))
		if err != nil {
			return err
		}
		lessons = append(lessons, l)
		failed = failed || l.Failed > 0
	}
	t := newTerminal(c.OutOrStdout())
	if len(lessons) > 1 {
		t.lessons(lessons)
	}
	if f.all {
		page, err := reports.WriteCourse(f.root(), byChapter(lessons))
		if err != nil {
			return blame(err)
		}
		fmt.Fprintln(t.w, page)
	}
	if failed {
		return errExpect
	}
	return nil
}

// loadAll loads the scenarios of these names or files.
func (f *runFlags) loadAll(c *cobra.Command, args []string) ([]*scenarios.Scenario, error) {
	var all []*scenarios.Scenario
	for _, name := range args {
		s, err := f.load(name)
		if err != nil {
			return nil, err
		}
		if err := experiment.Can(s); err != nil {
			return nil, err
		}
		if err := f.suits(c, name, s); err != nil {
			return nil, err
		}
		for _, other := range all {
			if other.Name == s.Name {
				return nil, usagef("two scenarios are called %s (%s and %s): their results would have the same place", s.Name, other.File, s.File)
			}
		}
		all = append(all, s)
	}
	return all, nil
}

// enter runs this command again in a user namespace, where that is what it takes to run one of the scenarios.
func enter(all []*scenarios.Scenario) error {
	for _, s := range all {
		if !experiment.RealTime(s) {
			continue
		}
		status, entered, err := kernel.Enter()
		if entered {
			return alreadyTold(status)
		}
		return err
	}
	return nil
}

// place is the folder for the results of one of so many scenarios.
func (f *runFlags) place(s *scenarios.Scenario, of int) string {
	switch {
	case f.out == "":
		return defaultPlace(s)
	case of == 1:
		return f.out
	}
	return filepath.Join(f.out, s.Name)
}

// root is the folder that those of several scenarios are in.
func (f *runFlags) root() string { return cmp.Or(f.out, "results") }

// runOne runs one scenario, which the user calls by that name, and tells of it.
func (f *runFlags) runOne(c *cobra.Command, name string, s *scenarios.Scenario, dir string) (_ lesson, err error) {
	grid, err := experiment.Expand(s, int(f.jobs))
	if err != nil {
		return lesson{}, err
	}
	folder, err := f.folder(c, grid, s, dir)
	if err != nil {
		return lesson{}, blame(err)
	}
	defer func() { err = discard(folder, err) }()
	t := newTerminal(c.OutOrStdout())
	t.heading(s)
	remarks := reports.Remarks{Program: release()}
	if f.predict {
		if remarks.Prediction, err = f.asker.ask(c.Context(), t, s); err != nil {
			return lesson{}, err
		}
	}
	folder.Remark(remarks)
	begun := time.Now()
	bar := newProgress(c.ErrOrStderr())
	defer bar.clear()
	if err := runTrials(c.Context(), f.options(), grid, folder, bar); err != nil {
		return lesson{}, f.stopped(c.Context(), name, s, folder, err)
	}
	bar.say("drawing charts")
	r, err := folder.Finish(f.formats, interruptible(c.Context(), experiment.Each(int(f.jobs))))
	if err != nil {
		return lesson{}, f.stopped(c.Context(), name, s, folder, err)
	}
	bar.clear()
	t.results(r, s, dir)
	t.replay(r, name, s)
	return lesson{reports.NewLesson(s, r), time.Since(begun)}, nil
}

// discard removes what is left of a folder, and returns the run's error with its own.
func discard(folder *reports.Folder, err error) error {
	return errors.Join(err, blame(folder.Discard()))
}

// job says which trials of a sweep are run.
func (f *runFlags) job(grid *experiment.Grid) (reports.Job, error) {
	program, err := program()
	return reports.Job{Program: program, Grid: grid, Part: f.shard.Part}, err
}

// folder begins the folder of a scenario's results; of a sweep it goes on with one that was stopped, and says so.
func (f *runFlags) folder(c *cobra.Command, grid *experiment.Grid, s *scenarios.Scenario, dir string) (*reports.Folder, error) {
	if !s.Sweep.Multiplies() {
		return reports.Create(dir, s)
	}
	job, err := f.job(grid)
	if err != nil {
		return nil, err
	}
	folder, had, err := reports.Resume(dir, s, job)
	switch {
	case err != nil:
		return nil, err
	case had.Anew != "":
		fmt.Fprintf(c.ErrOrStderr(), "lab: the unfinished sweep at %s is not gone on with, since %s: all trials run anew\n", dir, had.Anew)
	case had.Trials > 0:
		done, all := folder.Progress()
		fmt.Fprintf(c.ErrOrStderr(), "lab: going on with the sweep at %s: %d of %d trials are there\n", dir, done, all)
	}
	return folder, nil
}

// syncEvery is how often a sweep's journal is forced to the disk. Each trial is handed to the system at once, so that the end of the
// lab loses none; the end of the machine loses those of the last second, which then run again and come to the same.
const syncEvery = time.Second

// slack lets garbage lie for longer. Trials of a sweep leave megabytes behind that nobody wants, and few that somebody does. Go's collector runs whenever the
// heap has doubled, so with little in it it runs all the time, and finds new memory that was never touched for what comes next. These bytes are counted and
// never touched: it waits until there are so many more, and of the system they take nothing.
var slack = sync.OnceValue(func() []byte { return make([]byte, 128<<20) })

// manyTrials are worth it.
const manyTrials = 50

// options say how many trials run at the same time, and which.
func (f *runFlags) options() experiment.Options {
	return experiment.Options{Jobs: int(f.jobs), Part: f.shard.Part}
}

// runTrials runs all of these trials that are not there into the folder.
func runTrials(ctx context.Context, o experiment.Options, grid *experiment.Grid, folder *reports.Folder, bar *progress) error {
	if grid.Trials() >= manyTrials {
		slack()
	}
	o.Dir, o.Have, o.Progress = folder.Scratch(), folder.Have, bar.report
	var mu sync.Mutex
	synced := time.Now()
	return grid.Run(ctx, o, func(trials []*experiment.Trial) error {
		world := make([]reports.Recorded, len(trials))
		mu.Lock()
		for i, t := range trials {
			world[i] = reports.Recorded{Trial: reported(t), Trace: t.Trace, Had: folder.Have(t.Index)} // of a world that was stopped between its trials
		}
		mu.Unlock()
		measured, err := folder.Measure(world...)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		if err := folder.Add(measured); err != nil {
			return err
		}
		if time.Since(synced) < syncEvery {
			return nil
		}
		synced = time.Now()
		return folder.Sync()
	})
}

// stopped is the error of a run that has ended before its end: it says what is left of it, and how to run again what failed.
func (f *runFlags) stopped(ctx context.Context, name string, s *scenarios.Scenario, folder *reports.Folder, err error) error {
	sweep := s.Sweep.Multiplies()
	var failed *experiment.TrialError
	if sweep && errors.As(err, &failed) {
		err = fmt.Errorf("%w\nby itself it is: %s", err, replay(name, s, failed.Point, failed.Seed))
	}
	if !sweep {
		return blame(err)
	}
	done, all := folder.Progress()
	if done == 0 {
		return blame(err)
	}
	left := fmt.Errorf("%d of %d trials are done; the same command goes on from there", done, all)
	if ctx.Err() != nil {
		return statusError{fmt.Errorf("interrupted; %w", left), statusInterrupted}
	}
	return blame(fmt.Errorf("%w\n%w", err, left))
}

// reported is a trial as the results have it, not yet measured.
func reported(t *experiment.Trial) reports.Trial {
	point := map[string]string{}
	for _, v := range t.Point {
		point[v.Key] = v.Value
	}
	return reports.Trial{
		Index: t.Index, ID: t.ID, Flow: t.Flow, Protocol: t.Protocol, Point: point, Replicate: t.Replicate, Seed: t.Seed,
		Lateness: t.Lateness, Errors: t.Errors, Unrecorded: !t.Kept,
	}
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
