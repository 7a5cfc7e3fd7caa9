// Package gvisor is a host whose TCP/IP is that of gVisor (its netstack), in virtual time: another implementation to hold
// the lab's own against. Only tests import it.
//
// gVisor handles segments on goroutines of its own. So that nothing depends on which of them runs when, the host calls the
// stack with one thing at a time — a packet that arrives, a timer that is due, a socket call — and then waits until its
// goroutines are idle (settle): only after that the packets they sent go into the port, in order, and the programs that they
// notified are woken, in the order of their sockets. The stack's clock stands still meanwhile, and its random numbers are a
// netem.Stream's. Thus the same experiment gives the same events.
package gvisor

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	gtcp "gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"

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

	// TCP is what its stream sockets begin with, as far as gVisor has it: Congestion ("reno", "cubic"), SACK, Recovery (with
	// SACK "rack", which is its own default, or any other for three duplicate ACKs), Nagle, MinRTO, MaxRTO, TimeWait,
	// SYNRetries, Retries and the buffers. It acknowledges every segment at once and begins with ten segments.
	TCP tcp.Config
}

// A Host is one computer with gVisor's stack. It implements host.Node.
type Host struct {
	s     host.Scheduler
	c     Config
	stack *stack.Stack
	link  *link
	clock *clock
	port  netem.Port

	busy  bool            // a call of the stack has not settled yet
	inbox []*netem.Packet // what arrived meanwhile
	armed time.Duration   // the instant for which the world was asked last; never if none is to come

	sockets int // how many have been made
	mu      sync.Mutex
	told    []*socket // whom the stack's goroutines notified since the last settle
}

var _ host.Node = (*Host)(nil)

// nic is the number of the one interface.
const nic = 1

// never is an instant that does not come.
const never = time.Duration(1<<63 - 1)

// New makes a host. Close gives back what it holds.
func New(s host.Scheduler, c Config) (*Host, error) {
	h := &Host{s: s, c: c, link: &link{mtu: uint32(c.MTU)}, clock: new(clock), armed: never}
	h.stack = stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{gtcp.NewProtocol, udp.NewProtocol, icmp.NewProtocol4, icmp.NewProtocol6},
		Clock:              h.clock,
		RandSource:         newDice(c.Rand.Sub("insecure")),
		SecureRNG:          newDice(c.Rand.Sub("secure")),
		HandleLocal:        true,
	})
	address := tcpip.ProtocolAddress{Protocol: h.network(), AddressWithPrefix: toAddress(c.Addr).WithPrefix()}
	everywhere := header.IPv4EmptySubnet
	if c.Addr.Is6() {
		everywhere = header.IPv6EmptySubnet
	}
	if err := h.stack.CreateNIC(nic, h.link); err != nil {
		return nil, fmt.Errorf("host %s: interface: %v", c.Name, err)
	}
	if err := h.stack.AddProtocolAddress(nic, address, stack.AddressProperties{}); err != nil {
		return nil, fmt.Errorf("host %s: address %v: %v", c.Name, c.Addr, err)
	}
	h.stack.SetRouteTable([]tcpip.Route{{Destination: everywhere, NIC: nic}})
	if err := h.tune(); err != nil {
		return nil, err
	}
	h.settle()
	return h, nil
}

// tune gives the stack the settings that hold for all its connections.
func (h *Host) tune() error {
	c := &h.c.TCP
	recovery := tcpip.TCPRecovery(0)
	if c.Recovery == "rack" {
		recovery = tcpip.TCPRACKLossDetection
	}
	sack, nagle := tcpip.TCPSACKEnabled(c.SACK), tcpip.TCPDelayEnabled(c.Nagle)
	congestion := tcpip.CongestionControlOption(c.Congestion)
	minRTO, maxRTO := tcpip.TCPMinRTOOption(c.MinRTO), tcpip.TCPMaxRTOOption(c.MaxRTO)
	timeWait := tcpip.TCPTimeWaitTimeoutOption(c.TimeWait)
	syns, retries := tcpip.TCPSynRetriesOption(c.SYNRetries), tcpip.TCPMaxRetriesOption(c.Retries)
	send := tcpip.TCPSendBufferSizeRangeOption{Min: 1, Default: min(gtcp.DefaultSendBufferSize, c.SendBuffer), Max: c.SendBuffer}
	receive := tcpip.TCPReceiveBufferSizeRangeOption{Min: 1, Default: min(gtcp.DefaultReceiveBufferSize, c.ReceiveBuffer), Max: c.ReceiveBuffer}
	for _, o := range []tcpip.SettableTransportProtocolOption{
		&sack, &recovery, &nagle, &congestion, &minRTO, &maxRTO, &timeWait, &syns, &retries, &send, &receive,
	} {
		if err := h.stack.SetTransportProtocolOption(gtcp.ProtocolNumber, o); err != nil {
			return fmt.Errorf("host %s: set %T: %v", h.c.Name, o, err)
		}
	}
	return nil
}

// Close ends the stack and its goroutines. Nothing may be called after it.
func (h *Host) Close() { h.stack.Destroy() }

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

// Receive implements host.Node. A packet that comes before the last call has settled waits.
func (h *Host) Receive(p *netem.Packet) {
	h.inbox = append(h.inbox, p)
	h.do(func() {})
}

// do calls the stack with one thing, and lets all that follows from it happen.
func (h *Host) do(f func()) {
	if h.busy {
		f()
		return
	}
	h.busy = true
	h.clock.now.Store(int64(h.s.Now()))
	f()
	h.flush()
	for len(h.inbox) > 0 {
		p := h.inbox[0]
		h.inbox = h.inbox[1:]
		h.deliver(p)
		h.flush()
	}
	h.busy = false
	h.arm()
}

// deliver hands one packet to the stack.
func (h *Host) deliver(p *netem.Packet) {
	p.Seal()
	b := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(slices.Clone(p.Data))})
	defer b.DecRef()
	h.c.Pool.Put(p)
	h.link.dispatcher.DeliverNetworkPacket(h.network(), b)
}

// settle waits until the stack's goroutines are idle. Pause comes back when each of them has nothing to do, but asks them
// one after another; so it is asked again until nothing has happened in between.
func (h *Host) settle() {
	for before := int64(-1); ; {
		h.stack.Pause()
		h.stack.Resume()
		now := h.clock.ops.Load() + h.link.packets()
		if now == before {
			return
		}
		before = now
	}
}

// flush settles, puts what was sent into the port, and wakes who was notified.
func (h *Host) flush() {
	h.settle()
	for _, b := range h.link.fetch() {
		if h.port == nil {
			continue
		}
		p := h.c.Pool.Get(len(b))
		copy(p.Data, b)
		p.Sound = true
		h.port(p)
	}
	h.mu.Lock()
	told := h.told
	h.told = nil
	h.mu.Unlock()
	slices.SortFunc(told, func(a, b *socket) int { return a.number - b.number })
	for _, s := range told {
		s.told.Store(false)
		s.wait.wake()
	}
}

// arm asks the world for a call when the stack's next timer is due.
func (h *Host) arm() {
	at, some := h.clock.next()
	if !some || at >= h.armed {
		return
	}
	h.armed = at
	h.s.After(at-h.s.Now(), func() {
		if h.armed == at {
			h.armed = never
			h.ring()
		}
	})
}

// ring calls the timers that are due, each by itself.
func (h *Host) ring() {
	for {
		t := h.clock.due(h.s.Now())
		if t == nil {
			h.do(func() {}) // it arms for the next
			return
		}
		h.do(t.f)
	}
}

// network is the number of the host's network protocol.
func (h *Host) network() tcpip.NetworkProtocolNumber {
	if h.c.Addr.Is6() {
		return header.IPv6ProtocolNumber
	}
	return header.IPv4ProtocolNumber
}
