package tcp

import (
	"testing"
	"time"
)

// A SYN reopens a connection in TIME-WAIT if it is no old duplicate (RFC 9293 section 3.10.7.4, RFC 6191 section 2). The peer's
// FIN stood at 5001, so RCV.NXT is 5002; its last timestamp was 200.
func TestReopens(t *testing.T) {
	for _, c := range []struct {
		timestamps bool
		syn        string
		want       bool
	}{
		{false, "SYN seq 5002", false}, // not behind what was received
		{false, "SYN seq 5003", true},
		{false, "SYN seq 4000", false},
		{false, "SYN seq 4000 ts 300/0", false}, // a timestamp where none were agreed on
		{true, "SYN seq 4000 ts 201/0", true},   // a later timestamp is enough
		{true, "SYN seq 4000 ts 200/0", false},
		{true, "SYN seq 6000 ts 200/0", true},
		{true, "SYN seq 6000 ts 199/0", false}, // PAWS
		{true, "SYN seq 6000", true},           // its owner has lost them with its memory
	} {
		options, fin := "", "ACK,FIN seq 5001 ack 2"
		if c.timestamps {
			options, fin = " ts 100/0", fin+" ts 200/0"
		}
		s := established(t, 100*ms, "win 1000"+options, func(cfg *Config) { cfg.Timestamps = c.timestamps })
		syn := s.parse(c.syn)
		if s.c.Reopens(&syn) {
			t.Fatalf("%s reopens a connection in %v", c.syn, s.c.State())
		}
		s.c.CloseWrite(s.now)
		s.in(fin)
		s.state(TimeWait)
		if got := s.c.Reopens(&syn); got != c.want {
			t.Errorf("timestamps %v, %s: reopens %v, want %v", c.timestamps, c.syn, got, c.want)
		}
		if next := s.c.Next(); next != 2 { // SYN and FIN
			t.Errorf("Next is %d, want 2", next)
		}
		s.after(time.Minute) // TIME-WAIT is over
		if s.state(Closed); s.c.Reopens(&syn) {
			t.Error("a closed connection is reopened")
		}
	}
}
