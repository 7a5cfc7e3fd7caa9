package netem

import (
	"math"
	"testing"
)

// TestMix compares with the generator that mix is the finalizer of: SplitMix64's k-th number is mix(seed + k golden). The
// values are those published with the algorithm for seeds 0 and 1234567.
func TestMix(t *testing.T) {
	for _, c := range []struct{ seed, k, want uint64 }{
		{0, 1, 0xe220a8397b1dcdaf},
		{1234567, 1, 6457827717110365317},
		{1234567, 2, 3203168211198807973},
		{1234567, 3, 9817491932198370423},
		{1234567, 4, 4593380528125082431},
		{1234567, 5, 16408922859458223821},
	} {
		if got := mix(c.seed + c.k*golden); got != c.want {
			t.Errorf("SplitMix64(%d) number %d is %d, want %d", c.seed, c.k, got, c.want)
		}
	}
}

// TestStreamGolden pins the draws, as computed by another program from the definition: whoever changes one of these numbers changes every result ever published.
func TestStreamGolden(t *testing.T) {
	s := NewStream(1).Sub("forward").Sub("loss")
	for _, c := range []struct {
		class   Class
		n, draw uint64
		want    uint64
	}{
		{ClassData, 1, 0, 0xfb7b7ac5f185ea40},
		{ClassData, 1, 1, 0xc3c656cbe8336613},
		{ClassData, 2, 0, 0x8f8a464308099121},
		{ClassRetransmission, 1, 0, 0xc3eb9481a221fcd6},
		{ClassOther, 1, 0, 0x70f0bb80e7a16f94},
	} {
		if got := s.Draw(&Packet{Dice: dice(c.class, c.n)}, c.draw); got != c.want {
			t.Errorf("class %d packet %d draw %d is %#x, want %#x", c.class, c.n, c.draw, got, c.want)
		}
	}
}

// TestUniform sorts draws into equally likely cells and compares the counts with Pearson's chi-square, at one false alarm
// in a million for each view.
func TestUniform(t *testing.T) {
	const packets = 1 << 17
	loss, delay := NewStream(7).Sub("loss"), NewStream(7).Sub("delay")
	views := []struct {
		name string
		cell func(n uint64) uint64 // of 256
	}{
		{"high bits", func(n uint64) uint64 { return loss.At(dice(ClassData, n), 0) >> 56 }},
		{"low bits", func(n uint64) uint64 { return loss.At(dice(ClassData, n), 0) & 255 }},
		{"draw 0 and draw 1", func(n uint64) uint64 {
			d := dice(ClassData, n)
			return loss.At(d, 0)>>60<<4 | loss.At(d, 1)>>60
		}},
		{"packet and the one behind", func(n uint64) uint64 {
			return loss.At(dice(ClassData, 2*n), 0)>>60<<4 | loss.At(dice(ClassData, 2*n+1), 0)>>60
		}},
		{"stage and stage", func(n uint64) uint64 {
			d := dice(ClassData, n)
			return loss.At(d, 0)>>60<<4 | delay.At(d, 0)>>60
		}},
		{"class and class", func(n uint64) uint64 {
			return loss.At(dice(ClassData, n), 0)>>60<<4 | loss.At(dice(ClassOther, n), 0)>>60
		}},
		{"seed and seed", func(n uint64) uint64 {
			return NewStream(n).Sub("loss").At(dice(ClassData, 1), 0)>>60<<4 | NewStream(n+1).Sub("loss").At(dice(ClassData, 1), 0)>>60
		}},
	}
	// Wilson and Hilferty: chi-square with k degrees of freedom stays below k (1 - 2/9k + z sqrt(2/9k))^3.
	const k = 255.0
	limit := k * math.Pow(1-2/(9*k)+4.7534*math.Sqrt(2/(9*k)), 3)
	for _, v := range views {
		var count [256]float64
		for n := uint64(1); n <= packets; n++ {
			count[v.cell(n)]++
		}
		x := 0.0
		for _, c := range count {
			x += (c - packets/256) * (c - packets/256) / (packets / 256)
		}
		if x > limit {
			t.Errorf("%s: chi-square is %.1f, above %.1f", v.name, x, limit)
		}
	}
}

func TestBelow(t *testing.T) {
	for _, c := range []struct{ draw, n, want uint64 }{
		{0, 10, 0}, {math.MaxUint64, 10, 9}, {1 << 63, 10, 5}, {math.MaxUint64, 1, 0}, {12345, 0, 0},
	} {
		if got := Below(c.draw, c.n); got != c.want {
			t.Errorf("Below(%d, %d) is %d, want %d", c.draw, c.n, got, c.want)
		}
	}
}

func TestProbability(t *testing.T) {
	for _, c := range []struct {
		p    Probability
		draw uint64
		want bool
	}{
		{0, 0, false}, {1, math.MaxUint64, true}, {-1, 0, false}, {2, math.MaxUint64, true},
		{Probability(math.Inf(1)), math.MaxUint64, true}, {Probability(math.NaN()), 0, false}, {Probability(math.Inf(-1)), 0, false},
		{0.5, 1<<63 - 1, true}, {0.5, 1 << 63, false},
		{0x1p-53, 1<<11 - 1, true}, {0x1p-53, 1 << 11, false},
	} {
		if got := c.p.Hit(c.draw); got != c.want {
			t.Errorf("Probability(%g).Hit(%#x) is %v", c.p, c.draw, got)
		}
	}
}
