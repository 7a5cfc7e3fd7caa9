package netem

import (
	"encoding/binary"
	"fmt"
	"testing"
)

// TestEntry follows flows through an Entry: what each packet is, and its number in its class.
func TestEntry(t *testing.T) {
	const ack = FlagACK
	port := func(b []byte, src uint16) []byte {
		binary.BigEndian.PutUint16(b[20:], src)
		return b
	}
	for _, c := range []struct {
		name string
		in   [][]byte
		want string
	}{
		{"a connection", [][]byte{
			tcp(FlagSYN, 99, 0), tcp(ack, 100, 0), tcp(ack, 100, 10), tcp(ack, 110, 10), tcp(ack, 100, 10), tcp(ack|FlagFIN, 120, 0),
		}, "syn 1, ack 2, data 1, data 2, retransmission 1, fin 3"},
		{"the first byte behind the SYN is new", [][]byte{tcp(FlagSYN, 99, 0), tcp(ack, 100, 1)}, "syn 1, data 1"},
		{"SYN with data sent again without SYN", [][]byte{tcp(FlagSYN, 99, 10), tcp(ack, 100, 10), tcp(ack, 110, 10)}, "syn 1, retransmission 1, data 1"},
		{"wrap", [][]byte{
			tcp(FlagSYN, 0xfffffff0, 0), tcp(ack, 0xfffffff1, 20), tcp(ack, 5, 10), tcp(ack, 0xfffffff1, 20), tcp(ack, 15, 10),
		}, "syn 1, data 1, data 2, retransmission 1, data 3"},
		{"partly new is sent again", [][]byte{tcp(ack, 100, 10), tcp(ack, 105, 10), tcp(ack, 110, 5), tcp(ack, 115, 1)}, "data 1, retransmission 1, retransmission 2, data 2"},
		{"FIN takes a number", [][]byte{tcp(ack|FlagFIN, 100, 10), tcp(ack|FlagFIN, 100, 10), tcp(ack|FlagFIN, 110, 0), tcp(ack, 110, 1)}, "data 1, retransmission 1, fin 1, retransmission 2"},
		{"SYN again changes nothing", [][]byte{tcp(FlagSYN, 99, 0), tcp(ack, 100, 10), tcp(FlagSYN, 99, 0), tcp(ack, 100, 10)}, "syn 1, data 1, syn 2, retransmission 1"},
		{"ports used again", [][]byte{tcp(FlagSYN, 1000, 0), tcp(ack, 1001, 10), tcp(FlagSYN, 99, 0), tcp(ack, 100, 10), tcp(ack, 100, 10)}, "syn 1, data 1, syn 2, data 2, retransmission 1"},
		{"RST from afar", [][]byte{tcp(ack, 100, 10), tcp(FlagRST, 100000, 0), tcp(FlagRST, 200000, 5), tcp(ack, 110, 10)}, "data 1, rst 1, rst 2, data 2"},
		{"SYN-ACK", [][]byte{tcp(FlagSYN|ack, 5, 0)}, "syn-ack 1"},
		{"flows are apart", [][]byte{
			port(tcp(ack, 100, 10), 1), port(tcp(ack, 50, 10), 2), port(tcp(ack, 100, 10), 1), port(tcp(ack, 60, 10), 2),
		}, "data 1, data 2, retransmission 1, data 3"},
		{"datagrams are new", [][]byte{udp(5), udp(5), udp(0)}, "data 1, data 2, data 3"},
		{"other", [][]byte{nil, {1, 2}, ipv4(ICMP, make([]byte, 8)), ipv4(TCP, make([]byte, 20)), ipv4(99, nil)}, "other 1, other 2, icmp 3, other 4, other 5"},
	} {
		w := newWorld(1)
		for _, b := range c.in {
			w.put(b)
		}
		got := ""
		for i, e := range w.out {
			if i > 0 {
				got += ", "
			}
			got += fmt.Sprintf("%v %d", e.Header.Kind, e.Number)
		}
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestReadHeader(t *testing.T) {
	long := udp(100)
	frag := func(off uint16) []byte {
		b := udp(24)
		binary.BigEndian.PutUint16(b[6:], off)
		return b
	}
	options := ipv4(UDP, append(make([]byte, 4), udp(3)[20:]...))
	options[0] = 0x46
	datagram := udp(3)[20:]
	chain := func(first byte, headers ...byte) []byte {
		b := ipv6(Protocol(first), append(headers, datagram...))
		return b
	}
	for _, c := range []struct {
		name              string
		b                 []byte
		version           uint8
		proto             Protocol
		kind              Kind
		transport, at, n  int
		fragment, hasPort bool
	}{
		{"IPv4 UDP", long, 4, UDP, KindData, 20, 28, 100, false, true},
		{"IPv4 with options", options, 4, UDP, KindData, 24, 32, 3, false, true},
		{"padding behind the packet", append(udp(3), 9, 9, 9), 4, UDP, KindData, 20, 28, 3, false, true},
		{"padding behind the datagram", ipv4(UDP, append(udp(3)[20:], 9, 9)), 4, UDP, KindData, 20, 28, 3, false, true},
		{"padding behind an empty datagram", ipv4(UDP, append(udp(0)[20:], 9, 9)), 4, UDP, KindData, 20, 28, 0, false, true},
		{"IPv6 padding behind the packet", append(chain(17), 9, 9, 9), 6, UDP, KindData, 40, 48, 3, false, true},
		{"total length beyond the data", udp(100)[:60], 4, UDP, KindData, 20, 28, 32, false, true},
		{"first fragment", frag(0x2000), 4, UDP, KindData, 20, 28, 24, false, true},
		{"later fragment", frag(3), 4, UDP, KindData, 20, 20, 32, true, false},
		{"TCP", tcp(FlagACK, 1, 7), 4, TCP, KindData, 20, 40, 7, false, true},
		{"TCP cut", tcp(FlagACK, 1, 7)[:39], 4, TCP, KindOther, 20, 20, 0, false, false},
		{"header length below 20", append([]byte{0x44}, long[1:]...), 0, 0, KindOther, 0, 0, 0, false, false},
		{"IPv6 UDP", chain(17), 6, UDP, KindData, 40, 48, 3, false, true},
		{"IPv6 hop by hop and destination options", chain(0, 60, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0), 6, UDP, KindData, 56, 64, 3, false, true},
		{"IPv6 first fragment", chain(44, 17, 0, 0, 1, 0, 0, 0, 9), 6, UDP, KindData, 48, 56, 3, false, true},
		{"IPv6 later fragment", chain(44, 17, 0, 0, 9, 0, 0, 0, 9), 6, UDP, KindData, 48, 48, 11, true, false},
		{"IPv6 fragment of ICMP", chain(44, 58, 0, 0, 9, 0, 0, 0, 9), 6, ICMPv6, KindICMP, 48, 48, 0, true, false},
		{"IPv6 header that runs out", chain(0, 17, 200, 0, 0, 0, 0, 0, 0), 6, UDP, KindOther, 59, 59, 0, false, false},
		{"IPv6 ICMP", ipv6(ICMPv6, make([]byte, 8)), 6, ICMPv6, KindICMP, 40, 40, 0, false, false},
	} {
		h := ReadHeader(c.b)
		if h.Version != c.version || h.Protocol != c.proto || h.Kind != c.kind || h.Fragment != c.fragment {
			t.Errorf("%s: version %d protocol %d kind %v fragment %v, want %d %d %v %v", c.name, h.Version, h.Protocol, h.Kind, h.Fragment, c.version, c.proto, c.kind, c.fragment)
		}
		if int(h.Transport) != c.transport || int(h.PayloadAt) != c.at || h.Payload != c.n {
			t.Errorf("%s: transport at %d, payload at %d of %d bytes, want %d, %d, %d", c.name, h.Transport, h.PayloadAt, h.Payload, c.transport, c.at, c.n)
		}
		if got := h.SrcPort == 5000 && h.DstPort == 6000; got != c.hasPort {
			t.Errorf("%s: ports %d and %d", c.name, h.SrcPort, h.DstPort)
		}
	}
	h := ReadHeader(tcp(FlagACK|FlagPSH, 0x01020304, 7))
	if h.Seq != 0x01020304 || h.Ack != 77 || h.Window != 1000 || h.Flags != FlagACK|FlagPSH {
		t.Errorf("TCP header: seq %#x ack %d window %d flags %#x", h.Seq, h.Ack, h.Window, h.Flags)
	}
	back := udp(0)
	copy(back[12:], []byte{10, 0, 0, 2, 10, 0, 0, 1})
	flow := func(b []byte) uint64 { h := ReadHeader(b); return h.flow(b) }
	if flow(back) == flow(udp(0)) || flow(udp(0)) != flow(udp(9)) {
		t.Error("flow does not tell address pairs apart")
	}
}

func TestParseKind(t *testing.T) {
	for _, name := range []string{"syn", "syn-ack", "data", "retransmission", "ack", "fin", "rst", "icmp"} {
		if k, err := ParseKind(name); err != nil || k.String() != name {
			t.Errorf("ParseKind(%q) is %v, %v", name, k, err)
		}
	}
	if k, err := ParseKind("any"); err != nil || k != KindOther {
		t.Errorf(`ParseKind("any") is %v, %v`, k, err)
	}
	for _, name := range []string{"", "other", "SYN"} {
		if _, err := ParseKind(name); err == nil {
			t.Errorf("ParseKind(%q) is no error", name)
		}
	}
}

// FuzzReadHeader: whatever the bytes are, what is said of them lies inside them, and the stages that rely on it do not panic.
func FuzzReadHeader(f *testing.F) {
	for _, b := range [][]byte{nil, udp(3), tcp(FlagACK|FlagFIN, 1, 5), tcp(FlagSYN, 1, 0), ipv6(UDP, udp(2)[20:]),
		ipv6(44, append([]byte{17, 0, 0, 9, 0, 0, 0, 1}, udp(2)[20:]...)), ipv4(ICMP, make([]byte, 8))} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h := ReadHeader(b)
		if h.PayloadAt < h.Transport || h.Payload < 0 || int(h.PayloadAt)+h.Payload > len(b) {
			t.Fatalf("transport at %d, payload at %d of %d bytes, in %d bytes", h.Transport, h.PayloadAt, h.Payload, len(b))
		}
		_ = h.Kind.String()
		w := newWorld(1, Corrupt{Probability: 1, FixChecksum: true}, Corrupt{Probability: 1}, Burst{P: .5, R: .5, Bad: .1},
			Script{[]Rule{{Match{Kind: KindFIN}, Do{Duplicate: true}}}})
		w.put(append([]byte(nil), b...))
		w.put(append([]byte(nil), b...))
		if w.in+w.copies != len(w.out)+len(w.dead) {
			t.Fatalf("%d in, %d copies, %d out, %d dead", w.in, w.copies, len(w.out), len(w.dead))
		}
	})
}
