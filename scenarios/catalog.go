package scenarios

import (
	"embed"
	"fmt"
)

//go:embed *.yaml
var shipped embed.FS

// A Chapter is a part of the course: shipped scenarios in the order in which to teach them.
type Chapter struct {
	Title     string
	Scenarios []*Scenario
}

// chapters are the catalog, in the order in which to teach it. Within a chapter first nothing goes wrong, then one thing, then more.
var chapters = []struct {
	title string
	names []string
}{
	{"Sockets and ports", []string{
		"clean",
		"ports-and-refusal",
		"handshake",
		"message-boundaries",
		"fragmentation",
		"nagle",
		"backlog-overflow",
		"many-clients",
		"half-close",
		"reset",
		"time-wait",
	}},
	{"The path misbehaves", []string{
		"two-percent",
		"burst-loss",
		"reordering",
		"duplicates",
		"corruption",
		"damage-unseen",
		"flapping-link",
		"bad-wifi",
		"replayed-fates",
	}},
	{"How TCP repairs", []string{
		"one-lost-segment",
		"tail-loss",
		"lost-syn",
		"head-of-line-blocking",
		"spurious-retransmission",
		"reorder-vs-loss",
		"outage",
		"hand-made-reliability",
		"path-mtu",
		"path-mtu-black-hole",
	}},
	{"Flow and congestion control", []string{
		"slow-reader",
		"slow-start",
		"sawtooth",
		"satellite",
		"cubic-against-reno",
	}},
	{"Queues and links", []string{
		"bufferbloat",
		"codel",
		"ecn",
		"asymmetric-dsl",
		"lte-trace",
	}},
	{"Sharing a path", []string{
		"rtt-unfairness",
		"udp-starves-tcp",
	}},
	{"Programs over both", []string{
		"voice",
		"web-over-both",
		"chat-over-both",
	}},
	{"Sweeps", []string{
		"loss-sweep",
		"burst-sweep",
		"rtt-sweep",
		"buffer-sweep",
		"reorder-sweep",
	}},
}

// shippedNames are the names of all shipped scenarios, in the order of the chapters.
func shippedNames() []string {
	var out []string
	for _, c := range chapters {
		out = append(out, c.names...)
	}
	return out
}

// Shipped returns the text of a shipped scenario.
func Shipped(name string) (text []byte, ok bool) {
	if !contains(shippedNames(), name) {
		return nil, false
	}
	text, err := shipped.ReadFile(name + ".yaml")
	return text, err == nil
}

// Chapters returns the course: the shipped scenarios by chapter.
func Chapters() []Chapter {
	out := make([]Chapter, len(chapters))
	for i, c := range chapters {
		out[i].Title = c.title
		for _, name := range c.names {
			text, _ := Shipped(name)
			s, err := Parse(name+".yaml", text)
			if err != nil {
				panic(fmt.Sprintf("a shipped scenario is wrong: %v", err))
			}
			out[i].Scenarios = append(out[i].Scenarios, s)
		}
	}
	return out
}

// Catalog returns the shipped scenarios, in the order in which to teach them.
func Catalog() []*Scenario {
	var out []*Scenario
	for _, c := range Chapters() {
		out = append(out, c.Scenarios...)
	}
	return out
}
