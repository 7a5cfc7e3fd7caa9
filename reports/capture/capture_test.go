package capture

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// ip returns an IP packet made by gopacket: transport and payload between two hosts, checksums right.
func ip(tb testing.TB, v6 bool, d netem.Direction, transport gopacket.SerializableLayer, payload string) []byte {
	tb.Helper()
	hosts := []string{"10.0.0.1", "10.0.0.2"}
	if v6 {
		hosts = []string{"fd00::1", "fd00::2"}
	}
	src, dst := netip.MustParseAddr(hosts[d]).AsSlice(), netip.MustParseAddr(hosts[1-d]).AsSlice()
	protocol := layers.IPProtocolUDP
	if _, tcp := transport.(*layers.TCP); tcp {
		protocol = layers.IPProtocolTCP
	}
	var network interface {
		gopacket.NetworkLayer
		gopacket.SerializableLayer
	}
	if v6 {
		network = &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: protocol, SrcIP: src, DstIP: dst}
	} else {
		network = &layers.IPv4{Version: 4, TTL: 64, Protocol: protocol, SrcIP: src, DstIP: dst}
	}
	switch t := transport.(type) {
	case *layers.TCP:
		t.SetNetworkLayerForChecksum(network)
	case *layers.UDP:
		t.SetNetworkLayerForChecksum(network)
	}
	buf := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true},
		network, transport, gopacket.Payload(payload))
	if err != nil {
		tb.Fatal(err)
	}
	return bytes.Clone(buf.Bytes())
}

func tcpSegment(d netem.Direction, flags string, seq, ack uint32) *layers.TCP {
	t := &layers.TCP{SrcPort: 40000, DstPort: 80, Seq: seq, Ack: ack, Window: 65535}
	if d == netem.Reverse {
		t.SrcPort, t.DstPort = 80, 40000
	}
	for _, f := range flags {
		switch f {
		case 'S':
			t.SYN = true
		case 'A':
			t.ACK = true
		case 'P':
			t.PSH = true
		}
	}
	return t
}

func datagram() *layers.UDP { return &layers.UDP{SrcPort: 40001, DstPort: 5000} }

// clock is a clock that stands where it is put.
type clock struct{ now time.Duration }

func (c *clock) Now() time.Duration          { return c.now }
func (c *clock) After(time.Duration, func()) { panic("nothing here waits") }

// A script makes a trace by hand, through the recorder, as a world would.
type script struct {
	tb   testing.TB
	c    *clock
	r    *trace.Recorder
	pool netem.Pool
}

func newScript(tb testing.TB) *script {
	tb.Helper()
	s, err := trace.NewSpool(filepath.Join(tb.TempDir(), "bytes"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	c := &clock{}
	return &script{tb: tb, c: c, r: trace.NewRecorder(c, trace.Trace{
		Trial: "tcp", Bytes: s,
		Client: trace.End{Name: "client", Addr: netip.MustParseAddr("10.0.0.1")},
		Server: trace.End{Name: "server", Addr: netip.MustParseAddr("10.0.0.2")},
	})}
}

func (s *script) send(at time.Duration, d netem.Direction, reason string, data []byte) *netem.Packet {
	s.c.now = at
	p := s.pool.Get(len(data))
	copy(p.Data, data)
	p.Reason = reason
	p.Header = netem.ReadHeader(p.Data)
	if reason == "fast retransmit" {
		p.Header.Kind = netem.KindRetransmission
	}
	s.r.PutOn(d)(p)
	return p
}

func (s *script) arrive(at time.Duration, p *netem.Packet) *netem.Packet {
	s.c.now = at
	s.r.Arrived(p)
	return p
}

func (s *script) finish() *trace.Trace {
	t, err := s.r.Finish()
	if err != nil {
		s.tb.Fatal(err)
	}
	return t
}

const ms = time.Millisecond

// story is a trial with every fate in it. The comments number the packets.
func story(tb testing.TB) *trace.Trace {
	s := newScript(tb)
	fw, rv := netem.Forward, netem.Reverse
	syn := s.send(0, fw, "new", ip(tb, false, fw, tcpSegment(fw, "S", 1000, 0), "")) // 1
	s.arrive(10*ms, syn)
	synack := s.send(10*ms, rv, "new", ip(tb, false, rv, tcpSegment(rv, "SA", 5000, 1001), "")) // 2
	s.arrive(20*ms, synack)
	ack := s.send(20*ms, fw, "ack", ip(tb, false, fw, tcpSegment(fw, "A", 1001, 5001), ""))       // 3: at the instant in which 2 arrived
	one := s.send(20*ms, fw, "new", ip(tb, false, fw, tcpSegment(fw, "AP", 1001, 5001), "hello")) // 4
	s.arrive(30*ms, ack)
	s.c.now = 21 * ms
	s.r.Drop(one, netem.CauseQueueFull)
	again := s.send(50*ms+1, fw, "fast retransmit", ip(tb, false, fw, tcpSegment(fw, "AP", 1001, 5001), "hello")) // 5
	s.c.now = 51 * ms
	twin := s.pool.Copy(again) // 6
	s.r.Copied(again, twin)
	s.arrive(60*ms, twin) // the copy overtakes
	s.arrive(61*ms, again)
	bad := s.send(62*ms, fw, "new", ip(tb, false, fw, datagram(), "to be harmed")) // 7
	bad.Data[len(bad.Data)-1] ^= 0x10
	bad.Harm = netem.CauseCorrupt
	s.arrive(72*ms, bad)
	s.r.Discarded(bad, "checksum")
	six := s.send(80*ms, rv, "new", ip(tb, true, rv, datagram(), "six")) // 8
	s.arrive(90*ms, six)
	s.send(100*ms, fw, "new", ip(tb, true, fw, tcpSegment(fw, "S", 7, 0), "")) // 9: never arrives
	return s.finish()
}

// seen is one packet of a capture, as far as gopacket's reader tells it.
type seen struct {
	at   time.Duration
	data []byte
}

func readBack(tb testing.TB, path string) (all []seen, r *pcapgo.NgReader) {
	tb.Helper()
	f, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	r, err = pcapgo.NewNgReader(f, pcapgo.DefaultNgReaderOptions)
	if err != nil {
		tb.Fatal(err)
	}
	for {
		data, ci, err := r.ReadPacketData()
		if err == io.EOF {
			return all, r
		}
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, seen{time.Duration(ci.Timestamp.UnixNano()), bytes.Clone(data)})
	}
}

// TestWrite reads the captures of the story back with gopacket: who saw what, when, with which bytes.
func TestWrite(t *testing.T) {
	tr := story(t)
	dir := t.TempDir()
	if err := Write(dir, tr, "scenario story, trial tcp, seed 1"); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string][]time.Duration{
		ClientFile: {0, 20 * ms, 20 * ms, 20 * ms, 50*ms + 1, 62 * ms, 90 * ms, 100 * ms},
		ServerFile: {10 * ms, 10 * ms, 30 * ms, 60 * ms, 61 * ms, 72 * ms, 80 * ms},
	} {
		got, r := readBack(t, filepath.Join(dir, file))
		var at []time.Duration
		for _, s := range got {
			at = append(at, s.at)
		}
		if fmt.Sprint(at) != fmt.Sprint(want) {
			t.Errorf("%s: packets at %v, want %v", file, at, want)
		}
		if r.LinkType() != layers.LinkTypeRaw {
			t.Errorf("%s: link type %v", file, r.LinkType())
		}
		if c := r.SectionInfo().Comment; c != "scenario story, trial tcp, seed 1" {
			t.Errorf("%s: section comment %q", file, c)
		}
		if s := r.SectionInfo(); s.OS != "" || s.Hardware != "" {
			t.Errorf("%s tells of the machine: %+v", file, s)
		}
		i, err := r.Interface(0)
		if err != nil || i.Name+".pcapng" != file {
			t.Errorf("%s: interface %q (%v)", file, i.Name, err)
		}
	}
	client, _ := readBack(t, filepath.Join(dir, ClientFile))
	server, _ := readBack(t, filepath.Join(dir, ServerFile))
	if want := ip(t, false, netem.Forward, datagram(), "to be harmed"); !bytes.Equal(client[5].data, want) {
		t.Errorf("the client sent %x, want %x", client[5].data, want)
	}
	if got, want := server[5].data, []byte("to be harme\x74"); !bytes.HasSuffix(got, want) { // 'd' ^ 0x10
		t.Errorf("the server got %q, want the harmed one", got)
	}
	if bytes.Equal(client[1].data, client[2].data) || client[1].data[20+13] != 0x12 { // SYN, ACK
		t.Error("at 20 ms the client answers before it gets the SYN-ACK")
	}
}

// TestRepeatable: the same trial gives the same bytes.
func TestRepeatable(t *testing.T) {
	for _, d := range []netem.Direction{netem.Forward, netem.Reverse} {
		var a, b bytes.Buffer
		if err := write(&a, story(t), d, "x"); err != nil {
			t.Fatal(err)
		}
		if err := write(&b, story(t), d, "x"); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Errorf("%v: two captures of one story differ", d)
		}
	}
}

// TestComment holds the words.
func TestComment(t *testing.T) {
	data := netem.Header{Kind: netem.KindData}
	for _, c := range []struct {
		p    trace.Packet
		want string
	}{
		{trace.Packet{Note: &trace.Note{Reason: "new"}, Fate: trace.Arrived, Header: data}, ""},
		{trace.Packet{Note: &trace.Note{Reason: "delayed ACK"}, Fate: trace.Arrived, Header: netem.Header{Kind: netem.KindACK}}, ""},
		{trace.Packet{Note: &trace.Note{Reason: "fast retransmit"}, Fate: trace.Arrived, Header: data}, "fast retransmit"},
		{trace.Packet{Note: &trace.Note{Cause: "queue full", Reason: "new"}, Fate: trace.Lost, Header: data}, "lost: queue full"},
		{trace.Packet{Note: &trace.Note{Cause: "loss", Reason: "timeout"}, Fate: trace.Lost, Header: data}, "timeout; lost: loss"},
		{trace.Packet{Note: &trace.Note{Reason: "new"}, Fate: trace.Arrived, Of: 57}, "copy of packet 57"},
		{trace.Packet{Note: &trace.Note{Cause: "checksum", Harm: netem.CauseCorrupt}, Fate: trace.Discarded, Of: 57}, "copy of packet 57; corrupt: bit flipped; discarded: checksum"},
		{trace.Packet{Note: &trace.Note{Cause: "burst", Marked: netem.CauseLoss}, Fate: trace.Lost}, "marked CE instead of dropped: loss; lost: burst"},
		{trace.Packet{Note: &trace.Note{Cause: netem.CauseMended, Harm: netem.CauseMended}, Fate: trace.Arrived}, "corrupt: bit flipped, checksum mended"},
		{trace.Packet{Note: &trace.Note{Cause: "socket buffer full"}, Fate: trace.Discarded}, "discarded: socket buffer full"},
		{trace.Packet{Note: &trace.Note{}, Fate: trace.InFlight}, "still on its way when the trial ended"},
	} {
		if got := string(appendComment([]byte("before "), &c.p)); got != "before "+c.want {
			t.Errorf("%+v: %q, want %q", c.p, got, c.want)
		}
	}
}

// TestOrderAtOneInstant: an arrival comes before the answers it causes, but not before the packet that caused it.
func TestOrderAtOneInstant(t *testing.T) {
	s := newScript(t)
	data := ip(t, false, netem.Forward, datagram(), "x")
	ask := s.send(0, netem.Forward, "new", data) // 1
	s.arrive(0, ask)
	answer := s.send(0, netem.Reverse, "new", data) // 2
	s.arrive(0, answer)
	s.send(0, netem.Forward, "new", data) // 3
	tr := s.finish()
	for d, want := range map[netem.Direction]string{netem.Forward: "[1 2 3]", netem.Reverse: "[1 2]"} {
		var got []uint64
		for v := newView(tr, d); ; {
			p, _ := v.next()
			if p == nil {
				break
			}
			got = append(got, p.ID)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%v: %v, want %s", d, got, want)
		}
	}
}

// TestWriteErrors: no bytes, no folder, a full disk, a spool that is too short.
func TestWriteErrors(t *testing.T) {
	tr := story(t)
	if err := Write(filepath.Join(t.TempDir(), "none"), tr, ""); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("into no folder: %v", err)
	}
	if err := Write(t.TempDir(), &trace.Trace{Trial: "tcp"}, ""); err == nil {
		t.Error("captures of a trace without bytes were written")
	}
	for _, room := range []int{0, 100, 500} {
		if err := write(&smallDisk{room}, tr, netem.Forward, "x"); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("with room for %d bytes: %v", room, err)
		}
	}
	tr.Packets[3].At = tr.Bytes.Size() - 1
	if err := write(io.Discard, tr, netem.Forward, ""); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("bytes behind the spool's end: %v", err)
	}
	tr.Packets[3].At = -1
	if err := write(io.Discard, tr, netem.Forward, ""); !errors.Is(err, trace.ErrNotKept) {
		t.Errorf("bytes that were not kept: %v", err)
	}
}

// smallDisk takes so many bytes and then fails, in the middle of a write if need be.
type smallDisk struct{ room int }

func (d *smallDisk) Write(b []byte) (int, error) {
	n := min(len(b), d.room)
	d.room -= n
	if n < len(b) {
		return n, syscall.ENOSPC
	}
	return n, nil
}

func BenchmarkWrite(b *testing.B) {
	s := newScript(b)
	data := ip(b, false, netem.Forward, datagram(), string(make([]byte, 1472)))
	const n = 5000
	for i := range n {
		p := s.send(time.Duration(i)*ms, netem.Forward, "new", data)
		if i%50 == 0 {
			s.r.Drop(p, netem.CauseLoss)
		} else {
			s.arrive(s.c.now+ms/2, p)
		}
		s.pool.Put(p)
	}
	tr := s.finish()
	b.ReportAllocs()
	b.SetBytes(n * 1500)
	for b.Loop() {
		if err := write(io.Discard, tr, netem.Forward, "x"); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/packet")
}
