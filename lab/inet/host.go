// Package inet is the lab's own host below the socket: IPv4 and IPv6, fragments, ICMP, UDP, and the socket layer over
// lab/tcp.
//
// A packet's way down: a socket call makes one pooled packet, writes the headers, copies the payload once, makes the
// checksums (udp.go, endpoint.go, ipv4.go, ipv6.go; fragment.go where it is longer than the MTU) and puts it into the
// host's port. Its way up: Receive verifies the IP header (ipv4.go, ipv6.go), puts fragments together (reassembly.go),
// and hands what is inside to UDP (udpin.go), TCP (tcpin.go) or ICMP (icmpin.go). Whatever is thrown away is told with a
// cause (cause.go).
//
// A host has one address and so one family, one link on which every other address is a neighbour, and the loopback
// addresses of its family. Everything happens in the one place that its Scheduler lets run; nothing locks.
package inet

import (
	"fmt"
	"net/netip"
	"syscall"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/tcp"
	"reliabilitylab/netem"
)

// Config is the setting of a host.
type Config struct {
	Name string
	Addr netip.Addr
	MTU  int          // bytes of the longest IP packet that fits the link
	Rand netem.Stream // for initial sequence numbers, ephemeral ports, IP identifications
	Pool *netem.Pool  // shared with the rest of its world

	// TCP is what its stream sockets begin with. MSS 0 stands for what fits the MTU without options (RFC 9293 section
	// 3.7.1), which is also the most.
	TCP tcp.Config
	// UDPReceiveBuffer is how many bytes of payload a datagram socket holds before it drops; 0 stands for 212992, the
	// usual net.core.rmem_default of Linux. Linux charges a datagram with the memory it takes (its truesize, for
	// small ones a multiple of the payload) and so drops earlier.
	UDPReceiveBuffer int

	Observer host.Observer                    // told of every change of a connection; may be nil
	Discard  func(*netem.Packet, netem.Cause) // told of each arrived packet that is thrown away, before it goes back to the pool; may be nil
}

// Linux's net.core.rmem_default on most machines.
const defaultUDPReceiveBuffer = 212992

// The smallest MTUs there are (RFC 791 section 3.2, RFC 8200 section 5), and the longest packet of IPv4.
const (
	minMTU4 = 68
	minMTU6 = 1280
	maxMTU  = 65535
)

// Check says what is wrong with a setting, if anything is.
func (c *Config) Check() error {
	least := minMTU4
	if c.Addr.Is6() && !c.Addr.Is4In6() {
		least = minMTU6
	}
	switch {
	case !c.Addr.IsValid():
		return fmt.Errorf("host %s: no address", c.Name)
	case !fromNetip(c.Addr).sender():
		return fmt.Errorf("host %s: %v is no address of a host", c.Name, c.Addr)
	case c.MTU < least || c.MTU > maxMTU:
		return fmt.Errorf("host %s: an MTU of %d bytes: with the address %v it must be from %d to %d", c.Name, c.MTU, c.Addr, least, maxMTU)
	case c.TCP.MSS < 0 || c.UDPReceiveBuffer < 0:
		return fmt.Errorf("host %s: negative MSS or receive buffer", c.Name)
	case c.Pool == nil:
		return fmt.Errorf("host %s: no pool of packets", c.Name)
	}
	return nil
}

// A Host is one computer of the lab. It implements host.Node.
type Host struct {
	s      host.Scheduler
	c      Config
	family host.Family
	self   addr
	v6     bool
	port   netem.Port // nil until Transmit

	busy  bool            // inside Receive or a call of a connection
	inbox []*netem.Packet // what arrived meanwhile
	loop  loopback

	udp      perPort[*udpSocket]
	udpPorts ports
	tcp      tcpTable
	tcpPorts ports
	polls    waitq // the programs in Poll that have a deadline
	frags    reassembler
	icmp     icmpLimit
	paths    map[addr]pathMTU // what is known of paths that are narrower than the link

	lastID uint32 // the last identification given to a datagram that may be or is fragmented
	body   []byte // a transport message on its way to being fragmented
	joined []byte // one that was just put together
}

var _ host.Node = (*Host)(nil)

// New makes a host. A setting that Check refuses is a bug of the caller, and panics.
func New(s host.Scheduler, c Config) *Host {
	if err := c.Check(); err != nil {
		panic(err)
	}
	c.Addr = c.Addr.Unmap().WithZone("")
	h := &Host{s: s, c: c, self: fromNetip(c.Addr), family: host.FamilyOf(c.Addr)}
	h.v6 = h.family == host.IPv6
	if h.c.UDPReceiveBuffer == 0 {
		h.c.UDPReceiveBuffer = defaultUDPReceiveBuffer
	}
	if most := c.MTU - h.ipHeader() - 20; c.TCP.MSS == 0 || c.TCP.MSS > most {
		h.c.TCP.MSS = most
	}
	h.lastID = uint32(c.Rand.Sub("ip id").At(0, 0))
	h.udpPorts.rand = c.Rand.Sub("udp port")
	h.tcpPorts.rand = c.Rand.Sub("tcp port")
	h.polls.s = s
	h.tcp.init(c.Rand.Sub("iss"))
	h.frags.init(h)
	h.loop.init(h)
	return h
}

// Name implements host.Host.
func (h *Host) Name() string { return h.c.Name }

// Addr implements host.Host.
func (h *Host) Addr() netip.Addr { return h.c.Addr }

// Now implements host.Host.
func (h *Host) Now() time.Duration { return h.s.Now() }

// Sleep implements host.Host.
func (h *Host) Sleep(d time.Duration) { h.s.Sleep(d) }

// Go implements host.Host.
func (h *Host) Go(f func()) { h.s.Go(f) }

// Transmit implements host.Node.
func (h *Host) Transmit(p netem.Port) { h.port = p }

// Socket implements host.Host. A family that is not that of the host's address is EAFNOSUPPORT.
func (h *Host) Socket(f host.Family, k host.Kind, p netem.Protocol) (host.Socket, error) {
	switch {
	case f != h.family:
		return nil, syscall.EAFNOSUPPORT
	case k == host.Stream && (p == 0 || p == netem.TCP):
		return newTCPSocket(h), nil
	case k == host.Datagram && (p == 0 || p == netem.UDP):
		return newUDPSocket(h), nil
	}
	return nil, syscall.EPROTONOSUPPORT
}

// WithTCP returns the host as programs see it whose stream sockets begin with another setting than the host's; its MSS is
// bounded as Config.TCP's is.
// The error is always nil; other kinds of hosts have some.
func (h *Host) WithTCP(c tcp.Config) (host.Host, error) {
	if c.MSS == 0 || c.MSS > h.c.TCP.MSS {
		c.MSS = h.c.TCP.MSS
	}
	return &tuned{h, c}, nil
}

// A tuned is a Host with another setting for new stream sockets.
type tuned struct {
	*Host
	tcp tcp.Config
}

// Socket implements host.Host.
func (t *tuned) Socket(f host.Family, k host.Kind, p netem.Protocol) (host.Socket, error) {
	s, err := t.Host.Socket(f, k, p)
	if s, ok := s.(*tcpSocket); ok {
		s.cfg = t.tcp
	}
	return s, err
}

// Receive implements host.Node. A packet that comes while the host is still at another (a port may lead straight from
// one host to the next and back) waits until that is done.
func (h *Host) Receive(p *netem.Packet) {
	if h.busy {
		h.inbox = append(h.inbox, p)
		return
	}
	h.busy = true
	h.receive(p, false)
	h.leave(false)
}

// enter begins, and leave ends, everything during which a connection may send: leave takes in what arrived meanwhile.
// Neither may enclose a wait.
func (h *Host) enter() (was bool) {
	was, h.busy = h.busy, true
	return was
}

func (h *Host) leave(was bool) {
	if was {
		return
	}
	for i := 0; i < len(h.inbox); i++ { // it may grow meanwhile
		p := h.inbox[i]
		h.inbox[i] = nil
		h.receive(p, false)
	}
	h.inbox = h.inbox[:0]
	h.busy = false
}

// An arrival is a datagram of IP that was meant for this host: one packet, or several that were its fragments.
type arrival struct {
	p        *netem.Packet   // the packet, or the first fragment
	rest     []*netem.Packet // the other fragments
	src, dst addr
	proto    uint8
	body     []byte // transport header and payload, part of p.Data or of h.joined
	sound    bool   // its checksums are known to be right
}

// receive takes one packet; looped says that this host sent it to itself.
func (h *Host) receive(p *netem.Packet, looped bool) {
	a := arrival{p: p, sound: p.Sound}
	var cause netem.Cause
	if h.v6 {
		cause = h.receive6(&a, looped)
	} else {
		cause = h.receive4(&a, looped)
	}
	if cause != "" {
		h.discard(&a, cause)
	}
}

// deliver hands a whole datagram to its protocol. It returns why the datagram is to be thrown away; with "" it is taken,
// and its packets belong to the protocol.
func (h *Host) deliver(a *arrival) netem.Cause {
	switch {
	case a.proto == protoTCP:
		return h.tcpIn(a)
	case a.proto == protoUDP:
		return h.udpIn(a)
	case a.proto == protoICMP && !h.v6:
		return h.icmpIn4(a)
	case a.proto == protoICMPv6 && h.v6:
		return h.icmpIn6(a)
	}
	h.protocolUnreachable(a)
	return CauseNoSocket
}

// discard throws a datagram away, with all the packets it came in.
func (h *Host) discard(a *arrival, cause netem.Cause) {
	h.throw(a.p, cause)
	for _, p := range a.rest {
		h.throw(p, cause)
	}
}

// throw throws one packet away.
func (h *Host) throw(p *netem.Packet, cause netem.Cause) {
	if h.c.Discard != nil {
		h.c.Discard(p, cause)
	}
	h.c.Pool.Put(p)
}

// done gives the packets of a datagram back that was used up.
func (h *Host) done(a *arrival) {
	h.c.Pool.Put(a.p)
	for _, p := range a.rest {
		h.c.Pool.Put(p)
	}
}
