// Package metrics measures trials: a trace goes in, a flat map of named numbers comes out, in SI units, ratios from 0 to
// 1. What is not defined for a trial (the mean burst of a path that lost nothing) is absent, never zero. Every metric is
// defined where it is computed, with its RFC:
//
//	program.go    what the programs sent and got
//	wire.go       the packets of the flow, with what became of each and of its copies
//	loss.go       RFC 7680 and RFC 3357
//	duplicate.go  RFC 5560
//	delay.go      one-way delay, RFC 3550's jitter, RFC 5481
//	reorder.go    RFC 4737; density.go: RFC 5236
//	tcp.go        what TCP did, on the segments of stream.go and the duplicate ACKs of dupack.go
//	indications.go  loss events as the throughput models count them, RFC 5348
//
// The wire metrics count packets that carry payload, in the direction of the flow's data: for TCP data and
// retransmissions, for UDP datagrams (each fragment is a packet). They come from the ledger, which knows every packet
// and its fate, and not from sequence numbers. The results depend on the trace alone, to the last bit.
package metrics

import (
	"time"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// Of returns all metrics that are defined for the trial. Where the ledger is empty, nothing that needs it is.
//
//	queue_max_packets   the longest queue at the bottleneck in the direction of the data, packets, as the path counted it
//	                    (trace.Trace.QueueMax); absent where the path has none
func Of(t *trace.Trace) map[string]float64 {
	m := values{}
	delivered := m.program(t)
	if len(t.Packets) == 0 {
		m.samples(t)
		return m
	}
	w := look(t)
	m.loss(w)
	m.duplicates(w)
	m.delays(w)
	m.reordering(w)
	if t.QueueMax >= 0 {
		m["queue_max_packets"] = float64(t.QueueMax)
	}
	if t.Protocol != "tcp" {
		m.wait(waits(t, delivered, datagramsComplete(t, w)))
		return m
	}
	segments := w.segments()
	cuts := cutsOf(segments)
	m.wait(waits(t, delivered, messagesComplete(t, segments, cuts)))
	m.segments(w, segments, cuts)
	m.handshake(t)
	m.duplicateACKs(t, segments)
	m.samples(t)
	return m
}

// values are metrics by name.
type values map[string]float64

// ratio sets a metric to part/whole; it stays absent where whole is 0.
func (m values) ratio(name string, part, whole int64) {
	if whole != 0 {
		m[name] = float64(part) / float64(whole)
	}
}

// percentile sets a metric to a percentile of sorted durations, in seconds; it stays absent where there are none.
func (m values) percentile(name string, sorted []time.Duration, percent int) {
	if d, ok := Percentile(sorted, percent); ok {
		m[name] = seconds(d)
	}
}

// seconds is d in seconds, rounded once: d.Seconds() adds a whole and a broken number and may be off by a digit.
func seconds(d time.Duration) float64 { return float64(d) / 1e9 }

// sender is the name of the host that sends the flow's data.
func sender(t *trace.Trace) string {
	if t.Data == netem.Forward {
		return t.Client.Name
	}
	return t.Server.Name
}
