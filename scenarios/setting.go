package scenarios

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// A setting changes one key of a scenario's tree before it is read: --set on the command line and the axes of a sweep are
// both settings, so both reach every key, are checked by the same tables, and fail with the same messages.

// A Setting gives a key another value.
type Setting struct {
	Key   string // path.forward.loss, flows.file.tcp.congestion …
	Value string // as a scenario file would have it: 2%, [tcp], {gilbert_elliott: {p: 1%, r: 25%}}
}

// String returns KEY=VALUE.
func (s Setting) String() string { return s.Key + "=" + s.Value }

// ParseSetting reads KEY=VALUE. Whether there is such a key and whether the value fits it, Parse says.
func ParseSetting(s string) (Setting, error) {
	k, v, ok := strings.Cut(s, "=")
	k, v = strings.TrimSpace(k), strings.TrimSpace(v)
	if !ok || k == "" || v == "" {
		return Setting{}, fmt.Errorf("%q is not a setting: write KEY=VALUE, such as path.delay=80ms", s)
	}
	return Setting{k, v}, nil
}

// maxSettings and maxSettingText bound what settings may be.
const (
	maxSettings    = 1000
	maxSettingText = 64 << 10
)

// An edit is a setting ready to be put into a tree.
type edit struct {
	parts []string               // of the key
	value *yaml.Node             // its nodes are in decoder.placed
	part  func(i int) place      // where part i of the key is written
	key   func(i int) *yaml.Node // a new key node for part i
}

// settings puts the settings into the tree, one after the other, and returns the new tree. name is how errors call the
// source of the settings; each setting is a line of it.
func (d *decoder) settings(root *yaml.Node, name string, sets []Setting) *yaml.Node {
	if len(sets) == 0 {
		return root
	}
	lines := make([]string, len(sets))
	for i, s := range sets {
		lines[i] = s.String()
	}
	src := &source{name, lines}
	for i, s := range sets {
		if i == maxSettings {
			d.errs = append(d.errs, place{src, i + 1, 1, 1}.errorf("more than %d settings", maxSettings))
			break
		}
		v, err := settingValue(s)
		if err != nil {
			at := place{src, i + 1, utf8.RuneCountInString(s.Key) + 2, max(1, utf8.RuneCountInString(s.Value))}
			d.errs = append(d.errs, at.errorf("%s: %v", s.Key, err))
			continue
		}
		d.put(v, src, i+1, utf8.RuneCountInString(s.Key)+1)
		root = d.apply(root, d.edit(strings.Split(s.Key, "."), v, func(k int) place {
			parts := strings.Split(s.Key, ".")
			before := utf8.RuneCountInString(strings.Join(parts[:k], "."))
			if k > 0 {
				before++
			}
			return place{src, i + 1, before + 1, max(1, utf8.RuneCountInString(parts[k]))}
		}))
	}
	return root
}

// settingValue reads the value of a setting as YAML.
func settingValue(s Setting) (*yaml.Node, error) {
	if len(s.Key)+len(s.Value) > maxSettingText || strings.ContainsAny(s.String(), "\n\r") {
		return nil, fmt.Errorf("a setting is one line of at most %d bytes", maxSettingText)
	}
	src := &source{"", []string{s.Value}}
	if e := src.characters([]byte(s.Value)); e != nil {
		return nil, errors.New(e.Message)
	}
	doc, next, err := readYAML([]byte(s.Value))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%q is not a value", s.Value)
	case next != nil:
		return nil, errors.New("two values")
	}
	if errs := src.plain(nil, doc.Content[0], 0); len(errs) > 0 {
		return nil, errors.New(errs[0].Message)
	}
	return doc.Content[0], nil
}

// put notes that a value's nodes stand in a line of src, behind its first `before` characters.
func (d *decoder) put(n *yaml.Node, src *source, line, before int) {
	at := *n
	at.Line, at.Column = line, n.Column+before
	d.placed[n] = src.of(&at)
	for _, c := range n.Content {
		d.put(c, src, line, before)
	}
}

func (d *decoder) edit(parts []string, value *yaml.Node, part func(int) place) edit {
	return edit{parts, value, part, func(i int) *yaml.Node {
		n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: parts[i]}
		d.placed[n] = part(i)
		return n
	}}
}

// fail notes an error at part i of the edit's key.
func (d *decoder) fail(e edit, i int, format string, args ...any) {
	d.errs = append(d.errs, e.part(i).errorf("%s: %s", strings.Join(e.parts, "."), fmt.Sprintf(format, args...)))
}

// apply returns the tree with the edit made. The given tree stays as it is: what changes is copied.
func (d *decoder) apply(root *yaml.Node, e edit) *yaml.Node {
	if slices.Contains(e.parts, "") {
		d.fail(e, 0, "an empty part between the dots of a key")
		return root
	}
	if way, at := hiddenBy(root, e.parts); way != "" {
		whole := strings.Join(e.parts[:at], ".") + "." + way
		d.fail(e, 0, "%s.%s is given too and would hide this in that direction; set %s.%s", whole, e.parts[at], whole,
			strings.Join(e.parts[at:], "."))
		return root
	}
	return d.applyAt(root, e, 0)
}

// hiddenBy returns the direction whose own key would hide a key of the whole path or of a flow's access link, or "", and which part
// of the setting that key is.
func hiddenBy(root *yaml.Node, parts []string) (way string, at int) {
	if at = pathPart(parts); at == 0 || len(parts) == at || !contains(names(wayKeys), parts[at]) {
		return "", at
	}
	path := child(root, parts[0])
	if at > 1 {
		path = child(flowNamed(path, parts[1]), parts[2])
	}
	for _, way := range []string{"forward", "reverse"} {
		if w := child(child(path, way), parts[at]); w != nil {
			return way, at
		}
	}
	return "", at
}

// pathPart returns where in a setting's key the keys of a path begin: behind path, or behind flows.NAME.access; 0: nowhere.
func pathPart(parts []string) int {
	switch {
	case parts[0] == "path":
		return 1
	case len(parts) > 2 && parts[0] == "flows" && parts[2] == "access":
		return 3
	}
	return 0
}

// flowNamed returns the flow of that name in the list of flows, or nil.
func flowNamed(flows *yaml.Node, name string) *yaml.Node {
	if flows == nil || flows.Kind != yaml.SequenceNode {
		return nil
	}
	for _, f := range flows.Content {
		if flowName(f) == name {
			return f
		}
	}
	return nil
}

// applyAt makes the edit from part i of its key on in the tree n.
func (d *decoder) applyAt(n *yaml.Node, e edit, i int) *yaml.Node {
	if i == len(e.parts) {
		return e.value
	}
	whole := strings.Join(e.parts[:i], ".")
	switch n.Kind {
	case yaml.MappingNode:
		n = d.copyOf(n)
		for k := 0; k+1 < len(n.Content); k += 2 {
			if n.Content[k].Value == e.parts[i] {
				n.Content[k+1] = d.applyAt(n.Content[k+1], e, i+1)
				return n
			}
		}
		if whole == "" && e.parts[i] == "flows" && i+1 < len(e.parts) {
			d.fail(e, i, "the scenario has no flows")
			return n
		}
		empty := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		d.placed[empty] = e.part(min(i+1, len(e.parts)-1))
		n.Content = append(n.Content, e.key(i), d.applyAt(empty, e, i+1))
		return n
	case yaml.SequenceNode:
		if whole != "flows" {
			d.fail(e, i, "%s is a list; set it as a whole", whole)
			return n
		}
		return d.applyFlow(n, e, i)
	}
	if long, ok := longForms[e.parts[i-1]]; ok && pathPart(e.parts) > 0 && n.Kind == yaml.ScalarNode {
		m := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{
			{Kind: yaml.ScalarNode, Tag: "!!str", Value: long}, n,
		}}
		d.placed[m], d.placed[m.Content[0]] = d.place(n), d.place(n)
		return d.applyAt(m, e, i)
	}
	d.fail(e, i, "%s is a single value; it has no %s", whole, e.parts[i])
	return n
}

// longForms says which key of its section the short form of a key stands for: delay: 25ms is delay: {base: 25ms}.
var longForms = map[string]string{
	"hop_mtu": "bytes", "queue": "limit", "loss": "random", "corrupt": "probability", "reorder": "probability", "delay": "base",
}

// applyFlow makes the edit in the flow whose name is part i of its key.
func (d *decoder) applyFlow(n *yaml.Node, e edit, i int) *yaml.Node {
	var known []string
	for k, f := range n.Content {
		name := flowName(f)
		if known = append(known, name); name == e.parts[i] {
			if i+1 == len(e.parts) || f.Kind != yaml.MappingNode {
				d.fail(e, i, "a flow is set key by key, such as flows.%s.size", name)
				return n
			}
			n = d.copyOf(n)
			n.Content[k] = d.applyAt(f, e, i+1)
			return n
		}
	}
	d.fail(e, i, "no flow is called %s%s", e.parts[i], suggest(e.parts[i], known))
	return n
}

// copyOf copies a node, but not what is in it.
func (d *decoder) copyOf(n *yaml.Node) *yaml.Node {
	c := *n
	c.Content = slices.Clone(n.Content)
	if p, ok := d.placed[n]; ok {
		d.placed[&c] = p
	}
	return &c
}

// again returns a decoder for another reading of (a changed copy of) the same tree.
func (d *decoder) again() *decoder {
	return &decoder{src: d.src, placed: maps.Clone(d.placed), at: map[string]*yaml.Node{}, homes: d.homes, folder: d.folder, files: d.files, missing: d.missing}
}
