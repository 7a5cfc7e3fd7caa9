package scenarios

import (
	"fmt"
	"math"
	"time"

	"gopkg.in/yaml.v3"

	"reliabilitylab/netem"
)

// timeline.ramp: keys that go from one value to another. A ramp is a staircase: its time is cut into equal steps, of which the first has
// the first value, the last one the last value, and those between lie evenly between them, rounded towards the first. All of that is
// in whole numbers: instants in nanoseconds, rates in bits a second, delays in nanoseconds, probabilities in parts of 2^53, which is what
// draws are compared with. The mean over the ramp is the mean of the two ends.

const (
	minRamp      = time.Millisecond
	maxSteps     = 1000
	defaultSteps = 50
)

// A rampable is a key of a direction that a ramp can change, as a whole number.
type rampable struct {
	key   string
	what  string
	kind  kind[int64]
	put   func(w *Way, v int64)
	words func(v int64) string
}

var rampables = []rampable{
	{"rate", "rate", counted(definite), func(w *Way, v int64) { w.Rate, w.Trace = netem.Rate(v), LinkTrace{} },
		func(v int64) string { return FormatRate(netem.Rate(v)) + "/s" }},
	{"loss", "random loss", parts, func(w *Way, v int64) {
		w.Loss = Loss{Random: probabilityOf(v), Correlation: w.Loss.Correlation, ECN: w.Loss.ECN}
	}, percentOf},
	{"corrupt", "share of packets with a flipped bit", parts, func(w *Way, v int64) { w.Corrupt.Probability = probabilityOf(v) }, percentOf},
	{"duplicate", "share of packets delivered twice", parts, func(w *Way, v int64) { w.Duplicate.Probability = probabilityOf(v) }, percentOf},
	{"reorder", "share of packets held back", parts, func(w *Way, v int64) {
		w.Reorder.Probability = probabilityOf(v)
		if w.Reorder.Delay == 0 {
			w.Reorder.Delay = defaultReorderDelay
		}
	}, percentOf},
	{"delay", "delay", counted(span(0, maxDelay)), func(w *Way, v int64) { w.Delay.Base = time.Duration(v) },
		func(v int64) string { return time.Duration(v).String() }},
}

// counted reads a kind of value as its whole number.
func counted[N ~int64](k kind[N]) kind[int64] {
	return kind[int64]{k.what, func(s string) (int64, error) {
		v, err := k.read(s)
		return int64(v), err
	}}
}

// parts is a probability in parts of 2^53.
var parts = kind[int64]{probability.what, func(s string) (int64, error) {
	p, err := ParseProbability(s)
	return int64(math.Round(float64(p) * (1 << 53))), err
}}

func probabilityOf(v int64) netem.Probability { return netem.Probability(float64(v) / (1 << 53)) }

func percentOf(v int64) string { return percent(float64(probabilityOf(v))) }

// rampWay are the ramps of one direction, or of both.
type rampWay struct {
	ramps            []Ramp
	forward, reverse *yaml.Node
}

var rampKeys = append(rampWayKeys(),
	key[rampWay]{name: "forward", take: func(_ *decoder, n *yaml.Node, r *rampWay) { r.forward = n }},
	key[rampWay]{name: "reverse", take: func(_ *decoder, n *yaml.Node, r *rampWay) { r.reverse = n }})

func rampWayKeys() (keys []key[rampWay]) {
	for _, r := range rampables {
		keys = append(keys, key[rampWay]{name: r.key, take: func(d *decoder, n *yaml.Node, into *rampWay) {
			var ends [2]int64
			if n.Kind != yaml.SequenceNode || len(n.Content) != 2 {
				d.wrong(n, "a ramp goes from one value to another; give both, such as [A, B], each of them %s", r.kind.what)
				return
			}
			scalar(d, n.Content[0], r.kind, &ends[0])
			scalar(d, n.Content[1], r.kind, &ends[1])
			into.ramps = append(into.ramps, Ramp{Key: r.key, First: ends[0], Last: ends[1]})
		}})
	}
	return keys
}

func takeRamp(d *decoder, n *yaml.Node, t *turn) {
	var both rampWay
	before := len(d.errs)
	section(d, n, rampKeys, &both)
	for way, in := range [2]*yaml.Node{both.forward, both.reverse} {
		one := both
		if in != nil {
			one = rampWay{}
			d.enter(netem.Direction(way).String())
			section(d, in, rampWayKeys(), &one)
			d.leave()
			for _, r := range both.ramps {
				if !gives(in, r.Key) {
					one.ramps = append(one.ramps, r)
				}
			}
		}
		base := [2]*Way{t.Forward, t.Reverse}[way]
		for _, r := range one.ramps {
			r.Direction = netem.Direction(way)
			if least := min(r.First, r.Last); r.Key == "delay" && base.Delay.Jitter > time.Duration(least) {
				d.wrong(n, "a jitter of %v around a delay of %v would deliver packets before they are sent", base.Delay.Jitter, time.Duration(least))
			}
			t.Ramps = append(t.Ramps, r)
		}
	}
	if len(d.errs) == before && t.Ramps == nil {
		d.wrong(n, "nothing changes in this ramp")
	}
	t.Forward, t.Reverse = nil, nil
}

// begins is how long behind its beginning step k of a ramp begins, from 0.
func (c *Change) begins(k int) time.Duration {
	return c.Over * time.Duration(k) / time.Duration(c.Steps)
}

// value is a ramp's at an instant within the entry.
func (c *Change) value(r *Ramp, at time.Duration) int64 {
	k := 0
	if at >= c.From+c.Over {
		k = c.Steps - 1
	} else {
		k = int((at - c.From) * time.Duration(c.Steps) / c.Over)
		if k+1 < c.Steps && c.begins(k+1) <= at-c.From { // the division that says when it begins was rounded down, too
			k++
		}
	}
	return r.First + (r.Last-r.First)*int64(k)/int64(c.Steps-1)
}

// of finds what a ramp changes.
func (r *Ramp) of() *rampable {
	for i := range rampables {
		if rampables[i].key == r.Key {
			return &rampables[i]
		}
	}
	panic("a ramp of " + r.Key + ", which no table has")
}

func (r *Ramp) put(w *Way, v int64) { r.of().put(w, v) }

func (r *Ramp) words() string {
	k := r.of()
	return fmt.Sprintf("the %s goes from %s to %s", k.what, k.words(r.First), k.words(r.Last))
}
