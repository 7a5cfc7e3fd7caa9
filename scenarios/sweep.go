package scenarios

import (
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// A sweep multiplies a scenario: each point of its grid is the scenario with other values for the swept keys.

// The limits of sweeps.
const (
	maxAxes    = 16
	maxValues  = 1000
	maxRepeat  = 10_000
	maxReplica = 100_000 // points times replicates
)

// A Point is one point of the grid: a value for each axis, in the order of the file. Without a sweep it is empty.
type Point []Setting

// String returns "path.forward.loss=1%, flows.file.size=1MiB".
func (p Point) String() string {
	out := make([]string, len(p))
	for i, s := range p {
		out[i] = s.String()
	}
	return strings.Join(out, ", ")
}

// Groups returns the axes that vary by themselves: each is a row of axes of which those behind the first go together with it,
// value by value.
func (s *Sweep) Groups() [][]Axis {
	var out [][]Axis
	for i, a := range s.Vary {
		if a.With && len(out) > 0 {
			last := len(out) - 1
			out[last] = s.Vary[i-len(out[last]) : i+1]
		} else {
			out = append(out, s.Vary[i:i+1])
		}
	}
	return out
}

// Count returns how many points the grid has: 1 without axes.
func (s *Sweep) Count() int {
	n := 1
	for _, a := range s.Vary {
		if !a.With {
			n *= len(a.Values)
		}
	}
	return n
}

// Multiplies tells whether there is more than one point or replicate.
func (s *Sweep) Multiplies() bool { return s.Count() > 1 || s.Repeat > 1 }

// Keeps tells whether the packets of a trial are kept, by the number of its point, from 0, and of its replicate, from 1.
func (s *Sweep) Keeps(point, replicate int) bool {
	return s.Record == "all" || point == 0 && replicate == 1
}

// Points returns the grid: the first axis varies slowest. Without a sweep it is one empty point.
func (s *Scenario) Points() []Point {
	points := []Point{nil}
	for _, group := range s.Sweep.Groups() {
		next := make([]Point, 0, len(points)*len(group[0].Values))
		for _, p := range points {
			for i := range group[0].Values {
				q := p[:len(p):len(p)]
				for _, axis := range group {
					q = append(q, Setting{axis.Key, axis.Values[i]})
				}
				next = append(next, q)
			}
		}
		points = next
	}
	return points
}

// At returns the scenario as it is at a point of its grid: the point's values set and checked, no sweep left (but as many
// replicates). An error is a combination of values that is impossible, though each of them alone is not.
func (s *Scenario) At(p Point) (*Scenario, error) {
	return parse(s.File, s.Text, s.folder, s.Files, s.Settings, p, true)
}

var sweepKeys = []key[Sweep]{
	{name: "vary", take: takeVary},
	{name: "repeat", take: value(whole("a number of replicates", 1, maxRepeat), func(s *Sweep) *int { return &s.Repeat })},
	{name: "record", take: value(oneOf(now("first", "all")), func(s *Sweep) *string { return &s.Record })},
}

// noSweep is a sweep in which nothing is given.
var noSweep = Sweep{Repeat: 1, Record: "first"}

// unswept are the keys that say nothing about what happens in a trial.
var unswept = []string{"name", "title", "about", "question", "sweep", "expect", "charts"}

// An axisNode is where an axis stands in the tree.
type axisNode struct{ key, values *yaml.Node }

// takeVary reads the axes: a mapping, each key of which varies by itself, or a list of mappings, the keys of each of which
// vary together.
func takeVary(d *decoder, n *yaml.Node, s *Sweep) {
	d.axes = nil
	if n.Kind != yaml.SequenceNode {
		d.takeAxes(n, s, false)
		return
	}
	for _, c := range n.Content {
		d.takeAxes(c, s, true)
	}
}

// takeAxes reads a mapping of axes.
func (d *decoder) takeAxes(n *yaml.Node, s *Sweep, together bool) {
	if n.Kind != yaml.MappingNode {
		d.errorf(n, "%s a mapping of keys to lists of values, such as path.forward.loss: [0%%, 1%%, 2%%], or a list of such mappings, "+
			"in each of which the keys vary together", d.wants(n))
		return
	}
	first := len(s.Vary)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if len(s.Vary) == maxAxes {
			d.wrong(k, "more than %d keys; at most so many can vary", maxAxes)
			return
		}
		if !d.canVary(k, v, s) {
			continue
		}
		axis := Axis{Key: k.Value, With: together && len(s.Vary) > first}
		for _, c := range v.Content {
			axis.Values = append(axis.Values, written(c))
		}
		if axis.With && len(axis.Values) != len(s.Vary[first].Values) {
			d.wrong(v, "%s has %d values, but %s, with which it varies, has %d", axis.Key, len(axis.Values), s.Vary[first].Key, len(s.Vary[first].Values))
			continue
		}
		s.Vary = append(s.Vary, axis)
		d.axes = append(d.axes, axisNode{k, v})
		if !together {
			d.checkOnce(s, len(s.Vary)-1)
		}
	}
	if together && len(s.Vary) > first {
		d.checkOnce(s, first)
	}
}

// canVary tells whether a key can be an axis with these values, and says why not.
func (d *decoder) canVary(k, v *yaml.Node, s *Sweep) bool {
	first, _, _ := strings.Cut(k.Value, ".")
	switch {
	case k.Kind != yaml.ScalarNode || k.Value == "":
		d.wrong(k, "an axis is a key, such as path.forward.loss")
	case contains(unswept, first):
		d.wrong(k, "%s says nothing about what happens, so it cannot vary", first)
	case slices.ContainsFunc(s.Vary, func(a Axis) bool { return a.Key == k.Value }):
		d.wrong(k, "%s varies already", k.Value)
	case v.Kind != yaml.SequenceNode || len(v.Content) == 0 || len(v.Content) > maxValues:
		d.wrong(v, "%s wants a list of 1 to %d values, such as [0%%, 1%%, 2%%]", k.Value, maxValues)
	default:
		return true
	}
	return false
}

// checkOnce wants each value, or each row of values of the axes from the first on, which go together, to be there once.
func (d *decoder) checkOnce(s *Sweep, first int) {
	seen := map[string]bool{}
	for i := range s.Vary[first].Values {
		var row Point
		for _, a := range s.Vary[first:] {
			row = append(row, Setting{a.Key, a.Values[i]})
		}
		if name := row.String(); seen[name] {
			d.wrong(d.axes[first].values.Content[i], "%s is there twice; for more trials of one point use repeat", name)
		} else {
			seen[name] = true
		}
	}
}

// written returns a value as a setting has it, on one line.
func written(n *yaml.Node) string {
	var parts []string
	switch n.Kind {
	case yaml.SequenceNode:
		for _, c := range n.Content {
			parts = append(parts, written(c))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			parts = append(parts, written(n.Content[i])+": "+written(n.Content[i+1]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	special := strings.ContainsAny(n.Value, "\n,[]{}\"'") || strings.Contains(n.Value, ": ") || strings.Contains(n.Value, " #")
	if n.Style == 0 && !special {
		return n.Value
	}
	return strconv.Quote(n.Value)
}

// checkSweep reads the scenario once more with each value of each axis. root is the tree with all settings made, s what it
// says.
func (d *decoder) checkSweep(root *yaml.Node, s *Scenario, sets []Setting) {
	vary := d.at["sweep.vary"]
	if vary == nil {
		return
	}
	axes := d.axes
	d.checkGrid(vary, s)
	for _, axis := range s.Sweep.Vary {
		for line, set := range sets {
			if set.Key == axis.Key || strings.HasPrefix(set.Key, axis.Key+".") {
				src := &source{settingsName, make([]string, len(sets))}
				src.lines[line] = set.String()
				d.errs = append(d.errs, place{src, line + 1, 1, len(set.Key)}.errorf(
					"%s: the scenario varies %s, which would undo this; set sweep.vary={} as well, or %s", set.Key, axis.Key, "leave it"))
			}
		}
	}
	for _, group := range s.Sweep.Groups() {
		for k := range group[0].Values {
			if len(d.errs) >= maxErrors {
				return
			}
			d.checkValues(root, s.Name, group, axes[:len(group)], k)
		}
		axes = axes[len(group):]
	}
}

// checkGrid bounds the number of trials.
func (d *decoder) checkGrid(n *yaml.Node, s *Scenario) {
	points := s.Sweep.Repeat
	for _, axis := range s.Sweep.Vary {
		if axis.With {
			continue
		}
		if points *= len(axis.Values); points > maxReplica {
			d.errorf(n, "sweep: more than %d combinations of values and replicates", maxReplica)
			return
		}
	}
}

// checkValues reads the scenario with the k-th value of each axis of a group.
func (d *decoder) checkValues(root *yaml.Node, name string, group []Axis, nodes []axisNode, k int) {
	again := d.again()
	var row Point
	for i, axis := range group {
		set := Setting{axis.Key, axis.Values[k]}
		at := d.place(nodes[i].values.Content[k])
		v, err := settingValue(set)
		if err != nil {
			d.errs = append(d.errs, at.errorf("sweep.vary: %s: %v", set.Key, err))
			return
		}
		row = append(row, set)
		again.putAll(v, at)
		root = again.apply(root, again.edit(strings.Split(axis.Key, "."), v, func(int) place { return d.place(nodes[i].key) }))
	}
	if len(again.errs) == 0 {
		again.scenario(root, name)
	}
	for _, e := range again.errs {
		e.Message = "sweep.vary: with " + row.String() + ": " + e.Message
		d.errs = append(d.errs, e)
	}
}

// putAll places a value and all that is in it at one place.
func (d *decoder) putAll(n *yaml.Node, at place) {
	d.placed[n] = at
	for _, c := range n.Content {
		d.putAll(c, at)
	}
}
