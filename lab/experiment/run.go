package experiment

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"reliabilitylab/lab/kernel"
	"reliabilitylab/scenarios"
)

// Can tells whether Run can run a scenario on this machine; its error wraps ErrCannot.
func Can(s *scenarios.Scenario) error {
	if !RealTime(s) {
		return nil
	}
	for _, f := range kernel.Check() {
		if f.Need && !f.OK {
			return fmt.Errorf("stack linux: %w run the kernel's own TCP: %s: %s; %s", ErrCannot, f.What, f.Has, f.Mend)
		}
	}
	for _, f := range s.Flows {
		if err := kernel.Can(tcpConfig(&f.TCP)); err != nil {
			return fmt.Errorf("flow %s: stack linux: %w", f.Name, err)
		}
	}
	return nil
}

// Run runs all worlds of a scenario, several at a time, and passes their trials to finished in the scenario's order,
// whatever order they end in: one call at a time, and never far ahead of what finished has taken, so that memory does
// not grow with the number of trials. The trial's trace is finished's to close (Trace.Bytes).
//
// Run returns the first error of a world, of finished, or of ctx; no call of finished comes after it has returned.
func Run(ctx context.Context, s *scenarios.Scenario, o Options, finished func(*Trial) error) error {
	if err := Can(s); err != nil {
		return err
	}
	plans, err := expand(s)
	if err != nil {
		return err
	}
	total := 0
	for _, p := range plans {
		total += len(p.trials)
	}
	jobs := o.Jobs
	if jobs < 1 {
		jobs = runtime.GOMAXPROCS(0)
		if RealTime(s) { // a world on the wall keeps one processor busy, and the kernel beside it another
			jobs = max(1, jobs/2)
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	type outcome struct {
		trials []*Trial
		err    error
	}
	results := make([]chan outcome, len(plans))
	for i := range results {
		results[i] = make(chan outcome, 1)
	}
	var say sync.Mutex
	done := 0
	tell := func(trial string, more int, part float64) {
		if o.Progress == nil {
			return
		}
		say.Lock()
		defer say.Unlock()
		done += more
		o.Progress(Report{Trial: trial, Done: done, Total: total, Part: part})
	}
	places := make(chan struct{}, 2*jobs) // worlds begun and not yet taken by finished
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(jobs, len(plans)) {
		workers.Go(func() {
			for i := range next {
				id := plans[i].trials[0].id
				trials, err := plans[i].run(ctx, o, func(part float64) { tell(id, 0, part) })
				tell(id, len(trials), 1)
				results[i] <- outcome{trials, err}
			}
		})
	}
	go func() {
		defer close(next)
		for i := range plans {
			select {
			case places <- struct{}{}:
			case <-ctx.Done():
				return
			}
			select {
			case next <- i:
			case <-ctx.Done():
				return
			}
		}
	}()

	err = nil
	taken := 0
	for ; taken < len(plans) && err == nil; taken++ {
		select {
		case r := <-results[taken]:
			<-places
			if err = r.err; err == nil {
				err = pass(r.trials, finished)
			}
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
	}
	cancel(err)
	workers.Wait()
	for _, c := range results { // worlds that ended and that nobody took
		select {
		case r := <-c:
			closeAll(r.trials)
		default:
		}
	}
	return err
}

// pass hands trials on; after an error it closes the rest.
func pass(trials []*Trial, finished func(*Trial) error) error {
	for i, t := range trials {
		if err := finished(t); err != nil {
			closeAll(trials[i+1:])
			return err
		}
	}
	return nil
}

// closeAll gives back what unwanted trials hold.
func closeAll(trials []*Trial) {
	for _, t := range trials {
		if t.Trace.Bytes != nil {
			t.Trace.Bytes.Close()
		}
	}
}
