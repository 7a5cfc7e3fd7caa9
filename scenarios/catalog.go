package scenarios

import (
	"embed"
	"fmt"
)

//go:embed *.yaml
var shipped embed.FS

// shippedOrder is the catalog in the order in which to teach it: first nothing goes wrong, then one thing, then more.
var shippedOrder = []string{
	"clean",
	"one-lost-segment",
	"lost-syn",
	"two-percent",
	"burst-loss",
	"reordering",
	"duplicates",
	"corruption",
}

// Shipped returns the text of a shipped scenario.
func Shipped(name string) (text []byte, ok bool) {
	if !contains(shippedOrder, name) {
		return nil, false
	}
	text, err := shipped.ReadFile(name + ".yaml")
	return text, err == nil
}

// Catalog returns the shipped scenarios, in the order in which to teach them.
func Catalog() []*Scenario {
	out := make([]*Scenario, len(shippedOrder))
	for i, name := range shippedOrder {
		text, _ := Shipped(name)
		s, err := Parse(name+".yaml", text)
		if err != nil {
			panic(fmt.Sprintf("a shipped scenario is wrong: %v", err))
		}
		out[i] = s
	}
	return out
}
