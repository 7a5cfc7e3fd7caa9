package tcp

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"reliabilitylab/netem"
)

// segmentOf makes a segment out of any bytes: every field that Put can write takes every value.
func segmentOf(d *dice) Segment {
	s := Segment{
		SrcPort: uint16(d.below(1 << 16)), DstPort: uint16(d.below(1 << 16)), Seq: Seq(d.below(1 << 32)), Ack: Seq(d.below(1 << 32)),
		Flags: netem.Flags(d.below(256)), Window: uint16(d.below(1 << 16)), Urgent: uint16(d.below(1 << 16)),
	}
	o := &s.Options
	yes := func() bool { return d.below(2) == 0 }
	if yes() {
		o.MSS = uint16(1 + d.below(65535))
	}
	if yes() {
		o.HasScale, o.Scale = true, uint8(d.below(15))
	}
	o.SACKPermitted = yes()
	if yes() {
		o.HasTimestamps, o.TSVal, o.TSEcr = true, uint32(d.below(1<<32)), uint32(d.below(1<<32))
	}
	for o.Blocks < 4 && s.HeaderLen()+12 <= MaxHeader && yes() {
		o.SACK[o.Blocks] = Block{Seq(d.below(1 << 32)), Seq(d.below(1 << 32))}
		o.Blocks++
	}
	s.Payload = pattern(d.below(100))
	return s
}

// What Put writes, Parse reads.
func TestPutParse(t *testing.T) {
	for seed := range uint64(5000) {
		s := segmentOf(newDice(seed))
		b := make([]byte, s.HeaderLen()+len(s.Payload))
		for i := range b {
			b[i] = 0xee // Put must write every byte of the header
		}
		s.Put(b)
		copy(b[s.HeaderLen():], s.Payload)
		var got Segment
		if err := got.Parse(b); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if !bytes.Equal(got.Payload, s.Payload) || words(&got) != words(&s) || got.SrcPort != s.SrcPort || got.DstPort != s.DstPort ||
			got.Urgent != s.Urgent || len(b) > MaxHeader+len(s.Payload) || b[16] != 0 || b[17] != 0 {
			t.Fatalf("seed %d: %s becomes %s", seed, words(&s), words(&got))
		}
	}
}

// The bytes of a SYN as RFC 9293 section 3.1 and RFC 7323 section 3.2 draw them, written down by hand.
func TestPutSYN(t *testing.T) {
	s := Segment{SrcPort: 0x1234, DstPort: 80, Seq: 0x01020304, Flags: netem.FlagSYN, Window: 65535,
		Options: Options{MSS: 1460, SACKPermitted: true, HasTimestamps: true, TSVal: 0x0a0b0c0d, HasScale: true, Scale: 7}}
	want := []byte{0x12, 0x34, 0, 80, 1, 2, 3, 4, 0, 0, 0, 0, 0xa0, 2, 0xff, 0xff, 0, 0, 0, 0,
		2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0x0a, 0x0b, 0x0c, 0x0d, 0, 0, 0, 0, 1, 3, 3, 7}
	b := make([]byte, s.HeaderLen())
	s.Put(b)
	if !bytes.Equal(b, want) {
		t.Errorf("got  %x\nwant %x", b, want)
	}
	a := Segment{Flags: netem.FlagACK, Options: Options{Blocks: 1, SACK: [4]Block{{0x11121314, 0x21222324}}}}
	b = make([]byte, a.HeaderLen())
	a.Put(b)
	if want := []byte{1, 1, 5, 10, 0x11, 0x12, 0x13, 0x14, 0x21, 0x22, 0x23, 0x24}; b[12] != 0x80 || !bytes.Equal(b[20:], want) {
		t.Errorf("got %x", b)
	}
}

// Options of every length and in every order: known ones of the wrong length and unknown ones are skipped (RFC 9293
// section 3.1, MUST-6), impossible lengths end the reading (MUST-7).
func TestMalformedOptions(t *testing.T) {
	for _, c := range []struct {
		name string
		b    []byte
		want Options
	}{
		{"end", []byte{0, 2, 4, 1, 1}, Options{}},
		{"no-operations", []byte{1, 1, 1, 2, 4, 1, 0}, Options{MSS: 256}},
		{"unknown", []byte{253, 4, 9, 9, 2, 4, 1, 0}, Options{MSS: 256}},
		{"length 0", []byte{253, 0, 2, 4, 1, 0}, Options{}},
		{"length 1", []byte{2, 1, 2, 4, 1, 0}, Options{}},
		{"beyond the end", []byte{2, 4, 1, 0, 3, 4, 1}, Options{MSS: 256}},
		{"kind alone", []byte{2, 4, 1, 0, 3}, Options{MSS: 256}},
		{"MSS of 3", []byte{2, 3, 9, 3, 3, 5}, Options{HasScale: true, Scale: 5}},
		{"timestamps of 9", []byte{8, 9, 1, 1, 1, 1, 1, 1, 1, 4, 2}, Options{SACKPermitted: true}},
		{"SACK of 9", []byte{5, 9, 1, 1, 1, 1, 1, 1, 1, 4, 2}, Options{SACKPermitted: true}},
		{"SACK of nothing", []byte{5, 2, 4, 2}, Options{SACKPermitted: true}},
	} {
		var o Options
		if o.Parse(c.b); o != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, o, c.want)
		}
	}
	var s Segment
	for _, b := range [][]byte{nil, make([]byte, 19), make([]byte, 20), append(make([]byte, 12), 0x60, 0, 0, 0, 0, 0, 0, 0)} {
		if s.Parse(b) == nil {
			t.Errorf("%d bytes with a header of %v were read", len(b), b)
		}
	}
}

func FuzzParse(f *testing.F) {
	for seed := range uint64(20) {
		s := segmentOf(newDice(seed))
		b := make([]byte, s.HeaderLen())
		s.Put(b)
		f.Add(append(b, s.Payload...))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var s, again Segment
		if s.Parse(b) != nil {
			return
		}
		if n := s.Options.Blocks; n < 0 || n > 4 || s.Options.Scale > 14 || len(s.Payload) > len(b)-20 {
			t.Fatalf("%+v", s)
		}
		if s.HeaderLen() > MaxHeader { // it cannot have come from so many options, but kinds may repeat
			return
		}
		wire := make([]byte, s.HeaderLen())
		s.Put(wire)
		if err := again.Parse(append(wire, s.Payload...)); err != nil || words(&again) != words(&s) {
			t.Fatalf("%s becomes %s, %v", words(&s), words(&again), err)
		}
	})
}

// FuzzDeliver plays any bytes to a Conn: calls, times, segments near to where they count and far from it. It must not
// panic, nor send without bound, nor take more than it offers.
func FuzzDeliver(f *testing.F) {
	for seed := range uint64(40) {
		d, b := newDice(seed), []byte(nil)
		for range 200 {
			b = append(b, byte(d.below(256)))
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) { play(t, b) })
}

// TestRandomCalls is FuzzDeliver with a fixed set of inputs, for every day.
func TestRandomCalls(t *testing.T) {
	for seed := range uint64(1500) {
		d, b := newDice(seed), []byte(nil)
		for range 20 + d.below(600) {
			b = append(b, byte(d.below(256)))
		}
		play(t, b)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// play reads calls from b.
func play(t *testing.T, b []byte) {
	take := func() int {
		if len(b) == 0 {
			return 0
		}
		v := b[0]
		b = b[1:]
		return int(v)
	}
	sent, now := 0, time.Duration(0)
	cfg := Defaults(100 + 10*take())
	bits := take()
	cfg.SACK, cfg.Timestamps, cfg.WindowScaling, cfg.Nagle = bits&1 != 0, bits&2 != 0, bits&4 != 0, bits&8 != 0
	if cfg.Recovery = "sack"; bits&16 != 0 {
		cfg.Recovery = []string{"newreno", "rack", "rack"}[take()%3]
	}
	more := take()
	cfg.PRR, cfg.FRTO, cfg.Undo, cfg.TLP, cfg.DSACK = more&1 == 0, more&2 == 0, more&4 == 0, more&8 == 0, more&16 == 0
	cfg.ReceiveBuffer, cfg.SendBuffer = 1+take()*take(), 1+take()*take()
	env := Env{Output: func(*Segment) { sent++ }, Notify: func() {}}
	const peer = 1<<32 - 1000
	syn := Segment{Seq: peer, Flags: netem.FlagSYN, Window: uint16(take() << 8), Options: Options{
		MSS: uint16(take() * 8), HasScale: bits&32 != 0, Scale: uint8(take() % 15), SACKPermitted: bits&64 != 0, HasTimestamps: bits&128 != 0}}
	var c *Conn
	if take()%2 == 0 {
		c = Connect(cfg, env, 0, 0)
		syn.Flags, syn.Ack = netem.FlagSYN|netem.FlagACK, 1
		if take()%4 == 0 {
			syn.Flags = netem.FlagSYN
		}
		c.Deliver(0, &syn)
	} else {
		c = Accept(cfg, env, 0, 0, &syn)
	}
	for len(b) > 0 {
		sent = 0
		flying := int(c.nxt - c.una)
		switch op := take(); op % 8 {
		case 0:
			if n, err := c.Write(now, pattern(take()*take())); n > 0 && err != nil {
				t.Fatalf("Write: %d, %v", n, err)
			}
		case 1:
			if n, err := c.Read(now, make([]byte, take()*8)); n > 0 && err != nil {
				t.Fatalf("Read: %d, %v", n, err)
			}
		case 2:
			now += time.Duration(take()) * ms
			c.Expire(now)
		case 3:
			if d := c.Deadline(); d != Never {
				now = max(now, d)
				c.Expire(now)
			}
		case 4:
			switch take() % 32 {
			case 0:
				c.CloseWrite(now)
			case 1:
				c.Close(now)
			case 2:
				c.SetReceiveBuffer(now, take()*take())
			case 3:
				c.SetSendBuffer(take() * 10)
			case 4:
				c.SetNoDelay(now, take()%2 == 0)
			}
		default:
			c.Deliver(now, segmentNear(c, take))
		}
		if limit := 40 + (flying+c.out.n+65536*16)/max(1, c.mss); sent > limit {
			t.Fatalf("%d segments in one call", sent)
		}
		if int32(c.edge-c.next) < 0 || len(c.in.b) > 1<<17 {
			t.Fatalf("window %d, memory %d", int32(c.edge-c.next), len(c.in.b))
		}
		if c.board.sacked < 0 || c.board.lost < 0 || c.board.again < 0 || c.board.sacked > int(c.nxt-c.una) || c.nxt.Less(c.una) {
			t.Fatalf("scoreboard %+v", c.board)
		}
		if why := c.board.row(); why != "" {
			t.Fatal(why)
		}
		if c.state >= Established && (c.w.Cwnd < c.mss || c.out.n > c.sendLimit+cfg.SendBuffer+65536*16) {
			t.Fatalf("cwnd %d, %d bytes waiting", c.w.Cwnd, c.out.n)
		}
	}
}

// segmentNear makes a segment whose numbers are likely to be of interest to c.
func segmentNear(c *Conn, take func() int) *Segment {
	near := func(q ...Seq) Seq {
		v := take()
		at := q[v%len(q)]
		switch v / 64 {
		case 0:
			at += Seq(take())
		case 1:
			at -= Seq(take())
		case 2:
			at += Seq(int8(take())) * 1000
		}
		return at
	}
	s := &Segment{
		Seq: near(c.next, c.next, c.edge, c.irs, c.finAt), Ack: near(c.nxt, c.una, c.nxt, c.iss), Window: uint16(take() << 8),
		Payload: make([]byte, take()*(take()%8)),
	}
	switch f := take(); {
	case f < 160:
		s.Flags = netem.FlagACK
	case f < 190:
		s.Flags = netem.FlagACK | netem.FlagFIN
	default:
		s.Flags = netem.Flags(f & 0x3f)
	}
	o := &s.Options
	bits := take()
	if bits&1 != 0 {
		o.HasTimestamps, o.TSVal, o.TSEcr = true, c.tsRecent+uint32(int8(take())), c.clock()-uint32(int8(take()))
	}
	for range (bits >> 1) % 5 {
		o.SACK[o.Blocks] = Block{near(c.una, c.nxt), near(c.una, c.nxt)}
		o.Blocks++
	}
	if bits > 250 {
		var raw [20]byte
		binary.BigEndian.PutUint32(raw[:], uint32(take()))
		o.Parse(raw[:])
	}
	return s
}
