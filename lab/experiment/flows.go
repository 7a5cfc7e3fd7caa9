package experiment

import (
	"net/netip"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/tcp"
	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
	"reliabilitylab/scenarios"
)

// Several flows on one path: whose a packet is, which recorder is told of it, and which link it takes before the path or behind it.
// Each trial has the server's port of its flow, and its protocol; Entry numbers them from 1 in the order of the plan.

// recorder returns the recorder of a packet's flow, or nil. Where there is one trial alone everything is its.
func (l *lab) recorder(p *netem.Packet) *trace.Recorder {
	switch {
	case len(l.recorders) == 1:
		return l.recorders[0]
	case p.Flow > 0 && l.recorders != nil:
		return l.recorders[p.Flow-1]
	}
	return nil
}

// taps are what stands at the two ends of a direction: each packet is shown to its flow's recorder.
func (l *lab) taps(d netem.Direction) (arrived, putOn netem.Tap) {
	if len(l.recorders) == 1 {
		return netem.Tap{Saw: l.recorders[0].Arrived}, netem.Tap{Saw: l.recorders[0].PutOn(d)}
	}
	var tell []func(*netem.Packet)
	for _, r := range l.recorders {
		tell = append(tell, r.PutOn(d))
	}
	arrived.Saw = func(p *netem.Packet) {
		if p.Flow > 0 && p.Flow <= len(tell) {
			l.recorders[p.Flow-1].Arrived(p)
		}
	}
	putOn.Saw = func(p *netem.Packet) {
		if p.Flow > 0 && p.Flow <= len(tell) {
			tell[p.Flow-1](p)
		}
	}
	return arrived, putOn
}

// TCP implements host.Observer: a connection belongs to the flow of its server's port.
func (l *lab) TCP(h host.Host, local, peer netip.AddrPort, i host.TCPInfo) {
	port := local.Port()
	if h.Name() == l.client.Name() {
		port = peer.Port()
	}
	if len(l.recorders) == 1 {
		l.recorders[0].TCP(h, local, peer, i)
	} else if flow := l.numbers()[service{netem.TCP, port}]; flow > 0 {
		l.recorders[flow-1].TCP(h, local, peer, i)
	}
}

// A service is what a trial's packets have in common: the protocol, and the server's port.
type service struct {
	protocol netem.Protocol
	port     uint16
}

// numbers are the trials' numbers, from 1, by their services.
func (l *lab) numbers() map[service]int {
	if l.flows == nil {
		l.flows = map[service]int{}
		for i, t := range l.trials {
			protocol := netem.UDP
			if t.protocol == "tcp" {
				protocol = netem.TCP
			}
			l.flows[service{protocol, t.port()}] = i + 1
		}
	}
	return l.flows
}

// flowOf returns the function by which Entry knows whose a packet of a direction is, or nil where nobody needs to know. A fragment
// behind the first of its datagram has no ports: it belongs where the datagram before it did, since a host sends a datagram's
// fragments one after another. An ICMP message belongs to the packet that it quotes.
func (l *lab) flowOf(d netem.Direction) func(*netem.Packet) int {
	if len(l.trials) == 0 {
		return nil
	}
	if len(l.trials) == 1 {
		if l.scenario.Flows[l.trials[0].flow].Access == nil {
			return nil
		}
		return func(*netem.Packet) int { return 1 }
	}
	numbers := l.numbers()
	datagram := 0 // whose the last one was
	of := func(h *netem.Header, d netem.Direction) int {
		port := h.DstPort
		if d == netem.Reverse {
			port = h.SrcPort
		}
		return numbers[service{h.Protocol, port}]
	}
	return func(p *netem.Packet) int {
		h := &p.Header
		switch {
		case h.Fragment && h.Protocol == netem.UDP:
			return datagram
		case h.Protocol == netem.UDP:
			datagram = of(h, d)
			return datagram
		case h.Kind == netem.KindICMP:
			if quote := int(h.Transport) + icmpHeader; quote < len(p.Data) {
				quoted := netem.ReadHeader(p.Data[quote:])
				return of(&quoted, 1-d)
			}
			return 0
		}
		return of(h, d)
	}
}

// icmpHeader is what stands before the packet that an ICMP message quotes: RFC 792, RFC 4443.
const icmpHeader = 8

// withAccess puts the flows' own links into the stages of a direction: behind the script, before the path on the way from the
// client and behind it on the way to it.
func (l *lab) withAccess(stages netem.Pipe, d netem.Direction) (netem.Pipe, error) {
	var a netem.Access
	some := false
	for _, t := range l.trials {
		f := &l.scenario.Flows[t.flow]
		link := netem.Link{Name: f.Name}
		if f.Access != nil {
			var err error
			if link.Pipe, err = linkPipe(f.Access.Way(d), d); err != nil {
				return nil, err
			}
		}
		some = some || link.Pipe != nil
		a.Links = append(a.Links, link)
	}
	if !some {
		return stages, nil
	}
	step := netem.Step{Name: "access", Stage: a}
	if d == netem.Reverse {
		return append(stages, step), nil
	}
	return append(netem.Pipe{stages[0], step}, stages[1:]...), nil
}

// linkPipe builds the stages of one direction of a link, in the order of a path's.
func linkPipe(w *scenarios.Way, d netem.Direction) (p netem.Pipe, err error) {
	for _, step := range steps {
		stage, err := step.stage(w, d)
		if err != nil {
			return nil, err
		}
		if stage != nil {
			p = append(p, netem.Step{Name: step.name, Stage: stage})
		}
	}
	return p, nil
}

// hostTCP is what a host's TCP begins with: the setting of the first flow that uses it.
func (l *lab) hostTCP() tcp.Config {
	for _, t := range l.trials {
		if t.protocol == "tcp" {
			return tcpConfig(&l.scenario.Flows[t.flow].TCP)
		}
	}
	return tcpConfig(&l.scenario.Flows[l.trials[0].flow].TCP)
}
