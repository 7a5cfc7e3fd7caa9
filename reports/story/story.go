// Package story tells in words what happened to the packets of a trial: each that was lost, damaged, late or sent again for
// nothing has its story, how the sender found out, when it was sent again and why, when it arrived, and what waited behind it.
// It needs nothing but the trace, and the same trace tells the same stories.
//
// A ledger (ledger.go) sorts the packets by connection and direction and numbers them. data.go tells of segments with data,
// with the evidence that the sender had (evidence.go) and the messages that waited (behind.go); control.go of SYN, SYN-ACK, FIN
// and of ACKs, pauses.go of waiting for a window, datagrams.go of UDP, numbered.go of reliability built by hand over it. pick.go chooses the few that
// a page shows and sums up the others. The words are in words.go.
package story

import (
	"slices"
	"time"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// Nothing is said of a trial without stories.
const Nothing = "Nothing was lost, late, damaged or sent again."

// A Story is what became of one packet, or of several of one kind.
type Story struct {
	Text string
	At   time.Duration // when it begins: when the packet was first sent
	Took time.Duration // from then until it had arrived after all, or trace.Never where that is not so or means nothing
	Wait time.Duration // how long the message waited that waited longest for it; 0 if none did, or nobody knows
	kind kind          // what others are like it
}

// Of returns the stories of a trial, in the order in which they begin. Those of a session are of its busiest connection of TCP
// and of its busiest flow of UDP.
func Of(t *trace.Trace) []Story {
	var all []Story
	if t.Protocol == trace.Any {
		for _, p := range [...]netem.Protocol{netem.TCP, netem.UDP} {
			if c := t.Busiest(p); c != nil {
				all = append(all, Of(c)...)
			}
		}
	} else {
		all = newTeller(t).tell()
	}
	slices.SortStableFunc(all, func(a, b Story) int { return int(min(1, max(-1, a.At-b.At))) })
	return all
}

// A teller is at work on one trial.
type teller struct {
	t     *trace.Trace
	sides []*side
	queue *queue                   // the messages, of the direction of the trial's data
	told  map[uint64]time.Duration // by the ID of a packet that was too long: when its sender had a router's word, or trace.Never
}

func newTeller(t *trace.Trace) *teller {
	return &teller{t: t, sides: sort(t), queue: newQueue(t), told: routers(t)}
}

func (w *teller) tell() []Story {
	var all []Story
	for _, s := range w.sides {
		if s.protocol == netem.UDP {
			if s.sendings[0].Header.Numbered() {
				all = append(all, w.numbered(s)...)
			} else {
				all = append(all, w.datagrams(s)...)
			}
			continue
		}
		all = append(all, w.control(s)...)
		told, blamed := w.data(s)
		all = append(all, told...)
		all = append(all, w.waiting(s)...)
		if s.peer != nil {
			all = append(all, w.acks(s.peer, blamed)...)
		}
	}
	return all
}

// host is the name of the host that sends in a direction.
func (w *teller) host(d netem.Direction) string {
	if d == netem.Forward {
		return w.t.Client.Name
	}
	return w.t.Server.Name
}

// whose says whose packet it is, where that is not plain: the data of the trial goes one way.
func (w *teller) whose(d netem.Direction) string {
	if d == w.t.Data {
		return ""
	}
	return "the " + w.host(d) + "'s "
}
