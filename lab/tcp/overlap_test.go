package tcp

import (
	"bytes"
	"io"
	"testing"

	"reliabilitylab/netem"
)

// A peer may cut its stream anew whenever it sends again (RFC 9293 section 3.10.7.4 seventh: what has been received is trimmed off):
// whatever pieces come, in whatever order, overlapping in whatever way, the stream is read as it was sent.
func TestOverlappingSegments(t *testing.T) {
	const size = 5000
	stream := pattern(size)
	for seed := range uint64(200) {
		d := newDice(seed)
		cfg := Defaults(1460)
		cfg.Timestamps = false
		env := Env{Output: func(*Segment) {}, Notify: func() {}}
		const iss = Seq(1<<32 - 3000) // goes around on the way
		c := Accept(cfg, env, 0, 0, &Segment{Seq: iss, Flags: netem.FlagSYN, Window: 65535, Options: Options{MSS: 1460, SACKPermitted: true}})
		c.Deliver(0, &Segment{Seq: iss + 1, Ack: 1, Flags: netem.FlagACK, Window: 65535})
		var got []byte
		b := make([]byte, 700)
		for n := 0; len(got) < size; n++ {
			if n > 20_000 {
				t.Fatalf("seed %d: only %d bytes after %d segments", seed, len(got), n)
			}
			// Near to what is wanted next, so that it goes on: from some bytes before to some after.
			at := min(max(0, len(got)-300+d.below(1500)), size-1)
			s := &Segment{Seq: iss + 1 + Seq(at), Ack: 1, Flags: netem.FlagACK, Window: 65535, Payload: stream[at:min(size, at+1+d.below(1000))]}
			c.Deliver(0, s)
			for d.below(3) == 0 {
				n, err := c.Read(0, b[:1+d.below(len(b))])
				if got = append(got, b[:n]...); err == io.EOF || n == 0 {
					break
				}
			}
		}
		if !bytes.Equal(got, stream) {
			t.Fatalf("seed %d: another stream", seed)
		}
	}
}
