package kernel

import (
	"encoding/binary"
	"net/netip"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"reliabilitylab/netem"
)

// sock_diag(7) tells of the sockets of a network namespace, whoever made them and whether or not a descriptor for them is
// left. A request is a netlink header and a struct inet_diag_req_v2; an answer is a struct inet_diag_msg and attributes,
// of which one is the struct tcp_info that TCP_INFO is (tcp(7)).

// A diag is a sock_diag socket of the namespace in which it was made. It asks and is answered within one call each, and
// never blocks.
type diag struct {
	fd      int
	request [unix.SizeofNlMsghdr + sizeofDiagRequest]byte
	answer  [16 << 10]byte
}

// Sizes and numbers of linux/inet_diag.h and linux/sock_diag.h.
const (
	sizeofDiagRequest = 56
	sizeofDiagMessage = 72

	diagInfo     = 2  // INET_DIAG_INFO
	diagMemory   = 7  // INET_DIAG_SKMEMINFO
	memoryUsed   = 0  // SK_MEMINFO_RMEM_ALLOC
	memoryLimit  = 1  // SK_MEMINFO_RCVBUF
	memoryDrops  = 8  // SK_MEMINFO_DROPS
	timerResend  = 1  // idiag_timer: retransmission, or tail loss probe
	timerAlive   = 2  // keep-alive
	timerWindow  = 4  // zero window probe
	stateSynRecv = 3  // TCP_SYN_RECV, also of a connection that has no socket yet
	stateListen  = 10 // TCP_LISTEN
)

// A tuple names a connection as struct inet_diag_sockid does: local port, remote port, local address, remote address, all
// in network order. An IPv4 address is the first four bytes of its sixteen.
type tuple [36]byte

// tupleOf is that of a socket.
func tupleOf(local, peer netip.AddrPort) (t tuple) {
	binary.BigEndian.PutUint16(t[0:], local.Port())
	binary.BigEndian.PutUint16(t[2:], peer.Port())
	copy(t[4:], local.Addr().AsSlice())
	copy(t[20:], peer.Addr().AsSlice())
	return t
}

// sent is that of a TCP packet which its host sends.
func (t *tuple) sent(h *netem.Header, b []byte) {
	*t = tuple{}
	copy(t[0:4], b[h.Transport:])
	if h.Version == 4 {
		copy(t[4:8], b[12:16])
		copy(t[20:24], b[16:20])
	} else {
		copy(t[4:36], b[8:40])
	}
}

// received is that of a TCP packet which its host receives.
func (t *tuple) received(h *netem.Header, b []byte) {
	*t = tuple{}
	copy(t[0:2], b[h.Transport+2:])
	copy(t[2:4], b[h.Transport:])
	if h.Version == 4 {
		copy(t[4:8], b[16:20])
		copy(t[20:24], b[12:16])
	} else {
		copy(t[4:20], b[24:40])
		copy(t[20:36], b[8:24])
	}
}

// addresses says it as Go does.
func (t *tuple) addresses(v6 bool) (local, peer netip.AddrPort) {
	a, b := netip.AddrFrom16([16]byte(t[4:20])), netip.AddrFrom16([16]byte(t[20:36]))
	if !v6 {
		a, b = netip.AddrFrom4([4]byte(t[4:8])), netip.AddrFrom4([4]byte(t[20:24]))
	}
	return netip.AddrPortFrom(a, binary.BigEndian.Uint16(t[0:])), netip.AddrPortFrom(b, binary.BigEndian.Uint16(t[2:]))
}

// A diagnosis is what the kernel says of one socket.
type diagnosis struct {
	tuple    tuple
	v6       bool
	number   uint64 // the kernel's own for the socket, as long as there is one
	state    uint8
	timer    uint8
	resent   uint8        // while there is no socket yet: how often SYN-ACK was sent again
	waiting  uint32       // of a listener: connections that nobody has accepted yet,
	backlog  uint32       // and how many there may be
	told     bool         // info is there
	info     unix.TCPInfo // zero behind what this kernel has
	memory   [9]uint32    // SK_MEMINFO_…
	measured bool         // memory is there
}

// openDiag makes one in the namespace that the thread is in. Without the kernel's module it succeeds; it is the request
// that fails then, with ENOENT.
func openDiag() (*diag, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, os.NewSyscallError("socket NETLINK_SOCK_DIAG", err)
	}
	return &diag{fd: fd}, nil
}

func (d *diag) close() { unix.Close(d.fd) }

// send sends one request.
func (d *diag) send(flags uint16, family, protocol, extensions byte, states uint32, t *tuple) unix.Errno {
	b := d.request[:]
	binary.NativeEndian.PutUint32(b, uint32(len(b)))
	binary.NativeEndian.PutUint16(b[4:], unix.SOCK_DIAG_BY_FAMILY)
	binary.NativeEndian.PutUint16(b[6:], unix.NLM_F_REQUEST|flags)
	b = b[unix.SizeofNlMsghdr:]
	b[0], b[1], b[2] = family, protocol, extensions
	binary.NativeEndian.PutUint32(b[4:], states)
	copy(b[8:], t[:])
	binary.NativeEndian.PutUint64(b[48:], ^uint64(0)) // INET_DIAG_NOCOOKIE
	return write(d.fd, d.request[:])
}

// one asks for a single socket. Of TCP it is the connection, or else the listener for it; of UDP it is the socket that
// takes what comes along the tuple, whose ends the kernel wants as they are in the packet. ENOENT: there is none, or the kernel has no such
// module.
func (d *diag) one(family, protocol byte, t *tuple, out *diagnosis) unix.Errno {
	ext := byte(1 << (diagInfo - 1))
	if protocol == unix.IPPROTO_UDP {
		ext = 1 << (diagMemory - 1)
	}
	if errno := d.send(0, family, protocol, ext, ^uint32(0), t); errno != 0 {
		return errno
	}
	n, errno := read(d.fd, d.answer[:])
	if errno != 0 {
		return errno
	}
	if n < unix.SizeofNlMsghdr+4 {
		return unix.EPROTO
	}
	body := d.answer[unix.SizeofNlMsghdr:n]
	switch kind := binary.NativeEndian.Uint16(d.answer[4:]); {
	case kind == unix.NLMSG_ERROR:
		return unix.Errno(-int32(binary.NativeEndian.Uint32(body)))
	case kind != unix.SOCK_DIAG_BY_FAMILY || !out.read(body):
		return unix.EPROTO
	}
	return 0
}

// read reads a struct inet_diag_msg and its attributes.
func (d *diagnosis) read(b []byte) bool {
	if len(b) < sizeofDiagMessage {
		return false
	}
	*d = diagnosis{
		tuple: tuple(b[4:40]), number: binary.NativeEndian.Uint64(b[44:]), v6: b[0] == unix.AF_INET6, state: b[1], timer: b[2], resent: b[3],
		waiting: binary.NativeEndian.Uint32(b[56:]), backlog: binary.NativeEndian.Uint32(b[60:]),
	}
	if d.v6 {
		d.unmap()
	}
	for b = b[sizeofDiagMessage:]; len(b) >= unix.SizeofRtAttr; {
		n := int(binary.NativeEndian.Uint16(b))
		if n < unix.SizeofRtAttr || n > len(b) {
			return false
		}
		value := b[unix.SizeofRtAttr:n]
		switch binary.NativeEndian.Uint16(b[2:]) {
		case diagInfo:
			copy(unsafe.Slice((*byte)(unsafe.Pointer(&d.info)), unsafe.Sizeof(d.info)), value)
			d.told = true
		case diagMemory:
			for i := 0; i < len(d.memory) && 4*i+4 <= len(value); i++ {
				d.memory[i] = binary.NativeEndian.Uint32(value[4*i:])
			}
			d.measured = true
		}
		b = b[min(len(b), (n+3)&^3):]
	}
	return true
}

// unmap says it in IPv4 where a socket for both families has a connection of IPv4 (RFC 4291 section 2.5.5.2).
func (d *diagnosis) unmap() {
	local, peer := d.tuple.addresses(true)
	if local.Addr().Is4In6() && peer.Addr().Is4In6() {
		d.v6 = false
		d.tuple = tupleOf(netip.AddrPortFrom(local.Addr().Unmap(), local.Port()), netip.AddrPortFrom(peer.Addr().Unmap(), peer.Port()))
	}
}

// knows tells whether the kernel can be asked for sockets of a protocol: a listing of none succeeds. The error is ENOENT
// where its module is missing.
func (d *diag) knows(protocol byte) error {
	if errno := d.send(unix.NLM_F_DUMP, unix.AF_INET, protocol, 0, 0, &tuple{}); errno != 0 {
		return os.NewSyscallError("sock_diag", errno)
	}
	n, errno := read(d.fd, d.answer[:])
	if errno != 0 {
		return os.NewSyscallError("sock_diag", errno)
	}
	if n >= unix.SizeofNlMsghdr+4 && binary.NativeEndian.Uint16(d.answer[4:]) == unix.NLMSG_ERROR {
		return os.NewSyscallError("sock_diag", unix.Errno(-int32(binary.NativeEndian.Uint32(d.answer[unix.SizeofNlMsghdr:]))))
	}
	return nil
}

// countsTimeouts tells whether the kernel's struct tcp_info has tcpi_total_rto.
func countsTimeouts() bool {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(s)
	var i unix.TCPInfo
	size := uint32(unsafe.Sizeof(i))
	_, _, errno := unix.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(s), unix.IPPROTO_TCP, unix.TCP_INFO,
		uintptr(unsafe.Pointer(&i)), uintptr(unsafe.Pointer(&size)), 0)
	return errno == 0 && uintptr(size) >= unsafe.Offsetof(i.Total_rto)+unsafe.Sizeof(i.Total_rto)
}
