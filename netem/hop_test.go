package netem

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"testing"
)

var (
	router4 = netip.MustParseAddr("10.0.0.254")
	router6 = netip.MustParseAddr("fd00::fe")
)

// replies returns a world with a hop, and what its router sends.
func replies(h Hop) (*world, *[][]byte) {
	w := new(world)
	var sent [][]byte
	w.env = Env{
		Clock: w,
		Drop:  func(p *Packet, c Cause) { w.dead = append(w.dead, event{w.now, c, p}) },
		Reply: func(_ *Packet, b []byte, _ string) { sent = append(sent, bytes.Clone(b)) },
	}
	w.port = Pipe{{"entry", Entry{}}, {"hop", h}}.Attach(w.env, func(p *Packet) { w.out = append(w.out, event{w.now, "", p}) })
	return w, &sent
}

// A packet of exactly the MTU passes, one byte more does not, and its sender is told.
func TestHopTellsTheSender(t *testing.T) {
	w, sent := replies(Hop{MTU: 1400, IPv4: router4})
	w.put(udp(1400 - 28))
	long := w.put(udp(1400 - 27))
	if len(w.out) != 1 || len(w.dead) != 1 || w.dead[0].Packet != long || w.dead[0].cause != CauseTooBig || len(*sent) != 1 {
		t.Fatalf("%d passed, died %v, %d messages", len(w.out), w.dead, len(*sent))
	}
	m := (*sent)[0]
	// RFC 1191 section 4: type 3, code 4, checksum, 16 bits unused, the MTU (1400 is 0x578), then the datagram; 576 bytes in all.
	want, _ := hex.DecodeString("45c00240" + "00000000" + "4001" + hex.EncodeToString(m[10:12]) + "0a0000fe" + "0a000001" +
		"0304" + hex.EncodeToString(m[22:24]) + "00000578")
	if want = append(want, long.Data[:548]...); !bytes.Equal(m, want) {
		t.Errorf("the message is\n%x, want\n%x", m, want)
	}
	if sum16(m[:20], 0) != 0xffff || sum16(m[20:], 0) != 0xffff {
		t.Error("its checksums are wrong")
	}
}

func TestHopTellsTheSenderIPv6(t *testing.T) {
	w, sent := replies(Hop{MTU: 1280, IPv6: router6})
	long := w.put(ipv6(UDP, udp(1261 - 8)[20:]))
	if len(w.out) != 0 || len(*sent) != 1 {
		t.Fatalf("%d passed, %d messages", len(w.out), len(*sent))
	}
	m := (*sent)[0]
	// RFC 4443 section 3.2: type 2, code 0, checksum, MTU (1280 is 0x500), then the packet, 1280 bytes in all: 1240 of payload are 0x4d8.
	want, _ := hex.DecodeString("60000000" + "04d8" + "3a40" + "fd0000000000000000000000000000fe" + "fd000000000000000000000000000001" +
		"0200" + hex.EncodeToString(m[42:44]) + "00000500")
	if want = append(want, long.Data[:1232]...); !bytes.Equal(m, want) {
		t.Errorf("the message is\n%x, want\n%x", m, want)
	}
	if sum16(m[40:], uint32(sum16(m[8:40], 0))+1240+58) != 0xffff {
		t.Error("its checksum is wrong")
	}
}

// Of what nobody may be told, nobody is; it dies all the same.
func TestHopKeepsSilent(t *testing.T) {
	fragment := udp(1500)
	binary.BigEndian.PutUint16(fragment[6:], 185)
	echo := ipv4(ICMP, make([]byte, 1500))
	echo[20] = 8
	about := func(b []byte, h Hop) (messages int) {
		w, sent := replies(h)
		w.put(b)
		if len(w.dead) != 1 || len(w.out) != 0 {
			t.Errorf("%x… did not die", b[:24])
		}
		return len(*sent)
	}
	hop := Hop{MTU: 1400, IPv4: router4}
	for name, c := range map[string]struct {
		packet []byte
		hop    Hop
		want   int
	}{
		"a datagram":                           {udp(1500), hop, 1},
		"a segment":                            {tcp(FlagACK, 1, 1500), hop, 1},
		"an echo request":                      {echo, hop, 1},
		"an error":                             {ipv4(ICMP, append([]byte{3}, make([]byte, 1499)...)), hop, 0},
		"an error of ICMPv6":                   {ipv6(ICMPv6, append([]byte{2}, make([]byte, 1499)...)), Hop{MTU: 1400, IPv6: router6}, 0},
		"a later fragment":                     {fragment, hop, 0},
		"a silent router":                      {udp(1500), Hop{MTU: 1400, IPv4: router4, Silent: true}, 0},
		"no address of its family":             {udp(1500), Hop{MTU: 1400, IPv6: router6}, 0},
		"no IP packet":                         {make([]byte, 1500), hop, 0},
		"the first of an ICMP that is cut off": {ipv4(ICMP, nil)[:20:20], Hop{MTU: 10, IPv4: router4}, 0},
	} {
		if got := about(c.packet, c.hop); got != c.want {
			t.Errorf("%s: %d messages, want %d", name, got, c.want)
		}
	}
}

// A reply is the packet's own: it shifts nobody's dice.
func TestReplyHasDiceOfItsOwn(t *testing.T) {
	var pool Pool
	p := pool.Get(28)
	copy(p.Data, udp(0))
	p.Dice = 7
	a, b := pool.Reply(p, udp(3), "told"), pool.Reply(p, udp(3), "told")
	if a.Of != p.ID || a.ID == p.ID || a.Dice == b.Dice || a.Dice == p.Dice || !a.Sound || a.Reason != "told" || a.Header.Payload != 3 || !bytes.Equal(a.Data, udp(3)) {
		t.Errorf("%+v\n%+v", a, b)
	}
}
