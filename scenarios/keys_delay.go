package scenarios

import (
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"reliabilitylab/netem"
)

// path.delay and path.slot: two times that vary by the same distributions.

var delayKeys = []key[Delay]{
	{name: "base", take: value(span(0, maxDelay), func(v *Delay) *time.Duration { return &v.Base })},
	{name: "jitter", take: value(span(0, maxDelay), func(v *Delay) *time.Duration { return &v.Jitter })},
	{name: "distribution", take: func(d *decoder, n *yaml.Node, v *Delay) { takeDistribution(d, n, &v.Distribution, &v.Table) }},
	{name: "correlation", take: value(correlation, func(v *Delay) *netem.Probability { return &v.Correlation })},
	{name: "keep_order", take: value(yesOrNo, func(v *Delay) *bool { return &v.KeepOrder })},
}

func takeDelay(d *decoder, n *yaml.Node, w *Way) {
	zero := defaultWay().Delay
	short(zero, span(0, maxDelay), func(v *Delay) *time.Duration { return &v.Base }, delayKeys,
		func(w *Way) *Delay { return &w.Delay })(d, n, w)
	if v := w.Delay; v.Jitter > v.Base {
		at := n
		if j := d.at[d.name()+".jitter"]; j != nil {
			at = j
		}
		d.wrong(at, "a jitter of %v around a base of %v would deliver packets before they are sent; the jitter is at most the base",
			v.Jitter, v.Base)
	}
}

var distribution = oneOf(now("uniform", "normal", "pareto", "paretonormal"))

// takeDistribution reads the name of a distribution or, with a dot or a slash in it, of a file that holds its table.
func takeDistribution(d *decoder, n *yaml.Node, name *string, table *netem.Table) {
	if n.Kind != yaml.ScalarNode || !strings.ContainsAny(n.Value, `./\`) {
		scalar(d, n, distribution, name)
		return
	}
	*name = n.Value
	text, file, err := d.read(n.Value, MaxText)
	if err != nil {
		d.wrong(n, "read the table: %v", err)
		return
	}
	if text == nil {
		return
	}
	if *table, err = netem.ParseTable(text); err != nil {
		d.wrong(n, "%s: %v", file, err)
	}
}

// Slots.

// leastSlot is the least that slots may be apart on average.
const leastSlot = 100 * time.Microsecond

// A slotDraft is a slot whose times are given as one delay with jitter, or as the least and the most.
type slotDraft struct {
	min, max time.Duration
	Slot
}

var slotKeys = []key[slotDraft]{
	{name: "min", take: value(slotTime, func(s *slotDraft) *time.Duration { return &s.min })},
	{name: "max", take: value(slotTime, func(s *slotDraft) *time.Duration { return &s.max })},
	{name: "delay", take: value(slotTime, func(s *slotDraft) *time.Duration { return &s.Base })},
	{name: "jitter", take: value(span(0, maxDelay), func(s *slotDraft) *time.Duration { return &s.Jitter })},
	{name: "distribution", take: func(d *decoder, n *yaml.Node, s *slotDraft) { takeDistribution(d, n, &s.Distribution, &s.Table) }},
	{name: "packets", take: value(whole("packets a slot", 1, maxOrdinal), func(s *slotDraft) *int { return &s.Packets })},
	{name: "bytes", take: value(bytesOf(1, 16*netem.GiB), func(s *slotDraft) *netem.Size { return &s.Bytes })},
}

var slotTime = span(leastSlot, maxDelay)

// takeSlot reads the section, or the time from slot to slot as its short form, of which 0s is none.
func takeSlot(d *decoder, n *yaml.Node, w *Way) {
	draft := slotDraft{Slot: Slot{Distribution: "uniform"}}
	before := len(d.errs)
	if n.Kind == yaml.MappingNode {
		section(d, n, slotKeys, &draft)
	} else if n.Value != "0s" {
		scalar(d, n, slotTime, &draft.Base)
	}
	w.Slot = draft.Slot
	if n.Kind != yaml.MappingNode || len(d.errs) > before {
		return
	}
	given := func(k string) bool { return gives(n, k) }
	switch {
	case !given("min") && !given("delay"):
		d.wrong(n, "how far apart are the slots? Give min (and max), or delay (with jitter and distribution)")
	case given("min") && (given("delay") || given("jitter") || given("distribution")), given("max") && !given("min"):
		d.wrong(n, "give min (and max), or delay (with jitter and distribution)")
	case given("max") && draft.max < draft.min:
		d.wrong(child(n, "max"), "the most, %v, is less than the least, %v", draft.max, draft.min)
	case draft.Jitter > draft.Base:
		d.wrong(child(n, "jitter"), "a jitter of %v around %v would make slots that open before they close; the jitter is at most the delay",
			draft.Jitter, draft.Base)
	case given("min"):
		draft.max = max(draft.max, draft.min)
		w.Slot.Base, w.Slot.Jitter = draft.min+(draft.max-draft.min)/2, (draft.max-draft.min)/2
	}
}
