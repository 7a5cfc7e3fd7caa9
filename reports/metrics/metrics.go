// Package metrics measures trials: a trace goes in, a flat map of named numbers comes out, in SI units, ratios from 0 to
// 1. What is not defined for a trial (the mean burst of a path that lost nothing) is absent, never zero. Every metric is
// defined where it is computed, with its RFC:
//
//	program.go    what the programs sent and got
//	wire.go       the packets of the flow, with what became of each and of its copies
//	loss.go       RFC 7680 and RFC 3357
//	duplicate.go  RFC 5560
//	delay.go      one-way delay, RFC 3550's jitter, RFC 5481
//	queue.go      what waited at the bottleneck, and was marked there
//	reorder.go    RFC 4737; density.go: RFC 5236
//	tcp.go        what TCP did, on the segments of stream.go and the duplicate ACKs of dupack.go
//	together.go   what flows on one path have of it
//	handmade.go   what a protocol did that is built by hand over UDP
//	indications.go  loss events as the throughput models count them, RFC 5348
//
// The wire metrics count packets that carry payload, in the direction of the flow's data: for TCP data and
// retransmissions, for UDP datagrams (each fragment is a packet). They come from the ledger, which knows every packet
// and its fate, and not from sequence numbers. The results depend on the trace alone, to the last bit.
//
// Of a session (trace.Any) nobody knows which packets belong together to what end. Its wire metrics count every packet in
// the direction in which more was sent, whatever it carries; its TCP metrics are those of one connection, the one that put
// the most payload on the path (trace.Trace.Busiest). There are no others.
package metrics

import (
	"time"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// Of returns all metrics that are defined for the trial. Where the ledger is empty, nothing that needs it is.
func Of(t *trace.Trace) map[string]float64 {
	m := values{}
	if t.Protocol == trace.Any {
		m.session(t)
		return m
	}
	delivered := m.program(t)
	if len(t.Packets) == 0 {
		m.samples(t)
		return m
	}
	w := look(t)
	m.wire(t, w)
	if t.Protocol != "tcp" {
		if w.numbered() {
			m.handMade(w)
		}
		m.wait(waits(t, delivered, datagramsComplete(t, w)))
		return m
	}
	segments := w.segments()
	cuts := cutsOf(segments)
	m.wait(waits(t, delivered, messagesComplete(t, segments, cuts)))
	m.tcp(t, w, segments, cuts)
	return m
}

// session sets the metrics of a session.
func (m values) session(t *trace.Trace) {
	if len(t.Packets) == 0 {
		return
	}
	m.wire(t, look(t))
	if c := t.Busiest(netem.TCP); c != nil {
		w := look(c)
		segments := w.segments()
		m.tcp(c, w, segments, cutsOf(segments))
	}
}

// wire sets the wire metrics.
func (m values) wire(t *trace.Trace, w *wire) {
	m.loss(w)
	m.duplicates(w)
	m.delays(w)
	m.reordering(w)
	m.queue(t, w)
	m.marks(w)
}

// tcp sets the metrics of TCP.
func (m values) tcp(t *trace.Trace, w *wire, segments []segment, cuts cuts) {
	m.segments(w, segments, cuts)
	m.handshake(t)
	m.duplicateACKs(t, segments)
	m.samples(t)
	m.limits(t)
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
