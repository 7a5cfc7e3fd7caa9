package tcp

import (
	"testing"
	"time"

	"reliabilitylab/netem"
)

// A witness is a Model that changes nothing and remembers what it was told.
type witness struct {
	rate    int64
	samples []Sample
	rates   []RateSample
	lost    []LostSegment
	resumed []time.Duration
}

func (*witness) Ack(*Window, Ack)                                          {}
func (*witness) Loss(w *Window, _ time.Duration) int                       { return w.Ssthresh }
func (*witness) Timeout(w *Window, _ time.Duration) int                    { return w.Ssthresh }
func (*witness) Undo(*Window)                                              {}
func (*witness) Start(*Window, time.Duration, time.Duration, netem.Stream) {}
func (m *witness) Pace() int64                                             { return m.rate }
func (m *witness) Lost(_ *Window, l LostSegment)                           { m.lost = append(m.lost, l) }
func (m *witness) Restart(_ *Window, now time.Duration)                    { m.resumed = append(m.resumed, now) }
func (m *witness) Sample(_ *Window, s *Sample) {
	m.samples = append(m.samples, *s)
	m.rates = append(m.rates, *s.Rate)
}

// witnessed is an established connection with a witness, a window of so many segments of 1000 bytes, and SACK.
func witnessed(t *testing.T, segments int) (*script, *witness) {
	s := established(t, 100*ms, "sackok", func(c *Config) { c.SACK = true })
	m := &witness{}
	s.c.adopt(m)
	s.c.w.Cwnd = segments * 1000
	s.c.SetSendBuffer(1 << 20)
	return s, m
}

func (m *witness) last(t *testing.T) RateSample {
	t.Helper()
	if len(m.rates) == 0 {
		t.Fatal("no sample")
	}
	return m.rates[len(m.rates)-1]
}

// A burst of ten goes out at once; the bottleneck lets one through in 10 ms. Each ACK's sample counts from the burst on, by
// the draft's section 4.1: the k-th after 100 + 10 k ms says k segments in that time. The next ten were sent, one for each ACK,
// in more time than it takes to acknowledge them, counted from the burst; and of what is sent then the samples give the
// bottleneck's rate: 100 segments a second.
func TestDeliveryRate(t *testing.T) {
	s, m := witnessed(t, 10)
	start := s.now
	s.write(50000)
	for k := 1; k <= 30; k++ {
		s.at(start + 100*ms + time.Duration(k)*10*ms)
		s.in(ackOf(1 + 1000*k))
		want := RateSample{Delivered: int64(k) * 1000, Interval: s.now - start, InFlight: k * 1000, Idle: true, RTT: s.now - start}
		if k > 10 { // sent when segment k-10 had been acknowledged, into a window that was full
			want = RateSample{Delivered: 10000, Interval: 100 * ms, Prior: int64(k-10) * 1000, InFlight: 10000, RTT: 100 * ms}
		}
		if k > 10 && k <= 20 {
			want.Interval = 100*ms + time.Duration(k-10)*10*ms
		}
		if got := m.last(t); got != want {
			t.Fatalf("ACK %d: %+v, want %+v", k, got, want)
		}
	}
	if r := m.last(t); r.Rate() != 100000 {
		t.Errorf("%d bytes a second", r.Rate())
	}
}

// ACKs that come compressed do not make the path seem faster than the sender was: the interval is the longer of sending and
// acknowledging. Two segments sent 50 ms apart, acknowledged together with what came before.
func TestDeliveryRateOfCompressedACKs(t *testing.T) {
	s, m := witnessed(t, 10)
	s.write(1000)
	s.after(50 * ms)
	s.write(1000)
	s.after(50 * ms)
	s.in(ackOf(1001)) // the first: 1000 bytes in 100 ms
	if r := m.last(t); r.Delivered != 1000 || r.Interval != 100*ms {
		t.Errorf("%+v", r)
	}
	s.write(1000) // sent at 100 ms, behind the one of 50 ms
	s.after(100 * ms)
	s.in(ackOf(3001)) // both at once, at 200 ms: since the first ACK 2000 bytes in 100 ms
	if r := m.last(t); r.Delivered != 2000 || r.Interval != 100*ms || r.Prior != 1000 {
		t.Errorf("%+v", r)
	}
}

// A sample shorter than the least round trip is none: a segment sent again is acknowledged by what its original brought.
func TestDeliveryRateOfSpuriousRetransmission(t *testing.T) {
	s, m := witnessed(t, 4)
	s.write(4000)
	s.sent = nil
	s.after(100 * ms)
	for _, edge := range []int{2001, 3001, 4001} {
		s.in("ACK seq 5001 ack 1 sack 1001-" + ackOf(edge)[len("ACK seq 5001 ack "):])
	}
	s.out("ACK seq 1 len 1000")
	s.after(1 * ms)
	s.in(ackOf(4001))
	if r := m.last(t); r.Rate() != 0 || r.RTT != 0 {
		t.Errorf("%+v", r)
	}
}

// What is lost is told with what was in flight when it was sent, and what was lost and delivered since.
func TestLostSegments(t *testing.T) {
	s, m := witnessed(t, 10)
	s.write(10000)
	s.after(100 * ms)
	s.in("ACK seq 5001 ack 1001 sack 2001-3001 sack 5001-10001") // 2, 4 and 5 are lost
	want := []LostSegment{
		{Bytes: 1000, Total: 7000, InFlight: 2000, Lost: 1000, Idle: true}, {Bytes: 1000, Total: 7000, InFlight: 4000, Lost: 2000, Idle: true},
		{Bytes: 1000, Total: 7000, InFlight: 5000, Lost: 3000, Idle: true},
	}
	if len(m.lost) != len(want) {
		t.Fatalf("%+v", m.lost)
	}
	for i := range want {
		if m.lost[i] != want[i] {
			t.Errorf("%+v, want %+v", m.lost[i], want[i])
		}
	}
	if got := m.samples[len(m.samples)-1]; got.Delivered != 7000 || got.Total != 7000 {
		t.Errorf("delivered %d of %d", got.Delivered, got.Total)
	}
}

// A program that leaves the window unused marks what is sent until all that was on its way then has been delivered: the
// first window, since there was nothing before it, and what is written when the window has room.
func TestIdleSamples(t *testing.T) {
	s, m := witnessed(t, 4)
	s.write(12000)
	if len(m.resumed) != 1 {
		t.Error("not told of data into an empty network")
	}
	s.after(100 * ms)
	for k := 1; k <= 20; k++ {
		switch k {
		case 11: // behind ten ACKs two are on their way, and there is room for two more
			s.write(4000)
		case 13: // two wait; there is no room unused
			s.write(4000)
		}
		s.in(ackOf(1 + 1000*k))
		if got, want := m.last(t).Idle, k <= 4 || k >= 13 && k <= 16; got != want {
			t.Errorf("segment %d: idle %v", k, got)
		}
	}
	if len(m.resumed) != 1 {
		t.Error("the network was not empty")
	}
	s.after(time.Second)
	s.write(1000)
	if len(m.resumed) != 2 {
		t.Error("not told of a restart")
	}
}
