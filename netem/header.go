package netem

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
)

// Protocol is an IP protocol number.
type Protocol uint8

// The protocols that a path looks into.
const (
	ICMP   Protocol = 1
	TCP    Protocol = 6
	UDP    Protocol = 17
	ICMPv6 Protocol = 58
)

// Kind is what a packet is for.
type Kind uint8

// The kinds of packets. A TCP segment with payload is data, whatever its flags except SYN and RST; a UDP datagram is
// data, and so is every fragment of one, unless it is Numbered and says what it is.
const (
	KindOther Kind = iota
	KindSYN
	KindSYNACK
	KindData
	KindRetransmission // TCP payload that begins below what was sent before, numbered data sent before
	KindACK
	KindFIN
	KindRST
	KindICMP
)

var kindNames = [...]string{"other", "syn", "syn-ack", "data", "retransmission", "ack", "fin", "rst", "icmp"}

// String returns the kind's name in scenario files and result files.
func (k Kind) String() string { return kindNames[k] }

// ParseKind returns the kind of a name that a Match may ask for; "any" is KindOther, which in a Match means all packets.
func ParseKind(name string) (Kind, error) {
	if name == "any" {
		return KindOther, nil
	}
	for k := KindOther + 1; int(k) < len(kindNames); k++ {
		if kindNames[k] == name {
			return k, nil
		}
	}
	return KindOther, fmt.Errorf("packet kind %q is none of any, %s", name, strings.Join(kindNames[1:], ", "))
}

// Flags are TCP's control bits (RFC 9293 section 3.1).
type Flags uint8

// The control bits.
const (
	FlagFIN Flags = 1 << iota
	FlagSYN
	FlagRST
	FlagPSH
	FlagACK
	FlagURG
	FlagECE
	FlagCWR
)

// Header is what the path knows of a packet from its bytes.
type Header struct {
	Version          uint8 // 4 or 6; 0 where Data is no IP packet
	Protocol         Protocol
	Kind             Kind
	Flags            Flags // TCP, and Numbered datagrams
	ECN              ECN
	Fragment         bool   // not the first fragment of a datagram: it has no transport header
	Transport        uint16 // where the transport header begins in Data
	PayloadAt        uint16 // where the payload begins in Data
	SrcPort, DstPort uint16 // TCP and UDP
	Window           uint16 // TCP, unscaled
	Seq, Ack         uint32 // TCP, and Numbered datagrams
	Payload          int    // bytes of payload behind the transport header, and that of a Numbered datagram
}

// ReadHeader reads an IP packet's headers. It never fails: what cannot be read stays zero and the Kind is KindOther. What
// is longer than 65535 bytes is no IP packet that this path carries.
func ReadHeader(b []byte) (h Header) {
	h.read(b)
	return h
}

// read is ReadHeader into a zero Header.
func (h *Header) read(b []byte) {
	var at, end int // where the transport header begins, and the IP packet ends; bytes behind it are padding
	switch {
	case len(b) > math.MaxUint16:
		return
	case len(b) >= 20 && b[0]>>4 == 4 && b[0]&15 >= 5:
		at, end = h.readIPv4(b)
	case len(b) >= 40 && b[0]>>4 == 6:
		at, end = h.readIPv6(b)
	default:
		return
	}
	at = min(at, end)
	h.Transport, h.PayloadAt = uint16(at), uint16(at)
	t := b[at:end]
	switch {
	case h.Fragment && (h.Protocol == UDP || h.Protocol == TCP):
		h.Kind, h.Payload = KindData, len(t)
	case h.Protocol == ICMP || h.Protocol == ICMPv6:
		h.Kind = KindICMP
	case h.Fragment:
	case h.Protocol == UDP && len(t) >= 8:
		h.readUDP(t)
	case h.Protocol == TCP && len(t) >= 20:
		h.readTCP(t)
	}
}

func (h *Header) readIPv4(b []byte) (at, end int) { // RFC 791 section 3.1
	h.Version = 4
	h.Protocol = Protocol(b[9])
	h.ECN = ECN(b[1] & 3)
	h.Fragment = binary.BigEndian.Uint16(b[6:])&0x1fff != 0
	at = int(b[0]&15) * 4
	if n := int(binary.BigEndian.Uint16(b[2:])); n >= at && n < len(b) {
		return at, n
	}
	return at, len(b)
}

// The IPv6 extension headers that may stand between the IP and the transport header (RFC 8200 section 4).
const (
	hopByHop    Protocol = 0
	routing     Protocol = 43
	fragment    Protocol = 44
	destination Protocol = 60
)

func (h *Header) readIPv6(b []byte) (at, end int) { // RFC 8200 section 3
	h.Version = 6
	end = len(b)
	if n := 40 + int(binary.BigEndian.Uint16(b[4:])); n > 40 && n < end {
		end = n
	}
	h.Protocol = Protocol(b[6])
	h.ECN = ECN(b[1] >> 4 & 3)
	at = 40
	for !h.Fragment && at+8 <= end {
		switch h.Protocol {
		case hopByHop, routing, destination:
			h.Protocol, at = Protocol(b[at]), at+8+8*int(b[at+1])
			continue
		case fragment:
			h.Fragment = binary.BigEndian.Uint16(b[at+2:])&^7 != 0
			h.Protocol, at = Protocol(b[at]), at+8
			continue
		}
		break
	}
	return at, end
}

// flow is a hash of the addresses of an IP packet whose header has been read.
func (h *Header) flow(b []byte) (flow uint64) {
	switch h.Version {
	case 4:
		return mix(binary.BigEndian.Uint64(b[12:]))
	case 6:
		for i := 8; i < 40; i += 8 {
			flow = mix(flow ^ binary.BigEndian.Uint64(b[i:]))
		}
	}
	return flow
}

func (h *Header) readUDP(t []byte) { // RFC 768
	h.SrcPort, h.DstPort = binary.BigEndian.Uint16(t), binary.BigEndian.Uint16(t[2:])
	h.Kind, h.PayloadAt, h.Payload = KindData, h.Transport+8, len(t)-8
	if n := int(binary.BigEndian.Uint16(t[4:])) - 8; n >= 0 && n < h.Payload {
		h.Payload = n
	}
	h.readNumbered(t)
}

func (h *Header) readTCP(t []byte) { // RFC 9293 section 3.1
	n := int(t[12]>>4) * 4
	if n < 20 || n > len(t) {
		return
	}
	h.SrcPort, h.DstPort = binary.BigEndian.Uint16(t), binary.BigEndian.Uint16(t[2:])
	h.Seq, h.Ack = binary.BigEndian.Uint32(t[4:]), binary.BigEndian.Uint32(t[8:])
	h.Flags, h.Window = Flags(t[13]), binary.BigEndian.Uint16(t[14:])
	h.PayloadAt, h.Payload = h.Transport+uint16(n), len(t)-n
	switch {
	case h.Flags&FlagRST != 0:
		h.Kind = KindRST
	case h.Flags&(FlagSYN|FlagACK) == FlagSYN|FlagACK:
		h.Kind = KindSYNACK
	case h.Flags&FlagSYN != 0:
		h.Kind = KindSYN
	case h.Payload > 0:
		h.Kind = KindData
	case h.Flags&FlagFIN != 0:
		h.Kind = KindFIN
	default:
		h.Kind = KindACK
	}
}
