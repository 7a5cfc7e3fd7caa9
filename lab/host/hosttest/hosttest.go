// Package hosttest is the conformance suite that every kind of host must pass: the lab's own stack and the kernel's. It
// holds them to what Linux does, where POSIX or the RFCs leave a choice; each case names its source.
//
// A case starts programs on two hosts that a small clean path joins. It assumes nothing about time, virtual or real, but
// that a Moment is long enough for whatever is under way to happen: only order and outcomes are judged. When one goes
// wrong, the history of all calls is printed.
package hosttest

import (
	"slices"
	"strings"
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
	// Late, where time is real, is how much later than due something happened at the most. A Moment is no promise then: a case
	// that goes wrong on a machine that had something else to do for a good part of one takes place again. nil: never late.
	Late func() time.Duration
}

// A Difference is a case in which a kind of host is known to differ from Linux, and why. It is skipped, with the reason.
type Difference struct{ Case, Reason string }

// Run runs all cases, each on a Pair of its own, side by side. What make needs to undo, it leaves to t.Cleanup.
func Run(t *testing.T, make func(t *testing.T) Pair, known ...Difference) {
	all := cases()
	for _, d := range known {
		if !slices.ContainsFunc(all, func(c test) bool { return c.name == d.Case }) {
			t.Errorf("a difference in %q, which is no case", d.Case)
		}
	}
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) {
			for _, d := range known {
				if d.Case == c.name {
					t.Skip("known to differ: " + d.Reason)
				}
			}
			t.Parallel()
			c.on(t, make)
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
				c.on(t, make)
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

// plays is how often a case may take place on a machine that is too busy for it.
const plays = 5

// on runs the case, and looks whether what the table says of it has come about.
func (c test) on(t *testing.T, make func(t *testing.T) Pair) {
	t.Helper()
	for n := range plays {
		r := newRoom(t, make(t))
		c.run(r)
		if !r.failed() {
			tabled(r, c)
		}
		wrong := strings.Join(r.wrong, "\n")
		switch {
		case wrong == "":
			return
		case n < plays-1 && r.late():
			t.Logf("something was %v late, so this may mean nothing:\n%s", r.pair.Late(), wrong)
		default:
			t.Error(wrong)
			return
		}
	}
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
	for _, some := range [][]test{names, connections, streams, closing, datagrams, refusals, waiting, loads, options, flagged, nonBlocking, polling, shutting} {
		all = append(all, some...)
	}
	return all
}
