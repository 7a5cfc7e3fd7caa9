package scenarios

import (
	"fmt"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"reliabilitylab/netem"
)

// flows[].client and flows[].server: the two programs of the app calls, as lists of socket calls. A call is a word, or a key with what it is
// called with.

const (
	maxCalls   = 100 // in a list
	maxClients = 100
	maxBacklog = 4096 // Linux's net.core.somaxconn
)

// talkKeys are the calls that need a value and that may be done with a connection that was accepted; openKeys are all others.
var (
	talkKeys = []key[Call]{
		{name: "setsockopt", take: value(oneOf(now("SO_REUSEADDR", "SO_LINGER")), func(c *Call) *string { return &c.Option })},
		{name: "send", take: value(bytesOf(minMessage, maxSize), func(c *Call) *netem.Size { return &c.Size })},
		{name: "recv", take: short(Call{}, allOrSize, func(c *Call) *netem.Size { return &c.Size }, recvKeys, func(c *Call) *Call { return c })},
		{name: "shutdown", take: value(oneOf(now("SHUT_RD", "SHUT_WR", "SHUT_RDWR")), func(c *Call) *string { return &c.Option })},
		{name: "sleep", take: value(span(time.Millisecond, maxDuration), func(c *Call) *time.Duration { return &c.For })},
	}
	openKeys = []key[Call]{
		{name: "bind", take: sub(Call{}, againKeys, func(c *Call) *Call { return c })},
		{name: "listen", take: value(whole("a backlog", 0, maxBacklog), func(c *Call) *int { return &c.Backlog })},
		{name: "connect", take: sub(Call{}, againKeys, func(c *Call) *Call { return c })},
		{name: "accept", take: sub(Call{Times: 1}, acceptKeys, func(c *Call) *Call { return c })},
	}
	callKeys = append(openKeys[:len(openKeys):len(openKeys)], talkKeys...)
)

// bareCalls are those that need no value.
var bareCalls = []string{"bind", "connect", "accept", "close"}

var againKeys = []key[Call]{
	{name: "again", take: value(span(time.Millisecond, maxDuration), func(c *Call) *time.Duration { return &c.Again })},
}

var recvKeys = []key[Call]{
	{name: "size", take: value(allOrSize, func(c *Call) *netem.Size { return &c.Size })},
	{name: "rate", take: value(definite, func(c *Call) *netem.Rate { return &c.Rate })},
}

var acceptKeys = []key[Call]{
	{name: "times", take: value(whole("a number of connections", 1, 10_000), func(c *Call) *int { return &c.Times })},
	{name: "by", take: value(oneOf(now("turn", "poll")), func(c *Call) *string { return &c.By })},
	{name: "do", take: func(d *decoder, n *yaml.Node, c *Call) {
		c.Do = d.calls(n, talkKeys, []string{"close"})
		for _, call := range c.Do {
			if c.By == "poll" && call.Rate > 0 {
				d.wrong(n, "who serves all by poll has no rate for one; leave rate out, or serve them by turn")
			}
		}
	}},
}

// allOrSize is how much recv takes; all is 0.
var allOrSize = kind[netem.Size]{"all, or a size, such as 100kB", func(s string) (netem.Size, error) {
	if s == "all" {
		return 0, nil
	}
	return bytesOf(1, maxSize).read(s)
}}

// takeCalls is the take of one end's list.
func takeCalls(at func(*Flow) *[]Call) func(*decoder, *yaml.Node, *Flow) {
	return func(d *decoder, n *yaml.Node, f *Flow) { *at(f) = d.calls(n, callKeys, bareCalls) }
}

// calls reads a list of calls, with those keys and words. An empty one is not nil.
func (d *decoder) calls(n *yaml.Node, keys []key[Call], words []string) []Call {
	out := []Call{}
	d.each(n, "calls", maxCalls, func(_ int, n *yaml.Node) {
		c := Call{Times: 1}
		name := n.Value // of a word
		if n.Kind == yaml.MappingNode && len(n.Content) > 0 {
			name = n.Content[0].Value
		}
		known := contains(names(keys), name)
		switch {
		case n.Kind == yaml.MappingNode && len(n.Content) != 2:
			d.wrong(n, "%d keys; each call is an item of its own behind a dash", len(n.Content)/2)
		case !known && contains([]string{"bind", "listen", "connect", "accept"}, name): // openKeys
			d.wrong(n, "%s is not for a connection that was accepted; there are %s and close", name, strings.Join(names(keys), ", "))
		case n.Kind == yaml.MappingNode:
			section(d, n, keys, &c)
			c.Name = name
		case n.Kind == yaml.ScalarNode && known && !contains(words, name):
			d.wrong(n, "%s needs a value: %s", name, callExamples[name])
		default:
			scalar(d, n, oneOf(names(keys), now("close")), &c.Name)
		}
		if c.Name != "accept" {
			c.Times = 0
		}
		out = append(out, c)
	})
	return out
}

var callExamples = map[string]string{
	"setsockopt": "setsockopt: SO_REUSEADDR", "listen": "listen: 5", "send": "send: 1kB", "recv": "recv: all, or recv: 1kB",
	"shutdown": "shutdown: SHUT_WR", "sleep": "sleep: 1s",
}

// checkCalls refuses lists that say nothing.
func (d *decoder) checkCalls(n *yaml.Node, f *Flow) {
	if f.App != "calls" {
		return
	}
	for _, end := range []struct {
		name string
		list []Call
	}{{"client", f.Client}, {"server", f.Server}} {
		if end.list == nil && child(n, end.name) == nil {
			d.errorf(n, "%s.%s: what does the %s call? Give a list, such as %s; [] is nobody", d.name(), end.name, end.name,
				map[string]string{"client": "[connect, {send: 1kB}, close]", "server": "[bind, {listen: 1}, accept, {recv: all}, close]"}[end.name])
		}
	}
	if v := d.at[d.name()+".udp.payload"]; v != nil && f.UDP.Payload < 2*minMessage {
		d.errorf(v, "%s.udp.payload: %d bytes are too few for messages of calls; the least is %d", d.name(), f.UDP.Payload, 2*minMessage)
	}
	from, other := f.Client, f.Server
	if f.From == "server" {
		from, other = other, from
	}
	if len(sends(from)) == 0 && len(sends(other)) > 0 {
		at := child(n, "from")
		if at == nil {
			at = n
		}
		d.errorf(at, "%s.from: the %s sends nothing; it is the other end whose messages can be measured", d.name(), f.From)
	}
}

// sends are the calls of a list that send.
func sends(list []Call) (out []Call) {
	for _, c := range list {
		if c.Name == "send" {
			out = append(out, c)
		}
		out = append(out, sends(c.Do)...)
	}
	return out
}

// callWords are a list's calls for lab check.
func callWords(list []Call) string {
	if len(list) == 0 {
		return "nobody"
	}
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = c.Name
		switch c.Name {
		case "setsockopt", "shutdown":
			out[i] += " " + c.Option
		case "listen":
			out[i] += fmt.Sprintf(" %d", c.Backlog)
		case "bind", "connect":
			if c.Again > 0 {
				out[i] += fmt.Sprintf(" (again every %v)", c.Again)
			}
		case "accept":
			if c.Times > 1 || c.Do != nil {
				out[i] += fmt.Sprintf(" %d by %s (%s)", c.Times, or(c.By, "turn"), callWords(c.Do))
			}
		case "send":
			out[i] += " " + FormatSize(c.Size)
		case "recv":
			if out[i] += " all"; c.Size > 0 {
				out[i] = "recv " + FormatSize(c.Size)
			}
			if c.Rate > 0 {
				out[i] += " at " + FormatRate(c.Rate) + "/s"
			}
		case "sleep":
			out[i] += fmt.Sprintf(" %v", c.For)
		}
	}
	return strings.Join(out, ", ")
}
