package reports

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"reliabilitylab/scenarios"
)

// Two results folders beside each other: what differs in the set-up (contrast_setup.go), which trials belong together (here), and of each
// metric whether it differs beyond noise (contrast_row.go).
//
// Trials are paired by flow, protocol, point of the sweep and seed: a seed is the dice, so both met the same fates. An axis that has one
// value on each side is no axis: it may be what the two differ in.

// A Contrast is two results beside each other.
type Contrast struct {
	A, B   Side
	Setup  []Changed
	Alone  []string // what one of them has and the other has not, so that it was not compared
	Seeds  int      // that both have; 0: the trials have no pairs
	Points int      // of the sweep, that both have
	Tests  int      // how many were made
	Rows   []ContrastRow
	Detail []ContrastRow // of each point by itself; none where there is one
}

// A Side is one of the two.
type Side struct {
	Name    string // what a reader calls it
	Dir     string
	Results *Results
	Seeds   int
	keys    []scenarios.Setting // what the scenario says
	trials  map[cell]*Trial
	points  []string          // in the order of the results
	written map[string]string // the points as the scenario has them
	seeds   []uint64          // ascending
	series  []series
}

// A series is what is measured by itself: a flow over a protocol.
type series struct{ flow, protocol string }

// A cell is where a trial belongs.
type cell struct {
	series
	point string
	seed  uint64
}

// Beside compares two results, read from these folders. An error says why they cannot be.
func Beside(dirs [2]string, results [2]*Results) (*Contrast, error) {
	c := &Contrast{}
	names := sideNames(dirs)
	for i, s := range []*Side{&c.A, &c.B} {
		*s = Side{Name: names[i], Dir: dirs[i], Results: results[i]}
		var err error
		if s.keys, err = results[i].flat(); err != nil {
			return nil, fmt.Errorf("%w: the scenario in %s: %w", ErrDamaged, filepath.Join(dirs[i], resultsFile), err)
		}
	}
	axes := axesOf(c.A.Results, c.B.Results)
	for _, s := range []*Side{&c.A, &c.B} {
		if err := s.arrange(axes); err != nil {
			return nil, err
		}
	}
	c.setup()
	points, all, err := c.common()
	if err != nil {
		return nil, err
	}
	seeds := slices.DeleteFunc(slices.Clone(c.A.seeds), func(n uint64) bool { return !slices.Contains(c.B.seeds, n) })
	c.Seeds, c.Points = len(seeds), len(points)
	if c.Seeds > 0 {
		c.alone("seed", words(c.A.seeds), words(c.B.seeds))
	}
	c.measure(all, points, seeds)
	return c, nil
}

// axesOf are the keys that vary in one of the results at least, in order.
func axesOf(all ...*Results) []string {
	axes := map[string]bool{}
	for _, r := range all {
		first := map[string]string{}
		for _, t := range r.Trials {
			for k, v := range t.Point {
				if f, ok := first[k]; ok && f != v {
					axes[k] = true
				} else if !ok {
					first[k] = v
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(axes))
}

// arrange puts each trial into its cell.
func (s *Side) arrange(axes []string) error {
	s.trials, s.written = map[cell]*Trial{}, map[string]string{}
	fixed := map[string]string{} // an axis of the other side alone may be said here
	for _, k := range s.keys {
		fixed[k.Key] = k.Value
	}
	points, seeds, kinds := map[string]bool{}, map[uint64]bool{}, map[series]bool{}
	for i := range s.Results.Trials {
		t := &s.Results.Trials[i]
		var at, written []string
		for _, k := range axes {
			v, ok := t.Point[k]
			if !ok {
				v, ok = fixed[k]
			}
			if !ok {
				return fmt.Errorf("%s does not say %s, which varies in the other: there is no telling which trials belong together", s.Dir, k)
			}
			name := k[strings.LastIndexByte(k, '.')+1:] + "="
			at, written = append(at, k+"="+plainValue(v)), append(written, name+strings.Trim(v, `"`))
		}
		where := cell{series{t.Flow, t.Protocol}, strings.Join(at, " "), t.Seed}
		if s.trials[where] != nil {
			return fmt.Errorf("%w: %s: the trials %s and %s have the same place", ErrDamaged, s.Dir, s.trials[where].ID, t.ID)
		}
		s.trials[where] = t
		if !points[where.point] {
			points[where.point], s.points = true, append(s.points, where.point)
			s.written[where.point] = strings.Join(written, " ")
		}
		if !kinds[where.series] {
			kinds[where.series], s.series = true, append(s.series, where.series)
		}
		seeds[t.Seed] = true
	}
	s.seeds = slices.Sorted(maps.Keys(seeds))
	s.Seeds = len(s.seeds)
	return nil
}

// plainValue writes a value the same way however the scenario has written it: 0.01 is 1%.
func plainValue(v string) string {
	v = strings.Trim(v, `"`)
	if q, unit, _, ok := scenarios.Quantity(v); ok && unit == scenarios.Ratio {
		return formatNumber(q)
	}
	return v
}

// common returns the points and the series that both have, and notes those that one has alone.
func (c *Contrast) common() (points []string, all []series, err error) {
	for _, p := range c.A.points {
		if slices.Contains(c.B.points, p) {
			points = append(points, p)
		}
	}
	for _, s := range c.A.series {
		if slices.Contains(c.B.series, s) {
			all = append(all, s)
		}
	}
	switch {
	case len(points) == 0:
		err = fmt.Errorf("no point of one is one of the other: %s has %s, %s has %s", c.A.Dir, list(c.A.named(c.A.points)), c.B.Dir, list(c.B.named(c.B.points)))
	case len(all) == 0:
		err = fmt.Errorf("they have no flow in common: %s has %s, %s has %s", c.A.Dir, list(words(c.A.series)), c.B.Dir, list(words(c.B.series)))
	}
	c.alone("flow", words(c.A.series), words(c.B.series))
	c.alone("point", c.A.named(c.A.only(c.B)), c.B.named(c.B.only(c.A)))
	return points, all, err
}

// alone notes what one side has and the other has not.
func (c *Contrast) alone(what string, a, b []string) {
	for _, s := range []struct {
		name       string
		has, other []string
	}{{c.A.Name, a, b}, {c.B.Name, b, a}} {
		more := slices.DeleteFunc(slices.Clone(s.has), func(v string) bool { return slices.Contains(s.other, v) })
		if len(more) > 0 {
			c.Alone = append(c.Alone, fmt.Sprintf("only %s has the %s %s", s.name, plural(what, len(more)), list(more)))
		}
	}
}

// only are the points that the other has not.
func (s *Side) only(other Side) []string {
	return slices.DeleteFunc(slices.Clone(s.points), func(p string) bool { return slices.Contains(other.points, p) })
}

// named are points as the scenario has written them.
func (s *Side) named(points []string) []string {
	var out []string
	for _, p := range points {
		out = append(out, s.written[p])
	}
	return out
}

func plural(what string, n int) string {
	if n == 1 {
		return what
	}
	return what + "s"
}

// String is what a reader calls it.
func (s series) String() string {
	p := s.protocol
	for _, known := range scenarios.Protocols {
		if known.Name == p {
			p = known.Words
		}
	}
	return s.flow + " " + p
}

func words[T any](all []T) []string {
	var out []string
	for _, v := range all {
		out = append(out, fmt.Sprint(v))
	}
	return out
}

// list names the first of them.
func list(all []string) string {
	const most = 6
	if len(all) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(all[:most], ", "), len(all)-most)
	}
	return strings.Join(all, ", ")
}
