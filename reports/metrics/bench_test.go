package metrics_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
	"reliabilitylab/reports/metrics"
)

// longTrial is a trial of n packets of data, 12 µs apart, with 2 % of loss and up to 1 ms of jitter, and over TCP an ACK for
// each and a retransmission of each that was lost.
func longTrial(protocol string, n int) *trace.Trace {
	r := rand.New(rand.NewPCG(1, 1))
	l := newLedger(protocol)
	l.t.Packets = make([]trace.Packet, 0, 2*n)
	place := [2]int32{}
	connection := &trace.Connection{Host: "client"}
	words := &trace.TCPState{Phase: "congestion avoidance", Event: "ack"}
	put := func(d netem.Direction, sent time.Duration, h netem.Header) bool {
		p := l.put(d, 0, -1, trace.Arrived, h)
		p.Sent = sent
		if r.IntN(50) == 0 {
			p.Fate = trace.Lost
			return false
		}
		p.Arrived = sent + 25*time.Millisecond + time.Duration(r.IntN(1e6))
		place[d]++
		p.Place = place[d] // not quite the order of arrival: that costs nothing here
		return true
	}
	for i := range n {
		now := time.Duration(i) * 12 * time.Microsecond
		h := netem.Header{Kind: netem.KindData, Payload: 1448, Seq: uint32(1 + 1448*i), Flags: netem.FlagACK}
		arrived := put(netem.Forward, now, h)
		delivered := trace.Message{Number: uint64(i + 1), Offset: int64(1448 * i), Size: 1448, Sent: now, Delivered: trace.Never}
		if protocol == "tcp" {
			if !arrived {
				h.Kind = netem.KindRetransmission
				arrived = put(netem.Forward, now, h)
			}
			put(netem.Reverse, now, netem.Header{Kind: netem.KindACK, Ack: h.Seq, Flags: netem.FlagACK})
			l.t.TCP = append(l.t.TCP, trace.TCPSample{
				Connection: connection, TCPState: words, At: now, Cwnd: 100000, MSS: 1448, SRTT: 50e6, RTO: 200e6,
			})
		}
		if arrived {
			delivered.Delivered, delivered.Copies, delivered.Place, delivered.Intact = now+30*time.Millisecond, 1, int32(i+1), true
		}
		l.t.Messages = append(l.t.Messages, delivered)
	}
	return &l.t
}

func BenchmarkOf(b *testing.B) {
	for _, protocol := range []string{"tcp", "udp"} {
		b.Run(protocol, func(b *testing.B) {
			t := longTrial(protocol, 500_000)
			b.ReportAllocs()
			for b.Loop() {
				metrics.Of(t)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(t.Packets)), "ns/packet")
		})
	}
}
