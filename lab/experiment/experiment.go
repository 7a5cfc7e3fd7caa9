// Package experiment runs a scenario. It expands it into trials (plan.go), builds each trial's world and hosts (world.go,
// stack.go) and path (path.go), runs it, and hands the traces on in the scenario's order (run.go).
package experiment

import (
	"time"

	"reliabilitylab/lab/kernel"
	"reliabilitylab/lab/trace"
	"reliabilitylab/scenarios"
)

// ErrCannot is wrapped by errors that say that this machine cannot run a scenario that is right in itself.
var ErrCannot = kernel.ErrUnable

// Options are how to run, as against what.
type Options struct {
	Jobs     int      // worlds at the same time; below 1: as many as there are processors, in real time half as many
	Dir      string   // an existing folder for the packets' bytes while the run lasts; "" keeps no bytes (and no captures)
	Progress Progress // nil: nobody wants to know

	bare bool // record nothing at all, to measure what the rest costs
}

// Progress is told how a run goes: which trial has come how far in lab time. It is called from several goroutines, but
// one at a time.
type Progress func(p Report)

// A Report is one such word.
type Report struct {
	Trial       string  // which trial
	Done, Total int     // trials finished, trials in all
	Part        float64 // how far the named trial has come, 0 to 1 (lab time over its longest duration)
}

// A Trial is one finished trial: one flow of one protocol at one point of the sweep, with one seed.
type Trial struct {
	ID        string // its folder's name: "tcp"; with several flows "file-tcp"; with a sweep "loss=2%_tcp" and the like
	Flow      string
	Protocol  string
	Point     scenarios.Point // the values of the swept keys
	Replicate int             // from 1
	Seed      uint64
	Scenario  *scenarios.Scenario // as it was run: with the point's values
	Trace     *trace.Trace
	Lateness  *Lateness // how late the world's events were on the wall; nil in virtual time
	Errors    []string  // what the programs ended with, where it was an error: "client: connect …: connection refused"
}

// Lateness is how much later than due things happened in a world of real time: events, and packets given to a kernel.
type Lateness struct{ P50, P99, Max time.Duration }
