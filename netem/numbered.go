package netem

import (
	"encoding/binary"
	"hash/crc32"
)

// Numbered is the header of a numbered datagram: what programs that build reliability by hand over UDP put before their
// messages (lab/app). The path reads it as it reads TCP's, so that such a program's retransmissions are told from its new
// data, and meet the draws of retransmissions:
//
//	0   4 bytes  "RLnd"
//	4   1 byte   what it is: a Sort
//	5   1 byte   why it is sent: a Why
//	6   2 bytes  0
//	8   4 bytes  the number of the data, from 1; of an ACK the number that it acknowledges; big-endian
//	12  4 bytes  CRC-32 (IEEE 802.3, as in Ethernet and zip) of the datagram's payload with these four bytes 0, big-endian
//	16  …        the message, of data alone
//
// In the headers of the record Seq is the number (of an ACK Ack), Payload the message, and Flags are those that TCP would
// have: PSH of data, ACK, FIN of the end, FIN and ACK of its ACK.
type Numbered struct {
	Sort   Sort
	Why    Why
	Number uint32
}

// NumberedSize is the length of the header, in bytes.
const NumberedSize = 16

// A Sort says what a numbered datagram is.
type Sort uint8

// The sorts.
const (
	SortData Sort = 1 + iota
	SortACK
	SortEnd    // all data has been acknowledged; its number is the one behind the last
	SortEndACK // the end has been heard
)

// Why a numbered datagram is sent.
type Why uint8

// The reasons, and the words of the record for them.
const (
	WhyNew     Why = iota
	WhyTimeout     // nothing was heard of it in time
	WhyGoBack      // it follows one of which nothing was heard in time
)

var whyNames = [...]string{"new", "timeout", "go back"}

var sortFlags = [...]Flags{0, FlagPSH, FlagACK, FlagFIN, FlagFIN | FlagACK}

const numberedMagic = "RLnd"

// Put writes the header over the first NumberedSize bytes of b, a whole datagram, whose message must be in place: the CRC
// covers it.
func (n Numbered) Put(b []byte) {
	copy(b, numberedMagic)
	b[4], b[5], b[6], b[7] = byte(n.Sort), byte(n.Why), 0, 0
	binary.BigEndian.PutUint32(b[8:], n.Number)
	binary.BigEndian.PutUint32(b[12:], 0)
	binary.BigEndian.PutUint32(b[12:], crc32.ChecksumIEEE(b))
}

// ReadNumbered reads the header of a datagram. ok is false where b is no numbered datagram; whether it is damaged is for
// Undamaged to say.
func ReadNumbered(b []byte) (n Numbered, ok bool) {
	if len(b) < NumberedSize || string(b[:4]) != numberedMagic {
		return n, false
	}
	n = Numbered{Sort(b[4]), Why(b[5]), binary.BigEndian.Uint32(b[8:])}
	return n, n.Sort >= SortData && n.Sort <= SortEndACK && n.Why <= WhyGoBack && b[6] == 0 && b[7] == 0
}

// Undamaged tells whether the CRC of a numbered datagram is right.
func Undamaged(b []byte) bool {
	var zero [4]byte
	sum := crc32.ChecksumIEEE(b[:12])
	sum = crc32.Update(sum, crc32.IEEETable, zero[:])
	sum = crc32.Update(sum, crc32.IEEETable, b[NumberedSize:])
	return sum == binary.BigEndian.Uint32(b[12:])
}

// Numbered tells whether the packet is a numbered datagram.
func (h *Header) Numbered() bool { return h.Protocol == UDP && h.Flags != 0 }

// readNumbered reads the header of a numbered datagram, of which t is the UDP header and what follows it.
func (h *Header) readNumbered(t []byte) {
	n, ok := ReadNumbered(t[8:])
	if !ok || h.Payload < NumberedSize {
		return
	}
	h.Flags = sortFlags[n.Sort]
	h.PayloadAt, h.Payload = h.PayloadAt+NumberedSize, h.Payload-NumberedSize
	switch n.Sort {
	case SortData:
		h.Seq = n.Number
	case SortEnd:
		h.Seq, h.Kind = n.Number, KindFIN
	default:
		h.Ack, h.Kind = n.Number, KindACK
	}
}

// noteNumbered makes numbered data whose number is not above all before it of its flow a retransmission, and lets the packet
// say why it is sent.
func (s *sequences) noteNumbered(p *Packet) {
	h := &p.Header
	if h.Fragment {
		return
	}
	n, _ := ReadNumbered(p.Data[h.PayloadAt-NumberedSize:])
	if n.Why != WhyNew {
		p.Reason = whyNames[n.Why]
	}
	if h.Kind != KindData {
		return
	}
	q, _ := s.flow(h, p.Data)
	if h.Seq <= q.high {
		h.Kind = KindRetransmission
	}
	q.high = max(q.high, h.Seq)
}
