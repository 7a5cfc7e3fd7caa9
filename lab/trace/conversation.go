package trace

import (
	"net/netip"
	"slices"

	"reliabilitylab/netem"
)

// Busiest returns, of a session's trace, the conversation of TCP or UDP that put the most payload on the path, as a trace of
// its own: what one pair of ports sent to and fro. Of conversations alike it is the first. nil: there was none.
//
// The two share what is said of their packets; its packets have the ids they had, and their places among themselves. It has
// no messages or calls, which a session does not know, and no Bytes.
func (t *Trace) Busiest(protocol netem.Protocol) *Trace {
	k, ok := t.busiest(protocol)
	if !ok {
		return nil
	}
	c := &Trace{Trial: t.Trial, Flow: t.Flow, Protocol: "tcp", Client: t.Client, Server: t.Server, Start: t.Start, End: t.End, QueueMax: -1}
	if protocol == netem.UDP {
		c.Protocol = "udp"
	}
	var payload [2]int64
	for i := range t.Packets {
		p := &t.Packets[i]
		if p.Header.Protocol != protocol || p.Header.Fragment || portsOf(p) != k {
			continue
		}
		c.Packets = append(c.Packets, *p)
		if p.Of == 0 {
			payload[p.Direction] += int64(p.Header.Payload)
		}
	}
	if payload[netem.Reverse] > payload[netem.Forward] {
		c.Data = netem.Reverse
	}
	c.place()
	for _, s := range t.TCP {
		if protocol == netem.TCP && portsOfConnection(s.Connection, t.Server.Addr) == k {
			c.TCP = append(c.TCP, s)
		}
	}
	return c
}

// Ports are a conversation's: the client's and the server's.
func (t *Trace) Ports() (client, server uint16) {
	if len(t.Packets) == 0 {
		return 0, 0
	}
	k := portsOf(&t.Packets[0])
	return k.client, k.server
}

// busiest returns the ports between which the most payload was sent.
func (t *Trace) busiest(protocol netem.Protocol) (best ports, ok bool) {
	payload := map[ports]int64{}
	most := int64(-1)
	for i := range t.Packets {
		if p := &t.Packets[i]; p.Header.Protocol == protocol && !p.Header.Fragment && p.Of == 0 {
			payload[portsOf(p)] += int64(p.Header.Payload)
		}
	}
	for i := range t.Packets { // in the order of the ledger, since that of a map is none
		p := &t.Packets[i]
		if p.Header.Protocol != protocol || p.Header.Fragment || p.Of != 0 {
			continue
		}
		if n := payload[portsOf(p)]; n > most {
			best, most, ok = portsOf(p), n, true
		}
	}
	return best, ok
}

// place numbers the arrivals anew.
func (t *Trace) place() {
	for d := range 2 {
		var arrived []*Packet
		for i := range t.Packets {
			if p := &t.Packets[i]; int(p.Direction) == d && p.Place > 0 {
				arrived = append(arrived, p)
			}
		}
		slices.SortFunc(arrived, func(a, b *Packet) int { return int(a.Place - b.Place) })
		for i, p := range arrived {
			p.Place = int32(i + 1)
		}
	}
}

// portsOf are those of a packet.
func portsOf(p *Packet) ports {
	if p.Direction == netem.Reverse {
		return ports{p.Header.DstPort, p.Header.SrcPort}
	}
	return ports{p.Header.SrcPort, p.Header.DstPort}
}

// portsOfConnection are those of one end of a connection.
func portsOfConnection(c *Connection, server netip.Addr) ports {
	if c.Local.Addr() == server {
		return ports{c.Peer.Port(), c.Local.Port()}
	}
	return ports{c.Local.Port(), c.Peer.Port()}
}
