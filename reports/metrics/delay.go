package metrics

import (
	"slices"
	"time"

	"reliabilitylab/lab/trace"
)

// delays sets the metrics of one-way delay (RFC 7679): from the instant a packet is put on the path to that at which
// the first unharmed copy of it comes out. Lost packets have none.
//
//	owd_min_s owd_p50_s owd_p99_s   the least, and percentiles (see Percentile), seconds
//	jitter_s                        RFC 3550 section 6.4.1, interarrival jitter, seconds: the estimate J as it stands after the last
//	                                arrival. It goes by the order of ARRIVAL, first copies only, so that loss and reordering move it
func (m values) delays(w *wire) {
	order := w.arrivals()
	delay := make([]time.Duration, len(order))
	sent := make([]time.Duration, len(order))
	arrived := make([]time.Duration, len(order))
	for i, s := range order {
		delay[i], sent[i], arrived[i] = s.arrived-s.sent, s.sent, s.arrived
	}
	if j, ok := Jitter(sent, arrived); ok {
		m["jitter_s"] = j
	}
	slices.Sort(delay)
	if len(delay) > 0 {
		m["owd_min_s"] = seconds(delay[0])
	}
	m.percentile("owd_p50_s", delay, 50)
	m.percentile("owd_p99_s", delay, 99)
}

// Jitter returns RFC 3550's interarrival jitter in seconds, after the last packet. Both slices are in the order of
// arrival:
//
//	D(i-1,i) = (R_i - R_{i-1}) - (S_i - S_{i-1});  J += (|D| - J)/16
//
// ok is false for fewer than two packets.
func Jitter(sent, arrived []time.Duration) (seconds float64, ok bool) {
	if len(sent) < 2 {
		return 0, false
	}
	var j float64 // nanoseconds
	for i := 1; i < len(sent); i++ {
		d := (arrived[i] - arrived[i-1]) - (sent[i] - sent[i-1])
		j += float64((float64(d.Abs()) - j) / 16)
	}
	return j / 1e9, true
}

// IPDV returns the inter-packet delay variations of a stream (RFC 5481 section 4.1): D(i) - D(i-1), in the order of
// sending. delay has trace.Never for a lost packet; beside one there is no variation, and it is left out.
func IPDV(delay []time.Duration) []time.Duration {
	var v []time.Duration
	for i := 1; i < len(delay); i++ {
		if delay[i] != trace.Never && delay[i-1] != trace.Never {
			v = append(v, delay[i]-delay[i-1])
		}
	}
	return v
}

// PDV returns the packet delay variations of a stream (RFC 5481 section 4.2): D(i) - D_min, in the order of sending.
// Packets with trace.Never as delay are lost and left out.
func PDV(delay []time.Duration) []time.Duration {
	var v []time.Duration
	least := trace.Never
	for _, d := range delay {
		if d == trace.Never {
			continue
		}
		v = append(v, d)
		if least == trace.Never || d < least {
			least = d
		}
	}
	for i := range v {
		v[i] -= least
	}
	return v
}
