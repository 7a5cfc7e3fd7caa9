package scenarios

import (
	"fmt"
	"slices"
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
	{name: "app", take: value(oneOf(now("transfer", "stream", "chat", "web", "echo", "dns", "calls")),
		func(f *Flow) *string { return &f.App })},
	{name: "protocol", take: takeProtocols},
	{name: "from", take: value(oneOf(now("client", "server")), func(f *Flow) *string { return &f.From })},
	{name: "start", take: value(span(0, maxDuration), func(f *Flow) *time.Duration { return &f.Start })},
	{name: "access", take: takeAccess},
	{name: "size", take: value(bytesOf(1, maxSize), func(f *Flow) *netem.Size { return &f.Size })},
	{name: "rate", take: value(definite, func(f *Flow) *netem.Rate { return &f.Rate })},
	{name: "message", take: value(length(minMessage, maxMessage), func(f *Flow) *int { return &f.Message })},
	{name: "for", take: value(span(time.Millisecond, maxDuration), func(f *Flow) *time.Duration { return &f.For })},
	{name: "room", take: value(whole("bytes that a recv has room for", minMessage, maxMessage), func(f *Flow) *int { return &f.Room })},
	{name: "count", take: value(whole("a number of messages", 1, 1_000_000), func(f *Flow) *int { return &f.Count })},
	{name: "every", take: value(span(time.Millisecond, maxDuration), func(f *Flow) *time.Duration { return &f.Every })},
	{name: "people", take: value(whole("a number of people", 2, 100), func(f *Flow) *int { return &f.People })},
	{name: "timeout", take: value(span(time.Millisecond, maxRTO), func(f *Flow) *time.Duration { return &f.Timeout })},
	{name: "tries", take: value(whole("a number of tries", 1, 20), func(f *Flow) *int { return &f.Tries })},
	{name: "clients", take: value(whole("a number of clients", 1, maxClients), func(f *Flow) *int { return &f.Clients })},
	{name: "client", take: takeCalls(func(f *Flow) *[]Call { return &f.Client })},
	{name: "server", take: takeCalls(func(f *Flow) *[]Call { return &f.Server })},
	{name: "tcp", take: sub(defaultTCP(), tcpKeys, func(f *Flow) *TCP { return &f.TCP })},
	{name: "udp", take: sub(UDP{}, udpKeys, func(f *Flow) *UDP { return &f.UDP })},
	{name: "arq", take: sub(defaultARQ(), arqKeys, func(f *Flow) *ARQ { return &f.ARQ })},
}

func takeProtocols(d *decoder, n *yaml.Node, f *Flow) {
	list(d, n, oneOf(now(protocolNames()...)), len(Protocols), &f.Protocols)
	for i, p := range f.Protocols {
		if p != "" && slices.Contains(f.Protocols[:i], p) {
			d.wrong(n.Content[i], "%s is given twice", p)
		}
	}
}

func takeFlows(d *decoder, n *yaml.Node, s *Scenario) {
	d.mtu = s.Path.MTU
	d.each(n, "flows", maxFlows, func(i int, n *yaml.Node) {
		name := flowName(n)
		d.enter(name)
		defer d.leave()
		f := Flow{Name: name, App: "transfer", Protocols: []string{"tcp", "udp"}, From: "client", TCP: defaultTCP(), ARQ: defaultARQ()}
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
	d.checkProgram(n, f)
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
	d.checkTCP(s, &f.TCP)
	fillFlow(s, f)
	d.checkCalls(n, f)
}

// fillFlow gives the defaults that hang on the program, the path and the address family.
func fillFlow(s *Scenario, f *Flow) {
	if f.UDP.ReceiveBuffer == 0 {
		f.UDP.ReceiveBuffer = defaultUDPBuffer
	}
	if talks := programs[f.App].talks; talks != nil {
		f.UDP.Payload = or(f.UDP.Payload, MSS(s.Family, s.Path.MTU, f.TCP.Timestamps))
		if talks(f); f.App == "calls" {
			fillRate(s, f)
		}
		return
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
	fillRate(s, f)
}

// fillRate gives the pace at which datagrams are sent.
func fillRate(s *Scenario, f *Flow) {
	rate := s.Path.Forward.Rate
	if f.From == "server" {
		rate = s.Path.Reverse.Rate
	}
	if f.Access != nil {
		if own := f.Access.Way(f.Data()).Rate; own > 0 && (rate == 0 || own < rate) {
			rate = own
		}
	}
	if rate > 0 {
		// Four fifths leave room for the headers of small datagrams, so that what is lost is lost by the network.
		f.UDP.Rate = or(f.UDP.Rate, max(minRate, rate/5*4+rate%5*4/5))
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

// defaultTCP is how Linux's TCP behaves.
func defaultTCP() TCP {
	return TCP{
		Congestion: "cubic", Recovery: "rack", SACK: true, Timestamps: true, WindowScaling: true, Nagle: true,
		DelayedACK: 40 * time.Millisecond, InitialWindow: 10,
		MinRTO: 200 * time.Millisecond, InitialRTO: time.Second, MaxRTO: maxRTO, SYNRetries: 6, SYNLinear: 4, Retries: 15,
		KeepIdle: 2 * time.Hour, KeepInterval: 75 * time.Second, KeepCount: 9,
		SendBuffer: 4 * netem.MiB, ReceiveBuffer: ReceiveBuffer{Most: autoBuffer, Auto: true},
		TLP: true, PRR: true, FRTO: true, DSACK: true, Undo: true, SlowStartAfterIdle: true,
	}
}

// maxRTO bounds the timeouts that can be asked for: TCP's own never grows beyond it, unless max_rto says less.
const maxRTO = 2 * time.Minute

// maxKeepTime is Linux's limit of the times of keep-alives.
const maxKeepTime = 32767 * time.Second

// The congestion controls that the lab's own stack has (lab/tcp's table), and those that only Linux has: its modules.
var (
	labCongestions   = []string{"reno", "cubic", "vegas", "westwood", "dctcp", "bbr"}
	linuxCongestions = []string{"bic", "cdg", "highspeed", "htcp", "hybla", "illinois", "lp", "nv",
		"scalable", "veno", "yeah"}
)

var tcpKeys = []key[TCP]{
	{name: "congestion", take: value(oneOf(now(labCongestions...), now(linuxCongestions...)), func(t *TCP) *string { return &t.Congestion })},
	{name: "recovery", take: value(oneOf(now("newreno", "sack", "rack")),
		func(t *TCP) *string { return &t.Recovery })},
	{name: "pacing", take: value(yesOrNo, func(t *TCP) *bool { return &t.Pacing })},
	{name: "ecn", take: value(yesOrNo, func(t *TCP) *bool { return &t.ECN })},
	{name: "sack", take: value(yesOrNo, func(t *TCP) *bool { return &t.SACK })},
	{name: "timestamps", take: value(yesOrNo, func(t *TCP) *bool { return &t.Timestamps })},
	{name: "window_scaling", take: value(yesOrNo, func(t *TCP) *bool { return &t.WindowScaling })},
	{name: "tlp", take: value(yesOrNo, func(t *TCP) *bool { return &t.TLP })},
	{name: "prr", take: value(yesOrNo, func(t *TCP) *bool { return &t.PRR })},
	{name: "frto", take: value(yesOrNo, func(t *TCP) *bool { return &t.FRTO })},
	{name: "dsack", take: value(yesOrNo, func(t *TCP) *bool { return &t.DSACK })},
	{name: "undo", take: value(yesOrNo, func(t *TCP) *bool { return &t.Undo })},
	{name: "slow_start_after_idle", take: value(yesOrNo, func(t *TCP) *bool { return &t.SlowStartAfterIdle })},
	{name: "nagle", take: value(yesOrNo, func(t *TCP) *bool { return &t.Nagle })},
	{name: "delayed_ack", take: value(span(0, 500*time.Millisecond), func(t *TCP) *time.Duration { return &t.DelayedACK })},
	{name: "initial_window", take: value(whole("a number of segments", 1, 10_000), func(t *TCP) *int { return &t.InitialWindow })},
	{name: "min_rto", take: value(span(time.Millisecond, maxRTO), func(t *TCP) *time.Duration { return &t.MinRTO })},
	{name: "initial_rto", take: value(span(time.Millisecond, maxRTO), func(t *TCP) *time.Duration { return &t.InitialRTO })},
	{name: "max_rto", take: value(span(time.Second, maxRTO), func(t *TCP) *time.Duration { return &t.MaxRTO })},
	{name: "syn_retries", take: value(whole("a number of timeouts", 1, 127), func(t *TCP) *int { return &t.SYNRetries })},
	{name: "syn_linear", take: value(whole("a number of timeouts", 0, 127), func(t *TCP) *int { return &t.SYNLinear })},
	{name: "retries", take: value(whole("a number of timeouts", 1, 255), func(t *TCP) *int { return &t.Retries })},
	{name: "user_timeout", take: value(span(0, maxDuration), func(t *TCP) *time.Duration { return &t.UserTimeout })},
	{name: "keepalive", take: value(yesOrNo, func(t *TCP) *bool { return &t.KeepAlive })},
	{name: "keepalive_idle", take: value(span(time.Second, maxKeepTime), func(t *TCP) *time.Duration { return &t.KeepIdle })},
	{name: "keepalive_interval", take: value(span(time.Second, maxKeepTime), func(t *TCP) *time.Duration { return &t.KeepInterval })},
	{name: "keepalive_count", take: value(whole("a number of questions", 1, 127), func(t *TCP) *int { return &t.KeepCount })},
	{name: "cork", take: value(yesOrNo, func(t *TCP) *bool { return &t.Cork })},
	{name: "send_buffer", take: value(bytesOf(netem.KiB, netem.GiB), func(t *TCP) *netem.Size { return &t.SendBuffer })},
	{name: "receive_buffer", take: short(ReceiveBuffer{Most: autoBuffer, Auto: true}, autoOrSize, func(b *ReceiveBuffer) *ReceiveBuffer { return b },
		receiveBufferKeys, func(t *TCP) *ReceiveBuffer { return &t.ReceiveBuffer })},
}

// autoBuffer is what a receive buffer grows to by itself: Linux's last tcp_rmem, for many years.
const autoBuffer = 6 * netem.MiB

// autoOrSize is a receive buffer in a word.
var autoOrSize = kind[ReceiveBuffer]{"auto, or a size, such as 256KiB", func(s string) (ReceiveBuffer, error) {
	if s == "auto" {
		return ReceiveBuffer{Most: autoBuffer, Auto: true}, nil
	}
	if _, ok := Nearest(s, []string{"auto"}); ok {
		return ReceiveBuffer{}, fmt.Errorf("%q is unknown; did you mean auto?", s)
	}
	most, err := bytesOf(netem.KiB, netem.GiB).read(s)
	return ReceiveBuffer{Most: most}, err
}}

var receiveBufferKeys = []key[ReceiveBuffer]{
	{name: "most", take: value(bytesOf(netem.KiB, netem.GiB), func(b *ReceiveBuffer) *netem.Size { return &b.Most })},
}

var udpKeys = []key[UDP]{
	{name: "rate", take: value(definite, func(u *UDP) *netem.Rate { return &u.Rate })},
	{name: "payload", take: value(length(minMessage, maxMessage), func(u *UDP) *int { return &u.Payload })},
	{name: "receive_buffer", take: value(bytesOf(netem.KiB, netem.GiB), func(u *UDP) *netem.Size { return &u.ReceiveBuffer })},
}

// checkTCP refuses settings that contradict each other or that the stack does not have. Without SACK recovery is NewReno's.
func (d *decoder) checkTCP(s *Scenario, t *TCP) {
	at := func(k string) *yaml.Node { return d.at[d.name()+".tcp."+k] }
	if n := at("congestion"); n != nil && (s.Stack.Client == "lab" || s.Stack.Server == "lab") && slices.Contains(linuxCongestions, t.Congestion) {
		d.errorf(n, "%s.tcp.congestion: the lab's own TCP has no %s; there %s (Linux's has more: stack: linux)", d.name(), t.Congestion, isAre(labCongestions))
	}
	if !t.SACK && t.Recovery != "newreno" {
		if n := at("recovery"); n != nil {
			d.errorf(n, "%s.tcp.recovery: %s wants sack: true; without SACK it is newreno", d.name(), t.Recovery)
		}
		t.Recovery = "newreno"
	}
	if t.MaxRTO < max(t.MinRTO, t.InitialRTO) {
		for _, k := range []string{"max_rto", "min_rto", "initial_rto"} {
			if n := at(k); n != nil {
				d.errorf(n, "%s.tcp.%s: the longest timeout (%v) is less than the least or the initial one (%v)", d.name(), k, t.MaxRTO, max(t.MinRTO, t.InitialRTO))
				break
			}
		}
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
