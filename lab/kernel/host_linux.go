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
	sampling  bool // a sample is asked for
	sampler   func()
}

var _ host.Node = (*Host)(nil)

// burst is how many packets are read from one device before others get their turn.
const burst = 64

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
	h := &Host{w: w, c: c, namespace: -1, tun: -1, buffer: make([]byte, c.MTU)}
	h.sampler = h.sample
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
		_ = unix.SetsockoptLinger(s.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
		_ = s.Close()
	}
	if h.place > 0 {
		h.w.forget(h.place)
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
	p.Seal()
	if errno := write(h.tun, p.Data); errno != 0 && h.c.Discard != nil {
		h.c.Discard(p, CauseRefused)
	}
	h.w.late.Note(h.w.wall() - h.w.Now())
	h.c.Pool.Put(p)
}

// wake implements source: it reads what the kernel sends and puts it into the port.
func (h *Host) wake(uint32) {
	for range burst {
		n, errno := read(h.tun, h.buffer)
		if errno != 0 {
			return // EAGAIN; anything else comes again
		}
		if h.port == nil {
			continue
		}
		p := h.c.Pool.Get(n)
		copy(p.Data, h.buffer)
		p.Sound = true
		h.port(p)
	}
}

// Socket implements host.Host.
func (h *Host) Socket(f host.Family, k host.Kind) (host.Socket, error) {
	return h.socket(f, k, &h.c.TCP)
}

// WithTCP returns the host as programs see it whose stream sockets begin with another setting than the host's. Some of it
// holds for the whole namespace; where that differs from the host's it is an error, which says what.
func (h *Host) WithTCP(c tcp.Config) (host.Host, error) {
	if err := Can(c); err != nil {
		return nil, fmt.Errorf("host %s: %w", h.c.Name, err)
	}
	if keys := h.whole.differs(ofNamespace(c)); keys != nil {
		return nil, fmt.Errorf("host %s: %w have two connections that differ in %s: the kernel has one setting a host", h.c.Name, ErrUnable, list(keys))
	}
	return &tuned{h, c}, nil
}

// A tuned is a Host with another setting for new stream sockets.
type tuned struct {
	*Host
	tcp tcp.Config
}

// Socket implements host.Host.
func (t *tuned) Socket(f host.Family, k host.Kind) (host.Socket, error) {
	return t.socket(f, k, &t.tcp)
}

// socket makes a socket in the host's namespace.
func (h *Host) socket(f host.Family, k host.Kind, c *tcp.Config) (host.Socket, error) {
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
	fd, err := unix.Socket(family, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
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
