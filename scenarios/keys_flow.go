package scenarios

import (
	"time"

	"gopkg.in/yaml.v3"

	"reliabilitylab/netem"
)

// flows: who says what to whom, and over which protocols.

// The limits and defaults of flows.
const (
	maxFlows   = 100
	maxSize    = 16 * netem.GiB
	minMessage = 16    // bytes: room for what the programs write into a message to know it again
	maxMessage = 65507 // bytes: the longest datagram over IPv4 (65535 less 20 for IP and 8 for UDP), and so for both families

	defaultSize       = netem.MiB
	defaultStreamRate = 64 * netem.Kbit // a telephone call: 50 messages a second, as G.711 makes them
	defaultMessage    = 160
	defaultFor        = 10 * time.Second
	defaultUDPRate    = 8 * netem.Mbit     // of a transfer, where the path's rate has no limit
	defaultUDPBuffer  = netem.Size(212992) // Linux's net.core.rmem_default
)

var flowKeys = []key[Flow]{
	{name: "name", take: value(word, func(f *Flow) *string { return &f.Name })},
	{name: "app", take: value(oneOf(now("transfer", "stream"), later("more programs", "chat", "web", "echo")),
		func(f *Flow) *string { return &f.App })},
	{name: "protocol", take: takeProtocols},
	{name: "from", take: value(oneOf(now("client", "server")), func(f *Flow) *string { return &f.From })},
	{name: "start", take: value(span(0, maxDuration), func(f *Flow) *time.Duration { return &f.Start })},
	{name: "size", take: value(bytesOf(1, maxSize), func(f *Flow) *netem.Size { return &f.Size })},
	{name: "rate", take: value(definite, func(f *Flow) *netem.Rate { return &f.Rate })},
	{name: "message", take: value(length(minMessage, maxMessage), func(f *Flow) *int { return &f.Message })},
	{name: "for", take: value(span(time.Millisecond, maxDuration), func(f *Flow) *time.Duration { return &f.For })},
	{name: "tcp", take: sub(defaultTCP(), tcpKeys, func(f *Flow) *TCP { return &f.TCP })},
	{name: "udp", take: sub(UDP{}, udpKeys, func(f *Flow) *UDP { return &f.UDP })},
}

func takeProtocols(d *decoder, n *yaml.Node, f *Flow) {
	list(d, n, oneOf(now("tcp", "udp")), 2, &f.Protocols)
	if p := f.Protocols; len(p) == 2 && p[0] == p[1] && p[0] != "" {
		d.wrong(n.Content[1], "%s is given twice", p[1])
	}
}

func takeFlows(d *decoder, n *yaml.Node, s *Scenario) {
	d.each(n, "flows", maxFlows, func(i int, n *yaml.Node) {
		name := flowName(n)
		d.enter(name)
		defer d.leave()
		f := Flow{Name: name, App: "transfer", Protocols: []string{"tcp", "udp"}, From: "client", TCP: defaultTCP()}
		section(d, n, flowKeys, &f)
		for _, other := range s.Flows {
			if other.Name == f.Name {
				at := child(n, "name")
				if at == nil {
					at = n
				}
				d.wrong(at, "two flows have this name; give each its own")
				break
			}
		}
		d.checkFlow(n, s, &f)
		s.Flows = append(s.Flows, f)
	})
	if n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
		d.wrong(n, "there is no flow in the list; %s", needFlows)
	}
}

// flowName returns the name under which a flow is known: its name, or that of its program.
func flowName(n *yaml.Node) string {
	for _, k := range []string{"name", "app"} {
		if v := child(n, k); v != nil && v.Kind == yaml.ScalarNode && v.Value != "" {
			return v.Value
		}
	}
	return "transfer"
}

const needFlows = "a scenario needs at least one flow, such as {name: file, app: transfer, size: 1MiB}"

// checkFlow refuses keys that the flow's program does not have, and fills in the defaults that hang on others.
func (d *decoder) checkFlow(n *yaml.Node, s *Scenario, f *Flow) {
	foreign := map[string]string{"size": "stream", "rate": "transfer", "message": "transfer", "for": "transfer"}
	advice := map[string]string{
		"size":    "its length follows from rate and for",
		"rate":    "TCP goes as fast as it can, and the speed over UDP is udp.rate",
		"message": "the bytes of a datagram are udp.payload",
		"for":     "it ends when all of size is sent",
	}
	for _, k := range []string{"size", "rate", "message", "for"} {
		if v := child(n, k); v != nil && foreign[k] == f.App {
			d.errorf(v, "%s.%s: a %s has no %s: %s", d.name(), k, f.App, k, advice[k])
		}
	}
	for _, k := range []string{"rate", "payload"} {
		if v := d.at[d.name()+".udp."+k]; v != nil && f.App == "stream" {
			d.errorf(v, "%s.udp.%s: a stream sends each message as one datagram; its speed is rate, its size message", d.name(), k)
		}
	}
	if f.Start >= s.Duration {
		if v := child(n, "start"); v != nil {
			d.errorf(v, "%s.start: the flow starts at %v, but the trial ends at %v", d.name(), f.Start, s.Duration)
		}
	}
	d.checkTCP(&f.TCP)
	fillFlow(s, f)
}

// fillFlow gives the defaults that hang on the program, the path and the address family.
func fillFlow(s *Scenario, f *Flow) {
	if f.UDP.ReceiveBuffer == 0 {
		f.UDP.ReceiveBuffer = defaultUDPBuffer
	}
	if f.App == "stream" {
		f.Rate = or(f.Rate, defaultStreamRate)
		f.Message = or(f.Message, defaultMessage)
		f.For = or(f.For, defaultFor)
		f.UDP.Rate, f.UDP.Payload = f.Rate, f.Message
		return
	}
	f.Size = or(f.Size, defaultSize)
	f.UDP.Payload = or(f.UDP.Payload, MSS(s.Family, s.Path.MTU, f.TCP.Timestamps))
	way := s.Path.Forward
	if f.From == "server" {
		way = s.Path.Reverse
	}
	if way.Rate > 0 {
		// Four fifths leave room for the headers of small datagrams, so that what is lost is lost by the network.
		f.UDP.Rate = or(f.UDP.Rate, max(minRate, way.Rate/5*4+way.Rate%5*4/5))
	}
	f.UDP.Rate = or(f.UDP.Rate, defaultUDPRate)
}

// or returns v, or the default where v is zero.
func or[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}

// MSS returns the payload bytes of a full TCP segment: the MTU less the headers of IP (20 bytes, IPv6 40), TCP (20) and,
// with timestamps, their option (12).
func MSS(family, mtu int, timestamps bool) int {
	n := mtu - 40
	if family == 6 {
		n -= 20
	}
	if timestamps {
		n -= 12
	}
	return n
}

// defaultTCP is how Linux's TCP behaves, but with Reno for CUBIC.
func defaultTCP() TCP {
	return TCP{
		Congestion: "reno", Recovery: "sack", SACK: true, Timestamps: true, WindowScaling: true, Nagle: true,
		DelayedACK: 40 * time.Millisecond, InitialWindow: 10,
		MinRTO: 200 * time.Millisecond, InitialRTO: time.Second,
		SendBuffer: 4 * netem.MiB, ReceiveBuffer: 6 * netem.MiB,
	}
}

// maxRTO bounds the timeouts that can be asked for: TCP's own never grows beyond it.
const maxRTO = 2 * time.Minute

var tcpKeys = []key[TCP]{
	{name: "congestion", take: value(oneOf(now("reno"), later("more congestion controls", "cubic", "bbr", "bbr2", "dctcp", "vegas",
		"westwood", "htcp", "hybla", "illinois", "bic", "scalable", "highspeed", "veno", "yeah", "lp", "nv", "cdg")),
		func(t *TCP) *string { return &t.Congestion })},
	{name: "recovery", take: value(oneOf(now("newreno", "sack"), later("recovery by time, RFC 8985", "rack")),
		func(t *TCP) *string { return &t.Recovery })},
	{name: "sack", take: value(yesOrNo, func(t *TCP) *bool { return &t.SACK })},
	{name: "timestamps", take: value(yesOrNo, func(t *TCP) *bool { return &t.Timestamps })},
	{name: "window_scaling", take: value(yesOrNo, func(t *TCP) *bool { return &t.WindowScaling })},
	{name: "nagle", take: value(yesOrNo, func(t *TCP) *bool { return &t.Nagle })},
	{name: "delayed_ack", take: value(span(0, 500*time.Millisecond), func(t *TCP) *time.Duration { return &t.DelayedACK })},
	{name: "initial_window", take: value(whole("a number of segments", 1, 10_000), func(t *TCP) *int { return &t.InitialWindow })},
	{name: "min_rto", take: value(span(time.Millisecond, maxRTO), func(t *TCP) *time.Duration { return &t.MinRTO })},
	{name: "initial_rto", take: value(span(time.Millisecond, maxRTO), func(t *TCP) *time.Duration { return &t.InitialRTO })},
	{name: "send_buffer", take: value(bytesOf(netem.KiB, netem.GiB), func(t *TCP) *netem.Size { return &t.SendBuffer })},
	{name: "receive_buffer", take: value(bytesOf(netem.KiB, netem.GiB), func(t *TCP) *netem.Size { return &t.ReceiveBuffer })},
}

var udpKeys = []key[UDP]{
	{name: "rate", take: value(definite, func(u *UDP) *netem.Rate { return &u.Rate })},
	{name: "payload", take: value(length(minMessage, maxMessage), func(u *UDP) *int { return &u.Payload })},
	{name: "receive_buffer", take: value(bytesOf(netem.KiB, netem.GiB), func(u *UDP) *netem.Size { return &u.ReceiveBuffer })},
}

// checkTCP refuses settings that contradict each other. Without SACK recovery is NewReno's.
func (d *decoder) checkTCP(t *TCP) {
	at := func(k string) *yaml.Node { return d.at[d.name()+".tcp."+k] }
	if !t.SACK && t.Recovery == "sack" {
		if n := at("recovery"); n != nil {
			d.errorf(n, "%s.tcp.recovery: recovery by SACK wants sack: true; without SACK it is newreno", d.name())
		}
		t.Recovery = "newreno"
	}
	if t.InitialRTO < t.MinRTO {
		for _, k := range []string{"initial_rto", "min_rto"} {
			if n := at(k); n != nil {
				d.errorf(n, "%s.tcp.%s: the initial timeout (%v) is less than the least (%v)", d.name(), k, t.InitialRTO, t.MinRTO)
				break
			}
		}
	}
}
