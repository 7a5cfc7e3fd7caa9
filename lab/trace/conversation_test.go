package trace

import (
	"net/netip"
	"slices"
	"testing"

	"reliabilitylab/netem"
)

// TestBusiest: of three connections, a flow of datagrams and what is neither, those with the most payload.
func TestBusiest(t *testing.T) {
	session := &Trace{Trial: "shell", Protocol: Any, End: 100, Server: End{"server", netip.MustParseAddr("10.0.0.2")}}
	add := func(p netem.Protocol, d netem.Direction, src, dst uint16, payload int, place int32) *Packet {
		session.Packets = append(session.Packets, Packet{
			Note: &Note{}, ID: uint64(len(session.Packets) + 1), Direction: d, Place: place,
			Header: netem.Header{Protocol: p, SrcPort: src, DstPort: dst, Payload: payload},
		})
		return &session.Packets[len(session.Packets)-1]
	}
	add(netem.ICMP, netem.Forward, 0, 0, 5000, 1)
	add(netem.TCP, netem.Forward, 1, 80, 100, 2)
	add(netem.TCP, netem.Forward, 2, 80, 60, 5)  // 3
	add(netem.TCP, netem.Reverse, 80, 2, 70, 1)  // 4: together more than 100
	add(netem.TCP, netem.Forward, 2, 80, 0, 4)   // 5: overtook 3
	add(netem.TCP, netem.Forward, 80, 2, 129, 0) // the same numbers the other way round are others
	add(netem.UDP, netem.Forward, 2, 80, 900, 6)
	add(netem.TCP, netem.Forward, 1, 80, 50, 0).Of = 2 // the path's copies are not sent
	add(netem.TCP, netem.Forward, 2, 80, 60, 0).Of = 3 // 9
	for _, port := range []string{"1", "2"} {
		session.TCP = append(session.TCP,
			TCPSample{Connection: &Connection{"client", netip.MustParseAddrPort("10.0.0.1:" + port), netip.MustParseAddrPort("10.0.0.2:80")}},
			TCPSample{Connection: &Connection{"server", netip.MustParseAddrPort("10.0.0.2:80"), netip.MustParseAddrPort("10.0.0.1:" + port)}})
	}

	c := session.Busiest(netem.TCP)
	var ids []uint64
	var places []int32
	for _, p := range c.Packets {
		ids, places = append(ids, p.ID), append(places, p.Place)
	}
	if want := []uint64{3, 4, 5, 9}; !slices.Equal(ids, want) || !slices.Equal(places, []int32{2, 1, 1, 0}) {
		t.Errorf("packets %v in places %v, want %v", ids, places, want)
	}
	if from, to := c.Ports(); from != 2 || to != 80 || c.Data != netem.Reverse || c.Protocol != "tcp" || c.End != 100 {
		t.Errorf("ports %d and %d, %+v", from, to, c)
	}
	if len(c.TCP) != 2 || c.TCP[0].Local.Port() != 2 || c.TCP[1].Peer.Port() != 2 {
		t.Errorf("samples %+v", c.TCP)
	}
	if session.Packets[2].Place != 5 {
		t.Error("the session's places have changed")
	}
	if u := session.Busiest(netem.UDP); len(u.Packets) != 1 || u.Protocol != "udp" || u.TCP != nil {
		t.Errorf("UDP: %+v", u)
	}
	session.Packets = session.Packets[:1]
	if c := session.Busiest(netem.TCP); c != nil {
		t.Errorf("ICMP is no TCP: %+v", c)
	}
}
