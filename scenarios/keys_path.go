package scenarios

import (
	"errors"
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
	minHop   = 576  // so that a router's own ICMP passes (RFC 1812 section 4.3.2.3); Linux believes nobody below 552
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
	return Way{Queue: defaultQueueOf("fifo"), Delay: Delay{Distribution: "uniform", KeepOrder: true}}
}

// A pathDraft is a path whose directions are still to be told apart.
type pathDraft struct {
	mtu              int
	both             Way
	forward, reverse *yaml.Node
}

var pathKeys = append(
	append([]key[pathDraft]{
		{name: "mtu", take: func(d *decoder, n *yaml.Node, p *pathDraft) {
			scalar(d, n, whole("a number of bytes", minMTU4, maxMTU), &p.mtu)
			p.both.Queue.MTU = p.mtu
		}},
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
	d.checkReplay(n, p)
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
	{name: "hop_mtu", take: takeHop},
	{name: "rate", take: takeRate},
	{name: "overhead", take: takeOverhead},
	{name: "queue", take: takeQueue},
	{name: "replay", take: takeReplay},
	{name: "loss", take: takeLoss},
	{name: "corrupt", take: short(Corrupt{}, probability, func(c *Corrupt) *netem.Probability { return &c.Probability },
		corruptKeys, func(w *Way) *Corrupt { return &w.Corrupt })},
	{name: "duplicate", take: short(Duplicate{}, probability, func(c *Duplicate) *netem.Probability { return &c.Probability },
		duplicateKeys, func(w *Way) *Duplicate { return &w.Duplicate })},
	{name: "reorder", take: takeReorder},
	{name: "delay", take: takeDelay},
	{name: "slot", take: takeSlot},
}

var hopKeys = []key[Hop]{
	{name: "bytes", take: value(hopBytes, func(h *Hop) *int { return &h.MTU })},
	{name: "icmp", take: func(d *decoder, n *yaml.Node, h *Hop) {
		var what string
		scalar(d, n, oneOf(now("sent", "lost")), &what)
		h.Silent = what == "lost"
	}},
}

var hopBytes = whole("bytes of the longest packet that passes", minHop, maxMTU)

// takeHop makes the widest hop none: everything passes it.
func takeHop(d *decoder, n *yaml.Node, w *Way) {
	short(Hop{MTU: maxMTU}, hopBytes, func(h *Hop) *int { return &h.MTU }, hopKeys, func(w *Way) *Hop { return &w.Hop })(d, n, w)
	if w.Hop.MTU == maxMTU {
		w.Hop.MTU = 0
	}
}

// maxOverhead is the most that a packet or a cell may cost beside itself.
const maxOverhead = 1000

var overheadKeys = []key[netem.Overhead]{
	{name: "packet", take: value(perPacket, func(o *netem.Overhead) *int { return &o.Packet })},
	{name: "cell_size", take: value(whole("bytes of payload in a cell", 1, maxMTU), func(o *netem.Overhead) *int { return &o.Cell })},
	{name: "cell_overhead", take: value(whole("bytes of a cell's header", 0, maxOverhead), func(o *netem.Overhead) *int { return &o.CellOverhead })},
}

var perPacket = whole("bytes a packet", 0, maxOverhead)

func takeOverhead(d *decoder, n *yaml.Node, w *Way) {
	short(netem.Overhead{}, perPacket, func(o *netem.Overhead) *int { return &o.Packet }, overheadKeys,
		func(w *Way) *netem.Overhead { return &w.Overhead })(d, n, w)
	if o := w.Overhead; o.CellOverhead > 0 && o.Cell == 0 {
		d.wrong(n, "cell_overhead without cell_size: of which cells?")
	}
}

// correlation is below certainty: with certainty all packets would share the fate of the first.
var correlation = kind[netem.Probability]{"a correlation, such as 25%", func(s string) (netem.Probability, error) {
	p, err := ParseProbability(s)
	if err == nil && p >= 1 {
		return 0, errors.New("with a correlation of 100% the first packet's draw would hold for all; write less, such as 90%")
	}
	return p, err
}}

var corruptKeys = []key[Corrupt]{
	{name: "probability", take: value(probability, func(c *Corrupt) *netem.Probability { return &c.Probability })},
	{name: "correlation", take: value(correlation, func(c *Corrupt) *netem.Probability { return &c.Correlation })},
	{name: "fix_checksum", take: value(yesOrNo, func(c *Corrupt) *bool { return &c.FixChecksum })},
}

var duplicateKeys = []key[Duplicate]{
	{name: "probability", take: value(probability, func(c *Duplicate) *netem.Probability { return &c.Probability })},
	{name: "correlation", take: value(correlation, func(c *Duplicate) *netem.Probability { return &c.Correlation })},
}

var reorderKeys = []key[Reorder]{
	{name: "probability", take: value(probability, func(r *Reorder) *netem.Probability { return &r.Probability })},
	{name: "delay", take: value(span(time.Microsecond, maxDelay), func(r *Reorder) *time.Duration { return &r.Delay })},
	{name: "correlation", take: value(correlation, func(r *Reorder) *netem.Probability { return &r.Correlation })},
	{name: "gap", take: value(whole("every how many packets at most one is chosen", 1, maxOrdinal), func(r *Reorder) *int { return &r.Gap })},
	{name: "ahead", take: value(yesOrNo, func(r *Reorder) *bool { return &r.Ahead })},
}

// takeReorder makes a gap alone mean every gap-th packet.
func takeReorder(d *decoder, n *yaml.Node, w *Way) {
	short(Reorder{Delay: defaultReorderDelay}, probability, func(r *Reorder) *netem.Probability { return &r.Probability }, reorderKeys,
		func(w *Way) *Reorder { return &w.Reorder })(d, n, w)
	if gives(n, "gap") && !gives(n, "probability") {
		w.Reorder.Probability = 1
	}
	if at := child(n, "delay"); at != nil && w.Reorder.Ahead {
		d.wrong(at, "a packet that goes ahead is not held back: leave the delay out, or ahead")
	}
}
