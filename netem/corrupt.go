package netem

import "encoding/binary"

// Corrupt flips one random bit of chosen packets, in place.
//
// Without FixChecksum the bit is anywhere in the IP packet (netem's may also be in the Ethernet header, which does not
// exist here). The receiver's checksum of IPv4, TCP or UDP catches it, and the packet becomes a loss one layer higher; only
// what no checksum covers goes unseen: in IPv6 the traffic class, flow label and hop limit, and the payload of UDP sent
// without a checksum.
//
// With FixChecksum the bit is in the payload of TCP or UDP and the transport checksum is made right for it, so that nobody
// below the program can see the damage. A packet without payload, or without a checksum that could be mended (a fragment
// behind the first), is left alone.
type Corrupt struct {
	Probability, Correlation Probability // for Correlation see correlation.go; the bit is every packet's own
	FixChecksum              bool
}

// corruptWhere is the draw that says where a packet is damaged; the first says whether.
const corruptWhere = 1

// Attach implements Stage.
func (c Corrupt) Attach(env Env, next Port) Port {
	hit := chosen(env.Rand, c.Probability, c.Correlation)
	return func(p *Packet) {
		if hit(p) {
			where := env.Rand.Draw(p, corruptWhere)
			if c.FixChecksum {
				damageMended(p, where)
			} else {
				damage(p, where, CauseCorrupt)
			}
		}
		next(p)
	}
}

// damage flips the bit of p's Data that a draw chooses.
func damage(p *Packet, draw uint64, cause Cause) {
	damageAt(p, 1+int(Below(draw, uint64(len(p.Data))*8)), cause)
}

// damageAt flips a bit of p's Data by its number from 1, modulo how many there are.
func damageAt(p *Packet, bit int, cause Cause) {
	if len(p.Data) == 0 {
		return
	}
	p.Seal()
	at := (bit - 1) % (8 * len(p.Data))
	p.Data[at/8] ^= 1 << (at % 8)
	p.Sound = false
	p.Harm = cause
}

// damageMended flips the bit of p's payload that a draw chooses and mends the transport checksum: p is as sound as it was.
// A packet that was already damaged keeps that cause, since its receiver will see it.
func damageMended(p *Packet, draw uint64) {
	if n := p.mendable(); n > 0 {
		flipMended(p, int(Below(draw, uint64(n)*8)), CauseMended)
	}
}

// damageMendedAt is damageMended with the bit's number in the whole packet, from 1; one that is not in the payload counts on from
// the payload's first.
func damageMendedAt(p *Packet, bit int, cause Cause) {
	if n := 8 * p.mendable(); n > 0 {
		flipMended(p, ((bit-1-8*int(p.Header.PayloadAt))%n+n)%n, cause)
	}
}

// mendable is how many bytes of payload p has under a transport checksum that can be mended.
func (p *Packet) mendable() int {
	h := &p.Header
	if h.Fragment || h.Protocol != TCP && h.Protocol != UDP {
		return 0
	}
	return h.Payload
}

// flipMended flips a bit of a mendable packet's payload, from 0.
func flipMended(p *Packet, at int, cause Cause) {
	h := &p.Header
	sum := p.Data[h.Transport+6:] // the checksum's place
	if h.Protocol == TCP {
		sum = p.Data[h.Transport+16:]
	}
	payload := p.Data[h.PayloadAt:][:h.Payload]
	p.Seal()
	payload[at/8] ^= 1 << (at % 8)
	b := payload[at/8]
	mask := byte(1) << (at % 8)
	now, was := uint16(b), uint16(b^mask)
	if (int(h.PayloadAt-h.Transport)+at/8)%2 == 0 { // the first byte of a 16-bit word
		now, was = now<<8, was<<8
	}
	old := binary.BigEndian.Uint16(sum)
	switch {
	case h.Protocol == TCP:
		binary.BigEndian.PutUint16(sum, mend(old, was, now))
	case old != 0: // in UDP 0 means that there is no checksum, and a sum of 0 is sent as its other form (RFC 768)
		if old = mend(old, was, now); old == 0 {
			old = 0xffff
		}
		binary.BigEndian.PutUint16(sum, old)
	}
	if p.Harm == "" {
		p.Harm = cause
	}
}

// mend returns the checksum after one 16-bit word has changed: HC' = ~(~HC + ~m + m') in one's complement (RFC 1624
// section 3, equation 3). The change is a single bit, so m is not 0xffff with m' 0, and the result is that of summing anew.
func mend(sum, was, now uint16) uint16 {
	s := uint32(^sum) + uint32(^was) + uint32(now)
	s = s&0xffff + s>>16
	s = s&0xffff + s>>16
	return ^uint16(s)
}
