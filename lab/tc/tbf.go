package tc

import (
	"math"
	"strings"
	"time"

	"reliabilitylab/netem"
	"reliabilitylab/scenarios"
)

// tbf, the token bucket filter (tc-tbf(8)): a rate with a queue in bytes is what a path has of it.

// A bucket is what a tbf line asks for.
type bucket struct {
	rate           netem.Rate
	burst, limit   netem.Size
	latency        time.Duration
	latencyIsGiven bool
}

func (r *reader) readTBF(w *words) error {
	name := w.all[w.next-1]
	if r.path.Way.Rate > 0 {
		return w.wrong(name, "a second rate: netem's line has one already")
	}
	var b bucket
	if err := w.place(); err != nil {
		return err
	}
	for w.more() {
		if err := b.option(r, w); err != nil {
			return err
		}
	}
	switch {
	case b.rate == 0:
		return w.wrong(name, "tbf wants a rate")
	case b.burst == 0:
		return w.wrong(name, "tbf wants a burst")
	case b.limit == 0 && !b.latencyIsGiven:
		return w.wrong(name, "tbf wants a limit or a latency")
	case b.limit > 0 && b.latencyIsGiven:
		return w.wrong(name, "tbf wants a limit or a latency, not both")
	}
	if b.latencyIsGiven { // tc-tbf(8): what may wait so long, and the bucket
		b.limit = b.burst + netem.Size(math.Round(float64(b.rate)/8*b.latency.Seconds()))
	}
	r.path.Way.Rate = b.rate
	r.path.Way.Queue = scenarios.Queue{Bytes: min(max(b.limit, 68), 16*netem.GiB)}
	r.note("tbf lets a burst of %s through at once after a pause; the lab's link never sends faster than its rate", scenarios.FormatSize(b.burst))
	return nil
}

// option reads one option of tbf. tc knows them by their whole names, save some by their beginnings.
func (b *bucket) option(r *reader, w *words) (err error) {
	switch at := w.take(); at.text {
	case "rate":
		b.rate, err = w.rate("rate")
	case "burst", "buffer", "maxburst":
		b.burst, err = w.size("burst")
	case "limit":
		b.limit, err = w.size("limit")
	case "latency", "lat":
		b.latency, err = w.time("latency")
		b.latencyIsGiven = true
	case "peakrate":
		if _, err = w.rate("peak rate"); err == nil {
			r.note("peakrate is left out: the lab's link sends its packets one after another at its rate anyway")
		}
	case "mtu", "minburst":
		_, err = w.size(at.text)
	case "overhead":
		var n int64
		n, err = w.whole("overhead of a packet", -etherHeader, 1000-etherHeader)
		r.path.Way.Overhead.Packet = int(n) + etherHeader
	case "linklayer":
		var layer word
		if layer, err = w.need("link layer"); err != nil {
			return err
		}
		switch strings.ToLower(layer.text) {
		case "ethernet":
		case "atm", "adsl":
			r.path.Way.Overhead.Cell, r.path.Way.Overhead.CellOverhead = 48, 5
		default:
			return w.unknown(layer, "link layer", []string{"ethernet", "atm", "adsl"})
		}
	default:
		return w.unknown(at, "option of tbf", []string{"rate", "burst", "buffer", "maxburst", "limit", "latency", "peakrate", "mtu", "minburst", "overhead", "linklayer"})
	}
	return err
}
