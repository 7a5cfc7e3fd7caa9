package experiment

import (
	"net/netip"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/inet"
	"reliabilitylab/lab/kernel"
	"reliabilitylab/lab/tcp"
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
func lateness(w host.World) *Lateness {
	k, ok := w.(*kernel.World)
	if !ok {
		return nil
	}
	late := k.Lateness()
	return &Lateness{P50: late.Percentile(50), P99: late.Percentile(99), Max: late.Max()}
}

// A node is a host on which programs can have a TCP setting of their own.
type node interface {
	host.Node
	WithTCP(tcp.Config) (host.Host, error)
}

// host makes one end.
func (l *lab) host(name, stack string, addr netip.Addr, dice netem.Stream) (node, error) {
	discard := func(p *netem.Packet, cause netem.Cause) {
		for _, r := range l.recorders {
			r.Discarded(p, cause)
		}
	}
	var observer host.Observer
	if l.recorders != nil {
		observer = observers(l.recorders)
	}
	if stack != linux {
		return inet.New(l.world, inet.Config{
			Name: name, Addr: addr, MTU: l.scenario.Path.MTU, Rand: dice.Sub("host " + name), Pool: &l.pool,
			TCP: tcp.Defaults(0), Observer: observer, Discard: discard,
		}), nil
	}
	return l.world.(*kernel.World).AddHost(kernel.Config{
		Name: name, Addr: addr, MTU: l.scenario.Path.MTU, Pool: &l.pool,
		TCP: tcpConfig(&l.scenario.Flows[l.trials[0].flow].TCP), Observer: observer, Discard: discard,
	})
}
