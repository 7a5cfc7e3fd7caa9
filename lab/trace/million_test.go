package trace

import (
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
)

// stubClock is a clock that stands where it is put.
type stubClock struct{ now time.Duration }

func (c *stubClock) Now() time.Duration          { return c.now }
func (c *stubClock) After(time.Duration, func()) { panic("nothing here waits") }

// stubHost is a host whose sockets return at once.
type stubHost struct {
	host.Host
	name   string
	socket host.Socket
	err    error
}

func (h *stubHost) Name() string { return h.name }
func (h *stubHost) Socket(host.Family, host.Kind, netem.Protocol) (host.Socket, error) {
	if h.err != nil {
		return nil, h.err
	}
	return h.socket, nil
}

type stubSocket struct {
	host.Socket
	peer netip.AddrPort
}

func (s *stubSocket) Send(b []byte, _ netip.AddrPort, _ host.Flags) (int, error) { return len(b), nil }
func (s *stubSocket) Recv(b []byte, _ host.Flags) (int, netip.AddrPort, error) {
	return 1448, s.peer, nil
}

var (
	clientAddr = netip.MustParseAddr("10.0.0.1")
	serverAddr = netip.MustParseAddr("10.0.0.2")
)

// ipv4 returns an IPv4 packet of n bytes with empty addresses' checksums: the recorder does not look at them.
func ipv4(p netem.Protocol, n int, src, dst uint16) []byte {
	b := make([]byte, n)
	b[0], b[9] = 0x45, byte(p)
	binary.BigEndian.PutUint16(b[2:], uint16(n))
	copy(b[12:], clientAddr.AsSlice())
	copy(b[16:], serverAddr.AsSlice())
	binary.BigEndian.PutUint16(b[20:], src)
	binary.BigEndian.PutUint16(b[22:], dst)
	return b
}

// stream records n UDP datagrams of 1500 bytes: for each a send, a packet that is put on and arrives, a recv, a message.
func stream(r *Recorder, clock *stubClock, n int) {
	peer := netip.AddrPortFrom(serverAddr, 5000)
	from := netip.AddrPortFrom(clientAddr, 40000)
	client, _ := r.Watch(&stubHost{name: "client", socket: &stubSocket{}}).Socket(host.IPv4, host.Datagram, 0)
	server, _ := r.Watch(&stubHost{name: "server", socket: &stubSocket{peer: from}}).Socket(host.IPv4, host.Datagram, 0)
	p := &netem.Packet{Data: ipv4(netem.UDP, 1500, 40000, 5000), Reason: "new"}
	p.Header = netem.ReadHeader(p.Data)
	buf := make([]byte, 1472)
	putOn := r.PutOn(netem.Forward)
	for i := range n {
		clock.now += time.Microsecond
		p.ID = uint64(i + 1)
		r.Sent(uint64(i+1), int64(i)*1472, 1472)
		client.Send(buf, peer, 0)
		putOn(p)
		clock.now += time.Microsecond
		r.Arrived(p)
		server.Recv(buf, 0)
		r.Delivered(uint64(i+1), true)
	}
}

// benchmarkRecord records datagrams; ns/op is what one costs from its send to its row in the finished trace.
func benchmarkRecord(b *testing.B, expect, spool bool) {
	clock := &stubClock{}
	t := Trace{}
	if spool {
		t.Bytes = newSpool(b)
	}
	b.ReportAllocs()
	b.ResetTimer()
	r := NewRecorder(clock, t)
	if expect {
		r.Expect(b.N, b.N, 2*b.N+2, 0)
	}
	stream(r, clock, b.N)
	if _, err := r.Finish(); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkRecord(b *testing.B)           { benchmarkRecord(b, true, false) }
func BenchmarkRecordUnexpected(b *testing.B) { benchmarkRecord(b, false, false) }
func BenchmarkRecordBytes(b *testing.B)      { b.SetBytes(1500); benchmarkRecord(b, true, true) }

func BenchmarkSpool(b *testing.B) {
	s := newSpool(b)
	p := make([]byte, 1500)
	b.SetBytes(1500)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		s.Add(p)
	}
	if err := s.Flush(); err != nil {
		b.Fatal(err)
	}
}

func newSpool(tb testing.TB) *Spool {
	tb.Helper()
	s, err := NewSpool(filepath.Join(tb.TempDir(), "bytes"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	return s
}

// TestMillion holds the record to its memory: a million datagrams with their messages and calls.
func TestMillion(t *testing.T) {
	if testing.Short() {
		t.Skip("a million packets")
	}
	const n = 1_000_000
	clock := &stubClock{}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	r := NewRecorder(clock, Trace{})
	r.Expect(n, n, 2*n+2, 0)
	stream(r, clock, n)
	tr, err := r.Finish()
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if len(tr.Packets) != n || len(tr.Messages) != n || len(tr.Calls) != 2*n+2 {
		t.Fatalf("%d packets, %d messages, %d calls", len(tr.Packets), len(tr.Messages), len(tr.Calls))
	}
	live := int64(after.HeapAlloc-before.HeapAlloc) >> 20
	t.Logf("the trace takes %d MiB; the process at its largest took %s", live, peak())
	if live > 260 {
		t.Errorf("the trace takes %d MiB, want at most 260", live)
	}
	if sys := int64(after.HeapSys) >> 20; sys > 500 {
		t.Errorf("the heap grew to %d MiB, want at most 500", sys)
	}
	runtime.KeepAlive(tr)
}

// peak is the process's largest resident size, as Linux tells it.
func peak() string {
	b, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return strings.TrimSpace(v)
		}
	}
	return "unknown"
}
