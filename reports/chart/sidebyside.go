package chart

import (
	"reliabilitylab/lab/trace"
	"reliabilitylab/scenarios"
)

// mostColumns is how many trials stand side by side.
const mostColumns = 3

// sideBySide returns, of the trials that have something to show, the first of each protocol, in the order of scenarios.Protocols; of one
// protocol alone its first two. It also tells how many it left out.
func sideBySide(trials []Trial, shows func(*trace.Trace) bool) (chosen []Trial, more int) {
	all := 0
	var of []Trial // those of the protocol found last
	for _, p := range scenarios.Protocols {
		var here []Trial
		for _, t := range trials {
			if t.Protocol == p.Name && t.Trace != nil && shows(t.Trace) {
				here = append(here, t)
			}
		}
		if len(here) > 0 {
			chosen, of = append(chosen, here[0]), here
		}
		all += len(here)
	}
	if len(chosen) == 1 {
		chosen = of[:min(2, len(of))]
	}
	return chosen, all - len(chosen)
}
