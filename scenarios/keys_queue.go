package scenarios

import (
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"reliabilitylab/netem"
)

// path.queue: what waits before the bottleneck. Which keys it has depends on the discipline.

// The disciplines, each with the keys that are its own.
var disciplines = []struct {
	name string
	keys []string
}{
	{"fifo", nil},
	{"head", nil},
	{"red", []string{"ecn", "min", "max", "probability", "weight", "gentle"}},
	{"codel", []string{"ecn", "target", "interval", "ce_threshold"}},
	{"pie", []string{"ecn", "target", "burst"}},
	{"fq_codel", []string{"ecn", "target", "interval", "ce_threshold", "quantum", "flows"}},
}

// defaultQueueOf returns a queue of that discipline as it is where no more is said of it.
func defaultQueueOf(discipline string) Queue {
	q := Queue{Packets: defaultQueue, MTU: defaultMTU, Discipline: discipline}
	switch discipline {
	case "red": // Floyd and Jacobson 1993; its weight of 0.002 is nearly 2^-9
		q.Probability, q.Weight, q.Gentle = 0.02, 9, true
	case "codel": // RFC 8289 section 4.3
		q.Target, q.Interval = 5*time.Millisecond, 100*time.Millisecond
	case "pie": // RFC 8033 sections 4.2 and 4.4
		q.Target, q.Burst = 15*time.Millisecond, 150*time.Millisecond
	case "fq_codel": // RFC 8290 section 5.2
		q.Target, q.Interval = 5*time.Millisecond, 100*time.Millisecond
		q.Quantum, q.Flows, q.ECN = 1514, 1024, true
	}
	return q
}

var discipline = oneOf(now(disciplineNames()...))

func disciplineNames() []string {
	var out []string
	for _, d := range disciplines {
		out = append(out, d.name)
	}
	return out
}

var queueKeys = []key[Queue]{
	{name: "limit", take: takeQueueLimit},
	{name: "discipline", take: value(discipline, func(q *Queue) *string { return &q.Discipline })},
	{name: "ecn", take: value(yesOrNo, func(q *Queue) *bool { return &q.ECN })},
	{name: "target", take: value(span(time.Microsecond, maxDelay), func(q *Queue) *time.Duration { return &q.Target })},
	{name: "interval", take: value(span(time.Microsecond, maxDelay), func(q *Queue) *time.Duration { return &q.Interval })},
	{name: "ce_threshold", take: value(span(time.Microsecond, maxDelay), func(q *Queue) *time.Duration { return &q.CEThreshold })},
	{name: "burst", take: value(span(time.Millisecond, maxDelay), func(q *Queue) *time.Duration { return &q.Burst })},
	{name: "quantum", take: value(bytesOf(1, netem.MiB), func(q *Queue) *netem.Size { return &q.Quantum })},
	{name: "flows", take: value(whole("a number of queues", 1, 1<<16), func(q *Queue) *int { return &q.Flows })},
	{name: "min", take: takeThreshold(func(q *Queue) *netem.Size { return &q.Min })},
	{name: "max", take: takeThreshold(func(q *Queue) *netem.Size { return &q.Max })},
	{name: "probability", take: value(probability, func(q *Queue) *netem.Probability { return &q.Probability })},
	{name: "weight", take: value(whole("the power of 1/2 that each packet counts in the average", 0, 16), func(q *Queue) *int { return &q.Weight })},
	{name: "gentle", take: value(yesOrNo, func(q *Queue) *bool { return &q.Gentle })},
}

// takeQueueLimit reads a queue's length and nothing else of it.
func takeQueueLimit(d *decoder, n *yaml.Node, q *Queue) {
	var l Queue
	scalar(d, n, pathQueue, &l)
	q.Packets, q.Bytes = l.Packets, l.Bytes
}

// takeThreshold reads one of RED's thresholds, in bytes; so many packets are as many full ones.
func takeThreshold(at func(*Queue) *netem.Size) func(*decoder, *yaml.Node, *Queue) {
	return func(d *decoder, n *yaml.Node, q *Queue) {
		var l Queue
		before := len(d.errs)
		scalar(d, n, pathQueue, &l)
		*at(q) = l.Bytes + netem.Size(l.Packets*q.MTU)
		if l == (Queue{}) && len(d.errs) == before {
			d.wrong(n, "a threshold has a limit; write a number of packets, such as 30p, or a size, such as 45kB")
		}
	}
}

// takeQueue reads a queue: its length alone, which is drop-tail's, or a section.
func takeQueue(d *decoder, n *yaml.Node, w *Way) {
	name := "fifo"
	if at := child(n, "discipline"); at != nil {
		if v, err := discipline.read(at.Value); err == nil {
			name = v
		}
	}
	q := defaultQueueOf(name)
	q.MTU = w.Queue.MTU
	if n.Kind != yaml.MappingNode {
		takeQueueLimit(d, n, &q)
		w.Queue = q
		return
	}
	before := len(d.errs)
	if section(d, n, queueKeys, &q); len(d.errs) == before {
		d.checkQueue(n, &q)
	}
	w.Queue = q
}

// checkQueue refuses keys of other disciplines, and fills in RED's thresholds.
func (d *decoder) checkQueue(n *yaml.Node, q *Queue) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i].Value
		if owners := withKey(k); len(owners) > 0 && !slices.Contains(owners, q.Discipline) && !(k == "ecn" && !q.ECN) {
			d.wrong(n.Content[i], "a queue with discipline %s has no %s; that belongs to %s", q.Discipline, k, strings.Join(owners, ", "))
			return
		}
	}
	if q.Discipline == "red" {
		q.fillThresholds()
		if q.Min > q.Max {
			d.wrong(n, "min is %s and max %s; min is at most max", FormatSize(q.Min), FormatSize(q.Max))
		}
	}
}

// withKey lists the disciplines that have the key; none where all have it.
func withKey(name string) []string {
	var out []string
	for _, d := range disciplines {
		if slices.Contains(d.keys, name) {
			out = append(out, d.name)
		}
	}
	return out
}

// fillThresholds sets what is not given of RED's thresholds: max is a quarter of the limit, as tc has it (of a queue
// without limit 15 full packets, as Floyd had it), and min a third of max.
func (q *Queue) fillThresholds() {
	switch {
	case q.Max > 0:
	case q.Min > 0:
		q.Max = 3 * q.Min
	case q.Packets > 0:
		q.Max = netem.Size(q.Packets * q.MTU / 4)
	case q.Bytes > 0:
		q.Max = q.Bytes / 4
	default:
		q.Max = netem.Size(15 * q.MTU)
	}
	if q.Min == 0 {
		q.Min = q.Max / 3
	}
}

// law is the queue without what a phase may change: its limit.
func (q Queue) law() Queue {
	q.Packets, q.Bytes = 0, 0
	return q
}
