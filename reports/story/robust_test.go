package story_test

import (
	"testing"
	"time"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
	"reliabilitylab/reports/story"
)

// FuzzOf tells of ledgers that no network ever made, as a damaged packets.csv may hold: it must come to an end, and tell the same
// twice.
func FuzzOf(f *testing.F) {
	f.Add([]byte("a ledger of some packets, with numbers as they come: \x00\x01\x02\xff\xfe\x80"))
	f.Add([]byte("\x03\x10\x00\x01\x03\x20\x01\x01\x04\x30\x02\x00\x03\x10\x00\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, protocol := range []string{"tcp", "udp", trace.Any} {
			l := newLedger(protocol)
			for i := 0; i+4 <= len(b) && i < 400; i += 4 {
				h := netem.Header{
					Kind: netem.Kind(b[i] % 9), Flags: netem.Flags(b[i+1]), Payload: int(b[i] >> 4), Seq: uint32(b[i+2]) << (b[i+1] % 25), Ack: uint32(b[i+1]),
				}
				p := l.put(netem.Direction(b[i]&1), int(b[i+3]), int(b[i+2])-1, h, trace.Note{
					Reason: []string{"new", "timeout", "rack", "partial ack", "reordering timer", ""}[b[i+3]%6], SACK: [][2]uint32{{uint32(b[i]), uint32(b[i+3])}},
				})
				l.waits(int(b[i+3]), []string{"window", "zero window", "nagle", "cork", "cwnd", ""}[b[i]%6], int(b[i+1]%4)*1000)
				p.Of = uint64(b[i+2] % 8 / 7)
				p.Fate = trace.Fate(b[i+3]) % trace.Fates
				l.t.Messages = append(l.t.Messages, trace.Message{
					Number: uint64(len(l.t.Messages) + 1), Offset: int64(b[i]), Size: int32(b[i+1]), Sent: time.Duration(b[i+2]), Delivered: time.Duration(b[i+3]) - 1,
				})
			}
			first, again := story.Of(&l.t), story.Of(&l.t)
			if len(first) != len(again) {
				t.Fatalf("%d stories, then %d", len(first), len(again))
			}
			for i := range first {
				if first[i] != again[i] {
					t.Fatalf("%+v, then %+v", first[i], again[i])
				}
			}
			story.Pick(first, 5)
		}
	})
}
