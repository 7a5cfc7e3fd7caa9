package experiment

import (
	"runtime"
	"sync"
)

// Each runs f(0) to f(n-1), as many at a time as jobs (below 1: as there are processors), and returns the first error by
// number, after all have ended.
func Each(jobs int) func(n int, f func(i int) error) error {
	if jobs < 1 {
		jobs = runtime.GOMAXPROCS(0)
	}
	return func(n int, f func(i int) error) error {
		errs := make([]error, n)
		next := make(chan int)
		var workers sync.WaitGroup
		for range min(jobs, n) {
			workers.Go(func() {
				for i := range next {
					errs[i] = f(i)
				}
			})
		}
		for i := range n {
			next <- i
		}
		close(next)
		workers.Wait()
		for _, err := range errs {
			if err != nil {
				return err
			}
		}
		return nil
	}
}
