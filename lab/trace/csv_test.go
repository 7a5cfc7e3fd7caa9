package trace

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"reliabilitylab/netem"
)

// dice makes random traces that hold every kind of value a trace can.
type dice struct{ *rand.Rand }

func (d dice) words(w ...string) string { return w[d.IntN(len(w))] }

func (d dice) instant() time.Duration {
	switch d.IntN(8) {
	case 0:
		return Never
	case 1:
		return 0
	case 2:
		return math.MaxInt64
	case 3:
		return time.Duration(d.IntN(1000))
	}
	return time.Duration(d.Int64N(int64(time.Hour)))
}

func (d dice) whole() uint64 {
	return d.Uint64() >> d.IntN(64)
}

func (d dice) text() string {
	return d.words("", "new", "fast retransmit", "a, b", `said "no"`, "two\nlines", "cr\r", "\r\n", `"`, ",", " ", "für", string([]byte{0xff, 0}))
}

func (d dice) addr() netip.AddrPort {
	switch d.IntN(3) {
	case 0:
		return netip.AddrPort{}
	case 1:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(d.IntN(3))}), uint16(d.IntN(1<<16)))
	}
	return netip.MustParseAddrPort("[fd00::2%eth0]:65535")
}

func (d dice) packet() Packet {
	p := Packet{
		Note: &Note{Cause: netem.Cause(d.text()), Harm: netem.Cause(d.text()), Marked: netem.Cause(d.text()), Reason: d.text()},
		ID:   d.whole(), Of: d.whole(), Direction: netem.Direction(d.IntN(2)), Fate: Fate(d.IntN(int(Fates))),
		Length: int32(d.whole()), Sent: d.instant(), Arrived: d.instant(), Lost: d.instant(), Place: int32(d.whole()), At: -1, AtFar: -1,
		Waited: max(0, d.instant()),
	}
	p.Header = netem.Header{
		Version: uint8(d.words("\x00", "\x04", "\x06")[0]), Protocol: netem.Protocol(d.IntN(256)), Kind: netem.Kind(d.IntN(int(netem.KindICMP) + 1)),
		Flags: netem.Flags(d.IntN(256)), ECN: netem.ECN(d.IntN(int(netem.CE) + 1)), Fragment: d.IntN(2) == 0, Payload: int(int64(d.whole())),
		SrcPort: uint16(d.whole()), DstPort: uint16(d.whole()), Seq: uint32(d.whole()), Ack: uint32(d.whole()), Window: uint16(d.whole()),
	}
	p.Options = TCPOptions{WindowScale: int8(d.IntN(129) - 1), TSVal: uint32(d.whole()), TSEcr: uint32(d.whole())}
	for range d.IntN(maxSACK + 1) {
		p.SACK = append(p.SACK, [2]uint32{uint32(d.whole()), uint32(d.whole())})
	}
	return p
}

func (d dice) trace(n int) *Trace {
	t := &Trace{}
	for range d.IntN(n) {
		t.Packets = append(t.Packets, d.packet())
	}
	for range d.IntN(n) {
		t.Messages = append(t.Messages, Message{
			Number: d.whole(), Offset: int64(d.whole()), Size: int32(d.whole()), Sent: d.instant(), Delivered: d.instant(),
			Copies: int32(d.whole()), Place: int32(d.whole()), Intact: d.IntN(2) == 0,
		})
	}
	for range d.IntN(n) {
		t.Calls = append(t.Calls, Call{
			CallText: &CallText{d.text(), d.text(), d.text(), d.text()},
			Socket:   int32(d.whole()), Size: int32(d.whole()), Result: int32(d.whole()), Begin: d.instant(), Return: d.instant(),
		})
	}
	for range d.IntN(n) {
		t.TCP = append(t.TCP, TCPSample{
			Connection: &Connection{d.text(), d.addr(), d.addr()}, TCPState: &TCPState{d.text(), d.text(), d.text(), d.text()}, At: d.instant(),
			Cwnd: int(d.whole()), Ssthresh: int(d.whole()), InFlight: int(d.whole()), SendWnd: int(d.whole()), MSS: int(d.whole()),
			SRTT: d.instant(), RTTVar: d.instant(), RTO: d.instant(),
		})
	}
	for range d.IntN(n) {
		t.Queue = append(t.Queue, QueueLength{At: d.instant(), Packets: int32(d.whole()), Direction: netem.Direction(d.IntN(2))})
	}
	return t
}

// TestRoundTrip writes random traces and reads them back: every field that the files hold must come back as it was.
func TestRoundTrip(t *testing.T) {
	for seed := range uint64(60) {
		want := dice{rand.New(rand.NewPCG(seed, 1))}.trace(80)
		dir := t.TempDir()
		if err := Write(dir, want); err != nil {
			t.Fatal(err)
		}
		got, err := Read(dir)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: the trace that was read differs from the one that was written", seed)
		}
	}
}

// TestRoundTripAcrossChunks does the same with more rows than a chunk holds.
func TestRoundTripAcrossChunks(t *testing.T) {
	d := dice{rand.New(rand.NewPCG(7, 7))}
	want := make([]Packet, 2*chunk+1)
	for i := range want {
		want[i] = d.packet()
	}
	var b bytes.Buffer
	if err := packetTable(&shared{}).encode(&b, want); err != nil {
		t.Fatal(err)
	}
	got, err := packetTable(&shared{}).decode(&b)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%d rows of %d came back (%v)", len(got), len(want), err)
	}
}

// TestPacketsFile holds packets.csv to its promised form.
func TestPacketsFile(t *testing.T) {
	p := Packet{
		ID: 57, Of: 12, Direction: netem.Reverse, Fate: Discarded, Length: 60, Sent: 1500 * time.Millisecond, Arrived: 60*time.Second + 1,
		Place: 3, Lost: Never, Waited: 5 * time.Millisecond, Access: 40 * time.Millisecond,
		Note: &Note{
			Cause: "checksum", Harm: netem.CauseMended, Marked: netem.CauseQueueFull, Reason: "fast retransmit", SACK: [][2]uint32{{1449, 2897}, {4345, 5793}},
		},
		Header:  netem.Header{Version: 4, Protocol: netem.TCP, Kind: netem.KindSYNACK, ECN: netem.ECT0, Flags: netem.FlagSYN | netem.FlagACK, Ack: 1, SrcPort: 80, DstPort: 40000, Window: 65535},
		Options: TCPOptions{WindowScale: 0, TSVal: 7},
	}
	var b bytes.Buffer
	if err := packetTable(nil).encode(&b, []Packet{p}); err != nil {
		t.Fatal(err)
	}
	want := "id,of,direction,protocol,kind,length,payload,seq,sent_s,arrived_s,fate,cause,reason," +
		"waited_s,lost_s,access_s,place,harm,ecn,marked,ip_version,fragment,src_port,dst_port,flags,ack,window,window_scale,sack,ts_val,ts_ecr\n" +
		"57,12,reverse,tcp,syn-ack,60,0,0,1.500000000,60.000000001,discarded,checksum,fast retransmit," +
		"0.005000000,,0.040000000,3,\"corrupt, checksum mended\",ect(0),queue full,4,,80,40000,SYN ACK,1,65535,0,1449-2897 4345-5793,7,\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

// TestReadColumnsByName reads a file whose columns stand in another order, with one more, and with CRLF.
func TestReadColumnsByName(t *testing.T) {
	in := "size,number,mood,offset,sent_s,delivered_s,copies,place,intact\r\n100,1,\"bad, very\",0,0.000000001,,0,,\r\n"
	got, err := messageTable().decode(strings.NewReader(in))
	want := []Message{{Number: 1, Size: 100, Sent: 1, Delivered: Never}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestReadErrors: every error says where.
func TestReadErrors(t *testing.T) {
	head := "number,offset,size,sent_s,delivered_s,copies,place,intact\n"
	good := "1,0,100,0.000000001,0.000000002,1,1,true\n"
	for _, c := range []struct{ name, in, want string }{
		{"empty", "", "messages.csv:1: the file is empty"},
		{"no column", "number,offset\n", `messages.csv:1: no column "size"`},
		{"short row", head + good + "1,2\n", "messages.csv:3: 2 fields, but the header line has 8"},
		{"no number", head + "x" + good, `messages.csv:2: column number: "x1" is no whole number`},
		{"negative", head + "-" + good, `messages.csv:2: column number: "-1"`},
		{"too large", head + "18446744073709551616" + good[1:], `messages.csv:2: column number: "18446744073709551616"`},
		{"time", head + "1,0,100,0.5,,0,,\n", `messages.csv:2: column sent_s: "0.5" is no time in seconds with nine decimals`},
		{"time too large", head + "1,0,100,9223372036.854775808,,0,,\n", `messages.csv:2: column sent_s: "9223372036.854775808"`},
		{"flag", head + "1,0,100,,,0,,yes\n", `messages.csv:2: column intact: "yes" is neither true nor empty`},
		{"open quote", head + good + "1,\"0\n,5\n", "messages.csv:3: a quote that is opened is not closed"},
		{"lines in quotes count", head + "\"1\n\n\",0,100,,,0,,\n", "messages.csv:2: column number"},
		{"after lines in quotes", head + "1,0,1,,,0,\"\",\"\"\n1,0,1,,,0,,\"x\n\"\n", "messages.csv:3: column intact"},
		{"quote inside", head + "1\",0,\"100,,,0,,\n", "messages.csv:2: a quote"},
		{"long", head + strings.Repeat("1", maxRecord+1), "messages.csv:2: the line is longer"},
		{"long in quotes", head + "\"" + strings.Repeat("1\n", maxRecord), "messages.csv:2: the line is longer"},
		{"wide", strings.Repeat(",", maxColumns+1), "messages.csv:1: more than 256 fields"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := messageTable().decode(strings.NewReader(c.in))
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s …", err, c.want)
			}
		})
	}
}

// TestReadMissing: a folder without the files is an error that names the file.
func TestReadMissing(t *testing.T) {
	if _, err := Read(t.TempDir()); err == nil || !strings.Contains(err.Error(), PacketsFile) {
		t.Errorf("got %v", err)
	}
}

// TestWriteFullDisk: an error of the disk comes out, whenever it strikes.
func TestWriteFullDisk(t *testing.T) {
	rows := make([]Message, 1<<14)
	for _, room := range []int{0, 1, 1 << 17, 1<<17 + 5} {
		err := messageTable().encode(&smallDisk{room}, rows)
		if err == nil || !strings.Contains(err.Error(), "write messages.csv: no space") {
			t.Errorf("with room for %d bytes: %v", room, err)
		}
	}
	if _, err := os.Stat("/dev/full"); err == nil {
		dir := t.TempDir()
		if err := os.Symlink("/dev/full", filepath.Join(dir, PacketsFile)); err != nil {
			t.Fatal(err)
		}
		if err := Write(dir, &Trace{}); err == nil {
			t.Error("writing to a full device succeeded")
		}
	}
}

// smallDisk takes so many bytes and then fails, in the middle of a write if need be.
type smallDisk struct{ room int }

func (d *smallDisk) Write(b []byte) (int, error) {
	n := min(len(b), d.room)
	d.room -= n
	if n < len(b) {
		return n, errNoSpace
	}
	return n, nil
}

// TestFacts: the facts survive JSON to the nanosecond.
func TestFacts(t *testing.T) {
	want := Trace{
		Client: End{"client", clientAddr}, Server: End{"server", netip.MustParseAddr("fd00::2")}, Data: netem.Reverse,
		Start: 1, End: time.Hour + 123456789, Offered: 5 << 20, Garbled: 3, QueueMax: 100,
	}
	b, err := json.Marshal(want.Facts())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), `"end_s":3600.123456789`) {
		t.Errorf("in JSON: %s", b)
	}
	var f Facts
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatal(err)
	}
	var got Trace
	if err := got.SetFacts(f); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, n := range []int{-1, 0} { // no queue, and one that was always empty
		want.QueueMax = n
		if err := got.SetFacts(want.Facts()); err != nil || got.QueueMax != n {
			t.Errorf("a longest queue of %d came back as %d, %v", n, got.QueueMax, err)
		}
	}
	f.Data = "sideways"
	if err := got.SetFacts(f); err == nil {
		t.Error("a direction that is none was taken")
	}
	for in, want := range map[string]Seconds{"1.5": 1500000000, "1e-9": 1, "null": Seconds(Never), "2": 2000000000} {
		var s Seconds
		if err := json.Unmarshal([]byte(in), &s); err != nil || s != want {
			t.Errorf("%s is %d, %v", in, s, err)
		}
	}
	for _, in := range []string{"-1", "1e10", `"1"`} {
		var s Seconds
		if err := json.Unmarshal([]byte(in), &s); err == nil {
			t.Errorf("%s was taken for %d", in, s)
		}
	}
}

func BenchmarkWritePackets(b *testing.B) {
	rows := benchmarkRows()
	var size int64
	b.ReportAllocs()
	for b.Loop() {
		w := &counter{}
		packetTable(nil).encode(w, rows)
		size = w.n
	}
	report(b, len(rows), size)
}

func BenchmarkReadPackets(b *testing.B) {
	rows := benchmarkRows()
	var buf bytes.Buffer
	packetTable(nil).encode(&buf, rows)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := packetTable(&shared{}).decode(bytes.NewReader(buf.Bytes())); err != nil {
			b.Fatal(err)
		}
	}
	report(b, len(rows), int64(buf.Len()))
}

func report(b *testing.B, rows int, size int64) {
	b.SetBytes(size)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/row")
}

func benchmarkRows() []Packet {
	rows := make([]Packet, 10000)
	for i := range rows {
		sent := time.Duration(i) * 12345678
		rows[i] = Packet{
			ID: uint64(i + 1), Fate: Arrived, Length: 1500, Sent: sent, Arrived: sent + 25*time.Millisecond, Place: int32(i + 1), Note: &Note{Reason: "new"},
			Header:  netem.Header{Version: 4, Protocol: netem.TCP, Kind: netem.KindData, Flags: netem.FlagACK | netem.FlagPSH, Payload: 1448, SrcPort: 40000, DstPort: 80, Seq: uint32(i * 1448), Ack: 1, Window: 502},
			Options: TCPOptions{WindowScale: -1, TSVal: uint32(i), TSEcr: uint32(i)},
		}
	}
	return rows
}

type counter struct{ n int64 }

func (c *counter) Write(b []byte) (int, error) { c.n += int64(len(b)); return len(b), nil }

var _ io.Writer = (*counter)(nil)
