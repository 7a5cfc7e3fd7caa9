package experiment

import "testing"

// TestCompanyShrinks: worlds that were late beside others run again, with fewer places, until one runs alone; what was late
// alone, or where the number is fixed, stays as it is.
func TestCompanyShrinks(t *testing.T) {
	c := newCompany(3, false)
	x, y, z := c.enter(), c.enter(), c.enter()
	entered := make(chan *stay)
	go func() { entered <- c.enter() }()
	if c.leave(x, false) {
		t.Error("a world in time runs again")
	}
	v := <-entered // x's place
	if !c.leave(y, true) || c.places != 2 {
		t.Errorf("late among three: %d places", c.places)
	}
	if !c.leave(z, true) || c.places != 2 {
		t.Errorf("late among the same three: %d places", c.places)
	}
	if !c.leave(v, true) || c.places != 2 {
		t.Errorf("late among the same three, left last and alone: %d places", c.places)
	}
	x, y = c.enter(), c.enter()
	if !c.leave(x, true) || c.places != 1 {
		t.Errorf("late among two: %d places", c.places)
	}
	if c.leave(y, false) {
		t.Error("a world in time runs again")
	}
	x = c.enter()
	if c.leave(x, true) || c.places != 1 {
		t.Errorf("late and alone: %d places", c.places)
	}

	c = newCompany(2, true)
	x, y = c.enter(), c.enter()
	if c.leave(x, true) || c.leave(y, true) || c.places != 2 {
		t.Errorf("fixed: %d places", c.places)
	}
}
