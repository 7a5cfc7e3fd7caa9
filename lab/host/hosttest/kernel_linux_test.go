package hosttest

import (
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
)

// The suite is held against the kernel that runs this test: two addresses of its loopback interface stand for two hosts,
// goroutines for programs. So each expectation is proved to be what Linux does. (This is no host for the lab: nothing
// can be put between the two.)

// The cases do little but wait, so all of them may run at once, however few processors there are.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "100"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func TestLinuxIPv4(t *testing.T) {
	pid := os.Getpid() // all of 127.0.0.0/8 is this computer: every process takes two addresses of its own
	client := netip.AddrFrom4([4]byte{127, byte(pid >> 14), byte(pid >> 6), byte(pid<<2) | 1})
	Run(t, func(t *testing.T) Pair { return loopback(t, client, client.Next()) })
}

func TestLinuxIPv6(t *testing.T) {
	if !isFree(netip.AddrPortFrom(netip.IPv6Loopback(), 0)) {
		if os.Getenv("CI") == "true" {
			t.Fatal("CI must have IPv6 on the loopback interface")
		}
		t.Skip("NOT TESTED: the loopback interface has no IPv6")
	}
	Run(t, func(t *testing.T) Pair { return loopback(t, netip.IPv6Loopback(), netip.IPv6Loopback()) })
}

// portBlocks counts the blocks of ten ports that were looked at, so that no two cases share one.
var portBlocks atomic.Uint32

// freePorts returns the first of ten ports, below the ephemeral ones, that are bound to nothing at either address.
func freePorts(t *testing.T, a, b netip.Addr) uint16 {
	for range 2000 {
		first := 10_000 + uint16((uint32(os.Getpid())*997+portBlocks.Add(1))%2000*10)
		free := true
		for p := first; p < first+10; p++ {
			free = free && isFree(netip.AddrPortFrom(a, p)) && isFree(netip.AddrPortFrom(b, p))
		}
		if free {
			return first
		}
	}
	t.Fatalf("no ten free ports at %v and %v", a, b)
	return 0
}

// isFree reports whether both kinds of sockets can be bound there.
func isFree(a netip.AddrPort) bool {
	h := &kernelHost{addr: a.Addr()}
	for _, k := range kinds {
		s, err := h.Socket(host.FamilyOf(a.Addr()), k, 0)
		if err != nil {
			return false
		}
		if errors.Join(s.Bind(a), s.Close()) != nil {
			return false
		}
	}
	return true
}

func loopback(t *testing.T, client, server netip.Addr) Pair {
	var programs sync.WaitGroup
	begin := time.Now()
	return Pair{
		Client: &kernelHost{"client", client, begin, &programs},
		Server: &kernelHost{"server", server, begin, &programs},
		Port:   freePorts(t, client, server),
		Moment: 250 * time.Millisecond,
		Run: func() error {
			done := make(chan struct{})
			go func() {
				programs.Wait()
				close(done)
			}()
			select {
			case <-done:
			case <-time.After(30 * time.Second):
			}
			return nil
		},
	}
}

type kernelHost struct {
	name     string
	addr     netip.Addr
	begin    time.Time
	programs *sync.WaitGroup
}

func (h *kernelHost) Name() string          { return h.name }
func (h *kernelHost) Addr() netip.Addr      { return h.addr }
func (h *kernelHost) Now() time.Duration    { return time.Since(h.begin) }
func (h *kernelHost) Sleep(d time.Duration) { time.Sleep(d) }
func (h *kernelHost) Go(f func())           { h.programs.Go(f) }

func (h *kernelHost) Socket(f host.Family, k host.Kind, p netem.Protocol) (host.Socket, error) {
	family, kind := syscall.AF_INET, syscall.SOCK_STREAM
	if f == host.IPv6 {
		family = syscall.AF_INET6
	}
	if k == host.Datagram {
		kind = syscall.SOCK_DGRAM
	}
	fd, err := syscall.Socket(family, kind|syscall.SOCK_CLOEXEC, int(p))
	if err != nil {
		return nil, err
	}
	return newKernelSocket(h, k, f, fd), nil
}

type kernelSocket struct {
	h      *kernelHost
	kind   host.Kind
	family host.Family
	fd     atomic.Int64 // -1 once closed
	named  atomic.Bool
}

func newKernelSocket(h *kernelHost, k host.Kind, f host.Family, fd int) *kernelSocket {
	s := &kernelSocket{h: h, kind: k, family: f}
	s.fd.Store(int64(fd))
	return s
}

func (s *kernelSocket) d() int { return int(s.fd.Load()) }

// undisturbed makes a call that blocks without the signal with which Go's runtime wakes its threads: where a socket has a timeout, a signal ends the call
// early (signal(7)), with EINTR or with what was done so far.
func undisturbed(call func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var urgent, before unix.Sigset_t
	urgent.Val[0] = 1 << (unix.SIGURG - 1)
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &urgent, &before); err != nil {
		return err
	}
	defer unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil)
	return call()
}

func (s *kernelSocket) sockaddr(a netip.AddrPort) syscall.Sockaddr {
	switch {
	case !a.Addr().IsValid() && s.family == host.IPv4:
		return &syscall.SockaddrInet4{Port: int(a.Port())}
	case !a.Addr().IsValid():
		return &syscall.SockaddrInet6{Port: int(a.Port())}
	case a.Addr().Is4():
		return &syscall.SockaddrInet4{Addr: a.Addr().As4(), Port: int(a.Port())}
	}
	return &syscall.SockaddrInet6{Addr: a.Addr().As16(), Port: int(a.Port())}
}

func addrPort(a syscall.Sockaddr) netip.AddrPort {
	switch a := a.(type) {
	case *syscall.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *syscall.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port))
	}
	return netip.AddrPort{}
}

// self makes a socket without a name speak from its host's address: left to itself the kernel chooses 127.0.0.1.
func (s *kernelSocket) self() error {
	if s.d() < 0 || s.named.Load() {
		return nil
	}
	return s.Bind(netip.AddrPortFrom(s.h.addr, 0))
}

func (s *kernelSocket) Bind(a netip.AddrPort) error {
	err := syscall.Bind(s.d(), s.sockaddr(a))
	if err == nil {
		s.named.Store(true)
	}
	return err
}

func (s *kernelSocket) Listen(backlog int) error {
	err := syscall.Listen(s.d(), backlog)
	if err == nil {
		s.named.Store(true)
	}
	return err
}

func (s *kernelSocket) Accept() (c host.Socket, from netip.AddrPort, err error) {
	err = undisturbed(func() error {
		fd, a, err := syscall.Accept4(s.d(), syscall.SOCK_CLOEXEC)
		if err == nil {
			n := newKernelSocket(s.h, s.kind, s.family, fd)
			n.named.Store(true)
			c, from = n, addrPort(a)
		}
		return err
	})
	return c, from, err
}

func (s *kernelSocket) Connect(a netip.AddrPort) error {
	if err := s.self(); err != nil {
		return err
	}
	return undisturbed(func() error { return syscall.Connect(s.d(), s.sockaddr(a)) })
}

func (s *kernelSocket) Send(b []byte, to netip.AddrPort, flags host.Flags) (n int, err error) {
	var a syscall.Sockaddr
	if to.IsValid() {
		if err := s.self(); err != nil {
			return 0, err
		}
		a = s.sockaddr(to)
	}
	err = undisturbed(func() (err error) {
		n, err = syscall.SendmsgN(s.d(), b, nil, a, syscall.MSG_NOSIGNAL|bits(flags))
		return err
	})
	return max(0, n), err
}

func (s *kernelSocket) Recv(b []byte, flags host.Flags) (n int, from netip.AddrPort, err error) {
	err = undisturbed(func() error {
		var a syscall.Sockaddr
		var err error
		n, a, err = syscall.Recvfrom(s.d(), b, bits(flags))
		from = addrPort(a)
		return err
	})
	return max(0, n), from, err
}

func (s *kernelSocket) SetOption(o host.Option) error {
	truth := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	switch o := o.(type) {
	case host.NoDelay:
		return syscall.SetsockoptInt(s.d(), syscall.IPPROTO_TCP, syscall.TCP_NODELAY, truth(bool(o)))
	case host.Congestion:
		return syscall.SetsockoptString(s.d(), syscall.IPPROTO_TCP, syscall.TCP_CONGESTION, string(o))
	case host.ReceiveBuffer:
		return syscall.SetsockoptInt(s.d(), syscall.SOL_SOCKET, syscall.SO_RCVBUF, int(o))
	case host.SendBuffer:
		return syscall.SetsockoptInt(s.d(), syscall.SOL_SOCKET, syscall.SO_SNDBUF, int(o))
	case host.ReuseAddress:
		return syscall.SetsockoptInt(s.d(), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, truth(bool(o)))
	case host.KeepAlive:
		return syscall.SetsockoptInt(s.d(), syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, truth(bool(o)))
	case host.KeepIdle:
		return syscall.SetsockoptInt(s.d(), syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, int(time.Duration(o)/time.Second))
	case host.KeepInterval:
		return syscall.SetsockoptInt(s.d(), syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL, int(time.Duration(o)/time.Second))
	case host.KeepCount:
		return syscall.SetsockoptInt(s.d(), syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT, int(o))
	case host.UserTimeout:
		const userTimeout = 18 // TCP_USER_TIMEOUT, which package syscall does not have
		return syscall.SetsockoptInt(s.d(), syscall.IPPROTO_TCP, userTimeout, int(time.Duration(o)/time.Millisecond))
	case host.Cork:
		return syscall.SetsockoptInt(s.d(), syscall.IPPROTO_TCP, syscall.TCP_CORK, truth(bool(o)))
	case host.QuickACK:
		return syscall.SetsockoptInt(s.d(), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, truth(bool(o)))
	case host.ReceiveTimeout:
		t := syscall.NsecToTimeval(int64(o))
		return syscall.SetsockoptTimeval(s.d(), syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &t)
	case host.SendTimeout:
		t := syscall.NsecToTimeval(int64(o))
		return syscall.SetsockoptTimeval(s.d(), syscall.SOL_SOCKET, syscall.SO_SNDTIMEO, &t)
	case host.NonBlocking:
		return syscall.SetNonblock(s.d(), bool(o))
	case host.Linger:
		l := syscall.Linger{Onoff: int32(truth(o.On)), Linger: int32(o.Time / time.Second)}
		return syscall.SetsockoptLinger(s.d(), syscall.SOL_SOCKET, syscall.SO_LINGER, &l)
	}
	return syscall.ENOPROTOOPT
}

func (s *kernelSocket) LocalAddr() netip.AddrPort {
	a, err := syscall.Getsockname(s.d())
	if at := addrPort(a); err == nil && at.Port() != 0 {
		return at
	}
	return netip.AddrPort{}
}

func (s *kernelSocket) PeerAddr() netip.AddrPort {
	a, err := syscall.Getpeername(s.d())
	if err != nil {
		return netip.AddrPort{}
	}
	return addrPort(a)
}

func (s *kernelSocket) TakeError() error {
	n, err := syscall.GetsockoptInt(s.d(), syscall.SOL_SOCKET, syscall.SO_ERROR)
	if err == nil && n != 0 {
		err = syscall.Errno(n)
	}
	return err
}

func (s *kernelSocket) Shutdown(how host.How) error {
	return syscall.Shutdown(s.d(), int(how)) // SHUT_RD is 0, and so on
}

func (s *kernelSocket) Close() error {
	return undisturbed(func() error { return syscall.Close(int(s.fd.Swap(-1))) }) // it may linger
}

func bits(f host.Flags) (all int) {
	for flag, bit := range map[host.Flags]int{host.Peek: syscall.MSG_PEEK, host.DontWait: syscall.MSG_DONTWAIT, host.Trunc: syscall.MSG_TRUNC} {
		if f&flag != 0 {
			all |= bit
		}
	}
	return all
}

// Poll asks poll(2); of a socket that is closed it asks for a descriptor that there is not, since its own may have another by now.
func (h *kernelHost) Poll(fds []host.PollFD, timeout time.Duration) (int, error) {
	type pollfd struct { // poll(2)
		fd              int32
		events, revents int16
	}
	asked := make([]pollfd, len(fds))
	for i, f := range fds {
		asked[i] = pollfd{fd: int32(f.Socket.(*kernelSocket).d()), events: int16(f.Events)}
		if asked[i].fd < 0 {
			asked[i].fd = 1 << 30
		}
	}
	end := h.Now() + timeout
	for {
		var at *syscall.Timespec
		if timeout >= 0 {
			t := syscall.NsecToTimespec(int64(max(0, end-h.Now())))
			at = &t
		}
		n, _, errno := syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(unsafe.SliceData(asked))), uintptr(len(asked)), uintptr(unsafe.Pointer(at)), 0, 0, 0)
		switch errno {
		case syscall.EINTR:
		case 0:
			for i := range fds {
				fds[i].Revents = host.Events(asked[i].revents)
			}
			return int(n), nil
		default:
			return 0, errno
		}
	}
}
