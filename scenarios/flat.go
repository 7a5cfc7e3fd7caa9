package scenarios

import (
	"errors"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Flat returns what a scenario says about what happens, key by key in the order of its text, with the settings made: path.delay is 25ms,
// flows.file.size 5MiB. A list but that of the flows is one value, and so is each axis of a sweep. It looks at no key's meaning, so that what
// another version of the lab has run can be told, too.
func Flat(text []byte, set ...Setting) ([]Setting, error) {
	src := newSource("scenario", string(text[:min(len(text), MaxText+1)]))
	root, errs := readTree(src, []byte(strings.TrimPrefix(string(text[:min(len(text), MaxText+1)]), "\ufeff")))
	if len(errs) > 0 {
		return nil, errs.sorted("scenario")
	}
	d := &decoder{src: src, placed: map[*yaml.Node]place{}, at: map[string]*yaml.Node{}}
	root = d.settings(root, settingsName, set)
	if len(d.errs) > 0 {
		return nil, d.errs.sorted("scenario")
	}
	var out []Setting
	for i := 0; i+1 < len(root.Content); i += 2 {
		if key := root.Content[i].Value; key == "sweep" || !slices.Contains(unswept, key) {
			out = flatten(out, key, root.Content[i+1])
		}
	}
	if len(out) == 0 {
		return nil, errors.New("it says nothing")
	}
	return out, nil
}

// flatten appends what n says under a key.
func flatten(out []Setting, key string, n *yaml.Node) []Setting {
	switch {
	case n.Kind == yaml.MappingNode && len(n.Content) > 0:
		for i := 0; i+1 < len(n.Content); i += 2 {
			out = flatten(out, key+"."+n.Content[i].Value, n.Content[i+1])
		}
		return out
	case n.Kind == yaml.SequenceNode && key == "flows":
		for _, f := range n.Content {
			out = flatten(out, key+"."+flowName(f), f)
		}
		return out
	case n.Kind == yaml.ScalarNode:
		return append(out, Setting{key, n.Value})
	}
	return append(out, Setting{key, written(n)})
}
