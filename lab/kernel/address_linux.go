package kernel

import (
	"encoding/binary"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"

	"reliabilitylab/lab/host"
)

// An address is a sockaddr_in or sockaddr_in6 (ip(7), ipv6(7)): the family as a native number, the port in network order,
// and then the address.
type address [unix.SizeofSockaddrInet6]byte

// put writes an address and returns its size. An invalid Addr is the unspecified one of the given family.
func (a *address) put(f host.Family, at netip.AddrPort) uintptr {
	ip := at.Addr()
	binary.BigEndian.PutUint16(a[2:], at.Port())
	if ip.Is4() || !ip.IsValid() && f == host.IPv4 {
		binary.NativeEndian.PutUint16(a[:], unix.AF_INET)
		if ip.IsValid() {
			four := ip.As4()
			copy(a[4:], four[:])
		}
		return unix.SizeofSockaddrInet4
	}
	binary.NativeEndian.PutUint16(a[:], unix.AF_INET6)
	if ip.IsValid() {
		sixteen := ip.As16()
		copy(a[8:], sixteen[:])
	}
	return unix.SizeofSockaddrInet6
}

// addrPort reads an address; one that is neither IPv4's nor IPv6's is the zero AddrPort.
func (a *address) addrPort() netip.AddrPort {
	port := binary.BigEndian.Uint16(a[2:])
	switch binary.NativeEndian.Uint16(a[:]) {
	case unix.AF_INET:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(a[4:])), port)
	case unix.AF_INET6:
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(a[8:])), port)
	}
	return netip.AddrPort{}
}

// name writes an address for a call of this socket.
func (s *socket) name(a *address, at netip.AddrPort) uintptr {
	return a.put(host.FamilyOf(s.h.c.Addr), at)
}

// call makes a system call whose arguments are a socket and an address.
func call(number uintptr, fd int, a *address, size uintptr) error {
	if _, _, errno := unix.RawSyscall(number, uintptr(fd), uintptr(unsafe.Pointer(a)), size); errno != 0 {
		return errno
	}
	return nil
}
