// Package experiment runs a scenario. It expands it into trials (plan.go), builds each trial's world and hosts (world.go,
// stack.go) and path (path.go), runs it, and hands the traces on as they come (run.go).
package experiment

import (
	"fmt"

	"reliabilitylab/lab/kernel"
	"reliabilitylab/lab/trace"
	"reliabilitylab/scenarios"
)

// ErrCannot is wrapped by errors that say that this machine cannot run a scenario that is right in itself.
var ErrCannot = kernel.ErrUnable

// Options are how to run, as against what.
type Options struct {
	Jobs     int      // worlds at the same time; below 1: as many as there are processors, in real time fewer where they are in each other's way
	Dir      string   // an existing folder for the bytes of the packets that are kept, while the run lasts; "" keeps no bytes (and no captures)
	Progress Progress // nil: nobody wants to know

	// Part is the part of the sweep that is run.
	Part scenarios.Part

	// Have tells before the run whether a trial is there already, by its number; nil: none is. A world of which all trials are there is
	// not run.
	Have func(trial int) bool

	bare bool  // record nothing at all, to measure what the rest costs
	host maker // makes hosts that no scenario can name, to see the lab's beside them; nil: none
}

// Progress is told how a run goes: which trial has come how far in lab time. It is called from several goroutines, but
// one at a time.
type Progress func(p Report)

// A Report is one such word.
type Report struct {
	Trial       string  // which trial
	Done, Total int     // trials taken by finished, trials of the part
	Before      int     // of Done, those that were there when the run began
	Part        float64 // how far the named trial has come, 0 to 1 (lab time over its longest duration)
}

// A Trial is one finished trial: one flow of one protocol at one point of the sweep, with one seed.
type Trial struct {
	Index     int    // its number in the scenario, from 0: point, replicate, flow, protocol
	Kept      bool   // its packets are to be kept (scenarios.Sweep.Keeps); its trace has bytes where there is a folder for them
	ID        string // its folder's name: "tcp"; with several flows "file-tcp"; with a sweep "loss=2%_tcp" and the like
	Flow      string
	Protocol  string
	Point     scenarios.Point // the values of the swept keys
	Replicate int             // from 1
	Seed      uint64
	Scenario  *scenarios.Scenario // as it was run: with the point's values
	Trace     *trace.Trace
	Lateness  *trace.Lateness // how late the world's events were on the wall; nil in virtual time
	Errors    []string        // what the programs ended with, where it was an error: "client: connect …: connection refused"
}

// Discard gives back what an unwanted trial holds.
func (t *Trial) Discard() error {
	if t.Trace.Bytes == nil {
		return nil
	}
	return t.Trace.Bytes.Close()
}

// A TrialError says which trial failed, so that it can be run again by itself.
type TrialError struct {
	ID    string
	Point scenarios.Point
	Seed  uint64
	Err   error
}

// Error names the trial and its seed.
func (e *TrialError) Error() string {
	return fmt.Sprintf("trial %s (seed %d): %v", e.ID, e.Seed, e.Err)
}

// Unwrap returns what happened.
func (e *TrialError) Unwrap() error { return e.Err }
