// Package experiment runs a scenario: it expands it into trials, builds each trial's world, hosts and path, and brings
// back the traces.
package experiment

import (
	"context"

	"reliabilitylab/lab/trace"
	"reliabilitylab/scenarios"
)

// Progress is told how a run goes, from any goroutine, one call at a time.
type Progress func(done, total int, trial string, labSeconds, labDuration float64)

// Options are how to run, as against what.
type Options struct {
	Jobs     int    // trials at the same time; 0: as many as there are processors
	Dir      string // an existing empty folder for the packets' bytes while the run lasts
	Record   bool   // keep packets, calls and bytes
	Progress Progress
}

// A Trial is one finished trial.
type Trial struct {
	ID        string // "tcp", "udp"; with a sweep or replicates "loss=1%,r=2,tcp" and the like
	Flow      string
	Protocol  string
	Point     map[string]string // the values of the swept keys
	Replicate int               // from 1
	Seed      uint64
	Scenario  *scenarios.Scenario // as it was run: with the point's values
	Trace     *trace.Trace
}

// Run runs all trials of a scenario and returns them in the scenario's order, whatever order they ended in.
func Run(ctx context.Context, s *scenarios.Scenario, o Options) ([]*Trial, error) { return nil, nil }
