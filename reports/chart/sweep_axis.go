package chart

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"reliabilitylab/reports/model"
	"reliabilitylab/scenarios"
)

// A sweptKey is one key that varies, perhaps with others that go together with it.
type sweptKey struct {
	key    string
	with   []scenarios.Axis // those others, their values in the order of values
	label  string           // what a reader calls it: "Loss"
	values []string         // as written; of quantities ascending, of words in the scenario's order
	at     []float64        // the values as quantities; nil where they are words
	unit   unit
	scale  float64 // at is so many times what is written, so that other values can be written too; 0: it is not
}

// name writes the i-th value for a reader.
func (k *sweptKey) name(i int) string {
	if k.at != nil {
		return k.unit.format(k.at[i])
	}
	v := strings.Trim(k.values[i], `"`)
	if !differ(k.values) { // only those that go with it tell it from the others
		words := []string{v}
		for _, a := range k.with {
			words = append(words, strings.Trim(a.Values[i], `"`))
		}
		return strings.Join(words, ", ")
	}
	if v == "true" || v == "false" {
		return lower(k.title()) + " " + map[string]string{"true": "on", "false": "off"}[v]
	}
	if name, ok := properNames[v]; ok {
		return name
	}
	return v
}

// properNames are words that readers know in another spelling.
var properNames = map[string]string{
	"reno": "Reno", "cubic": "CUBIC", "bbr": "BBR", "vegas": "Vegas", "westwood": "Westwood+", "dctcp": "DCTCP",
	"newreno": "NewReno", "rack": "RACK", "sack": "SACK", "fifo": "FIFO", "red": "RED", "codel": "CoDel", "fq_codel": "FQ-CoDel",
}

// long is name with what it counts, where that is not plain from the value itself: "loss 2%", but "Reno".
func (k *sweptKey) long(i int) string {
	if k.at != nil {
		return lower(k.title()) + " " + k.name(i)
	}
	return k.name(i)
}

// sweptKeys are the keys of which there are at least two values. Of keys that go together it is one: the first whose values
// differ, or else the first.
func sweptKeys(s *scenarios.Scenario) []sweptKey {
	var out []sweptKey
	for _, group := range s.Sweep.Groups() {
		if len(group[0].Values) < 2 {
			continue
		}
		lead := max(0, slices.IndexFunc(group, func(a scenarios.Axis) bool { return differ(a.Values) }))
		k := sweptKey{key: group[lead].Key, label: keyLabel(group[lead].Key), values: slices.Clone(group[lead].Values)}
		for i, a := range group {
			if i != lead {
				k.with = append(k.with, scenarios.Axis{Key: a.Key, Values: slices.Clone(a.Values)})
			}
		}
		if differ(k.values) {
			k.quantify()
			k.derive(s)
		}
		if len(k.with) > 0 {
			k.scale = 0 // between two values nobody knows what goes together with it
		}
		k.sort()
		out = append(out, k)
	}
	return out
}

// differ tells whether each of the values is there once.
func differ(values []string) bool {
	sorted := slices.Sorted(slices.Values(values))
	return len(slices.Compact(sorted)) == len(values)
}

// sort brings quantities into ascending order.
func (k *sweptKey) sort() {
	if k.at == nil {
		return
	}
	order := make([]int, len(k.at))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(k.at[a], k.at[b]) })
	k.values, k.at = permuted(k.values, order), permuted(k.at, order)
	for i := range k.with {
		k.with[i].Values = permuted(k.with[i].Values, order)
	}
}

// permuted returns the elements in this order.
func permuted[T any](all []T, order []int) []T {
	out := make([]T, len(all))
	for n, i := range order {
		out[n] = all[i]
	}
	return out
}

// set puts the i-th value of the key, and of those that go with it, into a point.
func (k *sweptKey) set(p scenarios.Point, i int) {
	for n := range p {
		if p[n].Key == k.key {
			p[n].Value = k.values[i]
		}
		for _, a := range k.with {
			if p[n].Key == a.Key {
				p[n].Value = a.Values[i]
			}
		}
	}
}

// cell names the i-th value, and those that go with it; cellOf names them as they are in a trial's point.
func (k *sweptKey) cell(i int) string {
	name := k.values[i]
	for _, a := range k.with {
		name += "\x01" + a.Values[i]
	}
	return name
}

func (k *sweptKey) cellOf(point map[string]string) string {
	name := point[k.key]
	for _, a := range k.with {
		name += "\x01" + point[a.Key]
	}
	return name
}

// quantify reads the values as quantities, if all are of one kind.
func (k *sweptKey) quantify() {
	at := make([]float64, len(k.values))
	bare, some := true, count
	for i, text := range k.values {
		v, u, isBare, ok := quantity(text)
		if !ok || !isBare && !bare && u != some {
			return
		}
		at[i] = v
		if !isBare {
			bare, some = false, u
		}
	}
	if bare {
		some = bareUnit(k.key)
	}
	k.at, k.unit, k.scale = at, some, 1
	if some == count && !bare {
		k.label += " (packets)"
	}
}

// quantity reads a value as the scenario's units have it. bare tells that it has no unit.
func quantity(text string) (v float64, u unit, bare, ok bool) {
	v, of, bare, ok := scenarios.Quantity(text)
	return v, metricUnit(scenarios.Metric{Unit: of}), bare, ok
}

// bareUnit is what a number without a unit counts, by the last word of its key.
func bareUnit(key string) unit {
	switch key[strings.LastIndexByte(key, '.')+1:] {
	case "loss", "random", "duplicate", "corrupt", "reorder", "probability", "p", "r", "bad", "good":
		return ratio
	case "size", "payload", "message", "mtu", "send_buffer", "receive_buffer":
		return byteU
	}
	return count
}

// write writes a quantity as a value of the key, which must have a scale.
func (k *sweptKey) write(v float64) string {
	v /= k.scale
	switch k.unit {
	case ratio:
		return strconv.FormatFloat(100*v, 'f', 9, 64) + "%"
	case second:
		return strconv.FormatInt(int64(math.Round(v*1e9)), 10) + "ns"
	case bitRate:
		return strconv.FormatFloat(v/1000, 'f', 3, 64) + "kbit"
	}
	s := strconv.FormatFloat(math.Round(v), 'f', 0, 64)
	if strings.HasSuffix(k.values[0], "p") {
		s += "p"
	}
	return s
}

// derive looks up in the scenario what a reader would rather see than what is written: the round trip of path.delay, and
// of loss models how much they lose, or in what runs where that is what differs. The values are still in the scenario's order.
func (k *sweptKey) derive(s *scenarios.Scenario) {
	parts := strings.Split(k.key, ".")
	delay := k.key == "path.delay" || k.key == "path.delay.base"
	models := k.at == nil && parts[0] == "path" && parts[len(parts)-1] == "loss"
	if !delay && !models {
		return
	}
	rtt, loss, run := make([]float64, len(k.values)), make([]float64, len(k.values)), make([]float64, len(k.values))
	point := firstPoint(s)
	for n := range k.values {
		k.set(point, n)
		at, err := s.At(point)
		if err != nil {
			return
		}
		way := at.Path.Forward
		if len(parts) > 1 && parts[1] == "reverse" {
			way = at.Path.Reverse
		}
		rtt[n] = (at.Path.Forward.Delay.Base + at.Path.Reverse.Delay.Base).Seconds()
		loss[n], run[n] = way.Loss.Mean(), runLength(way.Loss)
	}
	switch {
	case delay:
		if !slices.EqualFunc(rtt, k.at, func(rtt, at float64) bool { return math.Abs(rtt-2*at) < 1e-12 }) {
			k.scale = 0
		} else {
			k.scale = 2
		}
		k.at, k.unit, k.label = rtt, second, "Round-trip time"
	case slices.Min(loss) > 0.97*slices.Max(loss) && slices.Max(run) > 1.01*slices.Min(run):
		k.at, k.unit, k.label = run, count, "Mean run of losses (packets), at "+ratio.format(loss[0])+" loss"
	case slices.Max(loss) > 1.03*slices.Min(loss) && !slices.Contains(run, 0):
		k.at, k.unit, k.label = loss, ratio, "Mean loss"
	}
}

// runLength returns how many packets a loss model loses in a row on average: 1 of no loss, 0 where it is not known.
func runLength(l scenarios.Loss) float64 {
	switch b := l.Burst; {
	case b != nil && l.Mean() > 0:
		return bursts(*b).RunLength()
	case len(l.Packets) > 0, l.Spells != nil:
		return 0
	case l.Random > 0 && l.Random < 1:
		return 1 / (1 - float64(l.Random))
	}
	return 1
}

func bursts(b scenarios.GilbertElliott) model.Bursts {
	return model.Bursts{P: float64(b.P), R: float64(b.R), Bad: float64(b.Bad), Good: float64(b.Good)}
}

// keyLabels are what readers call the keys, by their end.
var keyLabels = []struct{ end, label string }{
	{"path.loss", "Loss"}, {"loss.random", "Loss"}, {"loss.every", "Packets from loss to loss"},
	{"gilbert_elliott.p", "Chance that a bad spell begins"}, {"gilbert_elliott.r", "Chance that a bad spell ends"},
	{"gilbert_elliott.bad", "Loss in a bad spell"}, {"gilbert_elliott.good", "Loss in a good spell"},
	{"path.delay", "One-way delay"}, {"delay.base", "One-way delay"}, {"delay.jitter", "Jitter"}, {"delay.distribution", "Distribution"},
	{"delay.keep_order", "Keeping the order"},
	{"path.rate", "Rate of the path"}, {"path.queue", "Queue"}, {"queue.limit", "Queue"}, {"path.mtu", "MTU"},
	{"path.reorder", "Packets held back"}, {"reorder.probability", "Packets held back"}, {"reorder.delay", "Time held back"},
	{"path.duplicate", "Packets duplicated"}, {"path.corrupt", "Packets damaged"}, {"corrupt.probability", "Packets damaged"},
	{"tcp.congestion", "Congestion control"}, {"tcp.sack", "SACK"}, {"tcp.nagle", "Nagle"}, {"tcp.delayed_ack", "Delayed ACK"},
	{"tcp.initial_window", "Initial window (segments)"}, {"tcp.min_rto", "Least RTO"}, {"tcp.initial_rto", "Initial RTO"},
	{"udp.rate", "UDP's rate"}, {"udp.payload", "Bytes a datagram"}, {"flow.size", "Size"}, {"flow.rate", "Rate"},
}

// keyLabel is what a reader calls a key: that of the table, with the direction where it is not the usual one, or its last word.
func keyLabel(key string) string {
	parts := strings.Split(key, ".")
	way := ""
	if len(parts) > 2 && parts[0] == "path" && (parts[1] == "forward" || parts[1] == "reverse") {
		if parts[1] == "reverse" {
			way = " towards the client"
		}
		parts = slices.Delete(parts, 1, 2)
	}
	if len(parts) > 2 && parts[0] == "flows" {
		parts = append([]string{"flow"}, parts[2:]...)
	}
	short := strings.Join(parts, ".")
	for _, k := range keyLabels {
		if short == k.end || strings.HasSuffix(short, "."+k.end) {
			return k.label + way
		}
	}
	return upper(strings.ReplaceAll(parts[len(parts)-1], "_", " ")) + way
}
