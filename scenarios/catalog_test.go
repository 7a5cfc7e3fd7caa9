package scenarios

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Every embedded file is in the catalog, under the name of its file.
func TestCatalog(t *testing.T) {
	files, err := filepath.Glob("*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, strings.TrimSuffix(f, ".yaml"))
	}
	order := shippedNames()
	slices.Sort(order)
	slices.Sort(names)
	if !slices.Equal(names, order) {
		t.Errorf("files %v, catalog %v", names, order)
	}
	for i, s := range Catalog() {
		if name := shippedNames()[i]; s.Name != name {
			t.Errorf("%s.yaml calls itself %s", name, s.Name)
		}
		if s.Title == s.Name || s.Question == "" || len(s.About) < 400 || len(s.Expect) < 4 || len(s.Charts) < 3 {
			t.Errorf("%s does not open with a title, a question, what to look for, charts and expectations", s.Name)
		}
		if !strings.HasPrefix(string(s.Text), "title: ") {
			t.Errorf("%s does not open with its title", s.Name)
		}
		if lines := strings.Count(s.Describe(), "\n"); lines > 24 {
			t.Errorf("the description of %s has %d lines: more than a screen", s.Name, lines)
		}
	}
}

// The catalog is the chapters, one behind the other, and each of them has something to teach.
func TestChapters(t *testing.T) {
	var names []string
	for _, c := range Chapters() {
		if c.Title == "" || len(c.Scenarios) == 0 {
			t.Errorf("chapter %q has %d scenarios", c.Title, len(c.Scenarios))
		}
		for _, s := range c.Scenarios {
			names = append(names, s.Name)
		}
	}
	if !slices.Equal(names, shippedNames()) {
		t.Errorf("the chapters have %v, the catalog %v", names, shippedNames())
	}
}

// What the texts tell a class to try is a scenario too.
func TestCatalogSuggestions(t *testing.T) {
	for _, s := range Catalog() {
		text := strings.Join(strings.Fields(s.About), " ")
		for _, after := range strings.Split(text, "--set ")[1:] {
			word := strings.TrimRight(strings.Fields(after)[0], ".,:;")
			if strings.HasPrefix(after, "'") {
				word, _, _ = strings.Cut(after[1:], "'")
			}
			set, err := ParseSetting(word)
			if err != nil {
				t.Errorf("%s: %v", s.Name, err)
				continue
			}
			if _, err := Load(s.Name, set); err != nil {
				t.Errorf("%s: %v", s.Name, err)
			}
		}
	}
}

// burst-loss is to be compared with two-percent: the same mean loss, path and file.
func TestBurstLossIsTwoPercent(t *testing.T) {
	a, err := Load("two-percent")
	if err != nil {
		t.Fatal(err)
	}
	b, err := Load("burst-loss")
	if err != nil {
		t.Fatal(err)
	}
	// Summed state by state: the chain is in its bad state after n packets with probability q_n, q_{n+1} = q_n(1-r) + (1-q_n)p.
	g, q := b.Path.Forward.Loss.Burst, 0.0
	for range 10_000 {
		q = q*(1-float64(g.R)) + (1-q)*float64(g.P)
	}
	if lost := q*float64(g.Bad) + (1-q)*float64(g.Good); math.Abs(lost-0.02) > 1e-12 || math.Abs(b.Path.Forward.Loss.Mean()-lost) > 1e-12 {
		t.Errorf("burst-loss loses %v, and says %v", lost, b.Path.Forward.Loss.Mean())
	}
	if a.Path.Forward.Loss.Mean() != 0.02 {
		t.Errorf("two-percent loses %v", a.Path.Forward.Loss.Mean())
	}
	if a.Flows[0].Size != b.Flows[0].Size || a.Path.Forward.Rate != b.Path.Forward.Rate || a.Path.Reverse.Delay.Base != b.Path.Reverse.Delay.Base {
		t.Error("two-percent and burst-loss differ in more than the loss")
	}
}
