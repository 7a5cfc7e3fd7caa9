package scenarios

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// The tree becomes a Scenario by tables: each section of the format is a table of keys, and each key says how its value
// is read and where it goes. The tables are in keys_*.go; here is what walks them. Keys are taken in the table's order, not
// the file's, so that a key may rely on those above it in its table.

// A decoder walks one tree and collects all that is wrong with it.
type decoder struct {
	src     *source
	placed  map[*yaml.Node]place  // the nodes that are not where the source has them: settings
	at      map[string]*yaml.Node // the value of each key that is given, by its whole name
	path    []string              // the key that is being read
	axes    []axisNode            // of the sweep
	mtu     int                   // of the path, once that is read
	homes   map[string]string     // where keys belong, for those that stand in the wrong section
	folder  string                // where files that the scenario names are; "": only those in files are known
	files   map[string][]byte     // those that were read, under the names that the scenario gives them
	missing map[string]bool       // and those that were not
	errs    Errors
}

// A key is one key of a section whose values go into a T.
type key[T any] struct {
	name  string
	take  func(d *decoder, n *yaml.Node, into *T)
	later string // not "": the key belongs to a later version, and this is what it is for
}

// section reads a mapping by its table.
func section[T any](d *decoder, n *yaml.Node, keys []key[T], into *T) {
	given, ok := d.mapping(n, names(keys))
	if !ok {
		return
	}
	for _, k := range keys {
		pair, ok := given[k.name]
		if !ok {
			continue
		}
		d.enter(k.name)
		if d.at[d.name()] = pair.value; k.later != "" {
			d.notYet(pair.key, k.later)
		} else {
			k.take(d, pair.value, into)
		}
		d.leave()
	}
}

func names[T any](keys []key[T]) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = k.name
	}
	return out
}

type pair struct{ key, value *yaml.Node }

// mapping returns a mapping's pairs by their keys. Keys that are unknown or given twice are errors.
func (d *decoder) mapping(n *yaml.Node, known []string) (map[string]pair, bool) {
	if n.Kind != yaml.MappingNode {
		d.errorf(n, "%s a mapping of keys (%s)", d.wants(n), strings.Join(known, ", "))
		return nil, false
	}
	given := make(map[string]pair, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		switch _, twice := given[k.Value]; {
		case k.Kind != yaml.ScalarNode:
			d.errorf(k, "a key is a word, not a %s", kindName(k))
			continue
		case !contains(known, k.Value):
			if home, ok := d.homes[k.Value]; ok {
				d.errorf(k, "%s is not a key%s; it belongs to %s", k.Value, d.in(), home)
			} else {
				d.errorf(k, "unknown key %q%s%s", k.Value, d.in(), suggest(k.Value, known))
			}
			continue
		case twice:
			d.errorf(k, "%s is given twice; first in line %d", k.Value, d.place(given[k.Value].key).line)
			continue
		}
		given[k.Value] = pair{k, v}
	}
	return given, true
}

func contains(list []string, s string) bool {
	for _, t := range list {
		if t == s {
			return true
		}
	}
	return false
}

func (d *decoder) enter(name string) { d.path = append(d.path, name) }
func (d *decoder) leave()            { d.path = d.path[:len(d.path)-1] }
func (d *decoder) name() string      { return strings.Join(d.path, ".") }

// in says of which section an unknown key is.
func (d *decoder) in() string {
	if len(d.path) == 0 {
		return " of a scenario"
	}
	return " of " + d.name()
}

// errorf notes an error at a node. The message is the caller's whole sentence.
func (d *decoder) errorf(n *yaml.Node, format string, args ...any) {
	if len(d.errs) < 1000 { // a broken file can have no end of errors
		d.errs = append(d.errs, d.place(n).errorf(format, args...))
	}
}

// wrong notes an error of the key that is being read.
func (d *decoder) wrong(n *yaml.Node, format string, args ...any) {
	d.errorf(n, "%s: %s", d.name(), fmt.Sprintf(format, args...))
}

// notYet refuses what the format has and this version cannot run.
func (d *decoder) notYet(n *yaml.Node, what string) {
	d.wrong(n, "not in this version yet: %s", what)
	d.errs[len(d.errs)-1].NotYet = true
}

// wants begins the sentence about a value of the wrong kind.
func (d *decoder) wants(n *yaml.Node) string {
	name := d.name()
	if name == "" {
		name = "a scenario"
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return name + ": has no value; give it"
	}
	return fmt.Sprintf("%s: this is a %s; give it", name, kindName(n))
}

// A kind of value: how it is called in messages, and how it is read.
type kind[V any] struct {
	what string // "a rate, such as 10Mbit"
	read func(string) (V, error)
}

// scalar reads a single value.
func scalar[V any](d *decoder, n *yaml.Node, k kind[V], into *V) {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		d.wrong(n, "%s %s", strings.TrimPrefix(d.wants(n), d.name()+": "), k.what)
		return
	}
	v, err := k.read(n.Value)
	if err != nil {
		d.wrong(n, "%v", err)
		return
	}
	*into = v
}

// value is the take of a key with a single value.
func value[T, V any](k kind[V], at func(*T) *V) func(*decoder, *yaml.Node, *T) {
	return func(d *decoder, n *yaml.Node, into *T) { scalar(d, n, k, at(into)) }
}

// sub is the take of a key with a section of its own. What is given replaces what was there: zero says what the section's
// keys are when they are not given.
func sub[T, V any](zero V, keys []key[V], at func(*T) *V) func(*decoder, *yaml.Node, *T) {
	return func(d *decoder, n *yaml.Node, into *T) {
		v := zero
		section(d, n, keys, &v)
		*at(into) = v
	}
}

// short is the take of a key that has a section, or a single value as its short form.
func short[T, V, S any](zero V, k kind[S], from func(*V) *S, keys []key[V], at func(*T) *V) func(*decoder, *yaml.Node, *T) {
	long := sub(zero, keys, at)
	return func(d *decoder, n *yaml.Node, into *T) {
		if n.Kind == yaml.MappingNode {
			long(d, n, into)
			return
		}
		v := zero
		scalar(d, n, k, from(&v))
		*at(into) = v
	}
}

// list reads a list of single values; a single value is a list of one.
func list[V any](d *decoder, n *yaml.Node, k kind[V], max int, into *[]V) {
	if n.Kind != yaml.SequenceNode {
		var v V
		before := len(d.errs)
		if scalar(d, n, k, &v); len(d.errs) == before {
			*into = []V{v}
		}
		return
	}
	if len(n.Content) == 0 || len(n.Content) > max {
		d.wrong(n, "a list of %d; give it 1 to %d", len(n.Content), max)
		return
	}
	out := make([]V, len(n.Content))
	for i, c := range n.Content {
		scalar(d, c, k, &out[i])
	}
	*into = out
}

// each calls take for every item of a list of mappings.
func (d *decoder) each(n *yaml.Node, what string, max int, take func(i int, n *yaml.Node)) {
	switch {
	case n.Kind != yaml.SequenceNode:
		d.errorf(n, "%s a list of %s, each behind a dash", d.wants(n), what)
	case len(n.Content) > max:
		d.wrong(n, "a list of %d %s; there may be %d", len(n.Content), what, max)
	default:
		for i, c := range n.Content {
			take(i, c)
		}
	}
}
