package scenarios

import (
	"time"

	"gopkg.in/yaml.v3"

	"reliabilitylab/netem"
)

// path: the network between client and server. What stands directly under path holds for both directions; forward and
// reverse then replace key by key.

// The limits of what a path may be.
const (
	minMTU4  = 68   // RFC 791 section 3.2: every module must be able to forward so much
	minMTU6  = 1280 // RFC 8200 section 5
	maxMTU   = 65535
	maxDelay = time.Hour
)

// The defaults of a path. The delay of a packet held back for reordering has one so that reorder: 1% does something.
const (
	defaultMTU          = 1500
	defaultQueue        = 100 // packets
	defaultReorderDelay = 10 * time.Millisecond
)

func defaultWay() Way {
	return Way{Queue: Queue{Packets: defaultQueue}, Delay: Delay{Distribution: "uniform", KeepOrder: true}}
}

// A pathDraft is a path whose directions are still to be told apart.
type pathDraft struct {
	mtu              int
	both             Way
	forward, reverse *yaml.Node
}

var pathKeys = append(
	append([]key[pathDraft]{
		{name: "mtu", take: value(whole("a number of bytes", minMTU4, maxMTU), func(p *pathDraft) *int { return &p.mtu })},
	}, bothWays(wayKeys)...),
	key[pathDraft]{name: "forward", take: func(_ *decoder, n *yaml.Node, p *pathDraft) { p.forward = n }},
	key[pathDraft]{name: "reverse", take: func(_ *decoder, n *yaml.Node, p *pathDraft) { p.reverse = n }},
)

// bothWays makes the keys of a direction keys of the path.
func bothWays(keys []key[Way]) []key[pathDraft] {
	out := make([]key[pathDraft], len(keys))
	for i, k := range keys {
		out[i] = key[pathDraft]{k.name, func(d *decoder, n *yaml.Node, p *pathDraft) { k.take(d, n, &p.both) }, k.later}
	}
	return out
}

func takePath(d *decoder, n *yaml.Node, p *Path) {
	draft := pathDraft{mtu: p.MTU, both: p.Forward}
	section(d, n, pathKeys, &draft)
	p.MTU, p.Forward, p.Reverse = draft.mtu, draft.both, draft.both
	d.takeWay("forward", draft.forward, &p.Forward)
	d.takeWay("reverse", draft.reverse, &p.Reverse)
}

func (d *decoder) takeWay(name string, n *yaml.Node, w *Way) {
	if n == nil {
		return
	}
	d.enter(name)
	section(d, n, wayKeys, w)
	d.leave()
}

var wayKeys = []key[Way]{
	{name: "rate", take: value(rate, func(w *Way) *netem.Rate { return &w.Rate })},
	{name: "queue", take: short(Queue{Packets: defaultQueue}, pathQueue, func(q *Queue) *Queue { return q }, queueKeys,
		func(w *Way) *Queue { return &w.Queue })},
	{name: "loss", take: takeLoss},
	{name: "corrupt", take: short(Corrupt{}, probability, func(c *Corrupt) *netem.Probability { return &c.Probability },
		corruptKeys, func(w *Way) *Corrupt { return &w.Corrupt })},
	{name: "duplicate", take: value(probability, func(w *Way) *netem.Probability { return &w.Duplicate })},
	{name: "reorder", take: short(Reorder{Delay: defaultReorderDelay}, probability,
		func(r *Reorder) *netem.Probability { return &r.Probability }, reorderKeys, func(w *Way) *Reorder { return &w.Reorder })},
	{name: "delay", take: takeDelay},
}

var queueKeys = []key[Queue]{
	{name: "limit", take: value(pathQueue, func(q *Queue) *Queue { return q })},
	{name: "discipline", take: check[Queue](oneOf(now("fifo"), later("active queue management", "red", "codel", "fq_codel")))},
	{name: "ecn", take: func(d *decoder, n *yaml.Node, _ *Queue) {
		var on bool
		if scalar(d, n, yesOrNo, &on); on {
			d.notYet(n, "marking instead of dropping (ECN)")
		}
	}},
}

// check is the take of a key whose value must be right, but of which there is nothing to keep.
func check[T, V any](k kind[V]) func(*decoder, *yaml.Node, *T) {
	return func(d *decoder, n *yaml.Node, _ *T) {
		var v V
		scalar(d, n, k, &v)
	}
}

// uncorrelated is the take of a correlation: none is the only one that this version has.
func uncorrelated[T any](instead string) func(*decoder, *yaml.Node, *T) {
	return func(d *decoder, n *yaml.Node, _ *T) {
		var p netem.Probability
		if scalar(d, n, probability, &p); p != 0 {
			d.notYet(n, "correlation other than 0%"+instead)
		}
	}
}

var corruptKeys = []key[Corrupt]{
	{name: "probability", take: value(probability, func(c *Corrupt) *netem.Probability { return &c.Probability })},
	{name: "fix_checksum", take: value(yesOrNo, func(c *Corrupt) *bool { return &c.FixChecksum })},
}

var reorderKeys = []key[Reorder]{
	{name: "probability", take: value(probability, func(r *Reorder) *netem.Probability { return &r.Probability })},
	{name: "delay", take: value(span(time.Microsecond, maxDelay), func(r *Reorder) *time.Duration { return &r.Delay })},
	{name: "correlation", take: uncorrelated[Reorder]("")},
	{name: "gap", later: "reordering by gaps"},
}

// The delay.

var delayKeys = []key[Delay]{
	{name: "base", take: value(span(0, maxDelay), func(v *Delay) *time.Duration { return &v.Base })},
	{name: "jitter", take: value(span(0, maxDelay), func(v *Delay) *time.Duration { return &v.Jitter })},
	{name: "distribution", take: value(oneOf(now("uniform", "normal", "pareto", "paretonormal")),
		func(v *Delay) *string { return &v.Distribution })},
	{name: "correlation", take: uncorrelated[Delay]("")},
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

// The loss models.

var lossKeys = []key[Loss]{
	{name: "random", take: value(probability, func(l *Loss) *netem.Probability { return &l.Random })},
	{name: "correlation", take: uncorrelated[Loss](
		" (tc's correlated loss loses far less than it is told to and makes no bursts: use gilbert_elliott)")},
	{name: "gilbert_elliott", take: takeBurst},
	{name: "markov", later: "the four-state Markov loss model (gilbert_elliott is the two-state one)"},
	{name: "every", take: value(whole("every how many packets one is lost", 1, maxOrdinal), func(l *Loss) *int { return &l.Every })},
	{name: "packets", take: func(d *decoder, n *yaml.Node, l *Loss) { takeRanges(d, n, &l.Packets) }},
}

// maxRanges is how many numbers or ranges one list may have.
const maxRanges = 10_000

func takeRanges(d *decoder, n *yaml.Node, into *[]Range) {
	var l []Range
	list(d, n, ranges, maxRanges, &l)
	*into = union(l)
}

func takeLoss(d *decoder, n *yaml.Node, w *Way) {
	short(Loss{}, probability, func(l *Loss) *netem.Probability { return &l.Random }, lossKeys,
		func(w *Way) *Loss { return &w.Loss })(d, n, w)
	if n.Kind != yaml.MappingNode {
		return
	}
	models := 0
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value != "correlation" {
			models++
		}
	}
	if models != 1 {
		d.wrong(n, "%d loss models; give one of random, gilbert_elliott, every and packets", models)
	}
}

var burstKeys = []key[GilbertElliott]{
	{name: "p", take: value(probability, func(g *GilbertElliott) *netem.Probability { return &g.P })},
	{name: "r", take: value(probability, func(g *GilbertElliott) *netem.Probability { return &g.R })},
	{name: "bad", take: value(probability, func(g *GilbertElliott) *netem.Probability { return &g.Bad })},
	{name: "good", take: value(probability, func(g *GilbertElliott) *netem.Probability { return &g.Good })},
}

func takeBurst(d *decoder, n *yaml.Node, l *Loss) {
	g := GilbertElliott{Bad: 1}
	before := len(d.errs)
	section(d, n, burstKeys, &g)
	l.Burst = &g
	if len(d.errs) > before {
		return
	}
	for _, k := range []string{"p", "r"} {
		if d.at[d.name()+"."+k] == nil {
			d.wrong(n, "%s is missing: p is how probably a good spell turns bad, r how probably a bad one ends, at each packet", k)
			return
		}
	}
	if g.P > 0 && g.R == 0 {
		d.wrong(d.at[d.name()+".r"], "with r of 0%% a bad spell never ends; for a mean burst of 4 packets write 25%%")
	}
}
