package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"reliabilitylab/scenarios"
)

// overrides are the flags that change a scenario.
type overrides struct {
	set   []string
	seed  seed
	stack stack
}

func (o *overrides) flags(c *cobra.Command) {
	o.path(c)
	c.Flags().Var(&o.stack, "stack", "whose TCP and UDP: lab (virtual time) or linux")
}

// path are the flags that do not say whose TCP it is.
func (o *overrides) path(c *cobra.Command) {
	c.Flags().StringArrayVar(&o.set, "set", nil, "change a key: `KEY=VALUE`, such as path.delay=80ms (may be repeated)")
	c.Flags().Var(&o.seed, "seed", "the seed of all dice, a whole number")
	c.ValidArgsFunction = completeScenario
}

// load loads a scenario by file or name, with the overrides, and with what else is set on top of them.
func (o *overrides) load(name string, more ...scenarios.Setting) (*scenarios.Scenario, error) {
	var set []scenarios.Setting
	for _, text := range o.set {
		s, err := scenarios.ParseSetting(text)
		if err != nil {
			return nil, usagef("--set %w", err)
		}
		set = append(set, s)
	}
	if o.seed != "" {
		set = append(set, scenarios.Setting{Key: "seed", Value: string(o.seed)})
	}
	if o.stack != "" {
		set = append(set, scenarios.Setting{Key: "stack", Value: string(o.stack)})
	}
	return scenarios.Load(name, append(set, more...)...)
}

// named wants at least one scenario.
func named(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usagef("%s what? Name a scenario file, or a shipped scenario:\n%s", c.Name(), choice())
	}
	return nil
}

// catalog lists the shipped scenarios by chapter: headings with an empty line between them, names indented.
func catalog(heading func(string) string) string {
	chapters := scenarios.Chapters()
	width := 0
	for _, s := range scenarios.Catalog() {
		width = max(width, len(s.Name))
	}
	var b strings.Builder
	for i, c := range chapters {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintln(&b, heading(c.Title))
		for _, s := range c.Scenarios {
			fmt.Fprintf(&b, "  %-*s  %s\n", width, s.Name, s.Title)
		}
	}
	return b.String()
}

// choice is the catalog in a complaint: what could have been named.
func choice() string {
	return strings.TrimRight(catalog(func(title string) string { return title }), "\n")
}

// completeScenario offers the shipped scenarios, and files, to the shell.
func completeScenario(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	var out []string
	for _, s := range scenarios.Catalog() {
		if strings.HasPrefix(s.Name, begun) {
			out = append(out, s.Name+"\t"+s.Title)
		}
	}
	return out, cobra.ShellCompDirectiveDefault
}
