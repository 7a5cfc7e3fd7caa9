package inet

import (
	"encoding/binary"
	"net/netip"
)

// An addr is an IP address in 16 bytes without pointers: cheap to compare, to hash and to keep in tables. IPv4 addresses
// are IPv4-mapped IPv6 addresses (RFC 4291 section 2.5.5.2). The zero addr is IPv6's "::".
type addr struct{ hi, lo uint64 }

const mapped = 0xffff << 32 // the upper half of lo in an IPv4 address

func fromNetip(a netip.Addr) addr {
	b := a.As16()
	return addr{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

func from4(v uint32) addr { return addr{0, mapped | uint64(v)} }

func from16(b []byte) addr {
	return addr{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:16])}
}

func (a addr) is4() bool  { return a.hi == 0 && a.lo>>32 == 0xffff }
func (a addr) v4() uint32 { return uint32(a.lo) }

func (a addr) put16(b []byte) {
	binary.BigEndian.PutUint64(b, a.hi)
	binary.BigEndian.PutUint64(b[8:], a.lo)
}

func (a addr) netip() netip.Addr {
	if a.is4() {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], a.v4())
		return netip.AddrFrom4(b)
	}
	var b [16]byte
	a.put16(b[:])
	return netip.AddrFrom16(b)
}

// sum is the address's part of a checksum.
func (a addr) sum() uint64 {
	const half = 0xffffffff
	if a.is4() {
		return a.lo & half
	}
	return a.hi>>32 + a.hi&half + a.lo>>32 + a.lo&half
}

// unspecified: 0.0.0.0 or ::.
func (a addr) unspecified() bool { return a == from4(0) || a == addr{} }

// loopback: 127.0.0.0/8 (RFC 1122 section 3.2.1.3) or ::1.
func (a addr) loopback() bool { return a.is4() && a.v4()>>24 == 127 || a == addr{0, 1} }

// multicast: 224.0.0.0/4 or ff00::/8.
func (a addr) multicast() bool {
	if a.is4() {
		return a.v4()>>28 == 14
	}
	return a.hi>>56 == 0xff
}

// broadcast: 255.255.255.255, the only broadcast address of a host that knows no netmask.
func (a addr) broadcast() bool { return a == from4(0xffffffff) }

// sender tells whether the address may stand as the source of a packet from the network: it must name one host (RFC
// 1122 section 3.2.1.3, RFC 4291 sections 2.5.2, 2.5.3 and 2.7).
func (a addr) sender() bool {
	return !a.multicast() && !a.loopback() && !a.unspecified() && !(a.is4() && (a.v4()>>28 == 15 || a.v4()>>24 == 0))
}
