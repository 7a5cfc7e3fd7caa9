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

// defaults is a scenario in which nothing is given.
func defaults(name string) Scenario {
	return Scenario{
		Name: name, Title: name, Seed: 1, Stack: Stack{Client: "lab", Server: "lab"}, Duration: time.Minute, Family: 4,
		Path:  Path{MTU: defaultMTU, Forward: defaultWay(), Reverse: defaultWay()},
		Sweep: Sweep{Repeat: 1},
	}
}

var scenarioKeys = []key[Scenario]{
	{name: "name", take: value(word, func(s *Scenario) *string { return &s.Name })},
	{name: "title", take: value(line, func(s *Scenario) *string { return &s.Title })},
	{name: "about", take: value(paragraphs, func(s *Scenario) *string { return &s.About })},
	{name: "question", take: value(paragraphs, func(s *Scenario) *string { return &s.Question })},
	{name: "seed", take: value(seedNumber, func(s *Scenario) *uint64 { return &s.Seed })},
	{name: "stack", take: takeStack},
	{name: "duration", take: value(span(time.Millisecond, maxDuration), func(s *Scenario) *time.Duration { return &s.Duration })},
	{name: "sharing", take: takeSharing},
	{name: "ip", take: takeFamily},
	{name: "path", take: func(d *decoder, n *yaml.Node, s *Scenario) { takePath(d, n, &s.Path); checkMTU(d, s) }},
	{name: "script", take: takeScript},
	{name: "timeline", take: takeTimeline},
	{name: "flows", take: takeFlows},
	{name: "sweep", take: sub(Sweep{Repeat: 1}, sweepKeys, func(s *Scenario) *Sweep { return &s.Sweep })},
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
	if n := d.at["path.mtu"]; n != nil && s.Family == 6 && s.Path.MTU < minMTU6 {
		d.wrong(n, "an MTU of %d is too small for IPv6, whose least is %d (RFC 8200)", s.Path.MTU, minMTU6)
	}
}

// A Chart is one kind of chart that a report can have.
type Chart struct{ Name, Meaning string }

// Charts lists the kinds of charts, in the order in which a report shows them.
var Charts = []Chart{
	{"delivery", "bytes that the program got over time, TCP and UDP in one picture"},
	{"order", "message number against arrival: in order, late, duplicate, lost"},
	{"latency", "how long messages took: distribution, and over time"},
	{"sequence", "the ladder: two hosts, packets as slanted arrows, socket calls at the margins"},
	{"time-sequence", "tcptrace's picture: segments, retransmissions, ACKs, window"},
	{"window", "congestion window, threshold, bytes in flight; round-trip time and timeout"},
	{"throughput", "bits a second over time"},
}

func takeCharts(d *decoder, n *yaml.Node, s *Scenario) {
	known := make([]string, len(Charts))
	for i, c := range Charts {
		known[i] = c.Name
	}
	list(d, n, oneOf(now(known...)), len(known), &s.Charts)
	seen := map[string]bool{}
	for i, c := range s.Charts {
		if seen[c] && c != "" {
			d.wrong(n.Content[i], "%s is given twice", c)
		}
		seen[c] = true
	}
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
