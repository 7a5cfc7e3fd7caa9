package trace

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
)

// put shows the recorder a new packet of those bytes.
func put(r *Recorder, pool *netem.Pool, d netem.Direction, data []byte) *netem.Packet {
	p := pool.Get(len(data))
	copy(p.Data, data)
	p.Header = netem.ReadHeader(p.Data)
	r.PutOn(d)(p)
	return p
}

// TestLedger follows packets to each of their fates. The pool gives the same packets out again and again: the record
// must not change with them.
func TestLedger(t *testing.T) {
	clock, pool := &stubClock{}, &netem.Pool{}
	spool := newSpool(t)
	r := NewRecorder(clock, Trace{Flow: "file", Bytes: spool})
	pool.Put(pool.Get(1)) // a packet that never meets the path: numbers have gaps

	data := ipv4(netem.UDP, 100, 1, 2)
	lost := put(r, pool, netem.Forward, data) // 2
	clock.now = 5
	r.Drop(lost, netem.CauseQueueFull)
	pool.Put(lost)

	clock.now = 10
	whole := put(r, pool, netem.Forward, data) // 3
	whole.Reason = "changed later"
	clock.now = 11
	twin := pool.Copy(whole) // 4
	r.Copied(whole, twin)
	clock.now = 20
	r.Arrived(twin)
	clock.now = 21
	r.Arrived(whole)
	pool.Put(whole)

	bad := put(r, pool, netem.Forward, data) // 5
	bad.Data[99] ^= 1
	bad.Harm = netem.CauseCorrupt
	clock.now = 22
	badTwin := pool.Copy(bad) // 6
	r.Copied(bad, badTwin)
	clock.now = 30
	r.Arrived(bad)
	r.Discarded(bad, "checksum")
	r.Drop(badTwin, netem.CauseLoss)

	mended := put(r, pool, netem.Reverse, data) // 7
	mended.Harm = netem.CauseMended
	clock.now = 40
	r.Arrived(mended)
	onTheWay := put(r, pool, netem.Reverse, data) // 8
	pool.Put(onTheWay)

	capable := bytes.Clone(data)
	capable[1] = byte(netem.ECT0)
	marked := put(r, pool, netem.Forward, capable) // 9
	if !netem.Mark(marked, netem.CauseLoss) {
		t.Fatal("not marked")
	}
	markedTwin := pool.Copy(marked) // 10
	r.Copied(marked, markedTwin)
	r.Drop(markedTwin, netem.CauseBurst)
	clock.now = 45
	r.Arrived(marked)

	// What was never put on this path is none of ours.
	for _, id := range []uint64{0, 1, 11, 1 << 40} {
		stranger := &netem.Packet{ID: id, Data: data}
		r.Arrived(stranger)
		r.Drop(stranger, "x")
		r.Discarded(stranger, "x")
		r.Copied(stranger, &netem.Packet{ID: 12, Of: id, Data: data})
	}
	clock.now = 50
	tr, err := r.Finish()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"2 of 0 forward udp 1 lost 0s -1ns place 0 cause queue full harm  at 5ns",
		"3 of 0 forward udp 2 arrived 10ns 21ns place 2 cause  harm ",
		"4 of 3 forward udp 2 arrived 11ns 20ns place 1 cause  harm ",
		"5 of 0 forward udp 3 discarded 21ns 30ns place 3 cause checksum harm corrupt",
		"6 of 5 forward udp 3 lost 22ns -1ns place 0 cause loss harm corrupt at 30ns",
		"7 of 0 reverse udp 1 arrived 30ns 40ns place 1 cause corrupt, checksum mended harm corrupt, checksum mended",
		"8 of 0 reverse udp 2  40ns -1ns place 0 cause  harm ",
		"9 of 0 forward udp 4 arrived 40ns 45ns place 4 cause  harm  marked loss ect(0)",
		"10 of 9 forward udp 4 lost 40ns -1ns place 0 cause burst harm  at 40ns marked loss ect(0)",
	}
	for i, p := range tr.Packets {
		got := fmt.Sprintf("%d of %d %v udp %d %v %v %v place %d cause %s harm %s",
			p.ID, p.Of, p.Direction, p.Header.Seq, p.Fate, p.Sent, p.Arrived, p.Place, p.Cause, p.Harm)
		if (p.Fate == Lost) != (p.Lost != Never) {
			t.Errorf("row %d: %v, lost at %v", i, p.Fate, p.Lost)
		}
		if p.Fate == Lost {
			got += fmt.Sprintf(" at %v", p.Lost)
		}
		if p.Marked != "" {
			got += fmt.Sprintf(" marked %s %v", p.Marked, p.Header.ECN)
		}
		if i >= len(want) || got != want[i] {
			t.Errorf("row %d: %s", i, got)
		}
	}
	if len(tr.Packets) != len(want) {
		t.Errorf("%d rows, want %d", len(tr.Packets), len(want))
	}
	if tr.End != 50 || tr.Flow != "file" || tr.Packets[1].Reason != "" {
		t.Errorf("end %v, flow %q, reason %q", tr.End, tr.Flow, tr.Packets[1].Reason)
	}
	ce := bytes.Clone(capable)
	ce[1] = byte(netem.CE)
	ce[10], ce[11] = 0xff, 0xfe // one less, as the codepoint is one more
	harmed := bytes.Clone(data)
	harmed[99] ^= 1
	for row, want := range map[int][2][]byte{0: {data, nil}, 1: {data, data}, 2: {data, data}, 3: {data, harmed}, 4: {harmed, nil}, 7: {capable, ce}, 8: {ce, nil}} {
		p := &tr.Packets[row]
		for i, at := range []int64{p.At, p.AtFar} {
			if (at < 0) != (want[i] == nil) {
				t.Errorf("row %d: bytes %d at %d", row, i, at)
			} else if at >= 0 {
				if got, err := spool.Reader().Read(at, int(p.Length)); err != nil || !bytes.Equal(got, want[i]) {
					t.Errorf("row %d: bytes %d are %x, want %x", row, i, got, want[i])
				}
			}
		}
	}
}

// tcp returns the bytes of a segment.
func tcp(src, dst uint16, flags netem.Flags, seq, ack uint32, options []byte) []byte {
	b := ipv4(netem.TCP, 40+len(options), src, dst)
	binary.BigEndian.PutUint32(b[24:], seq)
	binary.BigEndian.PutUint32(b[28:], ack)
	b[32], b[33] = byte((5+len(options)/4)<<4), byte(flags)
	copy(b[40:], options)
	return b
}

// TestRelative: numbers on record count from the connection's SYNs, across the wrap of 2^32.
func TestRelative(t *testing.T) {
	const syn, ack, rst = netem.FlagSYN, netem.FlagACK, netem.FlagRST
	fw, rv := netem.Forward, netem.Reverse
	sack := []byte{1, 1, 5, 10, 0, 0, 0, 9, 0, 0, 0, 19} // 9 to 19, absolute
	steps := []struct {
		d                      netem.Direction
		src, dst               uint16
		flags                  netem.Flags
		seq, ack               uint32
		options                []byte
		wantSeq, wantAck, left uint32
	}{
		{fw, 40000, 80, syn, 1<<32 - 2, 0, nil, 0, 0, 0},
		{rv, 80, 40000, syn | ack, 5000, 1<<32 - 1, nil, 0, 1, 0},
		{fw, 40000, 80, syn, 1<<32 - 2, 0, nil, 0, 0, 0}, // the SYN again
		{fw, 40000, 80, ack, 1<<32 - 1, 5001, nil, 1, 1, 0},
		{fw, 40000, 80, ack, 9, 5001, nil, 11, 1, 0},
		{fw, 40001, 80, syn, 77, 0, nil, 0, 0, 0}, // another connection in between
		{rv, 80, 40000, ack, 5001, 3, sack, 1, 5, 11},
		{rv, 80, 40001, rst | ack, 0, 78, nil, 1, 1, 0},                // refused: the refuser has no SYN; Wireshark shows 1, 1
		{fw, 40000, 80, syn, 1 << 20, 0, nil, 0, 0, 0},                 // a new connection on the old ports
		{rv, 80, 40000, syn | ack, 1 << 21, 1<<20 + 1, nil, 0, 1, 0},   //
		{rv, 80, 40000, ack, 1<<21 + 1449, 1<<20 + 1, nil, 1449, 1, 0}, //
		{fw, 7, 8, ack, 1000, 2000, nil, 1, 1, 0},                      // one whose beginning nobody saw
		{rv, 8, 7, ack, 2010, 1000, nil, 11, 1, 0},
	}
	r, pool := NewRecorder(&stubClock{}, Trace{}), &netem.Pool{}
	for _, s := range steps {
		put(r, pool, s.d, tcp(s.src, s.dst, s.flags, s.seq, s.ack, s.options))
	}
	tr, _ := r.Finish()
	for i, s := range steps {
		p := &tr.Packets[i]
		if p.Header.Seq != s.wantSeq || p.Header.Ack != s.wantAck {
			t.Errorf("segment %d: seq %d ack %d, want seq %d ack %d", i, p.Header.Seq, p.Header.Ack, s.wantSeq, s.wantAck)
		}
		if s.left != 0 && !reflect.DeepEqual(p.SACK, [][2]uint32{{s.left, s.left + 10}}) {
			t.Errorf("segment %d: SACK %v, want from %d", i, p.SACK, s.left)
		}
		if p.Header.Transport != 0 || p.Header.PayloadAt != 0 {
			t.Errorf("segment %d: transport at %d, payload at %d on record", i, p.Header.Transport, p.Header.PayloadAt)
		}
	}
}

// TestOptions: the options that charts need are read, whatever stands around them.
func TestOptions(t *testing.T) {
	for _, c := range []struct {
		name    string
		options []byte
		want    TCPOptions
	}{
		{"none", nil, TCPOptions{WindowScale: -1}},
		{"scale", []byte{2, 4, 5, 180, 1, 3, 3, 7}, TCPOptions{WindowScale: 7}},
		{"scale above 14 is 14 (RFC 7323 section 2.3)", []byte{3, 3, 200, 1}, TCPOptions{WindowScale: 14}},
		{"timestamps", []byte{1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2}, TCPOptions{WindowScale: -1, TSVal: 1, TSEcr: 2}},
		{"end of list", []byte{0, 3, 3, 7}, TCPOptions{WindowScale: -1}},
		{"length 0", []byte{3, 0, 3, 3, 7, 1, 1, 1}, TCPOptions{WindowScale: -1}},
		{"longer than the header", []byte{1, 1, 8, 10}, TCPOptions{WindowScale: -1}},
		{"half a block", []byte{5, 6, 0, 0, 0, 1, 1, 1}, TCPOptions{WindowScale: -1}},
		{"last byte", []byte{1, 1, 1, 3}, TCPOptions{WindowScale: -1}},
	} {
		r := NewRecorder(&stubClock{}, Trace{})
		put(r, &netem.Pool{}, netem.Forward, tcp(1, 2, netem.FlagSYN, 0, 0, c.options))
		tr, _ := r.Finish()
		if got := tr.Packets[0].Options; got != c.want || tr.Packets[0].SACK != nil {
			t.Errorf("%s: %+v with blocks %v, want %+v with none", c.name, got, tr.Packets[0].SACK, c.want)
		}
	}
}

// FuzzPutOn: no packet, whole or not, upsets the record.
func FuzzPutOn(f *testing.F) {
	f.Add(tcp(1, 2, netem.FlagSYN, 0, 0, []byte{1, 1, 5, 10, 0, 0, 0, 9, 0, 0, 0, 19}))
	f.Add(ipv4(netem.UDP, 28, 1, 2))
	f.Add([]byte{})
	f.Add(append([]byte{0x60, 0, 0, 0, 0, 20, 6, 64}, make([]byte, 52)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := NewRecorder(&stubClock{}, Trace{})
		put(r, &netem.Pool{}, netem.Forward, data)
		tr, _ := r.Finish()
		if n := len(tr.Packets[0].SACK); n > maxSACK {
			t.Errorf("%d SACK blocks", n)
		}
	})
}

// TestFragment: a fragment that is not the first has no number; the datagrams around it count on.
func TestFragment(t *testing.T) {
	r, pool := NewRecorder(&stubClock{}, Trace{}), &netem.Pool{}
	rest := ipv4(netem.UDP, 100, 0, 0)
	rest[7] = 100 // fragment offset
	for _, b := range [][]byte{ipv4(netem.UDP, 100, 1, 2), rest, ipv4(netem.UDP, 100, 1, 2)} {
		put(r, pool, netem.Forward, b)
	}
	tr, _ := r.Finish()
	if a, b, c := tr.Packets[0].Header.Seq, tr.Packets[1].Header.Seq, tr.Packets[2].Header.Seq; a != 1 || b != 0 || c != 2 {
		t.Errorf("numbers %d, %d, %d; want 1, 0, 2", a, b, c)
	}
}

// TestMessages: delivery in another order, twice, damaged, never, and of a number that was never sent.
func TestMessages(t *testing.T) {
	clock := &stubClock{}
	r := NewRecorder(clock, Trace{})
	for n := range uint64(4) {
		clock.now = time.Duration(n)
		r.Sent(n+1, int64(n)*100, 100)
	}
	for i, n := range []uint64{2, 1, 2, 4} {
		clock.now = time.Duration(10 + i)
		r.Delivered(n, n != 1)
	}
	r.Delivered(0, true)
	r.Delivered(5, true)
	r.Garbled(17)
	tr, _ := r.Finish()
	want := []Message{
		{Number: 1, Offset: 0, Size: 100, Sent: 0, Delivered: 11, Copies: 1, Place: 2, Intact: false},
		{Number: 2, Offset: 100, Size: 100, Sent: 1, Delivered: 10, Copies: 2, Place: 1, Intact: true},
		{Number: 3, Offset: 200, Size: 100, Sent: 2, Delivered: Never},
		{Number: 4, Offset: 300, Size: 100, Sent: 3, Delivered: 13, Copies: 1, Place: 3, Intact: true},
	}
	if !reflect.DeepEqual(tr.Messages, want) || tr.Garbled != 3 {
		t.Errorf("garbled %d (want 3), messages %+v", tr.Garbled, tr.Messages)
	}
	defer func() {
		if recover() == nil {
			t.Error("a message out of order was taken")
		}
	}()
	NewRecorder(clock, Trace{}).Sent(2, 0, 1)
}

// TestTCP: what an observer is told is on record, and samples of one end share their Connection.
func TestTCP(t *testing.T) {
	clock := &stubClock{}
	r := NewRecorder(clock, Trace{})
	a, b := netip.MustParseAddrPort("10.0.0.1:40000"), netip.MustParseAddrPort("10.0.0.2:80")
	client, server := &stubHost{name: "client"}, &stubHost{name: "server"}
	info := host.TCPInfo{
		State: "ESTABLISHED", Phase: "slow start", Cwnd: 14480, Ssthresh: 7, InFlight: 1448, SendWnd: 65535, MSS: 1448,
		SRTT: 50, RTTVar: 25, RTO: 200, Event: "ack",
	}
	for i := range 3 {
		clock.now = time.Duration(i)
		r.TCP(client, a, b, info)
		r.TCP(server, b, a, info)
		r.TCP(server, b, netip.AddrPortFrom(clientAddr, uint16(i)), info)
	}
	tr, _ := r.Finish()
	want := TCPSample{
		Connection: &Connection{"server", b, a}, TCPState: &TCPState{"ESTABLISHED", "slow start", "ack", ""}, At: 2,
		Cwnd: 14480, Ssthresh: 7, InFlight: 1448, SendWnd: 65535, MSS: 1448, SRTT: 50, RTTVar: 25, RTO: 200,
	}
	if len(tr.TCP) != 9 || !reflect.DeepEqual(tr.TCP[7], want) {
		t.Fatalf("%d samples, the eighth is %+v", len(tr.TCP), tr.TCP[7])
	}
	if tr.TCP[0].Connection != tr.TCP[6].Connection || tr.TCP[1].Connection != tr.TCP[7].Connection || tr.TCP[2].Connection == tr.TCP[5].Connection {
		t.Error("samples of one end do not share their connection, or those of two do")
	}
}

// TestList goes through the sizes at which a list changes its shape.
func TestList(t *testing.T) {
	for _, expect := range []int{0, 1, 10, chunk + 5} {
		for _, n := range []int{0, 1, 9, 10, 11, chunk - 1, chunk, chunk + 1, chunk + 5, 2 * chunk, 2*chunk + 10, 3*chunk + 6} {
			var l list[int]
			l.expect(expect)
			for i := range n {
				*l.grow() = i
			}
			for i := range n {
				if *l.at(i) != i {
					t.Fatalf("expecting %d: row %d of %d is %d", expect, i, n, *l.at(i))
				}
			}
			all := l.slice()
			if len(all) != n || n == 0 && all != nil {
				t.Fatalf("expecting %d: %d rows of %d", expect, len(all), n)
			}
			for i, v := range all {
				if v != i {
					t.Fatalf("expecting %d: row %d of %d is %d in the end", expect, i, n, v)
				}
			}
		}
	}
}

// TestNoAllocation: recording a datagram allocates nothing where its number was expected.
func TestNoAllocation(t *testing.T) {
	const n = 1000
	clock := &stubClock{}
	var r *Recorder
	perRun := testing.AllocsPerRun(5, func() {
		r = NewRecorder(clock, Trace{})
		r.Expect(n, n, 2*n+2, 0)
		stream(r, clock, n)
	})
	if perRun > 100 { // the recorder itself, its maps and texts
		t.Errorf("%.0f allocations for %d datagrams", perRun, n)
	}
}

// TestWaiting: how long a packet waited is on record whether it arrived or died, and how long the queue was at every change.
func TestWaiting(t *testing.T) {
	clock, pool := &stubClock{}, &netem.Pool{}
	r := NewRecorder(clock, Trace{})
	data := ipv4(netem.UDP, 100, 1, 2)
	for i, end := range []func(*netem.Packet){r.Arrived, func(p *netem.Packet) { r.Drop(p, netem.CauseCoDel) }, func(*netem.Packet) {}} {
		clock.now = time.Duration(i)
		p := put(r, pool, netem.Forward, data)
		r.Waiting(netem.Forward)(i + 1)
		p.Waited = time.Duration(10 + i)
		end(p)
	}
	r.Waiting(netem.Reverse)(0)
	got, err := r.Finish()
	if err != nil {
		t.Fatal(err)
	}
	if a, b, c := got.Packets[0].Waited, got.Packets[1].Waited, got.Packets[2].Waited; a != 10 || b != 11 || c != 0 {
		t.Errorf("they waited %v, %v and (still on its way) %v", a, b, c)
	}
	want := []QueueLength{{0, 1, netem.Forward}, {1, 2, netem.Forward}, {2, 3, netem.Forward}, {2, 0, netem.Reverse}}
	if !reflect.DeepEqual(got.Queue, want) {
		t.Errorf("queue %v, want %v", got.Queue, want)
	}
}

// A router's message about a packet is on record where that packet is, as sent by nobody: Of names it. It is no copy.
func TestLedgerOfAReply(t *testing.T) {
	clock, pool := &stubClock{now: 7}, &netem.Pool{}
	r := NewRecorder(clock, Trace{Flow: "file"})
	ours := put(r, pool, netem.Forward, ipv4(netem.UDP, 100, 1, 2))
	m := pool.Reply(ours, ipv4(netem.ICMP, 56, 3, 1), netem.ReasonTooBig)
	r.Replied(ours, m, netem.Reverse)
	clock.now = 9
	r.Arrived(m)
	r.Drop(ours, netem.CauseTooBig)
	tr, err := r.Finish()
	if err != nil {
		t.Fatal(err)
	}
	if len(tr.Packets) != 2 {
		t.Fatalf("%d packets on record", len(tr.Packets))
	}
	p := &tr.Packets[1]
	if p.Of != ours.ID || p.Direction != netem.Reverse || p.Sent != 7 || p.Arrived != 9 || p.Fate != Arrived || p.Length != 56 || !p.Reply() || p.Copy() {
		t.Errorf("the reply is %+v", p)
	}
	if p := &tr.Packets[0]; p.Cause != netem.CauseTooBig || p.Reply() || p.Copy() {
		t.Errorf("the packet is %+v", p)
	}
}
