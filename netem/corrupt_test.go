package netem

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"testing"
)

// difference returns the number of bits in which a and b differ, and the last byte where they do.
func difference(a, b []byte) (n, at int) {
	for i := range a {
		if a[i] != b[i] {
			n += bits.OnesCount8(a[i] ^ b[i])
			at = i
		}
	}
	return n, at
}

func TestCorrupt(t *testing.T) {
	const n, p = 50000, 0.1
	whole := tcp(FlagACK, 1, 10)
	w := newWorld(2, Corrupt{Probability: p})
	hits := 0
	var bytesHit [50]int
	for range n {
		got := w.put(bytes.Clone(whole))
		flipped, at := difference(whole, got.Data)
		switch {
		case flipped == 0:
			if !got.Sound || got.Harm != "" {
				t.Fatalf("an untouched packet is sound %v, harm %q", got.Sound, got.Harm)
			}
			continue
		case flipped != 1 || got.Sound || got.Harm != CauseCorrupt:
			t.Fatalf("%d bits flipped, sound %v, harm %q", flipped, got.Sound, got.Harm)
		}
		header, transport := sum16(got.Data[:20], 0) == 0xffff, transportSum(got.Data) == 0xffff
		pseudo := at == 9 || at >= 12 && at < 20 // the parts of the IPv4 header that the transport checksum covers too
		if header == (at < 20) || transport == (at >= 20 || pseudo) {
			t.Fatalf("byte %d flipped: header sum right %v, transport sum right %v", at, header, transport)
		}
		hits++
		bytesHit[at]++
	}
	checkRatio(t, "corrupted", hits, n, p)
	for at, k := range bytesHit {
		checkRatio(t, "place", k, hits, 1.0/50)
		if k == 0 {
			t.Errorf("byte %d was never hit", at)
		}
	}
}

// TestCorruptMended: one bit of payload differs and the checksum is that of the packet as it is now, computed the plain way.
func TestCorruptMended(t *testing.T) {
	for name, whole := range map[string][]byte{
		"TCP": tcp(FlagACK|FlagPSH, 9, 11), "UDP": udp(11), "a byte": udp(1), "odd": udp(7), "even": tcp(FlagACK, 5, 8),
	} {
		at := 36
		if Protocol(whole[9]) == UDP {
			at = 26
		}
		w := newWorld(2, Corrupt{Probability: 1, FixChecksum: true})
		for range 500 {
			got := w.put(bytes.Clone(whole))
			if got.Harm != CauseMended || !got.Sound || transportSum(got.Data) != 0xffff {
				t.Fatalf("%s: harm %q, sound %v, sum %#x", name, got.Harm, got.Sound, transportSum(got.Data))
			}
			fresh := bytes.Clone(got.Data)
			binary.BigEndian.PutUint16(fresh[at:], 0)
			want := ^transportSum(fresh)
			if want == 0 && at == 26 {
				want = 0xffff // RFC 768
			}
			if sum := binary.BigEndian.Uint16(got.Data[at:]); sum != want {
				t.Fatalf("%s: the checksum is %#x, computed anew %#x", name, sum, want)
			}
			copy(got.Data[at:at+2], whole[at:])
			if n, place := difference(whole, got.Data); n != 1 || place < len(whole)-ReadHeader(whole).Payload {
				t.Fatalf("%s: %d bits differ, at byte %d", name, n, place)
			}
		}
	}
}

// TestCorruptMendedToZero: where a datagram's new checksum would be 0, which means none, it is sent as 0xffff (RFC 768).
func TestCorruptMendedToZero(t *testing.T) {
	for bit := range 16 {
		b := udp(2)
		b[26], b[27], b[28], b[29] = 0, 0, 0, 0
		binary.BigEndian.PutUint16(b[28:], ^transportSum(b)) // now all sums to 0xffff, and the checksum is 0
		b[28+bit/8] ^= 1 << (bit % 8)
		binary.BigEndian.PutUint16(b[26:], ^transportSum(b))
		p := &Packet{Data: b, Header: ReadHeader(b)}
		damageMended(p, uint64(bit)<<60)
		if sum := binary.BigEndian.Uint16(b[26:]); sum != 0xffff || transportSum(b) != 0xffff {
			t.Errorf("bit %d: checksum %#x, sum %#x", bit, sum, transportSum(b))
		}
	}
}

// TestMend takes all changes of one bit in words around the ends of the range: the sum of a message of three words.
func TestMend(t *testing.T) {
	for _, other := range []uint16{1, 2, 0x8000, 0x7fff, 0xfffe, 0xffff} {
		for _, was := range []uint16{0, 1, 0x8000, 0x7fff, 0xfffe, 0xffff, 0x1234} {
			for bit := range 16 {
				now := was ^ 1<<bit
				sum := func(w uint16) uint16 {
					return ^sum16([]byte{byte(other >> 8), byte(other), byte(w >> 8), byte(w)}, 0)
				}
				if got := mend(sum(was), was, now); got != sum(now) {
					t.Errorf("%#x beside %#x becomes %#x: checksum %#x, want %#x", was, other, now, got, sum(now))
				}
			}
		}
	}
}

func TestCorruptLeavesAlone(t *testing.T) {
	fragment := udp(24)
	fragment[7] = 1
	free := udp(24)
	free[26], free[27] = 0, 0
	for name, b := range map[string][]byte{
		"no payload": tcp(FlagACK, 1, 0), "empty datagram": udp(0), "fragment": fragment, "ICMP": ipv4(ICMP, make([]byte, 8)), "garbage": {1, 2, 3}, "nothing": {},
	} {
		w := newWorld(2, Corrupt{Probability: 1, FixChecksum: true})
		if got := w.put(bytes.Clone(b)); !bytes.Equal(got.Data, b) || got.Harm != "" || !got.Sound {
			t.Errorf("%s: harm %q, sound %v, bytes changed %v", name, got.Harm, got.Sound, !bytes.Equal(got.Data, b))
		}
	}
	w := newWorld(2, Corrupt{Probability: 1, FixChecksum: true})
	got := w.put(bytes.Clone(free))
	if n, at := difference(free, got.Data); n != 1 || at < 28 || got.Harm != CauseMended {
		t.Errorf("UDP without checksum: %d bits differ at %d, harm %q", n, at, got.Harm)
	}
	w = newWorld(2, Corrupt{Probability: 1})
	if got := w.put(nil); got.Harm != "" {
		t.Errorf("an empty packet has harm %q", got.Harm)
	}
	w = newWorld(2, Corrupt{Probability: 1}, Corrupt{Probability: 1, FixChecksum: true})
	if got := w.put(udp(100)); got.Harm != CauseCorrupt || got.Sound {
		t.Errorf("damaged twice: harm %q, sound %v", got.Harm, got.Sound)
	}
}

// TestSeal: a packet that is damaged, and one that is copied and then damaged, gets its checksum first, and once; one that
// is left alone keeps it outstanding.
func TestSeal(t *testing.T) {
	for _, c := range []struct {
		stage Stage
		sums  int  // a packet
		plain bool // one bit is all that differs then
	}{{Corrupt{Probability: 1}, 1, true}, {Corrupt{Probability: 1, FixChecksum: true}, 1, false}, {Pipe{}, 0, false}} {
		sums := 0
		right := udp(100)
		var pool Pool
		p := pool.Get(len(right))
		copy(p.Data, right)
		p.Header, p.Sound = ReadHeader(p.Data), true
		p.Data[26], p.Data[27] = 0, 0
		p.Unsealed(func(p *Packet) { sums++; copy(p.Data[26:28], right[26:28]) })
		var out []*Packet
		port := c.stage.Attach(Env{Rand: NewStream(1)}, func(p *Packet) { out = append(out, p) })
		port(pool.Copy(p))
		port(p)
		if sums != 2*c.sums {
			t.Errorf("%+v: %d checksums of two packets", c.stage, sums)
		}
		for _, p := range out {
			if n, _ := difference(right, p.Data); c.plain && n != 1 {
				t.Errorf("%+v: %d bits differ from the packet with its checksum, want 1", c.stage, n)
			}
			if p.Harm == CauseMended && transportSum(p.Data) != 0xffff {
				t.Errorf("%+v: the checksum is wrong", c.stage)
			}
			p.Seal()
			p.Seal()
		}
		if sums != 2 {
			t.Errorf("%+v: %d checksums of two packets in the end", c.stage, sums)
		}
	}
	var pool Pool
	p := pool.Get(20)
	p.Unsealed(func(*Packet) { t.Error("a packet's checksum was made after it went back to the pool") })
	pool.Put(p)
	pool.Get(20).Seal()
}
