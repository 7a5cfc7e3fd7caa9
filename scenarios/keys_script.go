package scenarios

import (
	"time"

	"gopkg.in/yaml.v3"

	"reliabilitylab/netem"
)

// script: what happens to which packets.

// maxRules is how many rules a script may have.
const maxRules = 1000

func takeScript(d *decoder, n *yaml.Node, s *Scenario) {
	d.each(n, "rules", maxRules, func(_ int, n *yaml.Node) {
		r := Rule{Match: Match{Kind: "any"}}
		section(d, n, ruleKeys, &r)
		if n.Kind == yaml.MappingNode && r.Do == (Do{}) && !gives(n, "do") {
			d.wrong(n, "the rule does nothing; give it a do: drop, duplicate, corrupt, {delay: 200ms}, {hold: 3} or {pattern: FILE}")
		}
		s.Script = append(s.Script, r)
	})
}

// gives tells whether a mapping has that key.
func gives(n *yaml.Node, name string) bool { return child(n, name) != nil }

// child returns the value of a mapping's key, or nil.
func child(n *yaml.Node, name string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
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
	{name: "segment", take: func(d *decoder, n *yaml.Node, m *Match) { takeRanges(d, n, &m.Segments) }},
	{name: "bytes", take: func(d *decoder, n *yaml.Node, m *Match) { takeRanges(d, n, &m.Bytes) }},
	{name: "from", take: value(span(0, maxDuration), func(m *Match) *time.Duration { return &m.From })},
	{name: "to", take: value(span(time.Nanosecond, maxDuration), func(m *Match) *time.Duration { return &m.To })},
	{name: "nth", take: func(d *decoder, n *yaml.Node, m *Match) { takeRanges(d, n, &m.Nth) }},
}

func takeMatch(d *decoder, n *yaml.Node, r *Rule) {
	section(d, n, matchKeys, &r.Match)
	if m := r.Match; m.Protocol == "udp" && !contains([]string{"data", "retransmission", "ack", "fin", "any"}, m.Kind) {
		d.wrong(n, "a UDP packet is never a %s; of UDP there is data, and of what is built by hand over it retransmission, ack and fin", m.Kind)
	}
	if m := r.Match; m.To > 0 && m.To <= m.From {
		d.wrong(child(n, "to"), "the time ends at %v, but begins at %v", m.To, m.From)
	}
	switch m := r.Match; m.Kind {
	case "syn", "syn-ack", "ack", "rst":
		if m.Segments != nil || m.Bytes != nil {
			d.wrong(n, "a bare %s carries no bytes; leave kind out, or write data or retransmission", m.Kind)
		}
	}
}

var doKeys = []key[Do]{
	{name: "delay", take: value(span(time.Microsecond, maxDelay), func(v *Do) *time.Duration { return &v.Delay })},
	{name: "corrupt", take: func(d *decoder, n *yaml.Node, v *Do) {
		scalar(d, n, whole("a bit of the packet", 1, maxMTU*8), &v.Bit)
		v.Corrupt = true
	}},
	{name: "pattern", take: takePattern},
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

var patternFile = kind[string]{"the name of a file, such as bad-day.csv", func(s string) (string, error) { return text(s, 1000, true) }}

// takePattern reads a pattern from its file, beside the scenario.
func takePattern(d *decoder, n *yaml.Node, v *Do) {
	if scalar(d, n, patternFile, &v.File); v.File == "" {
		return
	}
	text, file, err := d.read(v.File, netem.MaxPatternText)
	if err != nil {
		d.wrong(n, "read the pattern: %v", err)
		return
	}
	if text == nil {
		return
	}
	if v.Pattern, err = netem.ParsePattern(text); err != nil {
		d.wrong(n, "%s, %v", file, err)
	}
}
