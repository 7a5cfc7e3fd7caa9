package netem

import "encoding/binary"

// Entry is where packets enter a path: it reads each packet's header, tells new data from retransmissions, and gives
// each packet its dice. It must be the first stage of a direction.
//
// Pairing: dice are counted by class, so that the k-th new data packet of a direction meets the same draws whatever
// else travels there. The classes are first transmissions of data, retransmissions, and everything else.
type Entry struct{}

// A Class of packets is counted, and throws dice, by itself.
type Class uint8

// The classes of packets. A stage that keeps a chain of states from packet to packet (Burst) keeps one for each class,
// so that retransmissions and ACKs do not shift what happens to the data.
const (
	ClassData           Class = iota // first transmission of data
	ClassRetransmission              // data sent again
	ClassOther                       // SYN, ACK, FIN, RST, ICMP …
	Classes                          // how many there are
)

// Class returns the packet's class.
func (h *Header) Class() Class {
	switch h.Kind {
	case KindData:
		return ClassData
	case KindRetransmission:
		return ClassRetransmission
	}
	return ClassOther
}

// Attach implements Stage.
func (Entry) Attach(_ Env, next Port) Port {
	var count [Classes]uint64
	sent := map[flowKey]uint32{} // the highest sequence number sent so far, by flow
	return func(p *Packet) {
		p.Header = ReadHeader(p.Data)
		if h := &p.Header; h.Protocol == TCP && !h.Fragment {
			end := h.Seq + uint32(h.Payload)
			if h.Flags&(FlagSYN|FlagFIN) != 0 {
				end++
			}
			k := flowKey{h.Flow, h.SrcPort, h.DstPort}
			high, known := sent[k]
			if !known || h.Flags&FlagSYN != 0 || int32(end-high) > 0 {
				sent[k] = end
			}
			if h.Kind == KindData && known && int32(h.Seq-high) < 0 {
				h.Kind = KindRetransmission
			}
		}
		c := p.Header.Class()
		count[c]++
		p.Dice = mix(uint64(c)<<56 | count[c])
		next(p)
	}
}

type flowKey struct {
	flow     uint64
	src, dst uint16
}

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

// The kinds of packets. A TCP segment with payload is data, whatever its flags; a UDP datagram is data.
const (
	KindOther Kind = iota
	KindSYN
	KindSYNACK
	KindData
	KindRetransmission // TCP payload that begins below what was sent before
	KindACK
	KindFIN
	KindRST
	KindICMP
)

var kindNames = [...]string{"other", "syn", "syn-ack", "data", "retransmission", "ack", "fin", "rst", "icmp"}

// String returns the kind's name in scenario files and result files.
func (k Kind) String() string { return kindNames[k] }

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
	Flags            Flags  // TCP only
	Fragment         bool   // not the first fragment of a datagram: it has no transport header
	Transport        int    // where the transport header begins in Data
	Payload          int    // bytes of payload behind the transport header
	SrcPort, DstPort uint16 // TCP and UDP
	Seq, Ack         uint32 // TCP
	Window           uint16 // TCP, unscaled
	Flow             uint64 // a hash of both addresses
}

// ReadHeader reads an IP packet's headers. It never fails: what cannot be read stays zero and the Kind is KindOther.
func ReadHeader(b []byte) Header {
	var h Header
	switch {
	case len(b) >= 20 && b[0]>>4 == 4:
		h.Version = 4
		h.Protocol = Protocol(b[9])
		h.Transport = int(b[0]&15) * 4
		h.Fragment = binary.BigEndian.Uint16(b[6:])&0x1fff != 0
		h.Flow = mix(binary.BigEndian.Uint64(b[12:]))
	case len(b) >= 40 && b[0]>>4 == 6:
		h.Version = 6
		h.Protocol = Protocol(b[6])
		h.Transport = 40
		if h.Protocol == 44 && len(b) >= 48 { // fragment header, RFC 8200 section 4.5
			h.Protocol = Protocol(b[40])
			h.Transport = 48
			h.Fragment = binary.BigEndian.Uint16(b[42:])&^7 != 0
		}
		for i := 8; i < 40; i += 8 {
			h.Flow = mix(h.Flow ^ binary.BigEndian.Uint64(b[i:]))
		}
	default:
		return h
	}
	if h.Transport > len(b) {
		h.Transport = len(b)
	}
	t := b[h.Transport:]
	if h.Fragment {
		h.Kind, h.Payload = KindData, len(t)
		return h
	}
	switch {
	case h.Protocol == UDP && len(t) >= 8:
		h.SrcPort, h.DstPort = binary.BigEndian.Uint16(t), binary.BigEndian.Uint16(t[2:])
		h.Kind, h.Payload = KindData, len(t)-8
	case h.Protocol == TCP && len(t) >= 20:
		h.readTCP(t)
	case h.Protocol == ICMP || h.Protocol == ICMPv6:
		h.Kind = KindICMP
	}
	return h
}

func (h *Header) readTCP(t []byte) {
	h.SrcPort, h.DstPort = binary.BigEndian.Uint16(t), binary.BigEndian.Uint16(t[2:])
	h.Seq, h.Ack = binary.BigEndian.Uint32(t[4:]), binary.BigEndian.Uint32(t[8:])
	h.Flags, h.Window = Flags(t[13]), binary.BigEndian.Uint16(t[14:])
	h.Payload = max(0, len(t)-int(t[12]>>4)*4)
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
