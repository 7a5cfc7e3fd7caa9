package reports

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"

	"reliabilitylab/scenarios"
)

// A Changed is a key of the set-up that is not the same on both sides; "" where one does not give it.
type Changed struct{ Key, A, B string }

// flat is what the scenario says, key by key.
func (r *Results) flat() ([]scenarios.Setting, error) {
	var set []scenarios.Setting
	for _, text := range r.Settings {
		s, err := scenarios.ParseSetting(text)
		if err != nil {
			return nil, err
		}
		set = append(set, s)
	}
	return scenarios.Flat([]byte(r.Source), set...)
}

// setup finds out what differs in what was run: the scenario, the stack, the seed, each key, each file.
func (c *Contrast) setup() {
	a, b := c.A.Results, c.B.Results
	c.changed("scenario", a.Scenario, b.Scenario)
	c.changed("stack", a.Stack, b.Stack)
	c.changed("seed", strconv.FormatUint(a.Seed, 10), strconv.FormatUint(b.Seed, 10))
	values := func(all []scenarios.Setting) map[string]string {
		out := map[string]string{}
		for _, s := range all {
			out[s.Key] = s.Value
		}
		return out
	}
	va, vb := values(c.A.keys), values(c.B.keys)
	told := map[string]bool{"stack": true, "seed": true}
	for _, s := range append(c.A.keys[:len(c.A.keys):len(c.A.keys)], c.B.keys...) {
		if !told[s.Key] {
			told[s.Key] = true
			c.changed(s.Key, va[s.Key], vb[s.Key])
		}
	}
	names := maps.Clone(a.Files)
	if names == nil {
		names = map[string]string{}
	}
	maps.Copy(names, b.Files)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if a.Files[name] != b.Files[name] {
			c.Setup = append(c.Setup, Changed{"what " + name + " says", size(a, name), size(b, name)})
		}
	}
}

func (c *Contrast) changed(key, a, b string) {
	if a != b {
		c.Setup = append(c.Setup, Changed{key, a, b})
	}
}

// size says how long a file was that the scenario read; "" where it read none of that name.
func size(r *Results, name string) string {
	text, ok := r.Files[name]
	if !ok {
		return ""
	}
	return fmt.Sprintf("%d bytes", len(text))
}

// sideNames are what a reader calls the two: by their folders' names, or, where these are the same or long, A and B.
func sideNames(dirs [2]string) [2]string {
	var out [2]string
	for i, d := range dirs {
		if real, err := filepath.Abs(d); err == nil {
			d = real
		}
		out[i] = filepath.Base(d)
	}
	const most = 14
	if out[0] == out[1] || len([]rune(out[0])) > most || len([]rune(out[1])) > most {
		return [2]string{"A", "B"}
	}
	return out
}
