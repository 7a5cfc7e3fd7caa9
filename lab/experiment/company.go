package experiment

import (
	"slices"
	"sync"
)

// A company is the worlds that run at the same time. In real time they are in each other's way: the more of them, the later
// each is on the wall. So it begins with as many places as there are processors; a world that ran beside others and was
// too late is run again, and from then on there is a place less, down to one: that is as good as this machine can do.
type company struct {
	mu     sync.Mutex
	freed  *sync.Cond
	places int
	fixed  bool // the number of places is what somebody asked for, or does not matter
	here   []*stay
}

// A stay is a world's in its company.
type stay struct{ most int } // of how many worlds it was one, at most

func newCompany(places int, fixed bool) *company {
	c := &company{places: places, fixed: fixed}
	c.freed = sync.NewCond(&c.mu)
	return c
}

// enter waits for a place.
func (c *company) enter() *stay {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.here) >= c.places {
		c.freed.Wait()
	}
	s := &stay{}
	c.here = append(c.here, s)
	for _, s := range c.here {
		s.most = max(s.most, len(c.here))
	}
	return s
}

// leave gives the place back. It tells whether the world should run again, in less company, since it was too late.
func (c *company) leave(s *stay, late bool) (again bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.Index(c.here, s)
	c.here = slices.Delete(c.here, i, i+1)
	if again = late && !c.fixed && s.most > 1; again {
		c.places = min(c.places, s.most-1)
	}
	c.freed.Broadcast()
	return again
}
