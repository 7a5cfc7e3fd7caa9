package kernel

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/tcp"
	"reliabilitylab/netem"
)

// A Host is a network namespace with one device. It implements host.Node.
type Host struct {
	w         *World
	c         Config
	whole     namespaceTCP // what holds for all its connections
	namespace int
	tun       int
	place     int32 // the number of its device in epoll
	port      netem.Port
	buffer    []byte // what was read last
	sockets   []*socket
	polls     waitq // the programs in Poll

	out     []*netem.Packet // what was read from the device and is not in the port yet
	emitter func()          // h.emit, bound
	stirred bool            // since the device was found empty something was written to it that stirs,
	syn     bool            // and that was a SYN
	blurred bool            // it could not be emptied before, so there may be several explanations
	again   []resent        // of out: what was sent before, and not yet found out why again

	diag        *diag // nil where the kernel cannot be asked for its TCP connections
	asks        bool  // it is asked why segments are sent again,
	asksUDP     bool  // and what becomes of datagrams
	mail        mailboxes
	diagnosis   diagnosis
	connections map[tuple]*connection
	last        *connection   // the one that was needed last: most packets follow one of their own
	live        []*connection // those that are asked for in turn
	asked       int           // how many had their turn in this round,
	pending     int           // and how many of them had something to send again
	sampling    bool          // the next turn is asked for
	sampler     func()        // h.sample, bound
}

var _ host.Node = (*Host)(nil)

// burst is how many packets are read from one device before others get their turn.
const burst = 64

// batch is how many are read at most before something is written to a device.
const batch = 1024

// defaultSample is how often TCP_INFO is asked for.
const defaultSample = 10 * time.Millisecond

// AddHost makes a host: one with a namespace, a device, an address, and a route along which every other address lies. It
// is gone after World.Close. An error that wraps ErrUnable says what this machine or its kernel cannot do.
func (w *World) AddHost(c Config) (*Host, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if c.Sample <= 0 {
		c.Sample = defaultSample
	}
	h := &Host{w: w, c: c, namespace: -1, tun: -1, buffer: make([]byte, c.MTU), connections: map[tuple]*connection{}, polls: waitq{w: w, armed: never}}
	h.sampler, h.emitter = h.sample, h.emit
	if err := h.open(); err != nil {
		h.close()
		return nil, fmt.Errorf("host %s: %w", c.Name, err)
	}
	w.hosts = append(w.hosts, h)
	return h, nil
}

func (h *Host) open() (err error) {
	if err := Can(h.c.TCP); err != nil {
		return err
	}
	if h.namespace, err = h.w.unshare(); err != nil {
		return unable(err)
	}
	h.whole = ofNamespace(h.c.TCP)
	if err := h.whole.apply(h.c.Addr.Is6()); err != nil {
		return unable(err)
	}
	if h.tun, err = openTUN(); err != nil {
		return unable(err)
	}
	if err := h.connect(); err != nil {
		return unable(err)
	}
	if h.diag, err = openDiag(); err != nil {
		return unable(err)
	}
	if h.diag.knows(unix.IPPROTO_TCP) != nil {
		h.diag.close()
		h.diag = nil
	}
	h.asks = h.diag != nil && countsTimeouts()
	h.asksUDP = h.diag != nil && h.diag.knows(unix.IPPROTO_UDP) == nil
	h.mail = mailboxes{to: map[tuple]*mailbox{}, number: map[uint64]*mailbox{}}
	h.place, err = h.w.watch(h.tun, unix.EPOLLIN, h)
	return err
}

// unable adds ErrUnable to an error.
func unable(err error) error { return fmt.Errorf("%w make it: %w", ErrUnable, err) }

// connect brings up the loopback interface, which is number 1 in every namespace, and the device.
func (h *Host) connect() error {
	n, err := openNetlink()
	if err != nil {
		return err
	}
	defer n.close()
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(s)
	index, err := indexOf(s, deviceName)
	if err != nil {
		return err
	}
	if err := n.link(1); err != nil {
		return err
	}
	if err := n.link(index, attribute{unix.IFLA_MTU, number(uint32(h.c.MTU))}, attribute{unix.IFLA_TXQLEN, number(queueLength)}); err != nil {
		return err
	}
	if err := n.address(index, h.c.Addr); err != nil {
		return err
	}
	if err := n.route(index, h.c.Addr, h.whole.metrics()...); err != nil {
		return err
	}
	return n.ready(h.c.Addr)
}

// close gives back what the host holds. Sockets that are still open are reset, and those that are closed but not yet done
// give up soon: with nobody to talk to they would keep the namespace in the kernel's memory for minutes.
func (h *Host) close() {
	if h.namespace >= 0 && h.w.move(h.namespace) == nil {
		_ = sysctl("ipv4/tcp_orphan_retries", "1")
	}
	for _, s := range slices.Clone(h.sockets) {
		_ = s.SetOption(host.Linger{On: true})
		_ = s.Close()
	}
	if h.place > 0 {
		h.w.forget(h.place)
	}
	if h.diag != nil {
		h.diag.close()
	}
	for _, fd := range []int{h.tun, h.namespace} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}

// Name implements host.Host.
func (h *Host) Name() string { return h.c.Name }

// Addr implements host.Host.
func (h *Host) Addr() netip.Addr { return h.c.Addr }

// Now implements host.Host.
func (h *Host) Now() time.Duration { return h.w.Now() }

// Sleep implements host.Host.
func (h *Host) Sleep(d time.Duration) { h.w.Sleep(d) }

// Go implements host.Host.
func (h *Host) Go(f func()) { h.w.Go(f) }

// Transmit implements host.Node. What the kernel sends before is lost.
func (h *Host) Transmit(p netem.Port) { h.port = p }

// Receive implements host.Node: it writes the packet to the device, which takes it through the kernel's stack up to its
// socket before the call returns.
func (h *Host) Receive(p *netem.Packet) {
	var c *connection
	stirs := false
	if g := &p.Header; g.Protocol == netem.TCP && h.asks && int(g.Transport)+20 <= len(p.Data) {
		c = h.known(p)
		stirs = c.stirs(g)
	} else if n := h.narrows(p); n != nil && h.asks {
		n.sent.lossy, n.sent.until, n.sent.narrowed = true, n.sent.high, true
		stirs = true
	}
	if h.stirred || stirs {
		h.fetch(batch)
		h.blurred = h.stirred
		if len(h.out) > 0 { // they are on their way from now on, as if they had been found by epoll
			h.w.After(h.w.wall()-h.w.Now(), h.emitter)
		}
	}
	p.Seal()
	errno := write(h.tun, p.Data)
	if h.c.Discard != nil {
		if cause := h.fate(p, c, errno != 0); cause != "" {
			h.c.Discard(p, cause)
		}
	}
	if stirs {
		h.stirred, h.syn = true, p.Header.Kind == netem.KindSYN
	}
	h.w.late.Note(h.w.wall() - h.w.Now())
	h.c.Pool.Put(p)
}

// wake implements source: it reads what the kernel sends and puts it into the port.
func (h *Host) wake(uint32) {
	h.fetch(burst)
	h.emit()
}

// Socket implements host.Host.
func (h *Host) Socket(f host.Family, k host.Kind, p netem.Protocol) (host.Socket, error) {
	return h.socket(f, k, p, &h.c.TCP)
}

// WithTCP returns the host as programs see it whose stream sockets begin with another setting than the host's. Some of it
// holds for the whole namespace; where that differs from the host's it is an error, which says what.
func (h *Host) WithTCP(c tcp.Config) (host.Host, error) {
	if err := Can(c); err != nil {
		return nil, fmt.Errorf("host %s: %w", h.c.Name, err)
	}
	if err := CanShare(h.c.TCP, c); err != nil {
		return nil, fmt.Errorf("host %s: %w", h.c.Name, err)
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
	return t.socket(f, k, p, &t.tcp)
}

// socket makes a socket in the host's namespace.
func (h *Host) socket(f host.Family, k host.Kind, p netem.Protocol, c *tcp.Config) (host.Socket, error) {
	family, kind := unix.AF_INET, unix.SOCK_STREAM
	if f == host.IPv6 {
		family = unix.AF_INET6
	}
	if k == host.Datagram {
		kind = unix.SOCK_DGRAM
	}
	if err := h.w.move(h.namespace); err != nil {
		return nil, err
	}
	fd, err := unix.Socket(family, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, int(p))
	if err != nil {
		return nil, err
	}
	if k == host.Stream {
		if err := tune(fd, c); err != nil {
			unix.Close(fd)
			return nil, err
		}
	}
	return h.keep(fd, k)
}

// keep makes a socket of a descriptor.
func (h *Host) keep(fd int, k host.Kind) (*socket, error) {
	s := &socket{h: h, fd: fd, kind: k, wait: waitq{w: h.w, armed: never}}
	place, err := h.w.watch(fd, unix.EPOLLIN|unix.EPOLLOUT|unix.EPOLLRDHUP|unix.EPOLLET, s)
	if err != nil {
		unix.Close(fd)
		return nil, errors.Unwrap(err) // the errno
	}
	s.place = place
	h.sockets = append(h.sockets, s)
	return s, nil
}
