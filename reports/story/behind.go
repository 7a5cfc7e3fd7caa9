package story

import (
	"fmt"
	"slices"
	"time"

	"reliabilitylab/lab/trace"
	"reliabilitylab/reports/metrics"
)

// A queue is the messages of a trial, and when each was complete in the receiving host.
type queue struct {
	messages []trace.Message
	complete []time.Duration
}

func newQueue(t *trace.Trace) *queue {
	return &queue{t.Messages, metrics.Complete(t)}
}

// behind returns how many messages lay complete in the receiving host when the bytes that end before a sequence number arrived at
// last, and could not be given to the program before; and how long the first of them had lain there.
func (q *queue) behind(to int64, arrived time.Duration) (n int, longest time.Duration) {
	first, _ := slices.BinarySearchFunc(q.messages, to, func(m trace.Message, to int64) int {
		if m.Offset+1 < to {
			return -1
		}
		return 1
	})
	for i := first; i < len(q.messages) && q.messages[i].Sent < arrived; i++ {
		m, complete := &q.messages[i], q.complete[i]
		if complete == trace.Never || complete >= arrived || m.Delivered != trace.Never && m.Delivered < arrived {
			continue
		}
		n++
		longest = max(longest, arrived-complete)
	}
	return n, longest
}

// waited says how many messages waited behind something, and for how long.
func waited(n int, longest time.Duration) string {
	switch n {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf(" One message waited %s behind it.", span(longest))
	}
	return fmt.Sprintf(" %s messages waited behind it, the first of them for %s.", upper(count(n)), span(longest))
}
