package metrics

import (
	"slices"
	"time"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// queue sets the metrics of the queue at the bottleneck in the direction of the data; they are absent where the path has none.
// With several flows on one path the queue is that of all, and the delay that of this flow's packets.
//
//	queue_max_packets    the longest queue, packets, as the path counted it (trace.Trace.QueueMax); the packet that is being
//	                     sent does not wait and does not count
//	queue_mean_packets   the mean over time, packets: from the instant the first packet with payload was put on the path until
//	                     the last of them had left the queue
//	queue_delay_p50_s queue_delay_p99_s   percentiles (see Percentile) of the sojourn time of RFC 8289 section 3.1, seconds: of
//	                     the packets with payload that came out of the path, how long each had waited; its own time on the
//	                     wire is not in it. Of copies the original counts
func (m values) queue(t *trace.Trace, w *wire) {
	if t.QueueMax < 0 {
		return
	}
	m["queue_max_packets"] = float64(t.QueueMax)
	var waited []time.Duration
	from, to := trace.Never, trace.Never
	for s := range w.data() {
		p := &w.packets[s.row]
		if from == trace.Never {
			from = p.Sent
		}
		to = max(to, p.Left())
		if p.Arrived != trace.Never {
			waited = append(waited, p.Waited)
		}
	}
	if to > from {
		m["queue_mean_packets"] = meanQueue(t, from, to)
	}
	slices.Sort(waited)
	m.percentile("queue_delay_p50_s", waited, 50)
	m.percentile("queue_delay_p99_s", waited, 99)
}

// meanQueue is the mean length of the queue from one instant to another.
func meanQueue(t *trace.Trace, from, to time.Duration) float64 {
	var area, length float64 // packets times nanoseconds, and packets
	at := from
	for i := range t.Queue {
		q := &t.Queue[i]
		if q.Direction != t.Data || q.At >= to {
			continue
		}
		if q.At > at {
			area += float64(length * float64(q.At-at))
			at = q.At
		}
		length = float64(q.Packets)
	}
	area += float64(length * float64(to-at))
	return area / float64(to-from)
}

// marks sets the metric of congestion marks (RFC 3168):
//
//	ecn_marked   packets with payload that the path marked CE, packets, whatever became of them then; absent where none was
//	             sent that takes marks
func (m values) marks(w *wire) {
	var capable bool
	var marked int64
	for s := range w.data() {
		p := &w.packets[s.row]
		capable = capable || p.Header.ECN != netem.NotECT
		if p.Marked != "" {
			marked++
		}
	}
	if capable {
		m["ecn_marked"] = float64(marked)
	}
}
