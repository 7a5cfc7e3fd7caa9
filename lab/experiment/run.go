package experiment

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"reliabilitylab/lab/kernel"
	"reliabilitylab/scenarios"
)

// Can tells whether Run can run a scenario on this machine; its error wraps ErrCannot.
func Can(s *scenarios.Scenario) error {
	if !RealTime(s) {
		return nil
	}
	if err := canLinux(); err != nil {
		return err
	}
	var first *scenarios.Flow // of those over TCP
	for i := range s.Flows {
		f := &s.Flows[i]
		if err := kernel.Can(tcpConfig(&f.TCP)); err != nil {
			return fmt.Errorf("flow %s: stack linux: %w", f.Name, err)
		}
		if !s.Together || !slices.Contains(f.Protocols, "tcp") {
			continue
		}
		if first == nil {
			first = f
		}
		if err := kernel.CanShare(tcpConfig(&first.TCP), tcpConfig(&f.TCP)); err != nil {
			return fmt.Errorf("flows %s and %s together: stack linux: %w", first.Name, f.Name, err)
		}
	}
	return nil
}

// canLinux tells whether this machine can run the kernel's own stack at all.
func canLinux() error {
	for _, f := range kernel.Check() {
		if f.Need && !f.OK {
			return fmt.Errorf("stack linux: %w run the kernel's own TCP: %s: %s; %s", ErrCannot, f.What, f.Has, f.Mend)
		}
	}
	return nil
}

// Run runs all trials of a scenario, as Grid.Run does.
func Run(ctx context.Context, s *scenarios.Scenario, o Options, finished func(world []*Trial) error) error {
	g, err := Expand(s, o.Jobs)
	if err != nil {
		return err
	}
	return g.Run(ctx, o, finished)
}

// Run runs the worlds of a part that are not there yet, several at a time, and hands the trials of each to finished as it ends, on as many
// goroutines: what finished does with one world does not hold the others up, and no more of them exist at a time than run.
// A trial's Index says which it is. Its trace is finished's to close (Trace.Bytes).
//
// Run returns the error of the first world by number that failed, of finished, or of ctx; no call of finished begins after it has
// returned. A failed trial's is a *TrialError.
func (g *Grid) Run(ctx context.Context, o Options, finished func(world []*Trial) error) error {
	if err := Can(g.scenario); err != nil {
		return err
	}
	jobs := o.Jobs
	if jobs < 1 {
		jobs = runtime.GOMAXPROCS(0)
	}
	r := &runner{
		Grid: g, options: o, finished: finished, company: newCompany(jobs, o.Jobs >= 1 || !RealTime(g.scenario)), failed: g.worlds,
		there: make([]bool, g.trials),
	}
	r.look()
	return r.run(ctx, min(jobs, g.worlds))
}

// look finds out which trials are to run.
func (r *runner) look() {
	o := &r.options
	var parts []int
	if o.Part.N > 0 {
		parts = r.Parts(o.Part.N)
	}
	for i := range r.there {
		if parts != nil && parts[i] != o.Part.K {
			r.there[i] = true
			continue
		}
		r.total++
		if r.there[i] = o.Have != nil && o.Have(i); r.there[i] {
			r.before++
		}
	}
	r.done = r.before
}

// A runner is a run that goes on.
type runner struct {
	*Grid
	options  Options
	finished func(world []*Trial) error
	company  *company
	there    []bool // by trial: it was there when the run began, or is of another part
	total    int    // how many are of this part
	before   int    // how many of these were there

	say  sync.Mutex // held while Progress is told
	done int        // trials that finished has taken, and those that were there

	mu     sync.Mutex
	next   int   // the world to begin next
	failed int   // the least number of a world that failed
	err    error // its error
}

// run has so many workers run all worlds.
func (r *runner) run(ctx context.Context, workers int) error {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			plans := &reader{Grid: r.Grid}
			for world := r.begin(); world < r.worlds && inner.Err() == nil; world = r.begin() {
				if err := r.world(inner, plans, world); err != nil {
					r.fail(world, err, ctx)
					cancel()
				}
			}
		})
	}
	all.Wait()
	if r.err == nil {
		return context.Cause(ctx)
	}
	return r.err
}

// begin returns the next world that is not there yet; the number of worlds when there is none.
func (r *runner) begin() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	for ; r.next < r.worlds; r.next++ {
		if first, end := r.span(r.next); slices.Contains(r.there[first:end], false) {
			break
		}
	}
	r.next++
	return r.next - 1
}

// fail notes a world's error, unless it is only that the run is over.
func (r *runner) fail(world int, err error, ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	over := ctx.Err() != nil || r.err != nil && errors.Is(err, context.Canceled)
	if !over && world < r.failed {
		r.failed, r.err = world, err
	}
}

// world runs one world and hands on its trials.
func (r *runner) world(ctx context.Context, plans *reader, world int) error {
	p, err := plans.plan(world)
	if err != nil {
		return err
	}
	id := p.trials[0].id
	trials, err := p.runIn(ctx, r.company, r.options, func(part float64) { r.tell(id, 0, part) })
	if err != nil {
		if over := ctx.Err(); over == nil || !errors.Is(err, over) {
			err = &TrialError{ID: id, Point: p.point, Seed: p.seed, Err: err}
		}
		return err
	}
	more := 0
	for _, t := range trials {
		if !r.there[t.Index] {
			more++
		}
	}
	if err := r.finished(trials); err != nil {
		return err
	}
	r.tell(id, more, 1)
	return nil
}

// tell reports how far a trial has come, and that so many more are done.
func (r *runner) tell(trial string, more int, part float64) {
	if r.options.Progress == nil {
		return
	}
	r.say.Lock()
	defer r.say.Unlock()
	r.done += more
	r.options.Progress(Report{Trial: trial, Done: r.done, Total: r.total, Before: r.before, Part: part})
}

// runIn runs one world in company.
func (p plan) runIn(ctx context.Context, c *company, o Options, tell func(part float64)) ([]*Trial, error) {
	for {
		s := c.enter()
		trials, err := p.run(ctx, o, tell)
		if !c.leave(s, err == nil && trials[0].Lateness.Colours()) {
			return trials, err
		}
		closeAll(trials)
	}
}

// closeAll gives back what unwanted trials hold.
func closeAll(trials []*Trial) {
	for _, t := range trials {
		t.Discard()
	}
}
