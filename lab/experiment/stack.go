package experiment

import (
	"net/netip"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/inet"
	"reliabilitylab/lab/kernel"
	"reliabilitylab/lab/tcp"
	"reliabilitylab/lab/trace"
	"reliabilitylab/lab/virtual"
	"reliabilitylab/netem"
	"reliabilitylab/scenarios"
)

// The stacks that a host can have, and so the worlds: where both ends are the lab's own, time is virtual; where one is the
// kernel's, it is the clock on the wall, for both.

// linux is the name of the kernel's stack in scenarios.
const linux = "linux"

// RealTime tells whether a scenario runs on the clock on the wall.
func RealTime(s *scenarios.Scenario) bool { return s.Stack.Client == linux || s.Stack.Server == linux }

// newWorld makes the world of a stack.
func newWorld(s *scenarios.Scenario) (host.World, error) {
	if !RealTime(s) {
		return virtual.New(), nil
	}
	return kernel.NewWorld()
}

// lateness returns how late a world of real time has been; nil of one in virtual time.
func lateness(w host.World) *trace.Lateness {
	k, ok := w.(*kernel.World)
	if !ok {
		return nil
	}
	late := k.Lateness()
	return &trace.Lateness{P50: trace.Seconds(late.Percentile(50)), P99: trace.Seconds(late.Percentile(99)), Max: trace.Seconds(late.Max())}
}

// A node is a host on which programs can have a TCP setting of their own.
type node interface {
	host.Node
	WithTCP(tcp.Config) (host.Host, error)
}

// A maker makes one end, or returns nil for the scenario's stack to make it.
type maker func(l *lab, name string, addr netip.Addr, dice netem.Stream) (node, error)

// host makes one end.
func (l *lab) host(name, stack string, addr netip.Addr, dice netem.Stream) (node, error) {
	if l.make != nil {
		if n, err := l.make(l, name, addr, dice); n != nil || err != nil {
			return n, err
		}
	}
	discard := func(p *netem.Packet, cause netem.Cause) {
		if r := l.recorder(p); r != nil {
			r.Discarded(p, cause)
		}
	}
	var observer host.Observer
	if l.recorders != nil {
		observer = l
	}
	if stack != linux {
		return inet.New(l.world, inet.Config{
			Name: name, Addr: addr, MTU: l.scenario.Path.MTU, Rand: dice.Sub("host " + name), Pool: l.pool,
			TCP: tcp.Defaults(0), Observer: observer, Discard: discard,
		}), nil
	}
	return l.world.(*kernel.World).AddHost(kernel.Config{
		Name: name, Addr: addr, MTU: l.scenario.Path.MTU, Pool: l.pool,
		TCP: l.tcp, Observer: observer, Sample: l.scenario.Sample, Discard: discard,
	})
}
