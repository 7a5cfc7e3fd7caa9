package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"reliabilitylab/scenarios"
)

// overrides are the flags that change a scenario.
type overrides struct {
	set   []string
	seed  string
	stack string
}

func (o *overrides) flags(c *cobra.Command) {
	c.Flags().StringArrayVar(&o.set, "set", nil, "change a key: `KEY=VALUE`, such as path.delay=80ms (may be repeated)")
	c.Flags().StringVar(&o.seed, "seed", "", "the seed of all dice, a whole number `N`")
	c.Flags().StringVar(&o.stack, "stack", "", "whose TCP and UDP: `S` is lab (virtual time) or linux")
}

// load loads a scenario by file or name, with the overrides.
func (o *overrides) load(name string) (*scenarios.Scenario, error) {
	var set []scenarios.Setting
	for _, text := range o.set {
		s, err := scenarios.ParseSetting(text)
		if err != nil {
			return nil, usageError{fmt.Errorf("--set %w", err)}
		}
		set = append(set, s)
	}
	if o.seed != "" {
		set = append(set, scenarios.Setting{Key: "seed", Value: o.seed})
	}
	if o.stack != "" {
		set = append(set, scenarios.Setting{Key: "stack", Value: o.stack})
	}
	return scenarios.Load(name, set...)
}

// named wants at least one scenario.
func named(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usageError{fmt.Errorf("%s what? Name a scenario file, or a shipped scenario:\n%s", c.Name(), catalog("  "))}
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

// complaint is what is said of an error: a scenario's errors speak for themselves, since they begin with file and line.
func complaint(err error) string {
	var list scenarios.Errors
	if errors.As(err, &list) {
		return err.Error()
	}
	return "lab: " + err.Error()
}
