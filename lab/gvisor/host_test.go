package gvisor

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/host/hosttest"
	"reliabilitylab/lab/inet"
	"reliabilitylab/lab/tcp"
	"reliabilitylab/lab/virtual"
	"reliabilitylab/netem"
)

// families are both ends' addresses.
var families = []struct {
	name           string
	client, server netip.Addr
}{
	{"IPv4", netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")},
	{"IPv6", netip.MustParseAddr("fd00::1"), netip.MustParseAddr("fd00::2")},
}

// pair makes two hosts, joined by a path that takes 5 ms each way; which of them are gVisor's says of.
func pair(t *testing.T, client, server netip.Addr, gvisorClient, gvisorServer bool) hosttest.Pair {
	w := virtual.New()
	pool := new(netem.Pool)
	c := node(t, w, pool, "client", client, gvisorClient)
	s := node(t, w, pool, "server", server, gvisorServer)
	join := func(to host.Node) netem.Port {
		env := netem.Env{Clock: w, Rand: netem.NewStream(1)}
		return netem.Delay{Base: 5 * time.Millisecond, KeepOrder: true}.Attach(env, to.Receive)
	}
	c.Transmit(join(s))
	s.Transmit(join(c))
	t.Cleanup(func() { w.Close() })
	return hosttest.Pair{Client: c, Server: s, Run: func() error { return w.Run(context.Background(), time.Hour) }}
}

func node(t *testing.T, w *virtual.World, pool *netem.Pool, name string, addr netip.Addr, gvisor bool) host.Node {
	dice := netem.NewStream(1).Sub(name)
	if !gvisor {
		return inet.New(w, inet.Config{Name: name, Addr: addr, MTU: 1500, Rand: dice, Pool: pool, TCP: tcp.Defaults(0)})
	}
	h, err := New(w, Config{Name: name, Addr: addr, MTU: 1500, Rand: dice, Pool: pool, TCP: tcp.Defaults(0)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

// TestConformance holds gVisor's sockets to the suite, at both ends of a connection and at either with the lab's at the other; with
// -short at both over IPv4.
func TestConformance(t *testing.T) {
	for _, f := range families {
		for _, ends := range []struct {
			name           string
			client, server bool
		}{{"both", true, true}, {"client", true, false}, {"server", false, true}} {
			if testing.Short() && (f.name == "IPv6" || ends.name != "both") {
				continue
			}
			t.Run(f.name+"/"+ends.name, func(t *testing.T) {
				hosttest.Run(t, func(t *testing.T) hosttest.Pair {
					return pair(t, f.client, f.server, ends.client, ends.server)
				}, hosttest.Difference{
					Case:   "a listener has no stream",
					Reason: "gVisor's connect of a listening socket is EINVAL, Linux's EISCONN",
				}, hosttest.Difference{
					Case:   "an option set on a listener is its connections'",
					Reason: "gVisor's accepted sockets do not inherit the cork",
				}, hosttest.Difference{
					Case:   "SO_ERROR says how a connect went",
					Reason: "gVisor tells the failure of a connect more than once",
				}, hosttest.Difference{
					Case:   "SO_LINGER gives up in time",
					Reason: "gVisor lingers above its stack, in the system call",
				}, hosttest.Difference{
					Case:   "SO_LINGER waits until all is acknowledged",
					Reason: "gVisor lingers above its stack, in the system call",
				}, hosttest.Difference{
					Case:   "a connection closed at both ends has no peer",
					Reason: "gVisor's has one until it is closed",
				}, hosttest.Difference{
					Case:   "a datagram socket shut for reading",
					Reason: "gVisor's recv waits for ever if there is no peer",
				}, hosttest.Difference{
					Case:   "data to a socket shut both ways is reset",
					Reason: "gVisor says ECONNABORTED, Linux ECONNRESET",
				}, hosttest.Difference{
					Case:   "what poll tells of a datagram socket",
					Reason: "gVisor's datagram sockets have no POLLRDHUP",
				}, hosttest.Difference{
					Case:   "poll tells of a reset",
					Reason: "gVisor's POLLERR stays when the error has been told",
				}, hosttest.Difference{
					Case:   "what poll tells of a stream",
					Reason: "gVisor's socket without a connection cannot be written to",
				})
			})
		}
	}
}
