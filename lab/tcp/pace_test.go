package tcp

import (
	"math"
	"math/big"
	"testing"
	"time"
)

// With pacing the initial window leaves at twice cwnd a round trip: ten segments in 100 ms, one every 5 ms. An ACK brings
// no burst; and in congestion avoidance it is 1.2 times.
func TestPacing(t *testing.T) {
	s := established(t, 100*ms, "", func(c *Config) { c.Pacing = true })
	s.write(20000)
	for i := range 10 {
		s.out(data(1+1000*i, 1000, 1)...)
		if i < 9 {
			s.after(5*ms - 1)
			s.out()
			s.after(1)
		}
	}
	s.after(55 * ms)
	s.out()
	s.in(ackOf(5001)) // 12 segments: 7 more may go, at 240000 a second, and the first owes the last one's 5 ms nothing
	s.out(data(10001, 1000, 1)...)
	if d := s.c.Deadline() - s.now; d != 4166666 {
		t.Errorf("the next segment in %v", d)
	}
	a := established(t, 100*ms, "", func(c *Config) { c.Pacing = true })
	a.c.w.Ssthresh = 10000
	a.write(20000)
	a.out(data(1, 1000, 1)...)
	if d := a.c.Deadline() - a.now; d != 8333333 {
		t.Errorf("in congestion avoidance the next segment goes in %v", d)
	}
}

// A Model's pace rules, and what time was not used is lost: no burst makes it up.
func TestModelPace(t *testing.T) {
	s, m := witnessed(t, 10)
	m.rate = 1e6
	s.write(2000)
	s.out(data(1, 1000, 1)...)
	s.after(1 * ms)
	s.out(data(1001, 1000, 1)...)
	s.after(20 * ms)
	s.write(3000)
	s.out(data(2001, 1000, 1)...)
	s.after(1 * ms)
	s.out(data(3001, 1000, 1)...)
}

// scale against arithmetic of any length.
func TestScale(t *testing.T) {
	for _, v := range [][3]int64{{0, 5, 1}, {7, 3, 2}, {1 << 40, 1 << 40, 1 << 30}, {math.MaxInt64, math.MaxInt64, math.MaxInt64}, {math.MaxInt64, 2, 1}, {1 << 62, 4, 3}, {1e9, 1e9, 7}} {
		want := new(big.Int).Mul(big.NewInt(v[0]), big.NewInt(v[1]))
		want.Quo(want, big.NewInt(v[2]))
		if !want.IsInt64() {
			want = big.NewInt(math.MaxInt64)
		}
		if got := scale(v[0], v[1], v[2]); got != want.Int64() {
			t.Errorf("%d * %d / %d is %d, not %v", v[0], v[1], v[2], got, want)
		}
	}
}

// Paced transfers, with loss, arrive whole; and a segment never leaves before its time.
func TestPacedTransfers(t *testing.T) {
	for seed := range uint64(10) {
		p := newPair(t, 5*time.Millisecond)
		p.a.cfg.Pacing, p.b.cfg.Pacing = true, true
		p.fate = p.lose(seed, 0.05)
		p.a.write, p.a.close = pattern(200000), true
		p.b.write, p.b.close = pattern(50000), true
		p.a.connect()
		p.run(time.Hour)
		p.complete(200000, 50000)
	}
}
