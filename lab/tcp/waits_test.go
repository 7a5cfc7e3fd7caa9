package tcp

import (
	"slices"
	"testing"
	"time"

	"reliabilitylab/lab/host"
)

// waits demands what the last report says the sender waits for.
func (s *script) waits(want string) {
	s.t.Helper()
	if got := s.info[len(s.info)-1].Waits; got != want {
		s.t.Fatalf("at %v it waits for %q, want %q", s.now, got, want)
	}
}

// Ten segments of 1000 bytes are the initial window, RTT 100 ms.
func TestWaits(t *testing.T) {
	sack := func(c *Config) { c.SACK = true }
	t.Run("handshake, program, nagle", func(t *testing.T) {
		s := newScript(t, nil)
		s.connect()
		s.waits("handshake")
		s.at(100 * ms)
		s.in("SYN,ACK seq 5000 ack 1 mss 1000")
		s.waits("program")
		s.write(100)
		s.waits("program")
		s.write(100)
		s.waits("nagle")
		s.in("ACK seq 5001 ack 101")
		s.waits("program")
	})
	t.Run("cork", func(t *testing.T) {
		s := established(t, 100*ms, "", func(c *Config) { c.Cork = true })
		s.write(1100)
		s.waits("cork") // a full one is on its way, the rest waits to be
	})
	t.Run("cwnd, then the program, then the last ACKs", func(t *testing.T) {
		s := established(t, 100*ms, "", nil)
		s.write(12000)
		s.waits("cwnd")
		s.in("ACK seq 5001 ack 1001")
		s.waits("program")
		s.c.CloseWrite(s.now)
		s.waits("acks")
		s.in("ACK seq 5001 ack 12002")
		s.waits("")
	})
	t.Run("the peer's window", func(t *testing.T) {
		s := established(t, 100*ms, "win 2000", nil)
		s.write(3000)
		s.waits("window")
		s.in("ACK seq 5001 ack 1001 win 1100") // 100 bytes of it are left: too small to bother
		s.waits("window")
		s.in("ACK seq 5001 ack 2001 win 0")
		s.waits("zero window")
		s.in("ACK seq 5001 ack 2001 win 2000")
		s.waits("program")
	})
	t.Run("a full send buffer", func(t *testing.T) {
		s := established(t, 100*ms, "", nil)
		s.c.SetSendBuffer(2000)
		if n, err := s.c.Write(s.now, pattern(3000)); n != 2000 || err != nil {
			t.Fatalf("Write: %d, %v", n, err)
		}
		s.waits("send buffer")
	})
	t.Run("a timeout, and F-RTO behind it", func(t *testing.T) {
		s := established(t, 100*ms, "sackok", sack)
		s.write(14000)
		s.waits("cwnd")
		s.at(s.c.Deadline())
		s.waits("timeout")
		s.in("ACK seq 5001 ack 1001") // of the first, sent again: two new segments go
		s.waits("f-rto")
	})
	t.Run("pacing", func(t *testing.T) {
		s := established(t, 100*ms, "", func(c *Config) { c.Pacing = true })
		s.write(5000)
		s.waits("pacing")
		s.after(100 * ms)
		s.waits("program")
	})
}

// Every change of state says what led to it, as the arrows of RFC 9293's figure 5 do.
func TestEveryStateHasItsReason(t *testing.T) {
	const fin = "FIN,ACK seq 5001 ack 1"
	closing := func(s *script) { s.c.CloseWrite(s.now) }
	deliver := func(text string) func(*script) { return func(s *script) { s.in(text) } }
	for _, c := range []struct {
		from  State
		do    func(*script)
		to    State
		event string
	}{
		{Established, closing, FinWait1, "close"},
		{Established, deliver(fin), CloseWait, "FIN received"},
		{Established, deliver("RST seq 5001"), Closed, "RST received"},
		{Established, func(s *script) { s.c.Abort(s.now) }, Closed, "abort"},
		{FinWait1, deliver("ACK seq 5001 ack 2"), FinWait2, "ACK of FIN"},
		{FinWait1, deliver(fin), Closing, "FIN received"},
		{FinWait1, func(s *script) { s.after(24 * time.Hour) }, Closed, "gave up after 15 retries"},
		{FinWait2, deliver("FIN,ACK seq 5001 ack 2"), TimeWait, "FIN received"},
		{FinWait2, func(s *script) { s.c.Close(s.now); s.after(time.Minute) }, Closed, "no FIN came"},
		{Closing, deliver("ACK seq 5002 ack 2"), TimeWait, "ACK of FIN"},
		{CloseWait, closing, LastAck, "close"},
		{LastAck, deliver("ACK seq 5002 ack 2"), Closed, "ACK of FIN"},
		{TimeWait, func(s *script) { s.after(time.Minute) }, Closed, "2 MSL"},
	} {
		s := reach(t, c.from)
		c.do(s)
		s.state(c.to)
		if got := s.info[len(s.info)-1].Event; got != c.event {
			t.Errorf("from %v to %v because of %q, want %q", c.from, c.to, got, c.event)
		}
	}
	s := newScript(t, nil)
	s.connect()
	s.in("SYN seq 5000 mss 1000")
	s.in("SYN,ACK seq 5000 ack 1 mss 1000")
	if got := reasons(s.info); !slices.Equal(got, []string{"SYN-SENT open", "SYN-RECEIVED SYN received", "ESTABLISHED ACK of SYN"}) {
		t.Errorf("both ends open at once: %q", got)
	}
	s = established(t, 10*ms, "", nil)
	if got := reasons(s.info); !slices.Equal(got, []string{"SYN-SENT open", "ESTABLISHED SYN-ACK received"}) {
		t.Errorf("this end opens: %q", got)
	}
	s = newScript(t, nil)
	s.accept("SYN seq 5000 mss 1000")
	s.in("ACK seq 5001 ack 1")
	if got := reasons(s.info); !slices.Equal(got, []string{"SYN-RECEIVED SYN received", "ESTABLISHED ACK of SYN"}) {
		t.Errorf("the other end opens: %q", got)
	}
}

// reasons are the states reported, each with what led to it.
func reasons(info []host.TCPInfo) []string {
	var all []string
	state := ""
	for _, i := range info {
		if i.State != state {
			all = append(all, i.State+" "+i.Event)
		}
		state = i.State
	}
	return all
}
