package scenarios

import (
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// The keys of the scenario itself. Their order here is the order in which they are read: the path before the timeline that
// changes it, both before the flows that take defaults from it, the flows before the expectations about them.

// maxDuration is the longest trial, maxExpect how many expectations it may have.
const (
	maxDuration = 24 * time.Hour
	maxExpect   = 1000
)

// The limits of how often the kernel is asked: more often it would have no time left, less often there is nothing to see.
const (
	minSample = time.Millisecond
	maxSample = 10 * time.Second
)

// defaults is a scenario in which nothing is given.
func defaults(name string) Scenario {
	return Scenario{
		Name: name, Title: name, Seed: 1, Stack: Stack{Client: "lab", Server: "lab"}, Sample: 10 * time.Millisecond, Duration: time.Minute, Family: 4,
		Path:  Path{MTU: defaultMTU, Forward: defaultWay(), Reverse: defaultWay()},
		Sweep: noSweep,
	}
}

var scenarioKeys = []key[Scenario]{
	{name: "name", take: value(word, func(s *Scenario) *string { return &s.Name })},
	{name: "title", take: value(line, func(s *Scenario) *string { return &s.Title })},
	{name: "about", take: value(paragraphs, func(s *Scenario) *string { return &s.About })},
	{name: "question", take: value(paragraphs, func(s *Scenario) *string { return &s.Question })},
	{name: "seed", take: value(seedNumber, func(s *Scenario) *uint64 { return &s.Seed })},
	{name: "stack", take: takeStack},
	{name: "sample", take: value(span(minSample, maxSample), func(s *Scenario) *time.Duration { return &s.Sample })},
	{name: "duration", take: value(span(time.Millisecond, maxDuration), func(s *Scenario) *time.Duration { return &s.Duration })},
	{name: "sharing", take: takeSharing},
	{name: "ip", take: takeFamily},
	{name: "path", take: func(d *decoder, n *yaml.Node, s *Scenario) { takePath(d, n, &s.Path); checkMTU(d, s) }},
	{name: "script", take: takeScript},
	{name: "timeline", take: takeTimeline},
	{name: "flows", take: takeFlows},
	{name: "sweep", take: sub(noSweep, sweepKeys, func(s *Scenario) *Sweep { return &s.Sweep })},
	{name: "expect", take: takeExpect},
	{name: "charts", take: takeCharts},
}

var stackNames = oneOf(now("lab", "linux"))

var stackKeys = []key[Stack]{
	{name: "client", take: value(stackNames, func(s *Stack) *string { return &s.Client })},
	{name: "server", take: value(stackNames, func(s *Stack) *string { return &s.Server })},
}

func takeStack(d *decoder, n *yaml.Node, s *Scenario) {
	if n.Kind == yaml.MappingNode {
		section(d, n, stackKeys, &s.Stack)
		return
	}
	scalar(d, n, stackNames, &s.Stack.Client)
	s.Stack.Server = s.Stack.Client
}

func takeSharing(d *decoder, n *yaml.Node, s *Scenario) {
	var how string
	scalar(d, n, oneOf(now("alone", "together")), &how)
	s.Together = how == "together"
}

func takeFamily(d *decoder, n *yaml.Node, s *Scenario) {
	scalar(d, n, kind[int]{"4 or 6", func(t string) (int, error) {
		v, err := oneOf(now("4", "6")).read(strings.TrimPrefix(strings.ToLower(t), "ipv"))
		if err != nil {
			return 0, err
		}
		return int(v[0] - '0'), nil
	}}, &s.Family)
}

func checkMTU(d *decoder, s *Scenario) {
	for _, w := range []struct {
		key string
		way *Way
	}{{"path.forward.hop_mtu", &s.Path.Forward}, {"path.reverse.hop_mtu", &s.Path.Reverse}} {
		at := d.at[w.key]
		if at == nil {
			at = d.at["path.hop_mtu"]
		}
		if !checkHop(d, at, s.Family, w.way) {
			break
		}
	}
	if n := d.at["path.mtu"]; n != nil && s.Family == 6 && s.Path.MTU < minMTU6 {
		d.wrong(n, "an MTU of %d is too small for IPv6, whose least is %d (RFC 8200)", s.Path.MTU, minMTU6)
	}
}

// checkHop refuses a hop that IPv6 cannot have; w is nil where a phase of the timeline changes nothing.
func checkHop(d *decoder, n *yaml.Node, family int, w *Way) bool {
	if w == nil || family != 6 || w.Hop.MTU == 0 || w.Hop.MTU >= minMTU6 {
		return true
	}
	d.wrong(n, "a hop_mtu of %d is too small for IPv6, whose links take at least %d (RFC 8200)", w.Hop.MTU, minMTU6)
	return false
}

func takeExpect(d *decoder, n *yaml.Node, s *Scenario) {
	if n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
		return // nothing is expected, as --set expect=[] says
	}
	var texts []string
	list(d, n, line, maxExpect, &texts)
	for i, t := range texts {
		at := n
		if n.Kind == yaml.SequenceNode {
			at = n.Content[i]
		}
		if t == "" {
			continue // already an error
		}
		e, err := ParseExpect(t)
		if err == nil {
			err = e.concerns(s)
		}
		if err != nil {
			d.wrong(at, "%v", err)
			continue
		}
		s.Expect = append(s.Expect, e)
	}
}
