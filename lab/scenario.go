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
	c.Flags().StringArrayVar(&o.set, "set", nil, "change a key: `KEY=VALUE`, such as path.delay=80ms (may be repeated)")
	c.Flags().Var(&o.seed, "seed", "the seed of all dice, a whole number")
	c.Flags().Var(&o.stack, "stack", "whose TCP and UDP: lab (virtual time) or linux")
	c.ValidArgsFunction = completeScenario
}

// load loads a scenario by file or name, with the overrides.
func (o *overrides) load(name string) (*scenarios.Scenario, error) {
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
	return scenarios.Load(name, set...)
}

// named wants at least one scenario.
func named(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usagef("%s what? Name a scenario file, or a shipped scenario:\n%s", c.Name(), strings.TrimRight(catalog("  "), "\n"))
	}
	return nil
}

// catalog lists the shipped scenarios.
func catalog(indent string) string {
	var b strings.Builder
	for _, s := range scenarios.Catalog() {
		fmt.Fprintf(&b, "%s%-18s %s\n", indent, s.Name, s.Title)
	}
	return b.String()
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
