package scenarios

import (
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

// Points returns the grid: the first axis varies slowest. Without a sweep it is one empty point.
func (s *Scenario) Points() []Point {
	points := []Point{nil}
	for _, axis := range s.Sweep.Vary {
		next := make([]Point, 0, len(points)*len(axis.Values))
		for _, p := range points {
			for _, v := range axis.Values {
				next = append(next, append(p[:len(p):len(p)], Setting{axis.Key, v}))
			}
		}
		points = next
	}
	return points
}

// At returns the scenario as it is at a point of its grid: the point's values set and checked, no sweep left (but as many
// replicates). An error is a combination of values that is impossible, though each of them alone is not.
func (s *Scenario) At(p Point) (*Scenario, error) {
	return parse(s.File, s.Text, s.Settings, p, true)
}

var sweepKeys = []key[Sweep]{
	{name: "vary", take: takeVary},
	{name: "repeat", take: value(whole("a number of replicates", 1, maxRepeat), func(s *Sweep) *int { return &s.Repeat })},
}

// unswept are the keys that say nothing about what happens in a trial.
var unswept = []string{"name", "title", "about", "question", "sweep", "expect", "charts"}

func takeVary(d *decoder, n *yaml.Node, s *Sweep) {
	if n.Kind != yaml.MappingNode {
		d.errorf(n, "%s a mapping of keys to lists of values, such as path.forward.loss: [0%%, 1%%, 2%%]", d.wants(n))
		return
	}
	if len(n.Content)/2 > maxAxes {
		d.wrong(n, "%d keys; at most %d can vary", len(n.Content)/2, maxAxes)
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		first, _, _ := strings.Cut(k.Value, ".")
		switch {
		case k.Kind != yaml.ScalarNode || k.Value == "":
			d.wrong(k, "an axis is a key, such as path.forward.loss")
			continue
		case contains(unswept, first):
			d.wrong(k, "%s says nothing about what happens, so it cannot vary", first)
			continue
		case seen[k.Value]:
			d.wrong(k, "%s varies already", k.Value)
			continue
		case v.Kind != yaml.SequenceNode || len(v.Content) == 0 || len(v.Content) > maxValues:
			d.wrong(v, "%s wants a list of 1 to %d values, such as [0%%, 1%%, 2%%]", k.Value, maxValues)
			continue
		}
		seen[k.Value] = true
		axis := Axis{Key: k.Value}
		for _, c := range v.Content {
			axis.Values = append(axis.Values, written(c))
		}
		s.Vary = append(s.Vary, axis)
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
	d.checkGrid(vary, s)
	for i, axis := range s.Sweep.Vary {
		for line, set := range sets {
			if set.Key == axis.Key || strings.HasPrefix(set.Key, axis.Key+".") {
				src := &source{settingsName, make([]string, len(sets))}
				src.lines[line] = set.String()
				d.errs = append(d.errs, place{src, line + 1, 1, len(set.Key)}.errorf(
					"%s: the scenario varies %s, which would undo this; set sweep.vary={} as well, or %s", set.Key, axis.Key, "leave it"))
			}
		}
		for k := range axis.Values {
			if len(d.errs) >= maxErrors {
				return
			}
			d.checkValue(root, s.Name, axis, vary.Content[2*i], vary.Content[2*i+1].Content[k], k)
		}
	}
}

// checkGrid bounds the number of trials.
func (d *decoder) checkGrid(n *yaml.Node, s *Scenario) {
	points := s.Sweep.Repeat
	for _, axis := range s.Sweep.Vary {
		if points *= len(axis.Values); points > maxReplica {
			d.errorf(n, "sweep: more than %d combinations of values and replicates", maxReplica)
			return
		}
	}
}

// checkValue reads the scenario with one value of one axis.
func (d *decoder) checkValue(root *yaml.Node, name string, axis Axis, keyNode, valueNode *yaml.Node, k int) {
	set := Setting{axis.Key, axis.Values[k]}
	at := d.place(valueNode)
	v, err := settingValue(set)
	if err != nil {
		d.errs = append(d.errs, at.errorf("sweep.vary: %s: %v", set.Key, err))
		return
	}
	again := d.again()
	again.putAll(v, at)
	parts := strings.Split(axis.Key, ".")
	root = again.apply(root, again.edit(parts, v, func(int) place { return d.place(keyNode) }))
	if len(again.errs) == 0 {
		again.scenario(root, name)
	}
	for _, e := range again.errs {
		e.Message = "sweep.vary: with " + set.String() + ": " + e.Message
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
