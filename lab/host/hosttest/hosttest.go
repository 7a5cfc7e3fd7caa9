// Package hosttest is the conformance suite that every kind of host must pass: the lab's own stack and the kernel's. It
// holds them to what Linux does, where POSIX or the RFCs leave a choice; each case names its source.
//
// A case starts programs on two hosts that a small clean path joins. It assumes nothing about time, virtual or real, but
// that a Moment is long enough for whatever is under way to happen: only order and outcomes are judged. When one goes
// wrong, the history of all calls is printed.
package hosttest

import (
	"testing"
	"time"

	"reliabilitylab/lab/host"
)

// A Pair is two hosts on one path, in a world of their own. The family of their addresses is the family of the sockets.
// They may be one computer with one address, as ::1 is.
type Pair struct {
	Client, Server host.Host
	// Port is the first of ten ports that nobody uses on either; 0 is 9000.
	Port uint16
	// Run runs the programs that Host.Go started, and those that they start, until all have returned, or until no more
	// can happen, or until it is clear that something hangs. It is called once.
	Run func() error
	// Moment is how long surely suffices for what is under way to happen, such as a few round trips; 0 is 100 ms. A lost
	// packet may take longer.
	Moment time.Duration
}

// Run runs all cases, each on a Pair of its own, side by side. What make needs to undo, it leaves to t.Cleanup.
func Run(t *testing.T, make func(t *testing.T) Pair) {
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(newRoom(t, make(t)))
		})
	}
}

// RunLossy runs the cases that must end the same on a path that loses, reorders, duplicates and damages packets: those of
// TCP in which nothing happens within a Moment.
func RunLossy(t *testing.T, make func(t *testing.T) Pair) {
	for _, c := range cases() {
		if c.where == anyPath {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				c.run(newRoom(t, make(t)))
			})
		}
	}
}

// A test is one case.
type test struct {
	name  string
	where where
	run   func(r *room)
}

// where says on which paths a case holds.
type where bool

const (
	cleanPath where = false
	anyPath   where = true
)

// cases are all cases, file by file.
func cases() []test {
	var all []test
	for _, some := range [][]test{names, connections, streams, closing, datagrams, refusals, waiting, loads} {
		all = append(all, some...)
	}
	return all
}
