package tcp

import (
	"syscall"
	"testing"
	"time"
)

// The timeout for given samples, worked out by hand from the rules in rtt.go; a round trip ends with every sample. The
// first is RFC 6298's (2.2): SRTT = R, RTTVAR = R/2, RTO = R + max(4 R/2, minimum).
func TestRTO(t *testing.T) {
	us := time.Microsecond
	for _, c := range []struct {
		name    string
		samples []time.Duration
		rto     []time.Duration
	}{
		// 4 RTTVAR stands at the minimum: a steady path has SRTT + 200 ms.
		{"steady 50 ms", []time.Duration{50 * ms, 50 * ms, 50 * ms, 50 * ms}, []time.Duration{250 * ms, 250 * ms, 250 * ms, 250 * ms}},
		// 2 s; the deviation falls by a quarter a sample (1.5, 1.125, 0.84375 s) and RTTVAR follows a quarter of the
		// way once the round that knew 2 s is over: 2 - 0.875/4 = 1.78125, 1.78125 - 0.9375/4 = 1.546875.
		{"steady 1 s", []time.Duration{1000 * ms, 1000 * ms, 1000 * ms, 1000 * ms},
			[]time.Duration{3000 * ms, 3000 * ms, 2781250 * us, 2546875 * us}},
		// SRTT 100, 112.5, 123.4375 ms; deviation 200, then 200 + 100 - 50 = 250, then 250 + 87.5 - 62.5 = 275 ms: up at once.
		{"from 100 up to 200 ms", []time.Duration{100 * ms, 200 * ms, 200 * ms}, []time.Duration{300 * ms, 362500 * us, 398437500}},
		// SRTT 800, 720, 650 ms; below SRTT by 640 ms: deviation 1600 + (640 - 400)/8 = 1630, the new maximum, then
		// 1630 + (560 - 407.5)/8 = 1649.0625 ms, which is the maximum again.
		{"from 800 down to 160 ms", []time.Duration{800 * ms, 160 * ms, 160 * ms},
			[]time.Duration{2400 * ms, 2350 * ms, (650000 + 1649062) * us}},
	} {
		cfg := Defaults(1460)
		var e estimator
		for i, m := range c.samples {
			e.sample(m, cfg.MinRTO, Seq(1000*i+3), Seq(1000*i+1002))
			if got := e.rto(&cfg).Truncate(us); got != c.rto[i].Truncate(us) {
				t.Errorf("%s: after sample %d RTO %v, want %v", c.name, i+1, got, c.rto[i])
			}
		}
	}
	cfg := Defaults(1460)
	var e estimator
	if e.rto(&cfg) != time.Second { // RFC 6298 (2.1)
		t.Errorf("RTO %v before any sample", e.rto(&cfg))
	}
	e.sample(200*time.Second, cfg.MinRTO, 2, 3)
	if e.rto(&cfg) != 120*time.Second { // (2.5)
		t.Errorf("RTO %v, not the largest", e.rto(&cfg))
	}
	e = estimator{}
	e.sample(0, cfg.MinRTO, 2, 3)
	if e.srtt == 0 {
		t.Error("a round trip of nothing is not a sample")
	}
}

// Within one round trip the variance does not fall, however many samples it has.
func TestRTTVarFallsOncePerRound(t *testing.T) {
	cfg := Defaults(1460)
	var e estimator
	e.sample(time.Second, cfg.MinRTO, 2, 1000)
	for range 100 {
		e.sample(time.Second, cfg.MinRTO, 500, 2000)
	}
	if got := e.rto(&cfg); got != 3*time.Second {
		t.Errorf("RTO %v inside of the first round trip", got)
	}
}

// RFC 6298 (5.1) to (5.6): sent, sent again after RTO, twice that, … at most 120 s apart, 15 times; then ETIMEDOUT. From
// 200 + 100 ms it is 0.3 (2^9 - 1) = 153.3 s to the tenth, and 7 times 120 s more.
func TestDataRetries(t *testing.T) {
	s := established(t, 100*ms, "", nil)
	start := s.now
	s.write(1000)
	s.out("ACK seq 1 len 1000")
	due := start
	for n := range 15 {
		due += min(300*ms<<n, 120*time.Second)
		s.at(due - 1)
		s.out()
		s.at(due)
		s.out("ACK seq 1 len 1000")
	}
	if want := start + 153300*ms + 6*120*time.Second; s.now != want {
		t.Errorf("the last try at %v, want %v", s.now, want)
	}
	s.after(120*time.Second - 1)
	s.state(Established)
	s.after(1)
	s.out()
	s.state(Closed)
	s.read(0, syscall.ETIMEDOUT)
	s.eof()
}

// (5.2), (5.3): an ACK of new data starts the timer anew, one of everything stops it; a duplicate does neither.
func TestTimerRestarts(t *testing.T) {
	s := established(t, 100*ms, "", nil)
	s.write(3000)
	s.out(data(1, 1000, 3)...)
	s.after(100 * ms)
	s.in("ACK seq 5001 ack 1001")
	rto := s.c.timeout()
	s.after(100 * ms)
	s.in("ACK seq 5001 ack 1001")
	s.after(rto - 100*ms - 1)
	s.out()
	s.after(1)
	s.out("ACK seq 1001 len 1000")
	s.in("ACK seq 5001 ack 3001")
	s.out()
	if s.c.Deadline() != Never {
		t.Errorf("deadline %v with nothing on its way", s.c.Deadline())
	}
}
