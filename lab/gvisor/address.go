package gvisor

import (
	"net/netip"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// toAddress turns an address into the stack's; the zero and the unspecified address are its empty one.
func toAddress(a netip.Addr) tcpip.Address {
	if !a.IsValid() || a.IsUnspecified() {
		return tcpip.Address{}
	}
	return tcpip.AddrFromSlice(a.AsSlice())
}

func toFull(a netip.AddrPort) tcpip.FullAddress {
	return tcpip.FullAddress{Addr: toAddress(a.Addr()), Port: a.Port()}
}

func fromFull(f tcpip.FullAddress) netip.AddrPort {
	a, _ := netip.AddrFromSlice(f.Addr.AsSlice())
	return netip.AddrPortFrom(a, f.Port)
}

// unspecified is "any address" of the same family as a.
func unspecified(a netip.Addr) netip.Addr {
	if a.Is6() {
		return netip.IPv6Unspecified()
	}
	return netip.IPv4Unspecified()
}
