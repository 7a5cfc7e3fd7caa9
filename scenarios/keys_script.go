package scenarios

import (
	"time"

	"gopkg.in/yaml.v3"

	"reliabilitylab/netem"
)

// script and timeline: what happens to which packets, and what changes when.

// The limits of scripts and timelines.
const (
	maxRules  = 1000
	maxPhases = 1000
)

func takeScript(d *decoder, n *yaml.Node, s *Scenario) {
	d.each(n, "rules", maxRules, func(_ int, n *yaml.Node) {
		r := Rule{Match: Match{Kind: "any"}}
		section(d, n, ruleKeys, &r)
		if n.Kind == yaml.MappingNode && r.Do == (Do{}) && !gives(n, "do") {
			d.wrong(n, "the rule does nothing; give it a do: drop, duplicate, corrupt, {delay: 200ms} or {hold: 3}")
		}
		s.Script = append(s.Script, r)
	})
}

// gives tells whether a mapping has that key.
func gives(n *yaml.Node, name string) bool { return child(n, name) != nil }

// child returns the value of a mapping's key, or nil.
func child(n *yaml.Node, name string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}

var ruleKeys = []key[Rule]{
	{name: "match", take: takeMatch},
	{name: "do", take: takeDo},
}

var matchKeys = []key[Match]{
	{name: "kind", take: value(oneOf(now("syn", "syn-ack", "ack", "data", "fin", "rst", "retransmission", "any")),
		func(m *Match) *string { return &m.Kind })},
	{name: "direction", take: func(d *decoder, n *yaml.Node, m *Match) {
		var name string
		if scalar(d, n, oneOf(now("forward", "reverse")), &name); name == "" {
			return
		}
		way := netem.Forward
		if name == "reverse" {
			way = netem.Reverse
		}
		m.Direction = &way
	}},
	{name: "protocol", take: value(oneOf(now("tcp", "udp")), func(m *Match) *string { return &m.Protocol })},
	{name: "nth", take: func(d *decoder, n *yaml.Node, m *Match) { takeRanges(d, n, &m.Nth) }},
}

func takeMatch(d *decoder, n *yaml.Node, r *Rule) {
	section(d, n, matchKeys, &r.Match)
	if m := r.Match; m.Protocol == "udp" && m.Kind != "data" && m.Kind != "any" {
		d.wrong(n, "a UDP packet is never a %s; of UDP there is only data", m.Kind)
	}
}

var doKeys = []key[Do]{
	{name: "delay", take: value(span(time.Microsecond, maxDelay), func(v *Do) *time.Duration { return &v.Delay })},
	{name: "hold", take: value(whole("the number of later packets to wait for", 1, 1_000_000), func(v *Do) *int { return &v.Hold })},
}

func takeDo(d *decoder, n *yaml.Node, r *Rule) {
	if n.Kind != yaml.MappingNode {
		var fate string
		if n.Kind == yaml.ScalarNode && (n.Value == "delay" || n.Value == "hold") {
			d.wrong(n, "how long? Write {delay: 200ms}, or {hold: 3} for until 3 later packets have passed")
			return
		}
		scalar(d, n, oneOf(now("drop", "duplicate", "corrupt")), &fate)
		r.Do = Do{Drop: fate == "drop", Duplicate: fate == "duplicate", Corrupt: fate == "corrupt"}
		return
	}
	before := len(d.errs)
	if section(d, n, doKeys, &r.Do); len(d.errs) == before && len(n.Content) != 2 {
		d.wrong(n, "%d fates; a packet has one", len(n.Content)/2)
	}
}

var phaseKeys = []key[Phase]{
	{name: "from", take: value(span(0, maxDuration), func(p *Phase) *time.Duration { return &p.From })},
	{name: "to", take: value(span(0, maxDuration), func(p *Phase) *time.Duration { return &p.To })},
	{name: "path", take: takePhasePath},
}

// takeTimeline reads the phases: each is the path's settings with its own on top. It wants the path and the duration to
// be known.
func takeTimeline(d *decoder, n *yaml.Node, s *Scenario) {
	d.each(n, "phases", maxPhases, func(_ int, n *yaml.Node) {
		before := len(d.errs)
		forward, reverse := s.Path.Forward, s.Path.Reverse
		p := Phase{To: s.Duration, Forward: &forward, Reverse: &reverse}
		section(d, n, phaseKeys, &p)
		if len(d.errs) > before {
			return
		}
		switch {
		case !gives(n, "path"):
			d.wrong(n, "the phase changes nothing; give it a path with what is different while it lasts")
		case p.To <= p.From:
			at := child(n, "to")
			if at == nil {
				at = child(n, "from")
			}
			d.wrong(at, "the phase ends at %v, but begins at %v", p.To, p.From)
		default:
			for _, q := range s.Timeline {
				if p.From < q.To && q.From < p.To && (p.Forward != nil && q.Forward != nil || p.Reverse != nil && q.Reverse != nil) {
					d.wrong(n, "this phase (%v to %v) overlaps the one from %v to %v; write one phase for each stretch", p.From, p.To, q.From, q.To)
				}
			}
			s.Timeline = append(s.Timeline, p)
		}
	})
}

var phasePathKeys = append(append([]key[pathDraft]{{name: "mtu", later: "an MTU that changes during a trial"}},
	bothWays(wayKeys)...), pathKeys[len(pathKeys)-2:]...)

// takePhasePath puts the phase's settings on top of the path's. A direction in which nothing changes becomes nil.
func takePhasePath(d *decoder, n *yaml.Node, p *Phase) {
	if n.Kind == yaml.MappingNode && len(n.Content) == 0 {
		d.wrong(n, "nothing changes in this phase")
		return
	}
	var draft pathDraft
	before := len(d.errs)
	section(d, n, phasePathKeys, &draft)
	if len(d.errs) > before {
		return
	}
	both := 0
	for _, k := range wayKeys {
		if v := child(n, k.name); v != nil {
			both++
			d.enter(k.name)
			k.take(d, v, p.Forward)
			k.take(d, v, p.Reverse)
			d.leave()
		}
	}
	d.takeWay("forward", draft.forward, p.Forward)
	d.takeWay("reverse", draft.reverse, p.Reverse)
	if both == 0 && draft.forward == nil {
		p.Forward = nil
	}
	if both == 0 && draft.reverse == nil {
		p.Reverse = nil
	}
}
