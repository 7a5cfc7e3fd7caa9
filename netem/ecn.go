package netem

import "encoding/binary"

// ECN is the codepoint of Explicit Congestion Notification in an IP header (RFC 3168 section 5).
type ECN uint8

// The codepoints, by their bits.
const (
	NotECT ECN = iota // the sender does not take marks: the packet can only be dropped
	ECT1              // ECN-capable, the codepoint that L4S uses (RFC 9331)
	ECT0              // ECN-capable, as RFC 3168's senders write it
	CE                // congestion experienced: marked on the way
)

var ecnNames = [...]string{"", "ect(1)", "ect(0)", "ce"}

// String returns the codepoint's name, "" for NotECT.
func (e ECN) String() string { return ecnNames[e] }

// Mark tells the receiver of congestion instead of dropping p: where its sender takes marks it makes p's codepoint CE and
// returns true; else it leaves p alone and returns false. A packet marked before counts as marked. why is the cause that p
// would have died of; the ledger shows it (Packet.Marked).
//
// It needs no Seal and leaves p as sound as it was: no transport checksum covers the codepoint, and that of IPv4's header
// is mended. It judges by the bytes, as a router does, even if they were damaged behind Entry.
func Mark(p *Packet, why Cause) bool {
	if len(p.Data) < 20 {
		return false
	}
	shift := 0
	switch p.Header.Version {
	case 4:
	case 6:
		shift = 4 // the traffic class begins in the first byte's low half (RFC 8200 section 3)
	default:
		return false
	}
	switch ECN(p.Data[1] >> shift & 3) {
	case NotECT:
		return false
	case CE:
		return true
	}
	was := binary.BigEndian.Uint16(p.Data)
	p.Data[1] |= byte(CE) << shift // one bit changes, in ECT(0) the low one and in ECT(1) the high one
	if p.Header.Version == 4 {
		sum := p.Data[10:]
		binary.BigEndian.PutUint16(sum, mend(binary.BigEndian.Uint16(sum), was, binary.BigEndian.Uint16(p.Data)))
	}
	p.Header.ECN = CE
	p.Marked = why
	return true
}

// loser returns what a stage does with a packet that it chose to lose: it ends it, or with ecn marks it where its sender
// takes marks and passes it on.
func (e *Env) loser(ecn bool, why Cause, next Port) Port {
	drop := e.Drop
	if !ecn {
		return func(p *Packet) { drop(p, why) }
	}
	return func(p *Packet) {
		if Mark(p, why) {
			next(p)
			return
		}
		drop(p, why)
	}
}
